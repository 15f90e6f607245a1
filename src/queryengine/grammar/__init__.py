"""The syntaxes, one .lark file each. lalr.py, imported late, makes parsers of them."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

__all__ = ["MismatchError", "Stream", "aggregate_parser", "order_parser", "reference_parser"]


class Stream(Protocol):
    """Where a parser's tokens come from; `acceptable` tells the types that may stand where it has come to."""

    def read(self, acceptable: Callable[[], Container[str]]) -> Iterator[Any]:  # Any: what looks like a token
        """Yield the tokens one by one."""
        ...


@dataclass(slots=True)
class MismatchError(Exception):
    """A text is not of the grammar: the wrong token, what stands before it, what could stand there."""

    token: Any  # Any: what the stream yields; Lark's own at the end
    before: Any  # Any: the same, or what a rule made
    accepts: frozenset[str]


def reference_parser(builder: object) -> Callable[[Stream], Any]:  # Any: what `builder` makes of `filter`
    """Return the parser of the reference syntax; the methods of `builder` bear the names of the rules.

    It raises MismatchError.
    """
    from queryengine.grammar import lalr  # noqa: PLC0415 - Lark is imported with the first filter

    return lalr.build("reference", "filter", builder)


def order_parser(builder: object) -> Callable[[Stream], Any]:  # Any: what `builder` makes of `order`
    """Return the parser of the text of an order. It raises MismatchError."""
    from queryengine.grammar import lalr  # noqa: PLC0415 - Lark is imported with the first filter

    return lalr.build("order", "order", builder)


def aggregate_parser(builder: object) -> Callable[[Stream], Any]:  # Any: what `builder` makes of `aggregate`
    """Return the parser of aggregates, in the reference syntax. It raises MismatchError."""
    from queryengine.grammar import lalr  # noqa: PLC0415 - Lark is imported with the first filter

    return lalr.build("reference", "aggregate", builder)
