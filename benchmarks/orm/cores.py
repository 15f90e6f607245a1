"""Who runs on which core, client and server apart, and what a server has computed. Knows Linux."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["apart", "computed"]


@contextmanager
def apart(server: int | None = None) -> Generator[None]:
    """Keep this process to the first core, and the server of this number to the last; then let both go.

    Threads and sessions that are there move too, and new ones inherit it. With one core nothing happens.
    """
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        yield
        return
    try:
        _place(_threads(os.getpid()), {min(cores)})
        if server is not None:
            _place(_family(server), {max(cores)})
        yield
    finally:
        _place(_threads(os.getpid()), cores)
        if server is not None:
            _place(_family(server), cores)


def computed(server: int) -> float:
    """Return the seconds that a server and its sessions have computed, by the scheduler's account."""
    nanoseconds = 0
    for process in _family(server):
        with suppress(FileNotFoundError):  # it has ended meanwhile
            nanoseconds += int(Path(f"/proc/{process}/schedstat").read_text("ascii").split()[0])
    return nanoseconds / 1e9


def _place(threads: Iterator[int], cores: set[int]) -> None:
    for thread in threads:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.sched_setaffinity(thread, cores)


def _threads(process: int) -> Iterator[int]:
    return (int(each.name) for each in Path(f"/proc/{process}/task").iterdir())


def _family(process: int) -> Iterator[int]:
    """Yield a server and its sessions, each a process of one thread."""
    yield process
    yield from map(int, Path(f"/proc/{process}/task/{process}/children").read_text("ascii").split())
