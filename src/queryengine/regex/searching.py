"""Searching in time linear in the text: all ways through the pattern are followed at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias, assert_never

from queryengine.regex.nodes import Characters, Choice, Edge, Regex, Repeat, Sequence
from queryengine.regex.parsing import parse_regex

__all__ = ["search"]

Test: TypeAlias = Characters | Edge | None
"""What leads from a state to the next ones: a character, an end of the text, or nothing."""


def search(pattern: str, text: str) -> bool:
    """Tell whether the pattern matches somewhere in the text. Raises `ValueProblem` for a bad pattern.

    >>> search("a+b", "caab"), search("^a+b", "caab")
    (True, False)
    """
    return _Automaton(parse_regex(pattern)).matches(text)


class _Automaton:
    """States by number, each with its test and its next states; the state 0 is the end of the pattern."""

    def __init__(self, regex: Regex) -> None:
        self.tests: list[Test] = [None]
        self.nexts: list[tuple[int, ...]] = [()]
        self.start = self.build(regex, 0)

    def state(self, test: Test, *nexts: int) -> int:
        self.tests.append(test)
        self.nexts.append(nexts)
        return len(self.tests) - 1

    def build(self, regex: Regex, then: int) -> int:
        """Return the state from which `regex` leads to the state `then`."""
        match regex:
            case Characters() | Edge():
                return self.state(regex, then)
            case Sequence():
                for item in reversed(regex.items):
                    then = self.build(item, then)
                return then
            case Choice():
                return self.state(None, *[self.build(option, then) for option in regex.options])
            case Repeat():
                return self.repeat(regex, then)
            case _:
                assert_never(regex)

    def repeat(self, regex: Repeat, then: int) -> int:
        """Write out the repetitions that must be, after those that may be."""
        if regex.maximum is None:
            loop = self.state(None)
            self.nexts[loop] = (self.build(regex.item, loop), then)
            place = loop
        else:
            place = then
            for _ in range(regex.maximum - regex.minimum):
                place = self.state(None, self.build(regex.item, place), then)
        for _ in range(regex.minimum):
            place = self.build(regex.item, place)
        return place

    def matches(self, text: str) -> bool:
        current: set[int] = set()
        for position in range(len(text) + 1):
            current = self.reach((*current, self.start), position, len(text))
            if 0 in current:
                return True
            if position < len(text):
                current = {
                    following
                    for state in current
                    if isinstance(test := self.tests[state], Characters) and text[position] in test
                    for following in self.nexts[state]
                }
        return False

    def reach(self, states: Iterable[int], position: int, length: int) -> set[int]:
        """Return the states and all those that can be reached from them without a character."""
        reached: set[int] = set()
        waiting = list(states)
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached.add(state)
            if self.is_free(state, position, length):
                waiting.extend(self.nexts[state])
        return reached

    def is_free(self, state: int, position: int, length: int) -> bool:
        """Tell whether the state can be left without a character."""
        match self.tests[state]:
            case None:
                return True
            case Edge.START:
                return position == 0
            case Edge.END:
                return position == length
            case Characters():
                return False
