"""aiosqlite: one connection on a thread of its own."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

import aiosqlite

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side

__all__ = ["GET", "INSERT", "MANY_ROWS", "opened", "tuple_of", "written"]

GET: Final = f"SELECT {', '.join(COLUMNS)} FROM people WHERE id = ?"  # noqa: S608  # our own names
MANY_ROWS: Final = f"SELECT {', '.join(COLUMNS)} FROM people ORDER BY id LIMIT {MANY}"  # noqa: S608
INSERT: Final = f"INSERT INTO {INSERT_TABLE} VALUES ({', '.join('?' * len(COLUMNS))})"  # noqa: S608


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: a tuple of any row
    """Return id, name and age."""
    return (row[0], row[1], row[3])


def written(rows: Sequence[Person]) -> list[tuple[object, ...]]:
    """Return rows as SQLite keeps them: dates are texts."""
    return [(*row[:6], row[6].isoformat(), row[7].isoformat(" ")) for row in rows]


@asynccontextmanager
async def opened(path: str) -> AsyncGenerator[Sequence[Side]]:
    """Open one connection to a file."""
    async with aiosqlite.connect(path, isolation_level=None) as connection:

        async def get(key: int) -> object:
            async with connection.execute(GET, (key,)) as cursor:
                return await cursor.fetchone()

        async def many() -> Sequence[object]:
            return list(await connection.execute_fetchall(MANY_ROWS))

        async def insert(rows: Sequence[Person]) -> object:
            await connection.execute("BEGIN")
            await connection.executemany(INSERT, written(rows))
            return await connection.execute("COMMIT")

        yield [
            Side(
                name="aiosqlite",
                version=version("aiosqlite"),
                get=get,
                tuple_of=tuple_of,
                many=many,
                insert=insert,
            )
        ]
