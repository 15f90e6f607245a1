"""A bounded number of PostgreSQL connections: shared by autocommit calls, lent to transactions.

A call outside of a transaction goes to the connection with the least to do, behind what others have sent. A
lent connection is its holder's alone until it is given back; what may have been left in it is reset.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeVar, Unpack

from queryengine_orm._native import Rows
from queryengine_orm.connection import STATEMENTS, Connection, opener
from queryengine_orm.driver import Isolation, Kind
from queryengine_orm.dsn import Address, Options, Settings, settings_of
from queryengine_orm.errors import ConfigurationError, ConnectionFailed, OrmError, PoolTimeout, UsageError
from queryengine_orm.handshake import open_link
from queryengine_orm.transactions import PostgresTransaction, begin

__all__ = ["PostgresPool", "create_pool"]

LOG: Final = logging.getLogger("queryengine_orm.pool")
_T = TypeVar("_T")

NAMED: Final = 8
"""how many holders the error of a time-out names"""
REST_SECONDS: Final = 0.5
"""how long no connection is tried after one could not be opened"""


class PostgresPool:
    """Connections for many tasks. Made by `create_pool`; an `async with` opens it, and closes it.

    `minimum` connections are opened at once, up to `maximum` when they are needed. Nobody waits longer than
    `acquire_timeout` seconds; `close()` waits for those at work for `close_timeout`. A connection that nobody
    used for `idle_check` seconds is asked whether it is alive before it is used again.
    """

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(
        self,
        settings: Settings,
        *,
        minimum: int,
        maximum: int,
        acquire_timeout: float,
        close_timeout: float,
        idle_check: float,
        make: Callable[[Address], Connection],
    ) -> None:
        if not 0 <= minimum <= maximum or maximum < 1:
            raise ConfigurationError("a pool has at least one connection, and minimum is not above maximum")
        self._settings = settings
        self._minimum = minimum
        self._maximum = maximum
        self._acquire_timeout = acquire_timeout
        self._close_timeout = close_timeout
        self._idle_check = idle_check
        self._make = make
        self._shared: list[Connection] = []
        self._lent: dict[Connection, tuple[str, float]] = {}
        self._used: dict[Connection, float] = {}
        self._waiting: deque[asyncio.Future[Connection | None]] = deque()
        self._opening: set[asyncio.Task[None]] = set()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: OrmError | None = None
        self._is_resting = False
        self._given_back = asyncio.Event()
        self._is_open = self._is_closed = False
        self._opened = self._dropped = self._timed_out = 0

    async def open(self) -> Self:
        """Open the first connections, once; to await the pool does the same. Raises ConnectionFailed."""
        if self._is_open or self._is_closed:
            return self
        self._is_open = True
        first = [asyncio.ensure_future(open_link(self._settings, self._make)) for _ in range(self._minimum)]
        try:
            for connection in await asyncio.gather(*first):
                self._take_in(connection)
        except BaseException:
            for task in first:
                task.cancel()
            await asyncio.gather(*first, return_exceptions=True)
            for task in first:
                if not task.cancelled() and task.exception() is None:
                    await task.result().close()
            raise
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self.open().__await__()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    # -- calls outside of a transaction

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement on the connection that has the least to do."""
        connection = self._least_busy()
        if connection is None:
            return self._later(lambda found: found.query(sql, parameters, result=result, clean=clean))
        return connection.query(sql, parameters, result=result, clean=clean)

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Awaitable[int]:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        return self._lent_for(lambda connection: connection.execute_many(sql, rows, clean=clean))

    async def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncGenerator[Rows]:
        """Give the rows in batches, from a connection of its own."""
        async with self.acquire() as connection:
            async for rows in connection.stream(sql, parameters, result=result, batch=batch):
                yield rows

    def copy_rows(
        self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], /
    ) -> Awaitable[int]:
        """Insert many rows by COPY, all or nothing; `table` is `name` or `schema.name`."""
        return self._lent_for(lambda connection: connection.copy_rows(table, columns, rows))

    def script(self, sql: str, /) -> Awaitable[None]:
        """Run several statements without parameters."""
        return self._lent_for(lambda connection: connection.script(sql))

    # -- connections of one's own

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        """Give a connection to one task alone. Raises PoolTimeout, which says who holds the others."""
        connection = await self._borrow()
        try:
            yield connection
        finally:
            self._give_back(connection)

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> PostgresTransaction:
        """Return a transaction on a connection that it takes when it is entered."""
        return PostgresTransaction(self.acquire(), begin(isolation, read_only=read_only))

    def statistics(self) -> Mapping[str, int]:
        """Return counts of connections and calls as they are now, and of what happened so far."""
        return {
            "size": len(self._used),
            "idle": sum(connection.load == 0 for connection in self._shared),
            "acquired": len(self._lent),
            "waiting": len(self._waiting),
            "under_way": sum(connection.load for connection in self._used),
            "opening": len(self._opening),
            "opened": self._opened,
            "dropped": self._dropped,
            "timed_out": self._timed_out,
        }

    async def close(self) -> None:
        """Let calls under way end, up to the deadline; then end all sessions."""
        self._is_closed = True
        self._wake(everybody=True)
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        try:
            async with asyncio.timeout(self._close_timeout):
                while self._used.keys() - set(self._shared):
                    self._given_back.clear()
                    await self._given_back.wait()
                # An empty statement returns when all before it is done.
                ends = [connection.run_script("", clean=True) for connection in self._shared]
                await asyncio.gather(*ends, return_exceptions=True)
        except TimeoutError:
            LOG.warning("the pool was closed with calls under way: %s", self.statistics())
        for connection in list(self._used):
            await connection.close()

    # -- who gets which connection

    def _least_busy(self) -> Connection | None:
        """Return the shared connection with the least to do, and grow if all have something."""
        best: Connection | None = None
        least = -1
        for connection in self._shared:
            load = connection.load
            if load == 0 and connection.is_ready:
                return connection if self._is_fresh(connection) else None
            if connection.is_ready and (best is None or load < least):
                best, least = connection, load
        if not self._is_closed:
            self._grow()
        return best if not self._is_closed else None

    def _is_fresh(self, connection: Connection) -> bool:
        """Whether it was used lately; if not, nobody gets it before it has said that it is alive."""
        now = time.monotonic()
        if now - self._used[connection] < self._idle_check:
            self._used[connection] = now
            return True
        self._used[connection] = now
        self._shared.remove(connection)
        _ = self._start(self._ask(connection))
        return False

    async def _ask(self, connection: Connection) -> None:
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await connection.describe("SELECT 1")
        except (OrmError, TimeoutError) as error:
            connection.abort(f"it did not answer after a pause: {error}")
        else:
            self._share(connection)

    def _grow(self) -> None:
        if not self._is_resting and self._may_grow():
            task = asyncio.get_running_loop().create_task(self._open_one())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    def _may_grow(self) -> bool:
        return len(self._used) + len(self._opening) < self._maximum

    async def _open_one(self) -> None:
        try:
            connection = await open_link(self._settings, self._make)
        except OrmError as error:
            LOG.warning("a connection of the pool could not be opened: %s", error)
            self._failure, self._is_resting = error, True
            asyncio.get_running_loop().call_later(REST_SECONDS, self._try_again)
            self._wake(everybody=True)
            return
        if self._is_closed:
            await connection.close()
        else:
            self._failure = None
            self._take_in(connection)

    def _try_again(self) -> None:
        self._failure, self._is_resting = None, False
        self._wake()

    def _take_in(self, connection: Connection) -> None:
        self._opened += 1
        if connection.is_closed:
            self._dropped += 1
            return
        connection.on_end = self._drop
        connection.on_ready = self._wake_for
        self._used[connection] = time.monotonic()
        self._share(connection)

    def _share(self, connection: Connection) -> None:
        if connection.is_closed:
            return
        connection.is_shared = True
        self._shared.append(connection)
        self._given_back.set()
        self._wake()

    def _drop(self, connection: Connection) -> None:
        """A connection is over: forget it, and open another for those who wait."""
        self._dropped += 1
        self._used.pop(connection, None)
        if connection in self._shared:
            self._shared.remove(connection)
        self._given_back.set()
        if self._waiting and not self._is_closed:
            self._grow()

    def _wake_for(self, connection: Connection) -> None:
        """A connection that was cancelling takes calls again."""
        if connection in self._shared:
            self._wake()

    def _wake(self, *, everybody: bool = False) -> None:
        """Let the first who waits look again; it wakes the next if something is left."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                if not everybody:
                    return

    async def _wait(self, look: Callable[[], Connection | None]) -> Connection:
        """Wait until `look` finds a connection. Raises PoolTimeout, or what kept connections from opening."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._acquire_timeout
        while True:
            if self._is_closed:
                raise UsageError("the pool is closed")
            found = look()
            if found is not None:
                self._wake()
                return found
            if self._failure is not None and not self._used:
                raise ConnectionFailed(f"the pool has no connection: {self._failure}") from self._failure
            self._grow()
            waiter = loop.create_future()
            self._waiting.append(waiter)
            try:
                async with asyncio.timeout_at(deadline):
                    await waiter
            except TimeoutError:
                self._timed_out += 1
                raise PoolTimeout(self._who_holds_what()) from None
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()  # what it was woken for is for the next
                raise

    async def _borrow(self) -> Connection:
        connection = await self._wait(self._unshared)
        task = asyncio.current_task()
        self._lent[connection] = (task.get_name() if task is not None else "?", time.monotonic())
        return connection

    def _unshared(self) -> Connection | None:
        """Take a connection out of those that are shared: an idle one, or else one behind which to queue."""
        connection = self._least_busy()
        may_grow = self._may_grow() and not self._is_resting
        if connection is None or (connection.load and (may_grow or self._opening)):
            return None
        self._shared.remove(connection)
        connection.is_shared = False
        return connection

    def _give_back(self, connection: Connection) -> None:
        self._lent.pop(connection, None)
        if connection.is_closed:
            self._wake()
            return
        if connection.is_dirty or connection.is_in_transaction or connection.load:
            connection.transactions = 0
            connection.reset()
        self._used[connection] = time.monotonic()
        self._share(connection)

    def _who_holds_what(self) -> str:
        now = time.monotonic()
        held = [f"{name} for {now - since:.1f} s" for name, since in list(self._lent.values())[:NAMED]]
        more = len(self._lent) - len(held)
        holders = ", ".join(held) + (f" and {more} more" if more else "")
        cause = f"; the last connection could not be opened: {self._failure}" if self._failure else ""
        return (
            f"no connection became free within {self._acquire_timeout} s; {len(self._lent)} of "
            f"{self._maximum} are held{' by ' + holders if holders else ''}, {len(self._opening)} are being "
            f"opened, {len(self._waiting)} wait besides{cause}"
        )

    # -- calls that have to wait for their connection

    def _later(self, call: Callable[[Connection], Awaitable[Rows]]) -> Awaitable[Rows]:
        async def run() -> Rows:
            return await call(await self._wait(self._least_busy))

        return self._start(run())

    def _lent_for(self, call: Callable[[Connection], Awaitable[_T]]) -> Awaitable[_T]:
        async def run() -> _T:
            async with self.acquire() as connection:
                return await call(connection)

        return self._start(run())

    def _start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def create_pool(
    dsn: str | None = None,
    /,
    *,
    minimum: int = 1,
    maximum: int = 10,
    acquire_timeout: float = 10.0,
    close_timeout: float = 10.0,
    idle_check: float = 30.0,
    statements: int = STATEMENTS,
    timeout: float | None = 60.0,  # of each later call, not of this one
    **options: Unpack[Options],
) -> PostgresPool:
    """Return a pool that opens when it is entered; what is not said is found as libpq finds it.

    `timeout` is what any call may take, None for no bound; `statements` is how many prepared statements each
    connection keeps, 0 for servers behind pgbouncer's transaction mode. All times are in seconds. Raises
    ConfigurationError; to enter it raises ConnectionFailed.
    """
    settings = settings_of(dsn, **options)
    return PostgresPool(
        settings,
        minimum=minimum,
        maximum=maximum,
        acquire_timeout=acquire_timeout,
        close_timeout=close_timeout,
        idle_check=idle_check,
        make=opener(settings, statements=statements, timeout=timeout),
    )
