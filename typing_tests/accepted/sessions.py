"""The same query runs on both kinds of session, and its rows are of the model."""

from collections.abc import Sequence
from typing import TypeVar, assert_type

from queryengine_sqlalchemy import SQLAlchemyQueryResult
from sqlalchemy import ScalarResult, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from typing_tests.models import Flight

T = TypeVar("T")


async def in_turns(result: SQLAlchemyQueryResult[Flight], session: AsyncSession) -> Sequence[Flight]:
    query, _, _ = result
    assert_type(await session.scalars(query), ScalarResult[Flight])
    assert_type((await session.scalars(query)).all(), Sequence[Flight])
    assert_type(await session.scalar(query), Flight | None)
    return (await session.scalars(query)).all()


def at_once(result: SQLAlchemyQueryResult[Flight], session: Session) -> Sequence[Flight]:
    query, _, _ = result
    assert_type(session.scalars(query), ScalarResult[Flight])
    assert_type(session.scalars(query).all(), Sequence[Flight])
    assert_type(session.scalar(query), Flight | None)
    return session.scalars(result.query).all()


async def of_any_model(result: SQLAlchemyQueryResult[T], session: AsyncSession) -> Sequence[T]:
    return (await session.scalars(result.query)).all()


async def with_more(result: SQLAlchemyQueryResult[Flight], session: AsyncSession) -> tuple[int, list[str]]:
    """A query that was built on is a query of the model still."""
    narrower = result.query.where(Flight.origin == "JFK").limit(10)
    total = await session.scalar(select(func.count()).select_from(narrower.order_by(None).subquery()))
    rows = await of_any_model(result, session)
    assert_type(rows, Sequence[Flight])
    return total or 0, [flight.origin for flight in (await session.scalars(narrower)).all()]
