"""Whether an index of the mapping serves a column: for estimates of what a filter costs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, FromClause, PrimaryKeyConstraint, Table, UniqueConstraint

__all__ = ["is_indexed"]


def is_indexed(expression: ColumnElement[Any]) -> bool | None:  # Any: a column of any type
    """Tell whether an index begins with a column; None for what is no column of a table."""
    table: FromClause | None = getattr(expression, "table", None)
    first = None if table is None else _first_columns(table)
    return None if first is None else any(column is expression for column in first)


def _first_columns(table: FromClause) -> list[object] | None:
    if not isinstance(table, Table):
        return None
    groups: list[Iterable[object]] = [
        keys.columns
        for keys in table.constraints
        if isinstance(keys, PrimaryKeyConstraint | UniqueConstraint)
    ]
    # An index with a condition has some rows only.
    whole = (
        each for each in table.indexes if not any(name.endswith("_where") for name in each.dialect_kwargs)
    )
    groups += [index.expressions for index in whole]
    return [column for group in groups for column in list(group)[:1]]
