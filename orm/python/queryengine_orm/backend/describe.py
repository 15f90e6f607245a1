"""A query as text for people: its SQL, and under it the parameters as the driver gets them."""

from __future__ import annotations

from typing import Any

from queryengine_orm.driver import Dialect
from queryengine_orm.loading import Query

__all__ = ["describe"]


def describe(
    query: Query[Any],  # Any: the rows do not matter here
    database: Dialect,
    *,
    values: bool = True,
) -> str:
    """Return the SQL of a query's own rows for a database, and its parameters.

    Without `values`, the SQL alone, which has placeholders for them.
    """
    text, parameters = query.statement(database)
    sign = "$" if database == "postgresql" else "?"
    listed = [f"  {sign}{number} = {value!r}" for number, value in enumerate(parameters, 1)]
    return "\n".join([text, *(listed if values else [])])
