"""The service: lists of flights, carriers, airports and planes, each with a filter. As users write them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from queryengine_tortoise import (
    TortoiseAggregateResult,
    TortoiseQueryEngine,
    TortoiseQueryResult,
    fetch_groups,
)
from tortoise.contrib.fastapi import RegisterTortoise

from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, DelaysOut, FlightOut, PlaneOut
from examples.flights.tortoise.load import modules
from examples.flights.tortoise.models import Airport, Carrier, Flight, Plane
from queryengine import Narrowed, create_qe_aggregate_dependency, create_qe_dependency, install_queryengine

__all__ = ["create_app"]

flights = create_qe_dependency(TortoiseQueryEngine(Flight, dialect="sqlite"), policy=FLIGHTS, required=True)
carriers = create_qe_dependency(
    TortoiseQueryEngine(Carrier, dialect="sqlite"), policy=CARRIERS, required=True
)
airports = create_qe_dependency(
    TortoiseQueryEngine(Airport, dialect="sqlite"), policy=AIRPORTS, required=True
)
planes = create_qe_dependency(TortoiseQueryEngine(Plane, dialect="sqlite"), policy=PLANES, required=True)
delays = create_qe_aggregate_dependency(
    TortoiseQueryEngine(Flight, dialect="sqlite"), row=DelaysOut, policy=FLIGHTS
)

router = APIRouter()


@router.get("/flights", response_model=list[Narrowed[FlightOut]])
async def list_flights(
    result: Annotated[TortoiseQueryResult[Flight], Depends(flights)],
) -> list[BaseModel]:
    """List flights with what they refer to, or the fields that the filter names."""
    query, projection_model, _ = result
    if result.filter.fields is None:  # a query with `fields` loads what these name by itself
        query = query.select_related("carrier", "plane", "dest_airport", "weather")
    model = projection_model or FlightOut
    return [model.model_validate(row) for row in await query]


@router.get("/flights/delays", response_model_exclude_unset=True)
async def count_flights(
    result: Annotated[TortoiseAggregateResult[DelaysOut], Depends(delays)],
) -> list[DelaysOut]:
    """Count flights and their delays, by groups."""
    return await fetch_groups(result)


@router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
async def list_carriers(
    result: Annotated[TortoiseQueryResult[Carrier], Depends(carriers)],
) -> list[BaseModel]:
    """List carriers; a filter may look into their flights."""
    query, projection_model, _ = result
    model = projection_model or CarrierOut
    return [model.model_validate(row) for row in await query]


@router.get("/airports", response_model=list[Narrowed[AirportOut]])
async def list_airports(
    result: Annotated[TortoiseQueryResult[Airport], Depends(airports)],
) -> list[BaseModel]:
    """List airports; a filter may look into the flights that left there."""
    query, projection_model, _ = result
    model = projection_model or AirportOut
    return [model.model_validate(row) for row in await query]


@router.get("/planes", response_model=list[Narrowed[PlaneOut]])
async def list_planes(result: Annotated[TortoiseQueryResult[Plane], Depends(planes)]) -> list[BaseModel]:
    """List planes; a filter may look into their flights."""
    query, projection_model, _ = result
    model = projection_model or PlaneOut
    return [model.model_validate(row) for row in await query]


def create_app(database_url: str) -> FastAPI:
    """Make the service over a database, such as `sqlite://flights-tortoise.sqlite`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with RegisterTortoise(app, db_url=database_url, modules=modules()):
            yield

    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013", lifespan=lifespan)
    app.include_router(router)
    install_queryengine(app)
    return app
