"""The collections: flights link to their carriers, planes and airports, and hold their weather. Knows Beanie.

The code of a carrier or airport, and the tail number of a plane, is the id of its document. A link may lead
to a document that is not there. BSON has no times of day: Beanie stores clock times as texts, and filters
cannot compare them.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, ClassVar

from beanie import BackLink, Document, Link
from pydantic import BaseModel, Field
from queryengine_beanie import UTCDateTime

__all__ = ["DOCUMENTS", "Airport", "Carrier", "Flight", "Plane", "Weather"]


def back_links(original: str) -> Any:  # Any: as pydantic's Field, it stands for what the annotation says
    """Say which links of other documents lead here; they are loaded where they are asked for."""
    return Field(default_factory=list, json_schema_extra={"original_field": original})


# Each document may say of which type its ids are; to type checkers the base class has said it.


class Carrier(Document):
    """An airline."""

    id: str  # type: ignore[assignment]
    name: str
    flights: list[BackLink[Flight]] = back_links("carrier")

    class Settings:
        """The collection."""

        name = "carriers"


class Airport(Document):
    """An airport of the United States, by its FAA code. `alt` is in feet, `tz` in hours from UTC."""

    id: str  # type: ignore[assignment]
    name: str
    lat: float
    lon: float
    alt: int
    tz: int
    dst: str
    tzone: str | None
    departures: list[BackLink[Flight]] = back_links("origin_airport")

    class Settings:
        """The collection."""

        name = "airports"


class Plane(Document):
    """An aircraft. `speed` is known for 23 of 3,322 and not to be relied on."""

    id: str  # type: ignore[assignment]
    year: int | None
    type: str
    manufacturer: str
    model: str
    engines: int
    seats: int
    speed: int | None
    engine: str
    flights: list[BackLink[Flight]] = back_links("plane")

    class Settings:
        """The collection."""

        name = "planes"


class Weather(BaseModel):
    """An hour's weather at the origin.

    Temperatures are in degrees Fahrenheit, wind in miles an hour, precipitation in inches, sight in miles.
    """

    temp: float | None
    dewp: float | None
    humid: float | None
    wind_dir: int | None
    wind_speed: float | None
    wind_gust: float | None
    precip: float
    pressure: float | None
    visib: float


class Flight(Document):
    """A flight from JFK, LGA or EWR. Clock times are local, delays in minutes, early being negative."""

    id: int  # type: ignore[assignment]
    date: dt.date
    carrier_code: str
    flight: int
    tailnum: str | None
    origin: str
    dest: str
    sched_dep_time: dt.time
    dep_time: dt.time | None
    dep_delay: int | None
    sched_arr_time: dt.time
    arr_time: dt.time | None
    arr_delay: int | None
    air_time: int | None
    distance: int
    time_hour: UTCDateTime
    carrier: Link[Carrier]
    plane: Link[Plane] | None
    origin_airport: Link[Airport]
    dest_airport: Link[Airport]
    weather: Weather | None

    class Settings:
        """The collection, its indexes, and how what BSON does not have is stored."""

        name = "flights"
        indexes: ClassVar[list[Any]] = [  # Any: Beanie takes several forms
            "date",
            "dep_delay",
            "dest",
            [("carrier.$id", 1), ("dep_delay", 1)],
            "plane.$id",
            "origin_airport.$id",
        ]
        bson_encoders: ClassVar[dict[type, Any]] = {dt.time: dt.time.isoformat}


DOCUMENTS: tuple[type[Document], ...] = (Carrier, Airport, Plane, Flight)
