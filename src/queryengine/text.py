"""Text as filters see it: folding of A to Z, and LIKE patterns. Knows values' problems and nothing else."""

from __future__ import annotations

from enum import Enum
from typing import Final, TypeAlias

from queryengine.values.problem import ValueProblem, mismatch

__all__ = ["LikePart", "Wild", "check_like", "fold", "like_matches", "parse_like"]

FOLDED: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Wild(Enum):
    """The wild parts of a LIKE pattern."""

    ANY = "%"
    """any text, the empty one too"""
    ONE = "_"
    """exactly one character (code point)"""


LikePart: TypeAlias = str | Wild
"""A piece of plain text (never empty) or a wild part."""


def fold(text: str) -> str:
    """Turn A-Z into a-z and leave every other character as it is.

    >>> fold("ÉCOLE K")
    'École k'
    """
    return text.lower() if text.isascii() else text.translate(FOLDED)


def parse_like(pattern: str) -> tuple[LikePart, ...]:
    r"""Split a LIKE pattern into plain text and wild parts; `\` makes the next character plain.

    Neighbouring `%` are one. Raises `ValueProblem` when the pattern ends in a lone `\`.

    >>> parse_like(r"10\%_%")
    ('10%', <Wild.ONE: '_'>, <Wild.ANY: '%'>)
    """
    parts: list[LikePart] = []
    plain: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character not in "%_":
            plain.append(_escaped(next(characters, None)) if character == "\\" else character)
            continue
        if plain:
            parts.append("".join(plain))
            plain.clear()
        wild = Wild(character)
        if wild is Wild.ONE or parts[-1:] != [Wild.ANY]:
            parts.append(wild)
    return (*parts, "".join(plain)) if plain else tuple(parts)


def _escaped(character: str | None) -> str:
    if character is None:
        raise _lone_escape()
    return character


def _lone_escape() -> ValueProblem:
    return mismatch("a pattern that does not end in a lone \\")


def check_like(pattern: str) -> None:
    r"""Raise `ValueProblem` when the pattern ends in a `\` that escapes nothing.

    >>> check_like(r"100\%")
    """
    backslashes = len(pattern) - len(pattern.rstrip("\\"))
    if backslashes % 2:
        raise _lone_escape()


def like_matches(pattern: str, text: str) -> bool:
    r"""Tell whether the whole text matches the LIKE pattern.

    The time is at most the product of both lengths: after a `%` only the latest one is ever tried anew.

    >>> like_matches("J_K%", "JFK Airport"), like_matches(r"100\%", "100 percent")
    (True, False)
    """
    tokens = [token for part in parse_like(pattern) for token in ([part] if isinstance(part, Wild) else part)]
    place = start = taken = 0
    retry: int | None = None  # the token after the latest %, which has taken the text up to `taken`
    while start < len(text):
        token = tokens[place] if place < len(tokens) else None
        if token is Wild.ANY:
            place += 1
            retry, taken = place, start
        elif token is Wild.ONE or token == text[start]:
            place += 1
            start += 1
        elif retry is not None:
            taken += 1
            place, start = retry, taken
        else:
            return False
    return all(token is Wild.ANY for token in tokens[place:])
