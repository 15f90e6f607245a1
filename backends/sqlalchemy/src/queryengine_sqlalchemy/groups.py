"""Fetches the groups of an aggregate, and knows the errors of databases whose sums are beyond 64 bits."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from queryengine.aggregates import Row
from queryengine.sql_aggregates import is_out_of_range
from queryengine_sqlalchemy.aggregates import SQLAlchemyAggregateResult

__all__ = ["fetch_groups", "fetch_groups_sync"]


async def fetch_groups(session: AsyncSession, result: SQLAlchemyAggregateResult[Row]) -> list[Row]:
    """Fetch the answer of an aggregate, in one statement: a row for each group, in order.

    Where a sum of integers is beyond 64 bits it raises what FastAPI answers by status 422, or
    SumOutOfRangeError for a result that no dependency has made. After it, as after any error of PostgreSQL,
    the transaction is to be rolled back.
    """
    try:
        found = (await session.execute(result.query)).all()
    except DBAPIError as error:
        refusal = _refusal(error, result)
        if refusal is None:
            raise
        raise refusal from error
    return result.rows(found)


def fetch_groups_sync(session: Session, result: SQLAlchemyAggregateResult[Row]) -> list[Row]:
    """Fetch groups as `fetch_groups` does, with a synchronous session."""
    try:
        found = session.execute(result.query).all()
    except DBAPIError as error:
        refusal = _refusal(error, result)
        if refusal is None:
            raise
        raise refusal from error
    return result.rows(found)


def _refusal(error: DBAPIError, result: SQLAlchemyAggregateResult[Row]) -> Exception | None:
    """Return what to raise where the error of a database is of a sum."""
    return result.beyond_64_bits() if is_out_of_range(error.orig) else None
