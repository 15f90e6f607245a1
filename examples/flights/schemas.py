"""What the service shows. What is not here cannot be asked for either. Knows pydantic only."""

from __future__ import annotations

import datetime as dt

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

__all__ = [
    "AirportOut",
    "AirportWithDepartures",
    "CarrierOut",
    "CarrierWithFlights",
    "DelaysOut",
    "FlightOut",
    "PlaneOut",
    "PlaneWithFlights",
    "WeatherOut",
]


class Shown(BaseModel):
    """The root of the response models: they are read from the attributes of rows."""

    model_config = ConfigDict(from_attributes=True)


# An attribute has another name in some ORMs: in Beanie the key of a document is its `id`, in Tortoise the key
# of a relation has that one's name and `_id`. Filters and answers have one name for all.


class CarrierOut(Shown):
    """An airline."""

    code: str = Field(validation_alias=AliasChoices("code", "id"))
    name: str


class AirportOut(Shown):
    """An airport."""

    code: str = Field(validation_alias=AliasChoices("code", "id"))
    name: str
    lat: float
    lon: float
    alt: int
    tzone: str | None


class PlaneOut(Shown):
    """An aircraft. Its `speed` is left out, as it is known for few: no caller may see it, or ask for it."""

    tailnum: str = Field(validation_alias=AliasChoices("tailnum", "id"))
    year: int | None
    type: str
    manufacturer: str
    model: str
    engines: int
    seats: int
    engine: str


class WeatherOut(Shown):
    """The weather at the origin in the hour of the scheduled departure."""

    temp: float | None
    wind_speed: float | None
    wind_gust: float | None
    precip: float
    visib: float


class FlightOut(Shown):
    """A flight with its carrier, plane, destination and weather."""

    id: int
    date: dt.date
    carrier_code: str = Field(validation_alias=AliasChoices("carrier_code", "carrier_id"))
    flight: int
    tailnum: str | None
    origin: str = Field(validation_alias=AliasChoices("origin", "origin_airport_id"))
    dest: str
    sched_dep_time: dt.time
    dep_time: dt.time | None
    dep_delay: int | None
    arr_delay: int | None
    air_time: int | None
    distance: int
    time_hour: dt.datetime
    carrier: CarrierOut
    plane: PlaneOut | None
    dest_airport: AirportOut | None
    weather: WeatherOut | None


class DelaysOut(BaseModel):
    """A group of flights: what may be asked of it. Who does not ask for something does not get it."""

    carrier_name: str | None = None
    origin: str = ""
    dest: str = ""
    count: int = 0
    avg_dep_delay: float | None = None
    max_dep_delay: int | None = None
    sum_distance: int | None = None


class CarrierWithFlights(CarrierOut):
    """What a filter on airlines may ask: also for their flights, which are not shown."""

    flights: list[FlightOut]


class AirportWithDepartures(AirportOut):
    """What a filter on airports may ask: also for the flights that left there, which are not shown."""

    departures: list[FlightOut]


class PlaneWithFlights(PlaneOut):
    """What a filter on aircraft may ask: also for their flights, which are not shown."""

    flights: list[FlightOut]
