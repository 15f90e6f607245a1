"""COPY in both directions, with back-pressure. Knows the connection only by what it needs of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from queryengine_orm.errors import UsageError

if TYPE_CHECKING:
    from queryengine_orm.connection import Connection

__all__ = ["copy_out", "copy_rows"]

ROWS: Final = 1_000
"""how many rows are encoded at once"""
BUILT_IN: Final = 16_384
"""the number from which on types are not PostgreSQL's own, and their binary form is not known"""
PIECES: Final = 64
"""how many pieces of a COPY out wait before the server is made to"""


async def copy_rows(
    connection: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> int:
    """Insert rows by a binary COPY; by INSERT if the table has types that are not built in."""
    if not columns:
        raise UsageError("a COPY needs columns")
    name = ".".join(map(quoted, table.split(".")))
    names = ", ".join(map(quoted, columns))
    fields = await connection.describe(f"SELECT {names} FROM {name}")  # noqa: S608  # quoted names alone
    types = [oid for _, oid in fields]
    if any(oid >= BUILT_IN for oid in types):
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        insert = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608  # quoted names alone
        return await connection.execute_many(insert, rows, clean=True)
    await connection.copy_in(f"COPY {name} ({names}) FROM STDIN (FORMAT binary)")
    try:
        rows, first = iter(rows), True
        while (some := list(islice(rows, ROWS))) or first:
            connection.copy_chunk(some, types, first)
            first = False
            await asyncio.sleep(0)  # other tasks have their turn, and the transport its
            await connection.wait_writable()
    except BaseException:
        if not connection.is_closed:
            broken_off = connection.copy_end("the client broke it off")
            broken_off.add_done_callback(_forget)
        raise
    return await connection.copy_end()


def quoted(name: str) -> str:
    """Return a name as SQL writes it.

    >>> quoted('a"b')
    '"a""b"'
    """
    return '"' + name.replace('"', '""') + '"'


def _forget(future: asyncio.Future[int]) -> None:
    """Take note that it failed, as it was meant to."""
    if not future.cancelled():
        future.exception()


async def copy_out(connection: Connection, sql: str) -> AsyncGenerator[bytes]:
    """Run `COPY ... TO STDOUT`; the server waits while nobody takes what it writes."""
    pieces: deque[bytes] = deque()
    news = asyncio.Event()

    def take(piece: bytes) -> None:
        pieces.append(piece)
        if len(pieces) >= PIECES:
            connection.pause_reading()
        news.set()

    done = connection.copy_out(sql, take)
    done.add_done_callback(lambda _: news.set())
    try:
        while not done.done() or pieces:
            if not pieces:
                news.clear()
                await news.wait()
                continue
            yield pieces.popleft()
            if not pieces:
                connection.resume_reading()
        await done
    finally:
        connection.resume_reading()
        done.cancel()
