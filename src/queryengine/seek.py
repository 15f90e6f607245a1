"""The condition of the rows that come after a row in an order: what a cursor asks for. Knows the AST."""

from __future__ import annotations

from collections.abc import Sequence

from queryengine.ast import And, Comparison, Not, Nulls, Op, Or, OrderKey, Value, Where

__all__ = ["reversed_order", "rows_after"]


def rows_after(order: Sequence[OrderKey], values: Sequence[Value]) -> Where:
    """Return what is true of the rows that come strictly after the row with these values of the keys.

    None stands for null. The order is total: among its keys are those of the primary key, never null.

    >>> from queryengine.ast import Path
    >>> key = OrderKey(Path(("id",), (), None))
    >>> rows_after([key], [5]).op.value
    'gt'
    """
    after: Where | None = None
    for key, value in reversed(list(zip(order, values, strict=True))):
        after = _beyond(key, value) if after is None else _beyond_or_tied(key, value, after)
    if after is None:
        raise AssertionError("a total order has a key without nulls")
    return after


def reversed_order(order: Sequence[OrderKey]) -> tuple[OrderKey, ...]:
    """Return the order in which the same rows come the other way round.

    >>> from queryengine.ast import Path
    >>> key = OrderKey(Path(("id",), (), None), nulls=Nulls.FIRST)
    >>> reversed_order([key])[0].descending, reversed_order([key])[0].nulls
    (True, <Nulls.LAST: 'last'>)
    """
    return tuple(
        OrderKey(key.path, not key.descending, _other_end(key.nulls), key.implied, key.span) for key in order
    )


def _other_end(nulls: Nulls | None) -> Nulls | None:
    if nulls is None:
        return None
    return Nulls.LAST if nulls is Nulls.FIRST else Nulls.FIRST


def _beyond_or_tied(key: OrderKey, value: Value, tied: Where) -> Where:
    """What comes after a value in one key, and what has the same and is `tied` to come after."""
    beyond = _beyond(key, value)
    if beyond is None:
        return And((_same(key, value), tied))
    if isinstance(beyond, Comparison):
        # One range, which an index finds; the ways apart would make a database merge them and sort.
        reaches = Comparison(key.path, Op.LTE if key.descending else Op.GTE, value)
        return And((reaches, Or((beyond, tied))))
    return Or((beyond, And((_same(key, value), tied))))


def _same(key: OrderKey, value: Value) -> Where:
    if value is None:
        return Comparison(key.path, Op.IS_NULL, None)
    return Comparison(key.path, Op.EQ, value)


def _beyond(key: OrderKey, value: Value) -> Where | None:
    """What comes after a value in one key; None where nothing does, which is after nulls that are last."""
    null = Comparison(key.path, Op.IS_NULL, None)
    if value is None:
        return None if key.nulls is Nulls.LAST else Not(null)
    further = Comparison(key.path, Op.LT if key.descending else Op.GT, value)
    return Or((further, null)) if key.nulls is Nulls.LAST else further
