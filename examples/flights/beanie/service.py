"""The service: lists of flights, carriers, airports and planes, each with a filter. As users write them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, TypeVar

from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database
from beanie.odm.queries.find import FindMany
from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from pymongo.asynchronous.database import AsyncDatabase
from queryengine_beanie import BeanieAggregateResult, BeanieQueryEngine, BeanieQueryResult, fetch_groups

from examples.flights.beanie.load import Record
from examples.flights.beanie.models import DOCUMENTS, Airport, Carrier, Flight, Plane
from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, DelaysOut, FlightOut, PlaneOut
from queryengine import Narrowed, create_qe_aggregate_dependency, create_qe_dependency, install_queryengine

__all__ = ["create_app"]

D = TypeVar("D", bound=Document)

flights = create_qe_dependency(BeanieQueryEngine(Flight), policy=FLIGHTS, required=True)
carriers = create_qe_dependency(BeanieQueryEngine(Carrier), policy=CARRIERS, required=True)
airports = create_qe_dependency(BeanieQueryEngine(Airport), policy=AIRPORTS, required=True)
planes = create_qe_dependency(BeanieQueryEngine(Plane), policy=PLANES, required=True)
delays = create_qe_aggregate_dependency(BeanieQueryEngine(Flight), row=DelaysOut, policy=FLIGHTS)

router = APIRouter()


@router.get("/flights", response_model=list[Narrowed[FlightOut]])
async def list_flights(
    result: Annotated[BeanieQueryResult[Flight], Depends(flights)],
) -> list[BaseModel]:
    """List flights with what they refer to, or the fields that the filter names."""
    return await fetch(result)


@router.get("/flights/delays", response_model_exclude_unset=True)
async def count_flights(
    result: Annotated[BeanieAggregateResult[DelaysOut], Depends(delays)],
) -> list[DelaysOut]:
    """Count flights and their delays, by groups."""
    return await fetch_groups(result)


@router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
async def list_carriers(
    result: Annotated[BeanieQueryResult[Carrier], Depends(carriers)],
) -> list[BaseModel]:
    """List carriers; a filter may look into their flights."""
    return await fetch(result)


@router.get("/airports", response_model=list[Narrowed[AirportOut]])
async def list_airports(
    result: Annotated[BeanieQueryResult[Airport], Depends(airports)],
) -> list[BaseModel]:
    """List airports; a filter may look into the flights that left there."""
    return await fetch(result)


@router.get("/planes", response_model=list[Narrowed[PlaneOut]])
async def list_planes(result: Annotated[BeanieQueryResult[Plane], Depends(planes)]) -> list[BaseModel]:
    """List planes; a filter may look into their flights."""
    return await fetch(result)


async def fetch(result: BeanieQueryResult[D]) -> list[BaseModel]:
    """Run the query of a filter, and return its documents as the caller may see them."""
    query, projection_model, _ = result
    assert projection_model is not None  # the policies expose response models
    if isinstance(query, FindMany):
        return await query.project(projection_model).to_list()
    return [projection_model.model_validate(document) for document in await query.to_list()]


def create_app(database: AsyncDatabase[Record]) -> FastAPI:
    """Make the service over a database of MongoDB."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await init_beanie(database, document_models=list(DOCUMENTS))
        yield

    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013", lifespan=lifespan)
    app.include_router(router)
    install_queryengine(app)
    return app
