"""What a query would do, asked of the database without running it. Knows connections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from tortoise.backends.base.client import BaseDBAsyncClient

from queryengine.cost import CostWeights
from queryengine.explain import Explanation, explain_filter
from queryengine.sql_plans import EXPLAIN, read_plan
from queryengine_tortoise.describe import listed, placeholder
from queryengine_tortoise.dialects import TextRules, dialect_of
from queryengine_tortoise.results import TortoiseQueryResult

__all__ = ["explain"]


async def explain(
    result: TortoiseQueryResult[Any],  # Any: the rows do not matter here
    *,
    using_db: BaseDBAsyncClient | None = None,
    weights: CostWeights | None = None,
    values: bool = False,
) -> Explanation:
    """Return what becomes of a result's filter, with the database's own plan (EXPLAIN); nothing is run.

    The query is the result's own, its policy and its row scope included, on its connection or on `using_db`.
    `weights` are those of the policy, if it has any. With `values` the query has its parameters and the plan
    its conditions: those of the row scope, too. Raises ConfigurationError for other databases than SQLite
    and PostgreSQL.
    """
    query = result.query.using_db(using_db)
    _ = query.sql()  # by which Tortoise chooses the connection and makes the statement
    chosen: Any = query  # Any: the connection has no public name, and parameters no types
    connection: Any = chosen._db  # noqa: SLF001
    database = dialect_of(connection.query_class.SQL_CONTEXT.dialect, TextRules()).database
    sql, parameters = cast("tuple[str, list[object]]", chosen.query.get_parameterized_sql())
    answer: Any = await connection.execute_query_dict(f"{EXPLAIN[database]} {sql}", parameters)
    rows = cast("Sequence[Mapping[str, object]]", answer)
    shown = [sql, *listed(parameters, placeholder(database))] if values else [sql]
    return explain_filter(
        result.filter,
        backend="tortoise",
        weights=weights,
        query="\n".join(shown),
        plan=read_plan(database, [tuple(row.values()) for row in rows], values=values),
    )
