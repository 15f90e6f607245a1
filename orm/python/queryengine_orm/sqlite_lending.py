"""Who has which session of SQLite: opened, used by calls, lent, given back, closed. Knows no SQL.

One session writes, for one task at a time; the others read, each for one task at a time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, NoReturn

from queryengine_orm._native import SQLitePost, SQLiteSession
from queryengine_orm.errors import OTHER_LOOP, UsageError
from queryengine_orm.lines import Holder, Line
from queryengine_orm.sqlite_settings import Settings

__all__ = ["SQLiteLending"]

LOG: Final = logging.getLogger("queryengine_orm.pool")
LEAVE_SECONDS: Final = 2.0
"""how long threads that were told to stop may take to close the database"""


class SQLiteLending:
    """The writer and the readers of a database, on one event loop."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._alone = settings.in_memory
        self._post: SQLitePost | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        """that on which it was opened, until it is closed"""
        self._writer: SQLiteSession | None = None
        self._owner: Holder | None = None
        self._turns: Line[object] = Line(settings.acquire_timeout)
        self._readers: list[SQLiteSession] = []
        self.free: list[SQLiteSession] = []
        """readers that nobody uses"""
        self._seekers: Line[SQLiteSession] = Line(settings.acquire_timeout)
        self._opening = 0
        self._closed = False
        self._changed = asyncio.Event()

    @property
    def is_opened(self) -> bool:
        """Whether it was opened, even if it is closed by now."""
        return self._post is not None

    async def open(self) -> None:
        """Open the database; it may be tried again after ConnectionFailed or DatabaseError."""
        if self._post is not None:
            raise UsageError("the pool was opened already")
        loop = self.loop = asyncio.get_running_loop()
        self._post = SQLitePost(loop)
        loop.add_reader(self._post.fileno(), self._post.deliver)
        try:
            self._writer = await self._session(reads=False)
            if not self._alone:
                self._readers.append(await self._session(reads=True))
                self.free.extend(self._readers)
        except BaseException:
            try:
                await self.close()
            finally:
                self._forget()
            raise

    def _forget(self) -> None:
        """Be as if it had never been opened."""
        self._post = self._writer = None
        self._readers.clear()
        self.free.clear()
        self._closed = False

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
        """Let calls, transactions and streams under way end, up to the deadline; then close the database.

        Those that take longer are broken off, and undone: their holders get ConnectionLost.
        """
        if self.loop is None or self._post is None:
            return
        self.check_loop()
        loop, self.loop, self._closed = self.loop, None, True
        self._turns.fail(_closed)
        self._seekers.fail(_closed)
        loop.add_reader(self._post.fileno(), self._deliver, self._post)
        try:
            async with asyncio.timeout(self._settings.close_timeout):
                while self._is_at_work(self._post):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            LOG.warning("the pool was closed with work under way: %s", self.statistics())
        finally:
            await self._leave(loop, self._post)

    async def _leave(self, loop: asyncio.AbstractEventLoop, post: SQLitePost) -> None:
        """Break off what runs, and close the database, which undoes what was not committed."""
        post.give_up()
        sessions = [session for session in (*self._readers, self._writer) if session is not None]
        closing = [session.close() for session in sessions]
        try:
            if closing:
                await asyncio.wait(closing, timeout=LEAVE_SECONDS)
        finally:
            loop.remove_reader(post.fileno())
            for closed in closing:
                closed.cancel()  # if it is late: nobody waits for that any more

    def _is_at_work(self, post: SQLitePost) -> bool:
        is_lent = self._owner is not None or len(self.free) < len(self._readers)
        return is_lent or self._opening > 0 or post.waiting() > 0

    def _deliver(self, post: SQLitePost) -> None:
        post.deliver()
        self._changed.set()

    def statistics(self) -> Mapping[str, int]:
        """Return counts: connections (`size`), those that are free, and calls that wait for one."""
        size = len(self._readers) + (self._writer is not None)
        idle = len(self.free) + (self._writer is not None and self._owner is None)
        waiting = len(self._turns) + len(self._seekers)
        on_threads = self._post.waiting() if self._post is not None else 0
        return {
            "size": size,
            "idle": idle,
            "acquired": size - idle,
            "waiting": waiting,
            "on_threads": on_threads,
        }

    # -- who gets which session

    def writer_if_free(self, task: asyncio.Task[Any] | None) -> SQLiteSession | None:
        """Return the writer for one call, if nobody holds it.

        Raises UsageError if the task that asks holds it, and where the pool is not open on this loop.
        """
        if self._owner is None:
            return self._open_writer()
        self.check_loop()
        self._refuse_holder(task or asyncio.current_task())
        return None

    def _open_writer(self) -> SQLiteSession:
        self.check_loop()
        if self._writer is None:
            raise UsageError("the pool is not open")
        return self._writer

    def check_loop(self) -> None:
        """Raise UsageError where the pool is not open on this event loop."""
        if self.loop is not asyncio.get_running_loop():
            self.refuse()

    def refuse(self) -> NoReturn:
        """Raise UsageError, which says why nobody gets a session here."""
        if self.loop is not None:
            raise UsageError(OTHER_LOOP)
        raise _closed() if self._closed else UsageError("the pool is not open")

    @asynccontextmanager
    async def turn(self, what: str, task: asyncio.Task[Any] | None = None) -> AsyncGenerator[SQLiteSession]:
        """Give the writer to one task alone, by default this one.

        Raises PoolTimeout, which names who holds it, and UsageError if that is the task that asks.
        """
        session = self._open_writer()
        task = task or asyncio.current_task()
        if self._owner is not None:
            self._refuse_holder(task)
            await self._turns.wait(lambda: f"the writer, which {self._owner}", self._end_turn)
        self._owner = Holder(what, task)
        try:
            yield session
        except GeneratorExit:
            _undo(session)
            raise
        finally:
            self._end_turn()

    def _end_turn(self, _token: object = None) -> None:
        # The next in the line has the turn from now on, and nobody who comes before it runs.
        self._owner = Holder("the next", None) if self._turns.hand(None) else None
        self._changed.set()

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
        except GeneratorExit:
            _undo(session)
            raise
        finally:
            self.give_back(session)

    async def _take_reader(self) -> SQLiteSession:
        self.check_loop()
        if self.free:
            return self.free.pop()
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
            lambda: f"one of {readers} readers, which are all in use", self.give_back
        )

    def give_back(self, session: SQLiteSession, _future: object = None) -> None:
        """Let others use a reader again."""
        if not self._seekers.hand(session):
            self.free.append(session)
            self._changed.set()


def _closed() -> UsageError:
    return UsageError("the pool is closed")


def _undo(session: SQLiteSession) -> None:
    """Undo what nobody will end, if there is anything: who held the session was forgotten with it."""
    session.control("ROLLBACK").add_done_callback(_ignore)


def _ignore(future: asyncio.Future[None]) -> None:
    """Take note of an error that nobody waits for."""
    if not future.cancelled():
        future.exception()
