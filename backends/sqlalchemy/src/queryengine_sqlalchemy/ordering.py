"""What rows are sorted by: a key's direction, and keys that are fetched from related rows by subqueries."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, desc, nulls_first, nulls_last, select

from queryengine.ast import Nulls, OrderKey, Path, Step
from queryengine_sqlalchemy.compiler import Column, ConditionCompiler, Entity

__all__ = ["directed", "sorted_by", "value_at"]


def directed(expression: ColumnElement[Any], key: OrderKey) -> ColumnElement[Any]:  # Any: of whichever type
    """Return what a key compares with its direction, and where nulls stand."""
    found: ColumnElement[Any] = desc(expression) if key.descending else expression
    match key.nulls:
        case Nulls.FIRST:
            found = nulls_first(found)
        case Nulls.LAST:
            found = nulls_last(found)
        case None:
            pass  # it is never null, or the database's own place is meant: an index serves
    return found


def sorted_by(
    conditions: ConditionCompiler, order: Sequence[OrderKey], place: Entity
) -> Iterator[ColumnElement[Any]]:
    """Yield the keys of an order of the rows of `place`, joining nothing: they may stand in any statement."""
    for key in order:
        yield directed(value_at(conditions, key.path, place, conditions.ordered), key)


def value_at(
    conditions: ConditionCompiler,
    path: Path,
    place: Entity,
    form: Callable[[Column], ColumnElement[Any]],  # Any: of whichever type
) -> ColumnElement[Any]:
    """Return what stands at the end of a path, in a form; what related rows have is fetched by a subquery.

    It is null where a related row is missing or out of its scope.
    """
    steps = [step for step in path.steps if not step.relation.embedded]
    return _value(conditions, steps, path, place, form)


def _value(
    conditions: ConditionCompiler,
    steps: Sequence[Step],
    path: Path,
    place: Entity,
    form: Callable[[Column], ColumnElement[Any]],
) -> ColumnElement[Any]:
    if not steps:
        return form(conditions.column(path, place))
    step, *rest = steps
    target, link = conditions.related(place, step)
    value = select(_value(conditions, rest, path, target, form)).select_from(target).where(link)
    if step.scope is not None:
        value = value.where(conditions.compile(step.scope, target))
    return value.scalar_subquery()
