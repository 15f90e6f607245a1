"""Who uses a session while its transaction is open: a task, and those that it starts meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from queryengine_orm.errors import UsageError

__all__ = ["Hold"]

_HELD: Final[ContextVar[tuple[object, ...]]] = ContextVar("queryengine_orm.held", default=())
"""what the present task holds; the tasks that it starts begin with the same"""


class Hold:
    """Refuses a session to tasks that have no part in what another one has begun.

    A task that is over holds nothing: who comes next may go on in its transaction.
    """

    __slots__ = ("levels",)

    def __init__(self) -> None:
        self.levels: list[tuple[object, asyncio.Task[object] | None]] = []
        """what is open, the innermost last: a mark of its own, and the task that began it"""

    def check(self) -> None:
        """Raise UsageError where another task is at work with the session, naming both."""
        if not self.levels:
            return
        mark, holder = self.levels[-1]
        if mark in _HELD.get():
            return
        own = _own_task()
        if own is None or holder is None or holder is own or holder.done():
            return
        raise UsageError(
            f"a session is for one task at a time: {own.get_name()} uses it while {holder.get_name()} is in a"
            " transaction of it"
        )

    @contextmanager
    def taken(self) -> Generator[None]:
        """Hold the session for the present task. Raises UsageError where another one does."""
        self.check()
        mark = object()
        self.levels.append((mark, _own_task()))
        _HELD.set((*_HELD.get(), mark))
        try:
            yield
        finally:
            self.levels.remove(next(level for level in self.levels if level[0] is mark))
            _HELD.set(tuple([held for held in _HELD.get() if held is not mark]))


def _own_task() -> asyncio.Task[object] | None:
    """Return the present task; None in a thread without a loop, for which its caller waits."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None
