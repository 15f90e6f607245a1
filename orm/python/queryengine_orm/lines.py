"""Tasks that wait for something in their order. Knows asyncio alone."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from queryengine_orm.errors import PoolTimeout

__all__ = ["Holder", "Line"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has what others wait for: what it does, for which task, since when."""

    what: str
    task: asyncio.Task[object] | None
    since: float = field(default_factory=time.monotonic)

    def __str__(self) -> str:
        name = "a task that has just got it" if self.task is None else f"task {self.task.get_name()!r}"
        return f"{self.what} holds: {name}, for {time.monotonic() - self.since:.1f} s"


class Line(Generic[T]):
    """A line of tasks: what becomes free is handed to the first, and never lies about for others to take."""

    __slots__ = ("_places", "_timeout")

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._places: deque[asyncio.Future[T]] = deque()

    def __len__(self) -> int:
        return len(self._places)

    async def wait(self, what: Callable[[], str], give_back: Callable[[T], None]) -> T:
        """Wait for a turn; `give_back` takes what comes too late. Raises PoolTimeout, which names `what`."""
        place: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._places.append(place)
        try:
            async with asyncio.timeout(self._timeout):
                return await place
        except BaseException as error:
            if place in self._places:
                self._places.remove(place)
            elif place.done() and not place.cancelled() and place.exception() is None:
                give_back(place.result())
            if isinstance(error, TimeoutError):
                raise PoolTimeout(f"waited {self._timeout:g} s for {what()}") from None
            raise

    def hand(self, value: T) -> bool:
        """Hand a value to the first who still waits; False where nobody does."""
        while self._places:
            place = self._places.popleft()
            if not place.done():
                place.set_result(value)
                return True
        return False

    def fail(self, error: Callable[[], Exception]) -> None:
        """Let all who wait fail, each with an error of its own."""
        while self._places:
            place = self._places.popleft()
            if not place.done():
                place.set_exception(error())
