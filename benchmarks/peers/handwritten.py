"""The select as a person would write it for one endpoint: the least that any library could cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, cast

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from benchmarks.models import Flight
from benchmarks.workload import Question

__all__ = ["NAME", "arguments", "select_five", "select_many"]

NAME = "hand-written select"

Column = InstrumentedAttribute[object]


class Arguments(TypedDict):
    """The values of the five predicates, and the limit."""

    delay: int
    origins: Sequence[str]
    distance: int
    month: int
    prefix: str
    limit: int


def _compare(column: Column, comparison: str, value: object) -> ColumnElement[bool]:
    match comparison:
        case "eq":
            return column == value
        case "ne":
            return column != value
        case "gt":
            return column > value
        case "lte":
            return column <= value
        case "in":
            return column.in_(cast("tuple[object, ...]", value))
        case _:
            raise AssertionError(f"not among the growing questions: {comparison}")


def arguments(question: Question) -> Arguments:
    """Return the values of the five predicates and the limit, as `select_five` takes them."""
    names = ("delay", "origins", "distance", "month", "prefix")
    values = {name: each.value for name, each in zip(names, question.conditions, strict=True)}
    return cast("Arguments", values | {"limit": question.limit})


def select_five(
    *, delay: int, origins: Sequence[str], distance: int, month: int, prefix: str, limit: int
) -> Select[Flight]:
    """Write the five predicates, the order and the limit."""
    return (
        select(Flight)
        .where(
            Flight.dep_delay > delay,
            Flight.origin.in_(origins),
            Flight.distance <= distance,
            Flight.month == month,
            Flight.dest.startswith(prefix, autoescape=True),
        )
        .order_by(Flight.dep_delay.desc(), Flight.id)
        .limit(limit)
    )


def select_many(question: Question) -> Select[Flight]:
    """Write as many conditions as the question has, in a loop."""
    conditions = [
        _compare(cast("Column", getattr(Flight, each.field)), each.operator, each.value)
        for each in question.conditions
    ]
    return (
        select(Flight).where(*conditions).order_by(Flight.dep_delay.desc(), Flight.id).limit(question.limit)
    )
