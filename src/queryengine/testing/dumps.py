"""What rows show, brought to a form in which two back-ends' can be compared."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Collection
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias, cast

from queryengine.ast import FilterAST

__all__ = ["comparable", "sorted_ways"]

Way: TypeAlias = tuple[str, ...]


def sorted_ways(ast: FilterAST, way: Way = ()) -> frozenset[Way]:
    """Return the ways to those included rows that a filter asks for in an order."""
    found: set[Way] = set()
    for include in ast.include:
        there = (*way, *include.path.names)
        found |= sorted_ways(include.filter, there) | ({there} if include.filter.order else set())
    return frozenset(found)


def comparable(
    value: object, *, without: Collection[str] = (), in_order: Collection[Way] = (), way: Way = ()
) -> object:
    """Return a dump without what not every model has, in which equal values also look alike.

    Related rows are a set, unless they stand at the end of a way that is `in_order`; the members of documents
    have no order.

    >>> comparable({"id": 1, "maker_id": 2, "parts": [{"id": 4}, {"id": 3}]}, without=["maker_id"])
    {'id': 1, 'parts': [{'id': 3}, {'id': 4}]}
    >>> comparable({"b": 1, "a": 2})
    {'a': 2, 'b': 1}
    """
    match value:
        case dict():
            members = cast("dict[str, object]", value)
            return {
                name: comparable(each, without=without, in_order=in_order, way=(*way, name))
                for name, each in sorted(members.items())
                if name not in without
            }
        case list():
            items = cast("list[object]", value)
            rows = [comparable(each, without=without, in_order=in_order, way=way) for each in items]
            is_set = way not in in_order and any(isinstance(row, dict) for row in rows)
            return sorted(rows, key=repr) if is_set else rows
        case enum.Enum():
            return value.value
        case Decimal():
            return Fraction(value)
        case float() if value.is_integer():
            return int(value)
        case dt.datetime() if value.tzinfo is not None:
            return value.astimezone(dt.UTC)
        case _:
            return value
