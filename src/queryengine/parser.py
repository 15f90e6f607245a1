"""Lexed text to ParsedFilter by the Lark grammar. Knows no model: names are as written, values are raw."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from queryengine.builder import Builder
from queryengine.clauses import ClauseReader
from queryengine.errors import FilterError
from queryengine.grammar import MismatchError, aggregate_parser, reference_parser
from queryengine.lexer import Lexed
from queryengine.limits import Limits
from queryengine.parsed import ParsedAggregate, ParsedFilter
from queryengine.syntax import explain
from queryengine.tokens import TokenStream, path_to

__all__ = ["parse", "parse_aggregate"]

P = TypeVar("P")


def parse(lexed: Lexed, limits: Limits) -> ParsedFilter:
    """Parse a filter. Raises FilterError with its place; `source` is for the caller to set.

    >>> from queryengine.lexer import lex
    >>> parsed = parse(lex('{"where": {"price": {"gt": 50}}, "order": "-price"}'), Limits())
    >>> parsed.order[0].name, parsed.order[0].descending
    ('price', True)
    """
    return _parsed(lexed, lambda: ClauseReader(limits).filter(_parser()(TokenStream(lexed, limits))))


def parse_aggregate(lexed: Lexed, limits: Limits) -> ParsedAggregate:
    """Parse an aggregate. Raises FilterError with its place; `source` is for the caller to set.

    >>> from queryengine.lexer import lex
    >>> parse_aggregate(lex('{"groupBy": "carrier", "count": true}'), Limits()).measures[0].word
    'count'
    """
    read = ClauseReader(limits).aggregate
    return _parsed(lexed, lambda: read(_aggregate_parser()(TokenStream(lexed, limits))))


def _parsed(lexed: Lexed, parse: Callable[[], P]) -> P:
    """Return what is parsed, or raise what is wrong with it, in words and with its place."""
    try:
        return parse()
    except MismatchError as error:
        problem = explain(error, lexed)
    except FilterError as error:
        problem = error
    problem.path = path_to(lexed, problem.span.start if problem.span else 0)
    raise problem


@cache
def _aggregate_parser() -> Callable[[TokenStream], Any]:  # Any: the same, of `aggregate`
    return aggregate_parser(Builder())


@cache
def _parser() -> Callable[[TokenStream], Any]:  # Any: what the builder makes of `filter`, which is Clauses
    return reference_parser(Builder())
