"""Takes the literals out of a filter's text in one pass: filters of one shape have the same rest.

Literals are the strings and numbers in value position; a list of nothing but these is one literal. All else
(keys, punctuation, true, false, null, white space) is structure. Knows only errors.
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from queryengine.errors import Span

__all__ = ["Lexed", "elements", "lex"]

# JSON by RFC 8259. Lexing takes linear time on any text: what repeats is possessive or atomic, or has nothing
# to try again where it fails. (Groups are not possessive: Python before 3.11.5 gets these wrong.) The last
# alternative of a chunk takes all that cannot be a filter.
WS = r"[ \t\n\r]"
STRING = r'"[^"\\\x00-\x1f]*+(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\x00-\x1f]*+)*"'
NUMBER = r"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?(?![0-9A-Za-z_.+-])"
SCALAR = f"(?:{STRING}|{NUMBER})"
LIST_BODY = rf"{WS}*+(?:{SCALAR}{WS}*+(?:,{WS}*+{SCALAR}{WS}*+)*)?\]"

# The first form of a key is the second without escapes and white space: it finds most keys sooner.
MARKS = r"[ \t\n\r{}\],:]*+"
STRUCTURE = rf'(?:"[^"\\\x00-\x1f]*+":|\[(?!{LIST_BODY})|true|false|null|{STRING}{WS}*+:){MARKS}'
CHUNK = rf'({MARKS}(?>(?:{STRUCTURE})*))(?=(["\[]|))({SCALAR}|\[{LIST_BODY})|([\s\S]++)'


class Lexed(NamedTuple):
    """A text as its structure and its literals, in turn: one more of `structs` than of `lexemes`.

    `kinds` has for each lexeme its JSON type by the first character: `"` of a string, `[` of a list, nothing
    of a number. What is no valid literal stays in `structs`, for the parser to refuse.
    """

    structs: tuple[str, ...]
    lexemes: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def key(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """All that the parser looks at, except for the lexemes that are names (order, fields, include).

        >>> lex('{"limit": 5}').key == lex('{"limit": 6}').key != lex('{"limit": "6"}').key
        True
        """
        return self.structs, self.kinds

    @property
    def text(self) -> str:
        """The text that was lexed."""
        parts = [part for pair in zip(self.structs, self.lexemes, strict=False) for part in pair]
        return "".join(parts) + self.structs[-1]

    def span(self, index: int, element: int | None = None) -> Span:
        """Return where a literal stands, or one element of a literal that is a list.

        >>> lexed = lex('{"in": ["a", "b"]}')
        >>> lexed.span(0).slice(lexed.text), lexed.span(0, 1).slice(lexed.text)
        ('["a", "b"]', '"b"')
        """
        start = sum(map(len, self.structs[: index + 1])) + sum(map(len, self.lexemes[:index]))
        lexeme = self.lexemes[index]
        if element is None:
            return Span(start, start + len(lexeme))
        return element_spans(lexeme, start)[element]


def lex(text: str) -> Lexed:
    """Split a text into structure and literals. It never fails: the parser tells whether it is a filter.

    >>> lex('{"price": {"gt": 50}}')
    Lexed(structs=('{"price": {"gt": ', '}}'), lexemes=('50',), kinds=('',))
    """
    chunks = _chunk().findall(text)
    if not chunks:
        return Lexed(("",), (), ())
    structs, kinds, lexemes, rest = zip(*chunks, strict=True)
    if rest[-1]:
        return Lexed(structs[:-1] + rest[-1:], lexemes[:-1], kinds[:-1])
    return Lexed((*structs, ""), lexemes, kinds)


def elements(lexeme: str) -> list[str]:
    """Return the lexemes in the lexeme of a list.

    >>> elements('[1, "a,b"]')
    ['1', '"a,b"']
    """
    return _scalar().findall(lexeme)


def element_spans(lexeme: str, start: int) -> list[Span]:
    """Return where the elements of a list stand, when its lexeme begins at `start`."""
    return [Span(start + m.start(), start + m.end()) for m in _scalar().finditer(lexeme)]


@cache
def _chunk() -> re.Pattern[str]:
    return re.compile(CHUNK)


@cache
def _scalar() -> re.Pattern[str]:
    return re.compile(SCALAR)
