"""The tables as mapped classes. Knows queryengine-orm only.

Each weather has a key of its own, as a relation follows one column. Tail numbers and destinations that are
not listed are keys that the database does not enforce.
"""

from __future__ import annotations

import datetime as dt

from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    Index,
    Many,
    Mapped,
    Maybe,
    One,
    mapped_column,
    relationship,
)

from queryengine.schema import DateTimeType

__all__ = ["Airport", "Base", "Carrier", "Flight", "Plane", "Weather"]


class Base(DeclarativeBase):
    """The root of the models."""


class Carrier(Base):
    """An airline."""

    __tablename__ = "carriers"

    code: Mapped[str] = mapped_column(primary_key=True, init=True)
    name: Mapped[str]

    flights: Many[Flight] = relationship()


class Airport(Base):
    """An airport of the United States, by its FAA code. `alt` is in feet, `tz` in hours from UTC."""

    __tablename__ = "airports"

    code: Mapped[str] = mapped_column(primary_key=True, init=True)
    name: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]
    alt: Mapped[int]
    tz: Mapped[int]
    dst: Mapped[str]
    tzone: Mapped[str | None]

    departures: Many[Flight] = relationship(foreign_key="origin")


class Plane(Base):
    """An aircraft. `speed` is known for 23 of 3,322 and not to be relied on."""

    __tablename__ = "planes"

    tailnum: Mapped[str] = mapped_column(primary_key=True, init=True)
    year: Mapped[int | None]
    type: Mapped[str]
    manufacturer: Mapped[str]
    model: Mapped[str]
    engines: Mapped[int]
    seats: Mapped[int]
    speed: Mapped[int | None]
    engine: Mapped[str]

    flights: Many[Flight] = relationship()


class Weather(Base):
    """An hour's weather at one of the three airports.

    Temperatures are in degrees Fahrenheit, wind in miles an hour, precipitation in inches, sight in miles.
    """

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str] = mapped_column(ForeignKey("airports.code"))
    time_hour: Mapped[dt.datetime] = mapped_column(DateTimeType(aware=True))
    temp: Mapped[float | None]
    dewp: Mapped[float | None]
    humid: Mapped[float | None]
    wind_dir: Mapped[int | None]
    wind_speed: Mapped[float | None]
    wind_gust: Mapped[float | None]
    precip: Mapped[float]
    pressure: Mapped[float | None]
    visib: Mapped[float]


class Flight(Base):
    """A flight from JFK, LGA or EWR. Clock times are local, delays in minutes, early being negative.

    A cancelled flight has no `dep_time`.
    """

    __tablename__ = "flights"
    __constraints__ = (Index("carrier_code", "dep_delay"), Index("dest", "tailnum"))

    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(index=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.code"))
    flight: Mapped[int]
    tailnum: Mapped[str | None] = mapped_column(ForeignKey("planes.tailnum", enforced=False), index=True)
    origin: Mapped[str] = mapped_column(ForeignKey("airports.code"))
    dest: Mapped[str] = mapped_column(ForeignKey("airports.code", enforced=False))
    sched_dep_time: Mapped[dt.time]
    dep_time: Mapped[dt.time | None]
    dep_delay: Mapped[int | None] = mapped_column(index=True)
    sched_arr_time: Mapped[dt.time]
    arr_time: Mapped[dt.time | None]
    arr_delay: Mapped[int | None]
    air_time: Mapped[int | None]
    distance: Mapped[int]
    time_hour: Mapped[dt.datetime] = mapped_column(DateTimeType(aware=True))
    """the hour of the scheduled departure, in UTC"""
    weather_id: Mapped[int | None] = mapped_column(ForeignKey("weather.id"))

    carrier: One[Carrier] = relationship()
    plane: Maybe[Plane] = relationship()
    origin_airport: One[Airport] = relationship(foreign_key="origin")
    dest_airport: Maybe[Airport] = relationship(foreign_key="dest")
    weather: Maybe[Weather] = relationship()
