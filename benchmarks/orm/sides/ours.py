"""queryengine-orm: its pool and lazy rows as the driver, a session for each call as the ORM."""

from __future__ import annotations

import gc
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime
from importlib.metadata import version
from typing import Any, Final

from queryengine_orm import DeclarativeBase, Mapped, Session, mapped_column
from queryengine_orm.driver import Kind, Pool
from queryengine_orm.pool import create_pool as create_postgres_pool
from queryengine_orm.sqlite import create_pool as create_sqlite_pool

from benchmarks.orm.people import COLUMNS, CROWD, INSERT_TABLE, MANY, Person, Side
from queryengine.schema import DateTimeType

__all__ = ["bundled_sqlite", "emptied", "opened", "weight"]

SELECT: Final = f"SELECT {', '.join(COLUMNS)} FROM people WHERE id = "  # noqa: S608  # our own names
KINDS: Final[Sequence[Kind]] = ("int", "text", "text", "int", "bool", "float", "date", "datetimetz")


class Base(DeclarativeBase):
    """The registry of the two tables."""


class Someone(Base):
    """A row of the table that is read."""

    __tablename__ = "people"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int | None]
    active: Mapped[bool]
    score: Mapped[float]
    born: Mapped[date]
    seen: Mapped[datetime] = mapped_column(DateTimeType(aware=True))


class OneOfMany(Base):
    """A row of the table that is weighed."""

    __tablename__ = CROWD

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str]
    age: Mapped[int | None]
    active: Mapped[bool]
    score: Mapped[float]
    born: Mapped[date]
    seen: Mapped[datetime] = mapped_column(DateTimeType(aware=True))


def row_tuple(row: Any) -> tuple[object, object, object]:  # Any: the values of a row are of any type
    """Return id, name and age of a row of the driver."""
    return (row[0], row[1], row[3])


def model_tuple(
    row: Any,
) -> tuple[object, object, object]:  # Any: a model, or None
    """Return id, name and age of an object."""
    return (row.id, row.name, row.age)


@asynccontextmanager
async def opened(url: str, connections: int) -> AsyncGenerator[Sequence[Side]]:
    """Open one pool for both sides."""
    async with AsyncExitStack() as stack:
        pool: Pool
        if url.startswith("sqlite"):
            pool = await stack.enter_async_context(create_sqlite_pool(url))
            one = SELECT + "?1"
        else:
            pool = await stack.enter_async_context(
                await create_postgres_pool(url, minimum=connections, maximum=connections)
            )
            one = SELECT + "$1"
        ours = version("queryengine-orm")
        kinds = KINDS if pool.dialect == "sqlite" else None

        async def get_row(key: int) -> object:
            rows = await pool.query(one, (key,), result=kinds, clean=True)
            return rows.tuples()[0]  # the others have decoded all of theirs by then

        async def get_model(key: int) -> object:
            async with Session(pool) as session:
                return await session.get(Someone, key)

        async def many() -> Sequence[object]:
            async with Session(pool) as session:
                return await session.find(Someone).order_by(Someone.id).limit(MANY).all()

        async def insert(rows: Sequence[Person]) -> object:
            return await pool.copy_rows(INSERT_TABLE, COLUMNS, rows)

        yield [
            Side(name="pool", version=ours, get=get_row, tuple_of=row_tuple, many=many, insert=insert),
            Side(
                name="session",
                version=ours,
                get=get_model,
                tuple_of=model_tuple,
                many=many,
                insert=insert,
                is_orm=True,
            ),
        ]


async def bundled_sqlite() -> str:
    """Return the version of the SQLite in our own module."""
    async with create_sqlite_pool() as pool:
        return str((await pool.query("SELECT sqlite_version()"))[0][0])


async def emptied(url: str) -> None:
    """Empty the table that is written, in a database of SQLite: only our own copy of it may open ours."""
    async with create_sqlite_pool(url) as pool:
        await pool.script(f"DELETE FROM {INSERT_TABLE}")  # noqa: S608  # our own name


async def weight(url: str, resident: Callable[[], int]) -> tuple[int, int]:
    """Return how many models were read, and by how many bytes they let the process grow."""
    async with await create_postgres_pool(url, maximum=1) as pool, Session(pool) as session:
        await pool.query("SELECT 1")
        gc.collect()
        before = resident()
        kept = await session.find(OneOfMany).all()
        return len(kept), resident() - before
