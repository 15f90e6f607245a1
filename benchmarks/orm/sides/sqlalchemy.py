"""SQLAlchemy's ORM: a session for each call, on asyncpg or on aiosqlite."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from importlib.metadata import version
from typing import Any

from sqlalchemy import BigInteger, DateTime, insert, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side

__all__ = ["opened"]


class Base(DeclarativeBase):
    """The registry of the two tables."""


class Columns:
    """What both tables have."""

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int | None]
    active: Mapped[bool]
    score: Mapped[float]
    born: Mapped[date]
    seen: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class Someone(Columns, Base):
    """A row of the table that is read."""

    __tablename__ = "people"


class Newcomer(Columns, Base):
    """A row of the table that is written."""

    __tablename__ = INSERT_TABLE


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: one of the two
    """Return id, name and age."""
    return (row.id, row.name, row.age)


@asynccontextmanager
async def opened(url: str, connections: int) -> AsyncGenerator[Sequence[Side]]:
    """Make an engine with a pool of that many connections; `url` names the driver."""
    engine = create_async_engine(url, pool_size=connections, max_overflow=0)

    async def get(key: int) -> object:
        async with AsyncSession(engine) as session:
            return await session.get(Someone, key)

    async def many() -> Sequence[object]:
        async with AsyncSession(engine) as session:
            return (await session.scalars(select(Someone).order_by(Someone.id).limit(MANY))).all()

    async def write(rows: Sequence[Person]) -> object:
        async with AsyncSession(engine) as session, session.begin():
            return await session.execute(
                insert(Newcomer), [dict(zip(COLUMNS, row, strict=True)) for row in rows]
            )

    driver = engine.dialect.driver
    yield [
        Side(
            name=f"SQLAlchemy ({driver})",
            version=version("sqlalchemy"),
            get=get,
            tuple_of=tuple_of,
            many=many,
            insert=write,
            is_orm=True,
        )
    ]
    await engine.dispose()
