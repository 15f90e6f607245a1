"""What a query would do, asked of the database without running it. Knows executors."""

from __future__ import annotations

import asyncio
from typing import Any

from queryengine.cost import CostWeights
from queryengine.explain import Explanation, explain_filter
from queryengine.sql_plans import EXPLAIN, check_file, read_plan
from queryengine_orm.backend.describe import describe
from queryengine_orm.backend.results import ORMQueryResult
from queryengine_orm.connecting import connect_pool
from queryengine_orm.driver import Executor, Pool
from queryengine_orm.errors import ConfigurationError, OrmError
from queryengine_orm.sqlite_settings import settings_of

__all__ = ["explain", "explain_on"]


async def explain(
    executor: Executor,
    result: ORMQueryResult[Any],  # Any: the rows do not matter here
    *,
    weights: CostWeights | None = None,
    values: bool = False,
) -> Explanation:
    """Return what becomes of a result's filter, with the database's own plan (EXPLAIN); nothing is run.

    The query is the result's own, its policy and its row scope included; `executor` is a pool, a connection
    or a transaction. `weights` are those of the policy, if it has any. With `values` the query has its
    parameters and the plan its conditions: those of the row scope, too.
    """
    database = executor.dialect
    sql, parameters = result.query.statement(database)
    rows = await executor.query(f"{EXPLAIN[database]} {sql}", parameters, clean=True)
    return explain_filter(
        result.filter,
        backend="orm",
        weights=weights,
        query=describe(result.query, database, values=values),
        plan=read_plan(database, [tuple(row) for row in rows], values=values),
    )


def explain_on(
    database: str,
    result: ORMQueryResult[Any],  # Any: the rows do not matter here
    weights: CostWeights | None,
) -> Explanation:
    """Explain a result on the database of a URL, with all values, and let go of it.

    Raises ConfigurationError where it cannot be asked.
    """
    try:
        return asyncio.run(_explain_on(database, result, weights))
    except (OrmError, OSError) as error:
        raise ConfigurationError(f"the database cannot be asked: {error}") from error


async def _explain_on(database: str, result: ORMQueryResult[Any], weights: CostWeights | None) -> Explanation:
    async with _pool(database) as pool:
        return await explain(pool, result, weights=weights, values=True)


def _pool(database: str) -> Pool:
    """Return a pool that leaves the database as it is."""
    if database.partition(":")[0] != "sqlite":
        return connect_pool(database)
    from queryengine_orm.sqlite import SQLitePool  # noqa: PLC0415  # as `connect_pool` loads it

    settings = settings_of(database, {"read_only": True})
    check_file(settings.path)
    return SQLitePool(settings)
