"""Cancels a task at each point where it waits, at each moment that matters there. Knows no database."""

from __future__ import annotations

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Final, Literal

__all__ = ["MOMENTS", "Moment", "cancelled_at"]

Moment = Literal["before it is sent", "when it is sent", "when it is answered"]
MOMENTS: Final[tuple[Moment, ...]] = ("before it is sent", "when it is sent", "when it is answered")


async def cancelled_at(work: Callable[[], Coroutine[Any, Any, object]], point: int, moment: Moment) -> bool:
    """Run work in a task that is cancelled where it waits for the `point`th time; say whether it came so far.

    "when it is answered" is after what it waits for is there, and before the task goes on with it.
    """
    reached: list[int] = []

    async def run() -> None:
        await _run(work(), point, moment, reached)

    task = asyncio.ensure_future(run())
    await asyncio.wait([task])
    if not task.cancelled():
        task.result()
    return bool(reached)


@types.coroutine
def _run(
    work: Coroutine[Any, Any, object], point: int, moment: Moment, reached: list[int]
) -> Generator[Any, Any, object]:
    waits = work.__await__()
    error: BaseException | None = None
    number = 0
    while True:
        try:
            waited: asyncio.Future[Any] | None = waits.send(None) if error is None else waits.throw(error)
        except StopIteration as end:
            return end.value
        if number == point:
            reached.append(number)
            _cancel(waited, moment)
        number += 1
        error = None
        try:
            yield waited
        except BaseException as caught:  # noqa: BLE001  # whatever it is, it is for the work
            error = caught


def _cancel(waited: asyncio.Future[Any] | None, moment: Moment) -> None:
    task = asyncio.current_task()
    assert task is not None
    match moment:
        case "before it is sent":
            task.cancel()
        case "when it is answered" if waited is not None:
            waited.add_done_callback(lambda _: task.cancel())  # before the task's own
        case _:
            asyncio.get_running_loop().call_soon(task.cancel)
