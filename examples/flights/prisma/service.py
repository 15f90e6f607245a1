"""The service: lists of flights, carriers, airports and planes, each with a filter.

Users import the generated client and its models; here they are arguments, made when the demo runs.
"""

# No `from __future__ import annotations`: FastAPI reads annotations that name local models.

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from pydantic import BaseModel
from queryengine_prisma import PrismaQueryEngine, PrismaQueryResult

from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, FlightOut, PlaneOut
from queryengine import Narrowed, create_qe_dependency, install_queryengine

__all__ = ["create_app"]


def create_router(db: Any, models: Any) -> APIRouter:  # Any: a client that was generated here
    """Make the handlers: of `db`, a client, and of `models`, those of its package."""
    flights = create_qe_dependency(PrismaQueryEngine[Any](models.Flight), policy=FLIGHTS, required=True)
    carriers = create_qe_dependency(PrismaQueryEngine[Any](models.Carrier), policy=CARRIERS, required=True)
    airports = create_qe_dependency(PrismaQueryEngine[Any](models.Airport), policy=AIRPORTS, required=True)
    planes = create_qe_dependency(PrismaQueryEngine[Any](models.Plane), policy=PLANES, required=True)

    router = APIRouter()

    @router.get("/flights", response_model=list[Narrowed[FlightOut]])
    async def list_flights(
        result: Annotated[PrismaQueryResult[Any], Depends(flights)],
    ) -> list[BaseModel]:
        """List flights with what they refer to, or the fields that the filter names."""
        query, projection_model, _ = result
        model = projection_model or FlightOut
        return [model.model_validate(row) for row in await db.flight.find_many(**query)]

    @router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
    async def list_carriers(
        result: Annotated[PrismaQueryResult[Any], Depends(carriers)],
    ) -> list[BaseModel]:
        """List carriers; a filter may look into their flights."""
        query, projection_model, _ = result
        model = projection_model or CarrierOut
        return [model.model_validate(row) for row in await db.carrier.find_many(**query)]

    @router.get("/airports", response_model=list[Narrowed[AirportOut]])
    async def list_airports(
        result: Annotated[PrismaQueryResult[Any], Depends(airports)],
    ) -> list[BaseModel]:
        """List airports; a filter may look into the flights that left there."""
        query, projection_model, _ = result
        model = projection_model or AirportOut
        return [model.model_validate(row) for row in await db.airport.find_many(**query)]

    @router.get("/planes", response_model=list[Narrowed[PlaneOut]])
    async def list_planes(result: Annotated[PrismaQueryResult[Any], Depends(planes)]) -> list[BaseModel]:
        """List planes; a filter may look into their flights."""
        query, projection_model, _ = result
        model = projection_model or PlaneOut
        return [model.model_validate(row) for row in await db.plane.find_many(**query)]

    return router


def create_app(db: Any, models: Any) -> FastAPI:  # Any: a client that was generated here
    """Make the service of a client of the generated package, which it connects, and the package's models."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        await db.connect()
        yield
        await db.disconnect()

    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013", lifespan=lifespan)
    app.include_router(create_router(db, models))
    install_queryengine(app)
    return app
