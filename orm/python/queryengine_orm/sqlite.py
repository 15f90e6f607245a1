"""SQLite for asyncio: one writer, readers beside it, short reads at once. Knows the native sessions.

SQLite is bundled. POSIX locks belong to a process: do not open the same file with another copy of SQLite,
such as Python's `sqlite3`, in the process that uses this one, or neither sees the other's locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

from queryengine_orm._native import Rows, SQLiteSession, given
from queryengine_orm.driver import Dialect, Isolation, Kind, RowSource
from queryengine_orm.sqlite_connection import SQLiteConnection
from queryengine_orm.sqlite_lending import SQLiteLending
from queryengine_orm.sqlite_settings import MEMORY, Options, Settings, settings_of
from queryengine_orm.sqlite_transactions import SQLiteTransaction, checked, streamed

__all__ = ["SQLiteConnection", "SQLitePool", "connect", "create_pool"]


class SQLitePool:
    """One writer and some readers of a database file, on the event loop that opened it.

    Use it as `async with create_pool("sqlite:///shop.db") as pool`, or await it and close it. Reads see
    what was committed; calls that write outside of a transaction take turns.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self._lending = SQLiteLending(settings)
        self._alone = settings.in_memory

    # -- open and close

    async def open(self) -> None:
        """Open the database. Raises ConnectionFailed, DatabaseError."""
        await self._lending.open()

    async def close(self) -> None:
        """Let calls, transactions and streams under way end, up to the deadline; then close the database.

        Those that take longer are broken off, and undone: their holders get ConnectionLost.
        """
        await self._lending.close()

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        if not self._lending.is_opened:
            await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    def statistics(self) -> Mapping[str, int]:
        """Return counts: connections (`size`), those that are free, and calls that wait for one."""
        return self._lending.statistics()

    # -- statements

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement; a short read is done when this returns."""
        del clean  # a connection has no state that a statement of this kind could leave
        lending = self._lending
        if lending.loop is not asyncio.get_running_loop():
            lending.refuse()
        parameters = given(parameters)  # those of now: the call may have to wait
        if self._alone:
            return self._write(lambda session: session.query(sql, parameters, result))
        if not lending.free:
            return asyncio.ensure_future(self._read_later(sql, parameters, result, asyncio.current_task()))
        session = lending.free[-1]
        answer = session.query(sql, parameters, result, write=False)
        if answer is None:
            return self._write(lambda session: session.query(sql, parameters, result))
        if isinstance(answer, asyncio.Future):
            lending.free.pop()
            answer.add_done_callback(partial(lending.give_back, session))
        return answer

    async def _read_later(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        task: asyncio.Task[Any] | None,
    ) -> Rows:
        async with self._lending.reader() as session:
            answer = session.query(sql, parameters, result, write=False)
            if answer is not None:
                return await answer
        return await self._write(lambda session: session.query(sql, parameters, result), task)

    def _write(
        self, call: Callable[[SQLiteSession], Awaitable[Rows]], task: asyncio.Task[Any] | None = None
    ) -> Awaitable[Rows]:
        session = self._lending.writer_if_free(task)
        if session is not None:
            return call(session)
        return asyncio.ensure_future(self._write_later(call, task or asyncio.current_task()))

    async def _write_later(
        self, call: Callable[[SQLiteSession], Awaitable[Rows]], task: asyncio.Task[Any] | None
    ) -> Rows:
        async with self._lending.turn("a statement", task) as session:
            answer = call(session)
        return await answer  # the thread keeps the order: the next may begin to wait

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> int:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        del clean
        async with self.transaction() as transaction:
            return await transaction.execute_many(sql, rows)

    async def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> int:
        """Insert many rows in one transaction; `table` is `name` or `schema.name`."""
        async with self.transaction() as transaction:
            return await transaction.copy_rows(table, columns, rows)

    async def script(self, sql: str, /) -> None:
        """Run several statements without parameters, all or nothing."""
        async with self._lending.turn("a script") as session:
            await session.script(sql)

    async def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Rows]:
        """Give the rows in batches, all of one moment; the next is read when the last was taken."""
        async with self._lending.reader() as session:
            opened = session.cursor(sql, parameters, result, checked(batch))
            async for rows in streamed(session, opened, result, batch):
                yield rows

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> SQLiteTransaction:
        """Return a transaction; one that writes waits until the one before has ended, and begins as such.

        A transaction is serializable, whatever `isolation` asks for.
        """
        del isolation
        if read_only and not self._alone:
            return SQLiteTransaction(self._lending.reader, "read")
        return SQLiteTransaction(lambda: self._lending.turn("a transaction"), "write")

    def acquire(self) -> AbstractAsyncContextManager[SQLiteConnection]:
        """Give a connection, which is a view of the pool: sessions of SQLite have no state of their own."""
        return SQLiteConnection(self, owns=False)

    async def back_up(self, path: str) -> None:
        """Copy the database, as it is at one moment, into a file, while others use it."""
        async with self._lending.reader() as session:
            await session.back_up(path)


def create_pool(url: str = MEMORY, **options: Unpack[Options]) -> SQLitePool:
    """Return a pool that opens the database when it is entered; `url` is a URL or a path.

    The options are those of `Settings`; a URL gives them as `sqlite:///shop.db?readers=2`. Raises
    ConfigurationError.
    """
    return SQLitePool(settings_of(url, options))


async def connect(url: str = MEMORY, *, busy_timeout: float | None = None) -> SQLiteConnection:
    """Open a database and return a connection that owns it. Raises ConnectionFailed, DatabaseError.

    One session reads beside the one that writes, unless the URL says `readers`.
    """
    given: Options = {} if busy_timeout is None else {"busy_timeout": busy_timeout}
    pool = SQLitePool(settings_of(url, given, {"readers": 1}))
    await pool.open()
    return SQLiteConnection(pool, owns=True)
