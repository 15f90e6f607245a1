"""The one model that all sides query, and the small databases that hold it. Knows SQLAlchemy only."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Engine, Index, create_engine, insert
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import StaticPool

__all__ = ["Base", "Flight", "FlightOut", "async_database", "database", "rows"]

ROWS = 2_000


class Base(DeclarativeBase):
    """The registry of the benchmarks' only model."""


class Flight(Base):
    """A flight; `audit_token` is what no caller may see or ask for."""

    __tablename__ = "flights"
    __table_args__ = (Index("flights_month_delay", "month", "dep_delay"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[int]
    day: Mapped[int]
    dep_delay: Mapped[int | None]
    distance: Mapped[int]
    origin: Mapped[str]
    dest: Mapped[str]
    carrier_code: Mapped[str]
    audit_token: Mapped[str]


class FlightOut(BaseModel):
    """What a caller sees of a flight."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    month: int
    day: int
    dep_delay: int | None
    distance: int
    origin: str
    dest: str
    carrier_code: str


def database() -> Engine:
    """Return a synchronous SQLite in memory, on one connection, filled."""
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(Flight), list(rows()))
    return engine


async def async_database() -> AsyncEngine:
    """Return the same behind aiosqlite."""
    engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
        await connection.execute(insert(Flight), list(rows()))
    return engine


def rows() -> Iterator[dict[str, object]]:
    """Yield rows whose columns repeat with co-prime periods, so that they look independent."""
    origins = ("JFK", "LGA", "EWR")
    destinations = ("SFO", "SEA", "BOS", "SAN", "LAX", "MIA", "STL")
    for number in range(ROWS):
        delay = number * 37 % 211 - 10
        yield {
            "month": number % 12 + 1,
            "day": number % 28 + 1,
            "dep_delay": None if number % 41 == 0 else delay,
            "distance": 100 + number * 13 % 2_503,
            "origin": origins[number % 3],
            "dest": destinations[number * 5 % 7],
            "carrier_code": "UA" if number % 2 else "DL",
            "audit_token": f"token-{number}",
        }
