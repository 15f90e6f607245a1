"""Lexed text to ParsedFilter by the Lark grammar. Knows no model: names are as written, values are raw."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from queryengine.builder import Builder
from queryengine.clauses import ClauseReader
from queryengine.errors import FilterError
from queryengine.grammar import MismatchError, reference_parser
from queryengine.lexer import Lexed
from queryengine.limits import Limits
from queryengine.parsed import ParsedFilter
from queryengine.syntax import explain
from queryengine.tokens import TokenStream, path_to

__all__ = ["parse"]


def parse(lexed: Lexed, limits: Limits) -> ParsedFilter:
    """Parse a filter. Raises FilterError with its place; `source` is for the caller to set.

    >>> from queryengine.lexer import lex
    >>> parsed = parse(lex('{"where": {"price": {"gt": 50}}, "order": "-price"}'), Limits())
    >>> parsed.order[0].name, parsed.order[0].descending
    ('price', True)
    """
    try:
        return ClauseReader(limits).filter(_parser()(TokenStream(lexed, limits)))
    except MismatchError as error:
        problem = explain(error, lexed)
    except FilterError as error:
        problem = error
    problem.path = path_to(lexed, problem.span.start if problem.span else 0)
    raise problem


@cache
def _parser() -> Callable[[TokenStream], Any]:  # Any: what the builder makes of `filter`, which is Clauses
    return reference_parser(Builder())
