"""The text of an order, "-price, name DESC NULLS LAST", to its keys. Knows grammar, parsed and tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from itertools import accumulate
from types import MappingProxyType
from typing import Any

from queryengine.ast import Nulls
from queryengine.errors import ErrorCode, FilterError, Span
from queryengine.grammar import MismatchError, order_parser
from queryengine.limits import Limits
from queryengine.parsed import ParsedOrder
from queryengine.tokens import check_name, decoded, exceeded, shown

__all__ = ["parse_order"]

TERMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "SIGN": ("+", "-"),
        "NAME": ("a field name",),
        "COMMA": (",",),
        "$END": ("the end of the order",),
        **{word: (word,) for word in ("ASC", "DESC", "NULLS", "FIRST", "LAST")},
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
    places = _places(lexeme, start)
    try:
        keys: list[ParsedOrder] = _parser()(text)
    except MismatchError as error:
        raise _syntax_error(error, text, places) from None
    located: list[ParsedOrder] = []
    for key in keys:
        span = Span(places[key.span.start], places[key.span.end])
        check_name(key.name, span, limits)
        located.append(ParsedOrder(key.name, key.descending, key.nulls, span))
    return located


def check_order_length(length: int, span: Span, limits: Limits) -> None:
    """Refuse an order of too many keys."""
    if length > limits.max_order_keys:
        raise exceeded("max_order_keys", limits.max_order_keys, "keys in one order", span)


class OrderBuilder:
    """The rules of order.lark. The tokens are Lark's own, the spans places in the decoded text."""

    def first_item(self, children: list[Any]) -> list[Any]:  # Any: here and below, what the grammar says
        """The first key."""
        return children

    def next_item(self, children: list[Any]) -> list[Any]:
        """A further key."""
        items: list[Any] = children[0]
        items.append(children[2])
        return items

    def key(self, children: list[Any]) -> ParsedOrder:
        """One key: a name with what stands around it."""
        found = {token.type: token for token in children}
        descending = "DESC" in found or ("SIGN" in found and found["SIGN"] == "-")
        nulls = Nulls.FIRST if "FIRST" in found else Nulls.LAST if "LAST" in found else None
        span = Span(children[0].start_pos, children[-1].end_pos)
        return ParsedOrder(str(found["NAME"]), descending, nulls, span)


def _syntax_error(error: MismatchError, text: str, places: list[int]) -> FilterError:
    at_end = error.token is not None and error.token.type == "$END"
    start = len(text) if at_end else error.position
    word = re.compile(r"[^\s,]*").match(text, start)
    end = max(word.end() if word else start, min(start + 1, len(text)))
    found = f"{shown(text[start:end])} cannot stand here" if text[start:end] else "the order ends too early"
    return FilterError(
        ErrorCode.SYNTAX_ERROR,
        found,
        span=Span(places[start], places[end]),
        expected=[word for term, words in TERMS.items() if term in error.accepts for word in words],
    )


def _places(lexeme: str, start: int) -> list[int]:
    """Return where each character of a JSON string's text, and its end, stands in the filter."""
    if "\\" not in lexeme:
        return list(range(start + 1, start + len(lexeme)))
    return list(accumulate((len(c) for c in _character().findall(lexeme[1:-1])), initial=start + 1))


@cache
def _character() -> re.Pattern[str]:
    pair = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    return re.compile(rf"{pair}|\\u[0-9a-fA-F]{{4}}|\\.|[^\\]", re.DOTALL)


@cache
def _parser() -> Callable[[str], Any]:
    return order_parser(OrderBuilder())
