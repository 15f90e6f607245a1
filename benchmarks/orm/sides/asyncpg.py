"""asyncpg: its pool, its records, dataclasses made of them, its COPY."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime
from importlib import import_module
from importlib.metadata import version
from typing import Any, Final

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side

__all__ = ["GET", "MANY_ROWS", "Someone", "opened", "tuple_of"]

asyncpg: Any = import_module("asyncpg")  # Any: it comes without types

GET: Final = f"SELECT {', '.join(COLUMNS)} FROM people WHERE id = $1"  # noqa: S608  # our own names
MANY_ROWS: Final = f"SELECT {', '.join(COLUMNS)} FROM people ORDER BY id LIMIT {MANY}"  # noqa: S608


@dataclass(slots=True)
class Someone:
    """A row as a program would have it."""

    id: int
    name: str
    email: str
    age: int | None
    active: bool
    score: float
    born: date
    seen: datetime


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: asyncpg's records know no types
    """Return id, name and age."""
    return (row["id"], row["name"], row["age"])


@asynccontextmanager
async def opened(url: str, connections: int) -> AsyncGenerator[Sequence[Side]]:
    """Open a pool of that many connections."""
    async with asyncpg.create_pool(url, min_size=connections, max_size=connections) as pool:

        async def get(key: int) -> object:
            return await pool.fetchrow(GET, key)

        async def many() -> Sequence[object]:
            return [Someone(*row) for row in await pool.fetch(MANY_ROWS)]

        async def insert(rows: Sequence[Person]) -> object:
            async with pool.acquire() as connection:
                return await connection.copy_records_to_table(INSERT_TABLE, records=rows, columns=COLUMNS)

        yield [
            Side(
                name="asyncpg",
                version=version("asyncpg"),
                get=get,
                tuple_of=tuple_of,
                many=many,
                insert=insert,
            )
        ]
