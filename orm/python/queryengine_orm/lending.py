"""Who has which connection of a pool: they are opened, shared, lent, taken back, dropped. Knows no SQL."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final, TypeVar

from queryengine_orm.connection import Connection
from queryengine_orm.dsn import Address, Settings
from queryengine_orm.errors import ConfigurationError, ConnectionFailed, OrmError, PoolTimeout, UsageError
from queryengine_orm.handshake import open_link

__all__ = ["Lending"]

LOG: Final = logging.getLogger("queryengine_orm.pool")
_T = TypeVar("_T")

NAMED: Final = 8
"""how many holders the error of a time-out names"""
REST_SECONDS: Final = 0.5
"""how long no connection is tried after one could not be opened"""


class Lending:
    """A bounded number of connections: those that are shared, and those that are lent to one task each.

    The numbers are those of `create_pool`.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        minimum: int,
        maximum: int,
        acquire_timeout: float,
        idle_check: float,
        make: Callable[[Address], Connection],
    ) -> None:
        if not 0 <= minimum <= maximum or maximum < 1:
            raise ConfigurationError("a pool has at least one connection, and minimum is not above maximum")
        self._settings = settings
        self._minimum = minimum
        self._maximum = maximum
        self._acquire_timeout = acquire_timeout
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

    async def open(self) -> None:
        """Open the first connections, once. Raises ConnectionFailed."""
        if self._is_open or self._is_closed:
            return
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

    async def close(self, seconds: float) -> None:
        """Let calls under way end, for so many seconds at most; then end all sessions."""
        self._is_closed = True
        self._wake(everybody=True)
        for task in self._opening:
            task.cancel()
        await asyncio.gather(*self._opening, return_exceptions=True)
        try:
            async with asyncio.timeout(seconds):
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

    def least_busy(self) -> Connection | None:
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
        _ = self.start(self._ask(connection))
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

    async def wait(self, look: Callable[[], Connection | None]) -> Connection:
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

    async def borrow(self) -> Connection:
        """Take a connection for this task alone. Raises PoolTimeout, which says who holds the others."""
        connection = await self.wait(self._unshared)
        task = asyncio.current_task()
        self._lent[connection] = (task.get_name() if task is not None else "?", time.monotonic())
        return connection

    def _unshared(self) -> Connection | None:
        """Take a connection out of those that are shared: an idle one, or else one behind which to queue."""
        connection = self.least_busy()
        may_grow = self._may_grow() and not self._is_resting
        if connection is None or (connection.load and (may_grow or self._opening)):
            return None
        self._shared.remove(connection)
        connection.is_shared = False
        return connection

    def give_back(self, connection: Connection) -> None:
        """Share a connection again; what may have been left in it is reset."""
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

    def start(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Run something of the pool's own, and hold on to it until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
