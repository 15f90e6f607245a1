"""odata-query 0.10.0: `$filter` text to a Select. It has no order and no limit: they are added by hand.

It logs a warning at each call for a function over a column, which is switched off here, in its favour.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import cast

from odata_query.sqlalchemy.shorthand import apply_odata_query
from sqlalchemy import Select, select

from benchmarks.models import Flight
from benchmarks.workload import Condition, Question

__all__ = ["NAME", "statement", "text"]

NAME = "odata-query 0.10.0"

NAMES = {"lte": "le", "gte": "ge"}


def silence() -> None:
    """Switch the library's warnings off."""
    logging.getLogger("odata_query").setLevel(logging.ERROR)


def text(question: Question) -> str:
    """Return the conditions as a `$filter`.

    >>> text(Question((Condition("month", "eq", 6), Condition("dest", "startsWith", "S")), 20))
    "month eq 6 and startswith(dest,'S')"
    """
    return " and ".join(_term(condition) for condition in question.conditions)


def statement(filter_text: str, limit: int) -> Select[Flight]:
    """Return the Select of this filter."""
    apply = cast("Callable[[Select[Flight], str], Select[Flight]]", apply_odata_query)
    return apply(select(Flight), filter_text).order_by(Flight.dep_delay.desc(), Flight.id).limit(limit)


def _term(condition: Condition) -> str:
    value = condition.value
    if condition.operator == "startsWith":
        return f"startswith({condition.field},{_literal(value)})"
    if condition.operator == "nin":
        return f"not ({condition.field} in {_literal(value)})"
    return f"{condition.field} {NAMES.get(condition.operator, condition.operator)} {_literal(value)}"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        items = cast("tuple[object, ...]", value)
        comma = "," if len(items) == 1 else ""
        return f"({','.join(map(_literal, items))}{comma})"
    return f"'{value}'" if isinstance(value, str) else str(value)
