"""The service: lists of flights, carriers, airports and planes, each with a filter. As users write them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import BaseModel

from examples.flights.memory.models import Airport, Carrier, Flight, Plane
from examples.flights.memory.rows import Rows
from examples.flights.policies import AIRPORTS, CARRIERS, FLIGHTS, PLANES
from examples.flights.schemas import AirportOut, CarrierOut, DelaysOut, FlightOut, PlaneOut
from queryengine import Narrowed, create_qe_aggregate_dependency, create_qe_dependency, install_queryengine
from queryengine.aggregate_memory import MemoryAggregateResult
from queryengine.memory import MemoryQueryEngine, MemoryQueryResult

__all__ = ["create_app"]

flights = create_qe_dependency(MemoryQueryEngine(Flight), policy=FLIGHTS, required=True)
carriers = create_qe_dependency(MemoryQueryEngine(Carrier), policy=CARRIERS, required=True)
airports = create_qe_dependency(MemoryQueryEngine(Airport), policy=AIRPORTS, required=True)
planes = create_qe_dependency(MemoryQueryEngine(Plane), policy=PLANES, required=True)
delays = create_qe_aggregate_dependency(MemoryQueryEngine(Flight), row=DelaysOut, policy=FLIGHTS)

router = APIRouter()


def all_rows(request: Request) -> Rows:
    """Give a request the rows."""
    rows: Rows = request.app.state.rows
    return rows


AllRows = Annotated[Rows, Depends(all_rows)]


# Plain functions: a search through all rows runs in a thread, and leaves the event loop to others.
@router.get("/flights", response_model=list[Narrowed[FlightOut]])
def list_flights(
    result: Annotated[MemoryQueryResult[Flight], Depends(flights)], rows: AllRows
) -> list[BaseModel]:
    """List flights with what they refer to, or the fields that the filter names."""
    query, projection_model, _ = result
    model = projection_model or FlightOut
    return [model.model_validate(row) for row in rows.all(Flight, query)]


@router.get("/flights/delays", response_model_exclude_unset=True)
def count_flights(
    result: Annotated[MemoryAggregateResult[DelaysOut], Depends(delays)], rows: AllRows
) -> list[DelaysOut]:
    """Count flights and their delays, by groups."""
    return rows.groups(Flight, result)


@router.get("/carriers", response_model=list[Narrowed[CarrierOut]])
def list_carriers(
    result: Annotated[MemoryQueryResult[Carrier], Depends(carriers)], rows: AllRows
) -> list[BaseModel]:
    """List carriers; a filter may look into their flights."""
    query, projection_model, _ = result
    model = projection_model or CarrierOut
    return [model.model_validate(row) for row in rows.all(Carrier, query)]


@router.get("/airports", response_model=list[Narrowed[AirportOut]])
def list_airports(
    result: Annotated[MemoryQueryResult[Airport], Depends(airports)], rows: AllRows
) -> list[BaseModel]:
    """List airports; a filter may look into the flights that left there."""
    query, projection_model, _ = result
    model = projection_model or AirportOut
    return [model.model_validate(row) for row in rows.all(Airport, query)]


@router.get("/planes", response_model=list[Narrowed[PlaneOut]])
def list_planes(
    result: Annotated[MemoryQueryResult[Plane], Depends(planes)], rows: AllRows
) -> list[BaseModel]:
    """List planes; a filter may look into their flights."""
    query, projection_model, _ = result
    model = projection_model or PlaneOut
    return [model.model_validate(row) for row in rows.all(Plane, query)]


def create_app(rows: Rows) -> FastAPI:
    """Make the service over rows."""
    app = FastAPI(title="Flights", summary="The flights that left New York City in 2013")
    app.state.rows = rows
    app.include_router(router)
    install_queryengine(app)
    return app
