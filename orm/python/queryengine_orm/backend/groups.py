"""Fetches the groups of an aggregate, and knows the error of a sum that is beyond 64 bits."""

from __future__ import annotations

from queryengine.aggregates import Row
from queryengine.sql_aggregates import is_out_of_range
from queryengine_orm.backend.aggregates import ORMAggregateResult
from queryengine_orm.driver import Executor
from queryengine_orm.errors import DataError

__all__ = ["fetch_groups"]


async def fetch_groups(executor: Executor, result: ORMAggregateResult[Row]) -> list[Row]:
    """Fetch the answer of an aggregate, in one statement: a row for each group, in order.

    `executor` is a pool, a connection or a transaction. Where a sum of integers is beyond 64 bits it raises
    what FastAPI answers by status 422, or SumOutOfRangeError for a result that no dependency has made. After
    it, as after any error of PostgreSQL, a transaction is to be rolled back.
    """
    try:
        found = await result.query.all(executor)
    except DataError as error:
        refusal = result.beyond_64_bits() if is_out_of_range(error) else None
        if refusal is None:
            raise
        raise refusal from error
    return result.rows(found)
