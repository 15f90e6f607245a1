"""A query as text for people: its SQL, and under it the parameters as the driver gets them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BindParameter, Select
from sqlalchemy.engine import Dialect

from queryengine_sqlalchemy.column_types import databases

__all__ = ["describe"]


def describe(
    query: Select[Any],  # Any: the rows do not matter here
    database: str | None,
    *,
    values: bool = True,
) -> str:
    """Return the SQL of a query for a database (SQLite, unless PostgreSQL is named), and its parameters.

    Without `values`, the SQL alone, which has placeholders for them.

    >>> from sqlalchemy import literal, select
    >>> print(describe(select(literal(5).label("five")), "sqlite"))
    SELECT :param_1 AS five
      param_1 = 5
    """
    (dialect,) = databases(database or "sqlite")
    dialect.paramstyle, dialect.positional = "named", False
    compiled = query.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    lines = [line.rstrip() for line in str(compiled).splitlines()]
    if not values:
        return "\n".join(lines)
    parameters = [f"  {name} = {_bound(bind, dialect)!r}" for bind, name in compiled.bind_names.items()]
    return "\n".join(lines + parameters)


def _bound(bind: BindParameter[Any], dialect: Dialect) -> object:  # Any: values of all types
    process = bind.type.dialect_impl(dialect).bind_processor(dialect) or _as_it_is
    value: Any = bind.effective_value
    return [process(item) for item in value] if bind.expanding else process(value)


def _as_it_is(value: object) -> object:
    return value
