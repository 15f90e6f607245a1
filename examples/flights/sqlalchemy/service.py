"""The service: lists of flights, carriers, airports and planes, each with a filter. As users write them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from queryengine_sqlalchemy import (
    SQLAlchemyAggregateResult,
    SQLAlchemyQueryEngine,
    SQLAlchemyQueryResult,
    fetch_groups,
)
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import joinedload
from sqlalchemy.sql.base import ExecutableOption

from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, DelaysOut, FlightOut, PlaneOut
from examples.flights.sqlalchemy.models import Airport, Carrier, Flight, Plane
from queryengine import Narrowed, create_qe_aggregate_dependency, create_qe_dependency, install_queryengine

__all__ = ["create_app", "database_url"]

M = TypeVar("M")

flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight), policy=FLIGHTS, required=True)
carriers = create_qe_dependency(SQLAlchemyQueryEngine(Carrier), policy=CARRIERS, required=True)
airports = create_qe_dependency(SQLAlchemyQueryEngine(Airport), policy=AIRPORTS, required=True)
planes = create_qe_dependency(SQLAlchemyQueryEngine(Plane), policy=PLANES, required=True)
delays = create_qe_aggregate_dependency(SQLAlchemyQueryEngine(Flight), row=DelaysOut, policy=FLIGHTS)

router = APIRouter()


async def database_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give a request its session."""
    async with AsyncSession(request.app.state.engine) as session:
        yield session


DatabaseSession = Annotated[AsyncSession, Depends(database_session)]


@router.get("/flights", response_model=list[Narrowed[FlightOut]])
async def list_flights(
    result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)], session: DatabaseSession
) -> list[BaseModel]:
    """List flights with what they refer to, or the fields that the filter names."""
    referred = (Flight.carrier, Flight.plane, Flight.dest_airport, Flight.weather)
    # A query with `fields` loads what these name by itself.
    whole = result.filter.fields is None
    return await fetch(session, result, FlightOut, [joinedload(relation) for relation in referred if whole])


@router.get("/flights/delays", response_model_exclude_unset=True)
async def count_flights(
    result: Annotated[SQLAlchemyAggregateResult[DelaysOut], Depends(delays)], session: DatabaseSession
) -> list[DelaysOut]:
    """Count flights and their delays, by groups."""
    return await fetch_groups(session, result)


@router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
async def list_carriers(
    result: Annotated[SQLAlchemyQueryResult[Carrier], Depends(carriers)], session: DatabaseSession
) -> list[BaseModel]:
    """List carriers; a filter may look into their flights."""
    return await fetch(session, result, CarrierOut)


@router.get("/airports", response_model=list[Narrowed[AirportOut]])
async def list_airports(
    result: Annotated[SQLAlchemyQueryResult[Airport], Depends(airports)], session: DatabaseSession
) -> list[BaseModel]:
    """List airports; a filter may look into the flights that left there."""
    return await fetch(session, result, AirportOut)


@router.get("/planes", response_model=list[Narrowed[PlaneOut]])
async def list_planes(
    result: Annotated[SQLAlchemyQueryResult[Plane], Depends(planes)], session: DatabaseSession
) -> list[BaseModel]:
    """List planes; a filter may look into their flights."""
    return await fetch(session, result, PlaneOut)


async def fetch(
    session: AsyncSession,
    result: SQLAlchemyQueryResult[M],
    shown: type[BaseModel],
    options: Sequence[ExecutableOption] = (),
) -> list[BaseModel]:
    """Run the query of a filter, and return its rows as the caller may see them."""
    query, projection_model, _ = result
    rows = await session.scalars(query.options(*options))
    model = projection_model or shown
    return [model.model_validate(row) for row in rows]


def database_url(path: Path) -> str:
    """Return the URL of a SQLite file for SQLAlchemy's asynchronous engine.

    >>> database_url(Path("flights.sqlite"))
    'sqlite+aiosqlite:///flights.sqlite'
    """
    return f"sqlite+aiosqlite:///{path}"


def create_app(database_url: str) -> FastAPI:
    """Make the service over a database, such as `sqlite+aiosqlite:///flights.sqlite`."""
    engine = create_async_engine(database_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await engine.dispose()

    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013", lifespan=lifespan)
    app.state.engine = engine
    app.include_router(router)
    install_queryengine(app)
    return app
