"""SQLite for asyncio: one writer, readers beside it, short reads at once. Knows the native sessions.

SQLite is bundled. POSIX locks belong to a process: do not open the same file with another copy of SQLite,
such as Python's `sqlite3`, in the process that uses this one, or neither sees the other's locks.
"""

from __future__ import annotations

import asyncio
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Any, Self, Unpack

from queryengine_orm._native import Rows, SQLitePost, SQLiteSession, given
from queryengine_orm.driver import Dialect, Isolation, Kind, RowSource
from queryengine_orm.errors import UsageError
from queryengine_orm.lines import Holder, Line
from queryengine_orm.sqlite_connection import SQLiteConnection
from queryengine_orm.sqlite_settings import MEMORY, Options, Settings, settings_of
from queryengine_orm.sqlite_transactions import SQLiteTransaction, streamed

__all__ = ["SQLiteConnection", "SQLitePool", "connect", "create_pool"]


class SQLitePool:
    """One writer and some readers of a database file, on the event loop that opened it.

    Use it as `async with create_pool("sqlite:///shop.db") as pool`, or await it and close it. Reads see
    what was committed; calls that write outside of a transaction take turns.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alone = settings.in_memory
        self._post: SQLitePost | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._writer: SQLiteSession | None = None
        self._owner: Holder | None = None
        self._turns: Line[object] = Line(settings.acquire_timeout)
        self._readers: list[SQLiteSession] = []
        self._free: list[SQLiteSession] = []
        self._seekers: Line[SQLiteSession] = Line(settings.acquire_timeout)
        self._opening = 0
        self._closed = False

    # -- open and close

    async def open(self) -> None:
        """Open the database. Raises ConnectionFailed, DatabaseError."""
        if self._post is not None:
            raise UsageError("the pool was opened already")
        loop = self._loop = asyncio.get_running_loop()
        self._post = SQLitePost(loop)
        loop.add_reader(self._post.fileno(), self._post.deliver)
        try:
            self._writer = await self._session(reads=False)
            if not self._alone:
                self._readers.append(await self._session(reads=True))
                self._free.extend(self._readers)
        except BaseException:
            await self.close()
            raise

    async def _session(self, *, reads: bool) -> SQLiteSession:
        settings = self._settings
        if self._post is None:
            raise UsageError("the pool is not open")
        session, opened = SQLiteSession.open(
            self._post,
            settings.target,
            reads=reads,
            busy=settings.busy_timeout,
            statements=settings.statements,
            steps=settings.steps,
            time=settings.loop_time,
            script=settings.script(reads=reads),
        )
        try:
            await opened
        except BaseException:
            session.close().add_done_callback(_ignore)
            raise
        return session

    async def close(self) -> None:
        """Let calls under way end, up to the pool's deadline; then close the database.

        Those that take longer are broken off, and raise ConnectionLost.
        """
        if self._closed or self._post is None or self._loop is None:
            return
        self._closed = True
        self._free.clear()
        self._turns.fail(UsageError("the pool was closed"))
        self._seekers.fail(UsageError("the pool was closed"))
        sessions = [session for session in (*self._readers, self._writer) if session is not None]
        closing = [session.close() for session in sessions]
        try:
            if closing:
                await asyncio.wait(closing, timeout=self._settings.close_timeout)
        finally:
            self._loop.remove_reader(self._post.fileno())
            for closed in closing:
                closed.cancel()  # if it is late: nobody waits for that any more
            self._post.give_up()

    def __await__(self) -> Generator[Any, None, Self]:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        if self._post is None:
            await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    def statistics(self) -> Mapping[str, int]:
        """Return counts: connections (`size`), those that are free, and calls that wait for one."""
        size = len(self._readers) + (self._writer is not None)
        idle = len(self._free) + (self._writer is not None and self._owner is None)
        waiting = len(self._turns) + len(self._seekers)
        on_threads = self._post.waiting() if self._post is not None else 0
        return {
            "size": size,
            "idle": idle,
            "acquired": size - idle,
            "waiting": waiting,
            "on_threads": on_threads,
        }

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
        if self._alone:
            return self._write(lambda session: session.query(sql, parameters, result))
        if not self._free:
            self.writer()  # raises where the pool is not open
            return asyncio.ensure_future(
                self._read_later(sql, given(parameters), result, asyncio.current_task())
            )
        session = self._free[-1]
        answer = session.query(sql, parameters, result, write=False)
        if answer is None:
            return self._write(lambda session: session.query(sql, parameters, result))
        if isinstance(answer, asyncio.Future):
            self._free.pop()
            answer.add_done_callback(partial(self._give_back, session))
        return answer

    async def _read_later(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        task: asyncio.Task[Any] | None,
    ) -> Rows:
        async with self.reader() as session:
            answer = session.query(sql, parameters, result, write=False)
            if answer is not None:
                return await answer
        return await self._write(lambda session: session.query(sql, parameters, result), task)

    def _write(
        self, call: Callable[[SQLiteSession], Awaitable[Rows]], task: asyncio.Task[Any] | None = None
    ) -> Awaitable[Rows]:
        session = self.writer()
        if self._owner is None:
            return call(session)
        task = task or asyncio.current_task()
        self._refuse_holder(task)
        return asyncio.ensure_future(self._write_later(call, task))

    async def _write_later(
        self, call: Callable[[SQLiteSession], Awaitable[Rows]], task: asyncio.Task[Any] | None
    ) -> Rows:
        async with self.turn("a statement", task):
            answer = call(self.writer())
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
        async with self.turn("a script"):
            await self.writer().script(sql)

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
        async with self.reader() as session:
            async for rows in streamed(session, sql, parameters, result, batch):
                yield rows

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> SQLiteTransaction:
        """Return a transaction; one that writes waits until the one before has ended, and begins as such.

        A transaction is serializable, whatever `isolation` asks for.
        """
        del isolation
        if read_only and not self._alone:
            return SQLiteTransaction(self.reader, "read")
        return SQLiteTransaction(lambda: self.turn("a transaction"), "write")

    def acquire(self) -> AbstractAsyncContextManager[SQLiteConnection]:
        """Give a connection, which is a view of the pool: sessions of SQLite have no state of their own."""
        return SQLiteConnection(self, owns=False)

    async def back_up(self, path: str) -> None:
        """Copy the database, as it is at one moment, into a file, while others use it."""
        async with self.reader() as session:
            await session.back_up(path)

    # -- who may use which session

    def writer(self) -> SQLiteSession:
        """Return the session that writes. Raises UsageError where the pool is not open."""
        if self._writer is None or self._closed:
            raise UsageError("the pool is not open" if self._writer is None else "the pool is closed")
        return self._writer

    @asynccontextmanager
    async def turn(self, what: str, task: asyncio.Task[Any] | None = None) -> AsyncGenerator[SQLiteSession]:
        """Give the writer to one task alone, by default this one.

        Raises PoolTimeout, which names who holds it, and UsageError if that is the task that asks.
        """
        session = self.writer()
        task = task or asyncio.current_task()
        if self._owner is not None:
            self._refuse_holder(task)
            await self._turns.wait(lambda: f"the writer, which {self._owner}", self._end_turn)
        self._owner = Holder(what, task)
        try:
            yield session
        finally:
            self._end_turn()

    def _end_turn(self, _token: object = None) -> None:
        # The next in the line has the turn from now on, and nobody who comes before it runs.
        self._owner = Holder("the next", None) if self._turns.hand(None) else None

    def _refuse_holder(self, task: asyncio.Task[Any] | None) -> None:
        """A task that waits for what it holds itself would wait for ever."""
        holder = self._owner
        if holder is not None and task is not None and holder.task is task:
            raise UsageError(
                f"this task would wait for itself: it has the writer, which {holder}; run the statement in "
                "that transaction, or after it"
            )

    @asynccontextmanager
    async def reader(self) -> AsyncGenerator[SQLiteSession]:
        """Give a session that reads to one task alone. Raises PoolTimeout."""
        if self._alone:
            async with self.turn("a reader") as session:
                yield session
            return
        session = await self._take_reader()
        try:
            yield session
        finally:
            self._give_back(session)

    async def _take_reader(self) -> SQLiteSession:
        self.writer()
        if self._free:
            return self._free.pop()
        if len(self._readers) + self._opening < self._settings.readers:
            self._opening += 1
            try:
                session = await self._session(reads=True)
            finally:
                self._opening -= 1
            self._readers.append(session)
            return session
        readers = len(self._readers)
        return await self._seekers.wait(
            lambda: f"one of {readers} readers, which are all in use", self._give_back
        )

    def _give_back(self, session: SQLiteSession, _future: object = None) -> None:
        if not self._seekers.hand(session) and not self._closed:
            self._free.append(session)


def create_pool(url: str = MEMORY, **options: Unpack[Options]) -> SQLitePool:
    """Return a pool that opens the database when it is entered; `url` is a URL or a path.

    The options are those of `Settings`; a URL gives them as `sqlite:///shop.db?readers=2`. Raises
    ConfigurationError.
    """
    return SQLitePool(settings_of(url, options))


async def connect(url: str = MEMORY, *, busy_timeout: float = 5.0) -> SQLiteConnection:
    """Open a database and return a connection that owns it. Raises ConnectionFailed, DatabaseError."""
    pool = create_pool(url, busy_timeout=busy_timeout, readers=1)
    await pool.open()
    return SQLiteConnection(pool, owns=True)


def _ignore(future: asyncio.Future[None]) -> None:
    """Take note of an error that nobody waits for."""
    if not future.cancelled():
        future.exception()
