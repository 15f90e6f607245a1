"""A dependency of aggregates gives the native query and the row's own type; its groups are such rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, assert_type

from beanie.odm.queries.aggregation import AggregationQuery
from fastapi import Depends, Request
from pydantic import BaseModel
from queryengine_beanie import BeanieAggregateResult, BeanieQueryEngine
from queryengine_beanie import fetch_groups as fetch_beanie_groups
from queryengine_sqlalchemy import (
    SQLAlchemyAggregateResult,
    SQLAlchemyQueryEngine,
    fetch_groups,
    fetch_groups_sync,
)
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from queryengine import MemoryQueryEngine, create_qe_aggregate_dependency
from queryengine.aggregate_memory import MemoryAggregateResult
from queryengine.aggregate_memory import fetch_groups as fetch_memory_groups
from typing_tests.documents import Trip
from typing_tests.models import Flight


class Counted(BaseModel):
    count: int = 0


@dataclass
class Parcel:
    id: int


counted = create_qe_aggregate_dependency(SQLAlchemyQueryEngine(Flight), row=Counted)
trips = create_qe_aggregate_dependency(BeanieQueryEngine(Trip), row=Counted)
parcels = create_qe_aggregate_dependency(MemoryQueryEngine(Parcel), row=Counted)


def read(
    result: Annotated[SQLAlchemyAggregateResult[Counted], Depends(counted)], session: Session
) -> list[Counted]:
    assert_type(result.query, Select[tuple[Any, ...]])
    assert_type(result.row, type[Counted])
    rows = result.rows(session.execute(result.query))
    assert_type(rows, list[Counted])
    assert_type(fetch_groups_sync(session, result), list[Counted])
    return rows


async def read_async(
    result: Annotated[SQLAlchemyAggregateResult[Counted], Depends(counted)], session: AsyncSession
) -> list[Counted]:
    rows = await fetch_groups(session, result)
    assert_type(rows, list[Counted])
    return rows


async def read_trips(
    result: Annotated[BeanieAggregateResult[Counted], Depends(trips)],
) -> list[Counted]:
    assert_type(result.query, AggregationQuery[dict[str, Any]])
    rows = await fetch_beanie_groups(result)
    assert_type(rows, list[Counted])
    return rows


def read_parcels(
    result: Annotated[MemoryAggregateResult[Counted], Depends(parcels)], stored: Sequence[Parcel]
) -> list[Counted]:
    rows = fetch_memory_groups(stored, result)
    assert_type(rows, list[Counted])
    return rows


def build(request: Request, text: str) -> SQLAlchemyAggregateResult[Counted]:
    return counted.build(request, text)


def build_trips(request: Request, text: str) -> BeanieAggregateResult[Counted]:
    return trips.build(request, text)
