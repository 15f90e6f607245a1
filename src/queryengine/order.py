"""The text of an order, "-price, name DESC NULLS LAST", to its keys. Knows grammar, parsed and tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterator, Mapping
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from queryengine.ast import Nulls
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.grammar import MismatchError, order_parser
from queryengine.limits import Limits
from queryengine.parsed import ParsedOrder
from queryengine.tokens import Token, check_name, decoded, exceeded

__all__ = ["check_order_length", "parse_order"]

KEYWORDS = ("ASC", "DESC", "NULLS", "FIRST", "LAST")
TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SIGN": ("+", "-"),
        "NAME": ("a field name",),
        "COMMA": (",",),
        "$END": ("the end of the order",),
        **{word: (word,) for word in KEYWORDS},
    }
)


def parse_order(lexeme: str, start: int, limits: Limits) -> list[ParsedOrder]:
    """Return the keys of an order, given as the lexeme of a JSON string that begins at `start`.

    Spans are places in the text that the lexeme stands in. Raises FilterError.

    >>> [(key.name, key.descending) for key in parse_order('"-price, name"', 0, Limits())]
    [('price', True), ('name', False)]
    """
    whole = Span(start, start + len(lexeme))
    text = decoded(lexeme, whole)
    check_order_length(text.count(",") + 1, whole, limits)
    try:
        keys: list[ParsedOrder] = _parser()(OrderStream(text, _places(lexeme, start)))
    except MismatchError as error:
        raise _syntax_error(error, whole.end - 1) from None
    for key in keys:
        check_name(key.name, key.span, limits)
    return keys


def check_order_length(length: int, span: Span, limits: Limits) -> None:
    """Refuse an order of too many keys."""
    if length > limits.max_order_keys:
        raise exceeded("max_order_keys", limits.max_order_keys, "keys in one order", span)


class OrderStream:
    """The tokens of an order's text; `places` says where each character, and its end, is in the filter."""

    __slots__ = ("places", "text")

    def __init__(self, text: str, places: range | list[int]) -> None:
        self.text: str = text
        self.places: range | list[int] = places

    def read(self, acceptable: Callable[[], Container[str]]) -> Iterator[Token]:
        """Yield the tokens. `acceptable` tells the types that may stand where the next token is read."""
        places = self.places
        for match in _token().finditer(self.text):
            sign, word = match.groups()
            text = sign or word or ","
            start, end = places[match.end() - len(text)], places[match.end()]
            kind = "SIGN" if sign else "NAME" if word else "COMMA"
            if kind == "NAME" and word.upper() in KEYWORDS and "NAME" not in acceptable():
                kind = word.upper()
            yield Token(kind, text, start, end)


class OrderBuilder:
    """The rules of order.lark."""

    def first_item(self, children: list[Any]) -> list[Any]:  # Any: here and below, what the grammar says
        """The first key."""
        return children

    def next_item(self, children: list[Any]) -> list[Any]:
        """A further key."""
        items: list[Any] = children[0]
        items.append(children[2])
        return items

    def key(self, children: list[Token]) -> ParsedOrder:
        """One key: a name with what stands around it."""
        found = {token.type: token.value for token in children}
        descending = "DESC" in found or found.get("SIGN") == "-"
        nulls = Nulls.FIRST if "FIRST" in found else Nulls.LAST if "LAST" in found else None
        return ParsedOrder(
            found["NAME"], descending, nulls, Span(children[0].start_pos, children[-1].end_pos)
        )


def _syntax_error(error: MismatchError, end: int) -> FilterError:
    token = error.token
    known = isinstance(token, Token)
    return FilterError(
        ErrorCode.SYNTAX_ERROR,
        f"{quoted(token.value)} cannot stand here" if known else "the order ends too early",
        span=token.span if known else Span(end, end),
        expected=[word for term, words in TERMS.items() if term in error.accepts for word in words],
    )


def _places(lexeme: str, start: int) -> range | list[int]:
    if "\\" not in lexeme:
        return range(start + 1, start + len(lexeme))
    return list(accumulate((len(c) for c in _character().findall(lexeme[1:-1])), initial=start + 1))


@cache
def _token() -> re.Pattern[str]:
    # A sign is one only before a word; within a word it is a character like others.
    return re.compile(r"\s*+(?:([+-])|([^\s,+-][^\s,]*+)|,)")


@cache
def _character() -> re.Pattern[str]:
    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    return re.compile(rf"{pair}|\\u[0-9a-fA-F]{{4}}|\\.|[^\\]", re.DOTALL)


@cache
def _parser() -> Callable[[OrderStream], Any]:  # Any: what the builder makes of `order`, a list of keys
    return order_parser(OrderBuilder())
