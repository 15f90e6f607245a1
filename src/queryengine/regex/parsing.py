"""From the text of a regular expression to its nodes, by recursive descent; what is unknown is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Final, assert_never

from queryengine.errors import ErrorCode
from queryengine.regex.nodes import Characters, Choice, Edge, Ranges, Regex, Repeat, Sequence, parts
from queryengine.values.problem import ValueProblem

__all__ = ["parse_regex"]

LONGEST: Final = 256
"""characters of a pattern"""
LARGEST: Final = 1_000
"""characters to match when all bounded repetitions are written out"""
MOST_REPEATS: Final = 100
DEEPEST: Final = 16
"""groups inside of one another"""

DOT: Final = Characters(((10, 10),), negated=True)
CLASSES: Final[Mapping[str, tuple[tuple[int, int], ...]]] = {
    "d": ((48, 57),),
    "w": ((48, 57), (65, 90), (95, 95), (97, 122)),
    "s": ((9, 13), (32, 32)),
}
CONTROLS: Final = {"n": "\n", "r": "\r", "t": "\t"}


def parse_regex(pattern: str) -> Regex:
    """Parse a pattern, or raise `ValueProblem` (`invalid_regex`) with the place of what is not in the subset.

    >>> parse_regex("[a-c]+")
    Repeat(item=Characters(ranges=((97, 99),), negated=False), minimum=1, maximum=None)
    >>> parse_regex("a**")
    Traceback (most recent call last):
        ...
    queryengine.values.problem.ValueProblem: regular expression: a second quantifier at character 3
    """
    if len(pattern) > LONGEST:
        raise _invalid(f"more than {LONGEST} characters")
    parser = _Parser(pattern)
    regex = parser.choice()
    parser.finish()
    if _size(regex) > LARGEST:
        raise _invalid(f"more than {LARGEST} characters when its repetitions are written out")
    return regex


def _invalid(what: str) -> ValueProblem:
    return ValueProblem(ErrorCode.INVALID_REGEX, f"regular expression: {what}")


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.depth = 0

    def fail(self, what: str) -> ValueProblem:
        return _invalid(f"{what} at character {self.position + 1}")

    def peek(self) -> str:
        """The next character, or the empty text at the end."""
        return self.pattern[self.position : self.position + 1]

    def take(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def accept(self, text: str) -> bool:
        found = self.pattern.startswith(text, self.position)
        self.position += len(text) if found else 0
        return found

    def finish(self) -> None:
        if self.peek():
            raise self.fail("a ) without its (")

    def choice(self) -> Regex:
        options = [self.sequence()]
        while self.accept("|"):
            options.append(self.sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def sequence(self) -> Regex:
        items: list[Regex] = []
        while (character := self.peek()) and character not in "|)":
            items.append(self.quantified())
        if not items:
            raise self.fail("nothing to match")
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def quantified(self) -> Regex:
        if self.peek() in "*+?{":
            raise self.fail("a quantifier without what it repeats")
        item = self.atom()
        start = self.position
        bounds = self.quantifier()
        if bounds is None:
            return item
        for part in parts(item):
            if isinstance(part, (Edge, Repeat)):
                self.position = start
                inner = "an anchor" if isinstance(part, Edge) else "a quantifier"
                raise self.fail(f"a quantifier after {inner}")
        if self.peek() and self.peek() in "*+?{":
            raise self.fail("a second quantifier")
        return Repeat(item, *bounds)

    def quantifier(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.peek() in simple:
            return simple[self.take()]
        if self.peek() != "{":
            return None
        match = _bounds().match(self.pattern, self.position)
        if match is None:
            raise self.fail("a { that is no quantifier")
        low = int(match[1])
        high = low if match[2] is None else None if match[3] is None else int(match[3])
        if low > MOST_REPEATS or (high is not None and not max(low, 1) <= high <= MOST_REPEATS):
            raise self.fail(f"a quantifier that is not between 0 and {MOST_REPEATS}")
        self.position = match.end()
        return low, high

    def atom(self) -> Regex:
        character = self.take()
        match character:
            case "(":
                return self.group()
            case "[":
                return self.bracket()
            case ".":
                return DOT
            case "^" | "$":
                return Edge(character)
            case "\\":
                return self.escape()
            case "]" | "}":
                self.position -= 1
                raise self.fail(f"a {character} without its beginning")
            case _:
                return _single(character)

    def group(self) -> Regex:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fail(f"more than {DEEPEST} groups inside of one another")
        if not self.accept("?:") and self.peek() == "?":
            raise self.fail("a special group")
        regex = self.choice()
        if not self.accept(")"):
            raise self.fail("a ( without its )")
        self.depth -= 1
        return regex

    def escape(self) -> Characters:
        """What follows a backslash outside of brackets."""
        character = self.peek()
        if character and character.lower() in CLASSES and character.isascii():
            self.position += 1
            return Characters(CLASSES[character.lower()], negated=character.isupper())
        return _single(self.escaped())

    def escaped(self) -> str:
        character = self.take()
        if character in CONTROLS:
            return CONTROLS[character]
        if not character or not character.isascii() or character.isalnum():
            self.position -= 1
            raise self.fail("a \\ before what needs none")
        return character

    def bracket(self) -> Characters:
        negated = self.accept("^")
        ranges: list[tuple[int, int]] = []
        while not self.accept("]"):
            ranges.extend(self.bracket_item())
        if not ranges:
            raise self.fail("an empty []")
        return Characters(tuple(ranges), negated)

    def bracket_item(self) -> Ranges:
        if self.peek() == "\\" and (name := self.pattern[self.position + 1 : self.position + 2]) in CLASSES:
            self.position += 2
            return CLASSES[name]
        low = self.bracket_character()
        # A - that ends the brackets means itself.
        if self.peek() != "-" or self.pattern.startswith("-]", self.position):
            return ((ord(low), ord(low)),)
        self.position += 1
        high = self.bracket_character()
        if high < low:
            raise self.fail("a range that runs backwards")
        return ((ord(low), ord(high)),)

    def bracket_character(self) -> str:
        character = self.take()
        if character == "\\":
            return self.escaped()
        if character in ("", "["):
            self.position -= 1
            raise self.fail("a [ without its ]" if not character else "a [ inside of []")
        return character


@cache
def _bounds() -> re.Pattern[str]:
    return re.compile(r"\{([0-9]{1,3})(,([0-9]{1,3})?)?\}")


def _single(character: str) -> Characters:
    return Characters(((ord(character), ord(character)),))


def _size(regex: Regex) -> int:
    """Count the characters to match when each repetition is written out."""
    match regex:
        case Characters() | Edge():
            return 1
        case Sequence():
            return sum(map(_size, regex.items))
        case Choice():
            return sum(map(_size, regex.options))
        case Repeat():
            times = regex.minimum + 1 if regex.maximum is None else regex.maximum
            return times * _size(regex.item)
        case _:
            assert_never(regex)
