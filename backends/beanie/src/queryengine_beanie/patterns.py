r"""Text operators as regular expressions for MongoDB (PCRE2), in which every character of a value is plain.

No part has a meaning that depends on an option: any character is `[\s\S]`, the ends are `\A` and `\z`, and
where A-Z are folded, both letters are written. What follows a `%` is searched once and never given back, so
that a pattern takes no more time than its length times the text's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from queryengine.ast import Op
from queryengine.text import LikePart, Wild, parse_like

__all__ = ["PATTERNS"]

ANY: Final = r"[\s\S]"

Letters = Callable[[str], str]
"""Writes plain text as a pattern."""


def _plain(text: str) -> str:
    return text if text.isalnum() else "".join([_character(character) for character in text])


def _folded(text: str) -> str:
    return "".join([_either_case(character) for character in text])


def _character(character: str) -> str:
    # Of ASCII letters and digits have no meaning of their own; behind a backslash they would have one.
    is_plain = character.isalnum() or character == " " or not character.isascii()
    return character if is_plain else f"\\{character}"


def _either_case(character: str) -> str:
    if character.isascii() and character.isalpha():
        return f"[{character.upper()}{character.lower()}]"
    return _character(character)


def _like(letters: Letters) -> Callable[[str], str]:
    return lambda pattern: _like_pattern(parse_like(pattern), letters)


def _like_pattern(parts: tuple[LikePart, ...], letters: Letters) -> str:
    r"""Write a LIKE pattern.

    The first match of what stands between two `%` is as good as any other (an atomic group takes it); what
    follows the last one has to stand at the end.
    """
    pieces: list[str] = [""]
    for part in parts:
        if part is Wild.ANY:
            pieces.append("")
        else:
            pieces[-1] += ANY if part is Wild.ONE else letters(part)
    first, *rest = pieces
    if not rest:
        return rf"\A{first}\z"
    *between, last = rest
    found = "".join(f"(?>{ANY}*?{piece})" for piece in between)
    return rf"\A{first}{found}" + (rf"{ANY}*{last}\z" if last else "")


PATTERNS: Final[Mapping[Op, Callable[[str], str]]] = MappingProxyType(
    {
        Op.LIKE: _like(_plain),
        Op.ILIKE: _like(_folded),
        Op.CONTAINS: _plain,
        Op.ICONTAINS: _folded,
        Op.STARTS_WITH: lambda text: rf"\A{_plain(text)}",
        Op.ISTARTS_WITH: lambda text: rf"\A{_folded(text)}",
        Op.ENDS_WITH: lambda text: rf"{_plain(text)}\z",
        Op.IENDS_WITH: lambda text: rf"{_folded(text)}\z",
    }
)
"""How each operator writes its value as a pattern to search for.

>>> PATTERNS[Op.CONTAINS]("50% (net)"), PATTERNS[Op.ILIKE]("%a_")
('50\\\\% \\\\(net\\\\)', '\\\\A[\\\\s\\\\S]*[Aa][\\\\s\\\\S]\\\\z')
"""
