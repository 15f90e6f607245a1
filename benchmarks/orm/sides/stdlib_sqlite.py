"""sqlite3 of Python's own library, on the event loop's thread: what SQLite itself costs there."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing

from benchmarks.orm.people import Person, Side
from benchmarks.orm.sides.aiosqlite import GET, INSERT, MANY_ROWS, tuple_of, written

__all__ = ["opened"]


@asynccontextmanager
async def opened(path: str) -> AsyncGenerator[Sequence[Side]]:
    """Open one connection to a file."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:

        async def get(key: int) -> object:
            found: object = connection.execute(GET, (key,)).fetchone()
            return found

        async def many() -> Sequence[object]:
            return connection.execute(MANY_ROWS).fetchall()

        async def insert(rows: Sequence[Person]) -> object:
            connection.execute("BEGIN")
            connection.executemany(INSERT, written(rows))
            return connection.execute("COMMIT")

        yield [
            Side(
                name="sqlite3",
                version=sqlite3.sqlite_version,
                get=get,
                tuple_of=tuple_of,
                many=many,
                insert=insert,
            )
        ]
