"""All rows, linked to one another, and how they are asked. Knows their source."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar, cast

from pydantic import BaseModel

from examples.flights.memory.models import Airport, Carrier, Flight, Plane, Weather
from examples.flights.source import FLIGHTS, Row, data_folder, sources
from queryengine.aggregate_memory import MemoryAggregateResult, fetch_groups
from queryengine.memory import MemoryQuery

__all__ = ["Rows", "load"]

T = TypeVar("T")
Group = TypeVar("Group", bound=BaseModel)


class Rows:
    """What the service holds: the objects of each model."""

    def __init__(self, by_model: Mapping[type[object], Sequence[object]]) -> None:
        self.by_model = by_model

    def all(self, model: type[T], query: MemoryQuery[T]) -> list[T]:
        """Return the rows of a model that a query gives."""
        return query.all(cast("Sequence[T]", self.by_model[model]))

    def groups(self, model: type[object], result: MemoryAggregateResult[Group]) -> list[Group]:
        """Return the groups of a model's rows that an aggregate asks for."""
        return fetch_groups(self.by_model[model], result)


def load(days: int | None) -> Rows:
    """Read all rows, of the flights those of the first `days` of January, and link them."""
    found = {each.table: each.rows(data_folder(), days) for each in sources()}
    carriers = {row["code"]: Carrier(**row) for row in found["carriers"]}
    airports = {row["code"]: Airport(**row) for row in found["airports"]}
    planes = {row["tailnum"]: Plane(**row) for row in found["planes"]}
    weather = {(row["origin"], row["time_hour"]): Weather(**row) for row in found["weather"]}

    def linked(row: Row) -> Flight:
        flight = Flight(
            **row,
            carrier=carriers[row["carrier_code"]],
            plane=planes.get(row["tailnum"]),
            dest_airport=airports.get(row["dest"]),
            weather=weather.get((row["origin"], row["time_hour"])),
        )
        flight.carrier.flights.append(flight)
        airports[row["origin"]].departures.append(flight)
        if flight.plane is not None:
            flight.plane.flights.append(flight)
        return flight

    flights = [linked(row) for row in found[FLIGHTS]]
    return Rows(
        {
            Carrier: list(carriers.values()),
            Airport: list(airports.values()),
            Plane: list(planes.values()),
            Flight: flights,
        }
    )
