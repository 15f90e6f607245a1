"""The executable definition of what an aggregate means. Back-ends are tested against it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from typing import Any, TypeAlias, cast

from queryengine.aggregates import AggregateAST, AggregateResult, Function, Measure, Row, SumOutOfRangeError
from queryengine.memory import evaluate, matches, value_at

__all__ = ["MemoryAggregate", "MemoryAggregateResult", "fetch_groups"]

Tuple = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class MemoryAggregate:
    """An aggregate over any rows of one model."""

    aggregate: AggregateAST

    def all(self, rows: Iterable[object]) -> list[Tuple]:
        """Return the values of each group by `aggregate.names`, in the order and window of the groups.

        Raises SumOutOfRangeError.
        """
        ast = self.aggregate
        found = [row for row in rows if matches(ast.rows.where, row)]
        groups: dict[Tuple, list[object]] = {} if ast.keys else {(): found}
        for row in found if ast.keys else ():
            groups.setdefault(tuple([value_at(key.path, row) for key in ast.keys]), []).append(row)
        try:
            values = [
                (*key, *(measured(each, members) for each in ast.measures)) for key, members in groups.items()
            ]
        except OverflowError:
            raise SumOutOfRangeError(ast) from None
        named = [dict(zip(ast.names, each, strict=True)) for each in values]
        return [tuple(group.values()) for group in evaluate(ast.groups, named)]


MemoryAggregateResult: TypeAlias = AggregateResult[Row, MemoryAggregate]
"""What a dependency of aggregates gives for objects in memory: `fetch_groups(rows, result)`."""


def fetch_groups(rows: Iterable[object], result: MemoryAggregateResult[Row]) -> list[Row]:
    """Return the answer of an aggregate over any rows of its model: a row for each group, in order.

    Where a sum of integers is beyond 64 bits it raises what FastAPI answers by status 422, or
    SumOutOfRangeError for a result that no dependency has made.
    """
    try:
        return result.rows(result.query.all(rows))
    except SumOutOfRangeError as error:
        raise result.refusal(error) from None


def measured(measure: Measure, rows: Sequence[object]) -> object:
    """Return what a function gives of a group. Nulls are passed over; of no values there is a count only."""
    if measure.path is None:
        return len(rows)
    values = [value for row in rows if (value := value_at(measure.path, row)) is not None]
    if measure.function is Function.COUNT_DISTINCT:
        return len(set(values))
    if not values:
        return None
    comparable = cast("list[Any]", values)  # Any: of one kind that has an order
    match measure.function:
        case Function.MIN:
            return min(comparable)
        case Function.MAX:
            return max(comparable)
        case Function.SUM:
            return _sum(comparable)
        case _:
            return float(_sum(comparable)) / len(values)


def _sum(values: Sequence[int | Decimal]) -> int | Decimal:
    """Return the exact sum."""
    if isinstance(values[0], Decimal):
        exact = Context(prec=10_000, Emin=MIN_EMIN, Emax=MAX_EMAX)
        total = Decimal(0)
        for value in values:
            total = exact.add(total, value)
        return total
    whole = sum(cast("Sequence[int]", values))
    if not -(2**63) <= whole < 2**63:
        raise OverflowError("the sum is no integer of 64 bits")
    return whole
