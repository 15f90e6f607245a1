"""psqlpy: its pool on a Rust runtime's threads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import psqlpy

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, Person, Side
from benchmarks.orm.sides.asyncpg import GET, MANY_ROWS, Someone, tuple_of

__all__ = ["opened"]

PLACES: Final = ", ".join(f"${number}" for number in range(1, len(COLUMNS) + 1))
INSERT: Final = f"INSERT INTO {INSERT_TABLE} VALUES ({PLACES})"  # noqa: S608  # our own names


@asynccontextmanager
async def opened(url: str, connections: int) -> AsyncGenerator[Sequence[Side]]:
    """Open a pool of that many connections."""
    pool = psqlpy.ConnectionPool(dsn=url, max_db_pool_size=connections)

    async def get(key: int) -> object:
        async with pool.acquire() as connection:
            return (await connection.execute(GET, [key])).result()[0]

    async def many() -> Sequence[object]:
        async with pool.acquire() as connection:
            found: Any = (await connection.execute(MANY_ROWS)).result()  # Any: dictionaries of any values
            return [Someone(**row) for row in found]

    async def insert(rows: Sequence[Person]) -> object:
        async with pool.acquire() as connection:
            await connection.execute_many(INSERT, [list(row) for row in rows])
        return None

    yield [
        Side(name="psqlpy", version=version("psqlpy"), get=get, tuple_of=tuple_of, many=many, insert=insert)
    ]
    pool.close()
