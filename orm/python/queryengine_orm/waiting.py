"""Who waits for a connection of a pool: calls and borrowers in one line, each with its time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from queryengine_orm._native import Rows
from queryengine_orm.connection import Connection
from queryengine_orm.driver import Kind
from queryengine_orm.errors import PoolTimeout

__all__ = ["Borrower", "Call", "Waiter", "WaitingLine"]


@dataclass(slots=True, eq=False)
class Call:
    """A statement outside of a transaction; whoever asked holds the future already."""

    future: asyncio.Future[Rows]
    sql: str
    parameters: Sequence[object]
    result: Sequence[Kind | None] | None
    clean: bool
    deadline: float = field(default=0.0, init=False)

    def send(self, connection: Connection) -> None:
        """Send it; what cannot be sent is its own error, and never that of who hands out connections."""
        try:
            connection.query_for(self.future, self.sql, self.parameters, result=self.result, clean=self.clean)
        except Exception as error:  # noqa: BLE001  # it belongs to whoever asked
            if not self.future.done():
                self.future.set_exception(error)


@dataclass(slots=True, eq=False)
class Borrower:
    """A task that wants a connection for itself."""

    future: asyncio.Future[Connection]
    name: str
    deadline: float = field(default=0.0, init=False)


Waiter: TypeAlias = Call | Borrower


class WaitingLine:
    """First come, first served; who has waited for `timeout` seconds gets a PoolTimeout of these `words`."""

    def __init__(self, timeout: float, words: Callable[[], str]) -> None:
        self._timeout = timeout
        self._words = words
        self._waiters: deque[Waiter] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.timed_out: int = 0

    def __len__(self) -> int:
        """How many wait; those who were cancelled count until it is their turn."""
        return len(self._waiters)

    def __bool__(self) -> bool:
        return self.first() is not None

    def count(self) -> int:
        """Return how many wait and were not cancelled, which looks at each."""
        return sum(not waiter.future.done() for waiter in self._waiters)

    def add(self, waiter: Waiter) -> None:
        """Let it wait behind all others."""
        loop = waiter.future.get_loop()
        waiter.deadline = loop.time() + self._timeout
        self._waiters.append(waiter)
        self._watch(loop)

    def first(self) -> Waiter | None:
        """Return who is next, and leave it where it is; those who were cancelled are forgotten."""
        while self._waiters:
            if not self._waiters[0].future.done():
                return self._waiters[0]
            self._waiters.popleft()
        return None

    def take(self) -> Waiter | None:
        """Return who is next, who waits no longer."""
        waiter = self.first()
        if waiter is not None:
            self._waiters.popleft()
        return waiter

    def take_call(self) -> Call | None:
        """Return the call that is next; None if it is somebody who borrows, or nobody."""
        waiter = self.first()
        if not isinstance(waiter, Call):
            return None
        self._waiters.popleft()
        return waiter

    def fail_borrowers(self, error: Callable[[], Exception]) -> None:
        """Let those fail who want a connection for themselves."""
        for waiter in self._waiters:
            if isinstance(waiter, Borrower) and not waiter.future.done():
                waiter.future.set_exception(error())

    def fail(self, error: Callable[[], Exception]) -> None:
        """Let all fail, each with an error of its own."""
        while (waiter := self.take()) is not None:
            waiter.future.set_exception(error())
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        """See that the time of the first is looked at: it is over first, as all may wait equally long."""
        if self._timer is None and self._waiters:
            self._timer = loop.call_at(self._waiters[0].deadline, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        while (waiter := self.first()) is not None and waiter.deadline <= now:
            waiter.future.set_exception(PoolTimeout(self._words()))
            self.timed_out += 1
            self._waiters.popleft()
        self._watch(loop)
