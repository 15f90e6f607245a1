"""Who has which connection of a pool: opened, used by calls, lent, taken back, dropped. Knows no SQL.

Nobody waits behind a connection that is at work: who finds none idle waits in the pool's line, and what gets
free serves the first of it. Only calls that travel in the same send share a connection.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping, Sequence
from math import ceil
from typing import Any, Final, TypeVar

from queryengine_orm._native import Rows, given
from queryengine_orm.connection import Connection
from queryengine_orm.driver import Kind
from queryengine_orm.dsn import Address, Settings
from queryengine_orm.errors import (
    OTHER_LOOP,
    ConfigurationError,
    ConnectionFailed,
    OrmError,
    UsageError,
)
from queryengine_orm.handshake import open_link
from queryengine_orm.streaming import free_from_streams
from queryengine_orm.waiting import Borrower, Call, Waiter, WaitingLine

__all__ = ["Lending"]

LOG: Final = logging.getLogger("queryengine_orm.pool")
_T = TypeVar("_T")

NAMED: Final = 8
"""how many holders the error of a time-out names"""
REST_SECONDS: Final = 0.5
"""how long no connection is tried after one could not be opened"""


class Lending:
    """A bounded number of connections: idle, at work for calls, or lent to one task each.

    The numbers are those of `create_pool`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        minimum: int,
        maximum: int,
        pipeline: int,
        acquire_timeout: float,
        idle_check: float,
        make: Callable[[Address], Connection],
    ) -> None:
        if not 0 <= minimum <= maximum or maximum < 1:
            raise ConfigurationError("a pool has at least one connection, and minimum is not above maximum")
        if pipeline < 1:
            raise ConfigurationError("pipeline is how many calls travel together: 1 at least")
        self._settings = settings
        self._minimum = minimum
        self._maximum = maximum
        self._pipeline = pipeline
        self._acquire_timeout = acquire_timeout
        self._idle_check = idle_check
        self._make = make
        self._used: set[Connection] = set()
        self._idle: dict[Connection, float] = {}
        self._joinable: deque[Connection] = deque(maxlen=maximum)
        self._lent: dict[Connection, tuple[str, float]] = {}
        self._waiting = WaitingLine(acquire_timeout, self._who_holds_what)
        self._opening: set[asyncio.Task[None]] = set()
        self._asked = 0
        self._filled: Connection | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: OrmError | None = None
        self._is_resting = False
        self._changed = asyncio.Event()
        self._is_open = self._is_closed = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opened = self._dropped = 0

    async def open(self) -> None:
        """Open the first connections, once. Raises ConnectionFailed."""
        self._check_loop()
        if self._is_open or self._is_closed:
            return
        self._is_open, self._loop = True, asyncio.get_running_loop()
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

    def statistics(self) -> Mapping[str, int]:
        """Return counts of connections and calls as they are now, and of what happened so far."""
        return {
            "size": len(self._used),
            "idle": len(self._idle),
            "acquired": len(self._lent),
            "waiting": self._waiting.count(),
            "under_way": sum(connection.load for connection in self._used),
            "opening": len(self._opening),
            "opened": self._opened,
            "dropped": self._dropped,
            "timed_out": self._waiting.timed_out,
        }

    async def close(self, seconds: float) -> None:
        """Let calls under way and queries that wait end, for so many seconds; then end all sessions.

        Who waits to borrow a connection, as many rows, scripts and COPY do, gets UsageError at once.
        """
        self._check_loop()
        self._is_closed = True
        self._waiting.fail_borrowers(_closed)
        try:
            async with asyncio.timeout(seconds):
                while self._waiting or len(self._idle) < len(self._used):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            LOG.warning("the pool was closed with calls under way: %s", self.statistics())
        self._waiting.fail(_closed)
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        await asyncio.gather(*(connection.close() for connection in list(self._used)))

    # -- who gets which connection

    def for_call(self) -> Connection | None:
        """Return a connection for one call: an idle one, or one whose calls of this turn are not sent yet.

        The second only if no other can be opened, and up to `pipeline` calls.
        """
        if self._loop is not asyncio.get_running_loop():
            self._check_loop()
        connection = self._take_idle()
        if connection is not None:
            if self._pipeline > 1:
                self._joinable.append(connection)
            return connection
        if not self._joinable or self._can_grow() or self._waiting or self._is_closed:
            return None
        while self._joinable:
            connection = self._joinable.popleft()
            if connection.is_joinable and connection.load < self._pipeline:
                self._joinable.append(connection)
                return connection
        return None

    def call_later(
        self,
        sql: str,
        parameters: Sequence[object],
        result: Sequence[Kind | None] | None,
        clean: bool,
    ) -> asyncio.Future[Rows]:
        """Let a call wait for a connection; PoolTimeout is its error if none gets free."""
        future: asyncio.Future[Rows] = asyncio.get_running_loop().create_future()
        self._wait(Call(future, sql, given(parameters), result, clean))
        return future

    async def borrow(self) -> Connection:
        """Take a connection for this task alone. Raises PoolTimeout, which says who holds the others."""
        self._check_loop()
        task = asyncio.current_task()
        name = task.get_name() if task is not None else "?"
        connection = self._take_idle()
        if connection is not None:
            self._lend(connection, name)
            return connection
        future: asyncio.Future[Connection] = asyncio.get_running_loop().create_future()
        self._wait(Borrower(future, name))
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and future.exception() is None:
                self.give_back(future.result())
            raise

    def give_back(self, connection: Connection) -> None:
        """Let others use a connection again; what may have been left in it is reset first."""
        self._lent.pop(connection, None)
        self._changed.set()
        connection.loans += 1
        if connection.is_closed:
            return
        free_from_streams(connection)
        connection.is_shared = True
        if connection.is_dirty or connection.is_in_transaction or connection.load:
            connection.transactions = 0
            connection.reset()
        self.free_if_idle(connection)

    def free_if_idle(self, connection: Connection) -> None:
        """Let others use a connection that was given for a call, if nothing is under way on it."""
        if connection.load == 0 and connection.is_ready:
            self._free(connection)

    def _check_loop(self) -> None:
        """Raise UsageError for who comes from another event loop than the one that opened it."""
        if self._loop is not None and self._loop is not asyncio.get_running_loop():
            raise UsageError(OTHER_LOOP)

    def _take_idle(self) -> Connection | None:
        """Return the connection that was used last; one that nobody used for long has to answer first."""
        while self._idle and not self._is_closed:
            connection, since = self._idle.popitem()
            if time.monotonic() - since < self._idle_check:
                return connection
            self._asked += 1
            _ = self.start(self._ask(connection))
        return None

    def _lend(self, connection: Connection, name: str) -> None:
        connection.is_shared = False
        self._lent[connection] = (name, time.monotonic())

    def _wait(self, waiter: Waiter) -> None:
        if self._is_closed:
            waiter.future.set_exception(_closed())
        elif not self._is_open:
            words = "the pool is not open: enter it by `async with`, or await it"
            waiter.future.set_exception(UsageError(words))
        elif self._failure is not None and not self._used:
            waiter.future.set_exception(self._no_connection())
        else:
            self._waiting.add(waiter)
            self._grow()

    def _free(self, connection: Connection) -> None:
        """Nothing is under way on a connection: it serves the first who waits, or is idle."""
        if connection is self._filled or connection not in self._used:
            return
        self._idle.pop(connection, None)
        self._changed.set()
        while connection.load == 0 and not connection.is_closed:
            waiter = self._waiting.take()
            if waiter is None:
                self._idle[connection] = time.monotonic()
                return
            if isinstance(waiter, Borrower):
                self._lend(connection, waiter.name)
                waiter.future.set_result(connection)
                return
            self._fill(connection, waiter)

    def _fill(self, connection: Connection, call: Call | None) -> None:
        """Give a connection its share of the calls that wait; they travel in one send."""
        share = ceil((len(self._waiting) + 1) / (len(self._used) + len(self._opening)))
        left = min(share, self._pipeline)
        self._filled = connection
        while call is not None:
            call.send(connection)
            left -= 1
            call = self._waiting.take_call() if left > 0 else None
        self._filled = None

    # -- how many there are

    def _can_grow(self) -> bool:
        """Whether a connection is on its way, or could be."""
        return bool(self._opening or self._asked) or (self._may_grow() and not self._is_resting)

    def _may_grow(self) -> bool:
        return len(self._used) + len(self._opening) < self._maximum

    def _grow(self) -> None:
        """Open connections for those who wait, as many as there may be."""
        if self._is_resting:
            return
        lacking = len(self._waiting) - len(self._opening) - self._asked
        while lacking > 0 and self._may_grow():
            lacking -= 1
            task = asyncio.get_running_loop().create_task(self._open_one())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)  # if it never ran

    async def _open_one(self) -> None:
        try:
            connection = await self._link()
        except OrmError as error:
            self._failure = error
            if not self._is_resting:
                LOG.warning("a connection of the pool could not be opened: %s", error)
                self._is_resting = True
                asyncio.get_running_loop().call_later(REST_SECONDS, self._try_again)
            if not self._used:
                self._waiting.fail(self._no_connection)
                self._changed.set()
            return
        if self._is_closed and not self._waiting:
            await connection.close()
        else:
            self._failure = None
            self._take_in(connection)

    async def _link(self) -> Connection:
        """Open a connection, which is on its way no longer when this returns: others count on that."""
        task = asyncio.current_task()
        try:
            return await open_link(self._settings, self._make)
        finally:
            if task is not None:
                self._opening.discard(task)

    def _no_connection(self) -> ConnectionFailed:
        error = ConnectionFailed(f"the pool has no connection: {self._failure}")
        error.__cause__ = self._failure
        return error

    def _try_again(self) -> None:
        self._failure, self._is_resting = None, False
        self._grow()

    def _take_in(self, connection: Connection) -> None:
        self._opened += 1
        if connection.is_closed:
            self._dropped += 1
            self._grow()
            return
        connection.on_end = self._drop
        connection.on_idle = self._free
        connection.is_shared = True
        self._used.add(connection)
        self.free_if_idle(connection)

    async def _ask(self, connection: Connection) -> None:
        """Make sure that a connection is alive: what it answers to is free again."""
        try:
            async with asyncio.timeout(self._acquire_timeout):
                await connection.describe("SELECT 1")
        except (OrmError, TimeoutError) as error:
            connection.abort(f"it did not answer after a pause: {error}")
        finally:
            self._asked -= 1

    def _drop(self, connection: Connection) -> None:
        """A connection is over: forget it, and open another for those who wait."""
        self._dropped += 1
        self._used.discard(connection)
        self._idle.pop(connection, None)
        self._changed.set()
        self._grow()

    # -- what is told, and what runs

    def _who_holds_what(self) -> str:
        now = time.monotonic()
        held = [f"{name} for {now - since:.1f} s" for name, since in list(self._lent.values())[:NAMED]]
        more = len(self._lent) - len(held)
        holders = ", ".join(held) + (f" and {more} more" if more else "")
        cause = f"; the last connection could not be opened: {self._failure}" if self._failure else ""
        busy = len(self._used) - len(self._idle) - len(self._used & self._lent.keys())
        return (
            f"no connection became free within {self._acquire_timeout} s; {len(self._lent)} of "
            f"{self._maximum} are held{' by ' + holders if holders else ''}, {busy} run calls, "
            f"{len(self._opening)} are being opened, {max(len(self._waiting) - 1, 0)} wait besides{cause}"
        )

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run something of the pool's own, and hold on to it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _closed() -> UsageError:
    return UsageError("the pool is closed")
