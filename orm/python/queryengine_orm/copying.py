"""COPY in both directions, with back-pressure. Knows the connection only by what it needs of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing, nullcontext
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from queryengine_orm._native import CopyReader, Rows, is_binary
from queryengine_orm.batches import batches
from queryengine_orm.driver import Kind, RowSource
from queryengine_orm.errors import ProtocolViolation, UsageError
from queryengine_orm.sql import quoted
from queryengine_orm.streaming import alone

if TYPE_CHECKING:
    from queryengine_orm.connection import Connection

__all__ = ["copy_out", "copy_rows", "copy_rows_out"]

_CopyOut: TypeAlias = Callable[[Callable[[bytes], object]], asyncio.Future[int]]

ROWS: Final = 1_000
"""how many rows are encoded at once"""
WAITING: Final = 256 << 10
"""how many bytes of a COPY out wait before the server is made to"""


async def copy_rows(connection: Connection, table: str, columns: Sequence[str], rows: RowSource) -> int:
    """Insert rows by a binary COPY; by INSERT if the table has types whose binary form is not known."""
    if not columns:
        raise UsageError("a COPY needs columns")
    name = ".".join(map(quoted, table.split(".")))
    names = ", ".join(map(quoted, columns))
    async with connection.transaction_unless_in_one():
        types = [oid for _, oid in await _described(connection, f"SELECT {names} FROM {name}")]  # noqa: S608
        if all(map(is_binary, types)):
            await connection.copy_in(f"COPY {name} ({names}) FROM STDIN (FORMAT binary)")
            return await _copy_in(connection, types, rows)
        places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
        insert = f"INSERT INTO {name} ({names}) VALUES ({places})"  # noqa: S608  # quoted names alone
        written = 0
        async with aclosing(batches(rows, ROWS)) as several:
            async for some in several:
                written += await connection.query_many(insert, some, clean=True)
        return written


async def _described(connection: Connection, sql: str) -> list[tuple[str, int]]:
    """Return name and type of each column.

    The transaction has begun by then, and keeps the tables as they are: a value of a type that was another
    when it was described would be another value.
    """
    _, fields = await asyncio.gather(connection.run_script("", clean=True), connection.describe(sql))
    return fields


async def _copy_in(connection: Connection, types: list[int], rows: RowSource) -> int:
    try:
        connection.copy_chunk([], types, True)  # what goes before all rows
        async with aclosing(batches(rows, ROWS)) as several:
            async for some in several:
                if not connection.is_copying_in:
                    break  # it has failed, and says so at the end
                connection.copy_chunk(some, types, False)
                await asyncio.sleep(0)  # other tasks have their turn, and the transport its
                await connection.wait_writable()
    except BaseException:
        if not connection.is_closed:
            broken_off = connection.copy_end("the client broke it off")
            broken_off.add_done_callback(_forget)
        raise
    return await connection.copy_end()


def _forget(future: asyncio.Future[int]) -> None:
    """Take note that it failed, as it was meant to."""
    if not future.cancelled():
        future.exception()


async def copy_rows_out(
    connection: Connection, sql: str, result: Sequence[Kind | None] | None
) -> AsyncGenerator[Rows]:
    """Give the rows of a query, as they come, by a binary COPY."""
    async with connection.transaction_unless_in_one() as own:
        reader = CopyReader(await _described(connection, sql), result=result)
        copy = partial(connection.copy_out, f"COPY ({sql}\n) TO STDOUT (FORMAT binary)")
        with nullcontext() if own is None else alone(connection):
            async with aclosing(_pieces(connection, copy)) as pieces:
                async for some in pieces:
                    try:
                        rows = reader.feed(some)
                    except ProtocolViolation as error:
                        connection.abort(str(error))
                        raise
                    if len(rows):
                        yield rows
        reader.end()


async def copy_out(connection: Connection, sql: str) -> AsyncGenerator[bytes]:
    """Run `COPY ... TO STDOUT` and give what it writes, piece by piece."""
    async with aclosing(_pieces(connection, partial(connection.copy_out, sql))) as pieces:
        async for some in pieces:
            for piece in some:
                yield piece


async def _pieces(connection: Connection, copy: _CopyOut) -> AsyncGenerator[list[bytes]]:
    """Give the pieces that have come; the server waits while nobody takes what it writes."""
    pieces: list[bytes] = []
    waiting = 0
    news = asyncio.Event()

    def take(piece: bytes) -> None:
        nonlocal waiting
        pieces.append(piece)
        waiting += len(piece)
        if waiting >= WAITING:
            connection.pause_reading()
        news.set()

    done = copy(take)
    done.add_done_callback(lambda _: news.set())
    try:
        while not done.done() or pieces:
            if not pieces:
                news.clear()
                await news.wait()
                continue
            some, pieces, waiting = pieces, [], 0
            yield some
            if not pieces:
                connection.resume_reading()
        await done
    finally:
        connection.resume_reading()
        done.cancel()
