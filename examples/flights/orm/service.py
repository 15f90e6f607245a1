"""The service: lists of flights, carriers, airports and planes, each with a filter. As users write them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Annotated, TypeAlias, TypeVar

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel
from queryengine_orm import DeclarativeBase
from queryengine_orm.backend import ORMAggregateResult, ORMQueryEngine, ORMQueryResult, fetch_groups
from queryengine_orm.driver import Executor

from examples.flights.orm.models import Airport, Carrier, Flight, Plane
from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, DelaysOut, FlightOut, PlaneOut
from queryengine import Narrowed, create_qe_aggregate_dependency, create_qe_dependency, install_queryengine

__all__ = ["create_app"]

M = TypeVar("M", bound=DeclarativeBase)

flights = create_qe_dependency(ORMQueryEngine(Flight, dialect="sqlite"), policy=FLIGHTS, required=True)
carriers = create_qe_dependency(ORMQueryEngine(Carrier, dialect="sqlite"), policy=CARRIERS, required=True)
airports = create_qe_dependency(ORMQueryEngine(Airport, dialect="sqlite"), policy=AIRPORTS, required=True)
planes = create_qe_dependency(ORMQueryEngine(Plane, dialect="sqlite"), policy=PLANES, required=True)
delays = create_qe_aggregate_dependency(
    ORMQueryEngine(Flight, dialect="sqlite"), row=DelaysOut, policy=FLIGHTS
)

router = APIRouter()


def the_database(request: Request) -> Executor:
    """Give a request the pool."""
    database: Executor = request.app.state.database
    return database


Database: TypeAlias = Annotated[Executor, Depends(the_database)]


@router.get("/flights", response_model=list[Narrowed[FlightOut]])
async def list_flights(
    result: Annotated[ORMQueryResult[Flight], Depends(flights)], database: Database
) -> list[BaseModel]:
    """List flights with what they refer to, or the fields that the filter names."""
    query, projection_model, _ = result
    if result.filter.fields is None:  # a query with `fields` loads what these name by itself
        query = query.include(Flight.carrier, Flight.plane, Flight.dest_airport, Flight.weather)
    model = projection_model or FlightOut
    return [model.model_validate(row) for row in await query.all(database)]


@router.get("/flights/delays", response_model_exclude_unset=True)
async def count_flights(
    result: Annotated[ORMAggregateResult[DelaysOut], Depends(delays)], database: Database
) -> list[DelaysOut]:
    """Count flights and their delays, by groups."""
    return await fetch_groups(database, result)


@router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
async def list_carriers(
    result: Annotated[ORMQueryResult[Carrier], Depends(carriers)], database: Database
) -> list[BaseModel]:
    """List carriers; a filter may look into their flights."""
    return await fetch(database, result, CarrierOut)


@router.get("/airports", response_model=list[Narrowed[AirportOut]])
async def list_airports(
    result: Annotated[ORMQueryResult[Airport], Depends(airports)], database: Database
) -> list[BaseModel]:
    """List airports; a filter may look into the flights that left there."""
    return await fetch(database, result, AirportOut)


@router.get("/planes", response_model=list[Narrowed[PlaneOut]])
async def list_planes(
    result: Annotated[ORMQueryResult[Plane], Depends(planes)], database: Database
) -> list[BaseModel]:
    """List planes; a filter may look into their flights."""
    return await fetch(database, result, PlaneOut)


async def fetch(database: Executor, result: ORMQueryResult[M], whole: type[BaseModel]) -> list[BaseModel]:
    """Run a query; rows are shown as the filter's `fields` say, or whole."""
    query, projection_model, _ = result
    model = projection_model or whole
    return [model.model_validate(row) for row in await query.all(database)]


def create_app(open_database: Callable[[], AbstractAsyncContextManager[Executor]]) -> FastAPI:
    """Make the service over a database, which is opened when it starts."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with open_database() as database:
            app.state.database = database
            yield

    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013", lifespan=lifespan)
    app.include_router(router)
    install_queryengine(app)
    return app
