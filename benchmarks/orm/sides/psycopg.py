"""psycopg 3: its pool's connections one after the other, its COPY, dataclasses made by its `class_row`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from psycopg import AsyncConnection
from psycopg.rows import class_row

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side
from benchmarks.orm.sides.asyncpg import Someone

__all__ = ["NAME", "opened"]

NAME: Final = "psycopg"

GET: Final = f"SELECT {', '.join(COLUMNS)} FROM people WHERE id = %s"  # noqa: S608  # our own names
MANY_ROWS: Final = f"SELECT {', '.join(COLUMNS)} FROM people ORDER BY id LIMIT {MANY}"  # noqa: S608
COPY: Final = f"COPY {INSERT_TABLE} ({', '.join(COLUMNS)}) FROM STDIN"


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: a tuple of any row
    """Return id, name and age."""
    return (row[0], row[1], row[3])


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Sequence[Side]]:
    """Open one connection: its pool is a distribution of its own, and no faster."""
    async with AsyncExitStack() as stack:
        connection = await stack.enter_async_context(await AsyncConnection.connect(url, autocommit=True))

        async def get(key: int) -> object:
            cursor = await connection.execute(GET.encode(), (key,), prepare=True)
            return await cursor.fetchone()

        async def many() -> Sequence[object]:
            async with connection.cursor(row_factory=class_row(Someone)) as cursor:
                await cursor.execute(MANY_ROWS.encode(), prepare=True)
                return await cursor.fetchall()

        async def insert(rows: Sequence[Person]) -> object:
            async with connection.cursor() as cursor, cursor.copy(COPY.encode()) as copy:
                for row in rows:
                    await copy.write_row(row)
            return None

        yield [
            Side(name=NAME, version=version("psycopg"), get=get, tuple_of=tuple_of, many=many, insert=insert)
        ]
