"""The rows: plain dataclasses that hold what they are related to. Knows how filters read annotations."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AwareDatetime

from queryengine.model_schema import PrimaryKey

__all__ = ["Airport", "Carrier", "Flight", "Plane", "Weather"]


# Rows are one another's: they are compared by identity, and not printed with all that they hold.
@dataclass(eq=False)
class Flight:
    """A flight with what it refers to, as far as that is known."""

    id: int
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
    time_hour: AwareDatetime
    carrier: Carrier
    plane: Plane | None
    dest_airport: Airport | None
    weather: Weather | None


@dataclass(eq=False)
class Carrier:
    """An airline."""

    code: Annotated[str, PrimaryKey()]
    name: str
    flights: list[Flight] = field(default_factory=list[Flight], repr=False)


@dataclass(eq=False)
class Airport:
    """An airport of the United States, by its FAA code. `alt` is in feet, `tz` in hours from UTC."""

    code: Annotated[str, PrimaryKey()]
    name: str
    lat: float
    lon: float
    alt: int
    tz: int
    dst: str
    tzone: str | None
    departures: list[Flight] = field(default_factory=list[Flight], repr=False)


@dataclass(eq=False)
class Plane:
    """An aircraft."""

    tailnum: Annotated[str, PrimaryKey()]
    year: int | None
    type: str
    manufacturer: str
    model: str
    engines: int
    seats: int
    speed: int | None
    engine: str
    flights: list[Flight] = field(default_factory=list[Flight], repr=False)


@dataclass(eq=False)
class Weather:
    """An hour's weather at one of the three airports."""

    origin: Annotated[str, PrimaryKey()]
    time_hour: Annotated[AwareDatetime, PrimaryKey()]
    temp: float | None
    dewp: float | None
    humid: float | None
    wind_dir: int | None
    wind_speed: float | None
    wind_gust: float | None
    precip: float
    pressure: float | None
    visib: float
