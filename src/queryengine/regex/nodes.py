"""The parts of a regular expression: a closed union of frozen nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, assert_never

__all__ = ["Characters", "Choice", "Edge", "Ranges", "Regex", "Repeat", "Sequence", "parts"]

Ranges: TypeAlias = tuple[tuple[int, int], ...]


class Edge(Enum):
    """An end of the whole text."""

    START = "^"
    END = "$"


@dataclass(frozen=True, slots=True)
class Characters:
    """One character within (or, `negated`, outside of) the inclusive `ranges` of code points."""

    ranges: Ranges
    negated: bool = False

    def __contains__(self, character: str) -> bool:
        code = ord(character)
        return any(low <= code <= high for low, high in self.ranges) is not self.negated


@dataclass(frozen=True, slots=True)
class Sequence:
    """All of `items`, one after another."""

    items: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of `options` (two or more)."""

    options: tuple[Regex, ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """`item` from `minimum` to `maximum` times (None: without end); in it is no edge and no `Repeat`."""

    item: Regex
    minimum: int
    maximum: int | None


Regex: TypeAlias = Characters | Edge | Sequence | Choice | Repeat
"""The closed union of patterns."""


def parts(regex: Regex) -> Iterator[Regex]:
    """Yield a pattern and all that is in it."""
    yield regex
    match regex:
        case Characters() | Edge():
            return
        case Sequence():
            inner = regex.items
        case Choice():
            inner = regex.options
        case Repeat():
            inner = (regex.item,)
        case _:
            assert_never(regex)
    for part in inner:
        yield from parts(part)
