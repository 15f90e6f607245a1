"""Who runs on which core, client and server apart and awake, and what a server has computed. Knows Linux."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Generator, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

__all__ = ["apart", "computed"]

SPIN: Final = """
import os, sys
parent = int(sys.argv[2])
os.sched_setaffinity(0, {int(sys.argv[1])})
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
print(flush=True)
while os.getppid() == parent:
    for _ in range(100_000):
        pass
"""


@contextmanager
def apart(server: int | None = None) -> Generator[None]:
    """Keep this process to the first core, and the server of this number to the last; then let both go.

    Neither core sleeps meanwhile: to wake one takes longer than a call computes, most of all in a virtual
    machine. Threads and sessions that are there move too, and new ones inherit it. With one core nothing
    happens.
    """
    cores = os.sched_getaffinity(0)
    if len(cores) == 1:
        yield
        return
    try:
        _place(_threads(os.getpid()), {min(cores)})
        if server is not None:
            _place(_family(server), {max(cores)})
        with _awake({min(cores), max(cores)}):
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


@contextmanager
def _awake(cores: Iterable[int]) -> Generator[None]:
    """Give each core work to do when there is no other, which yields to any other at once."""
    with ExitStack() as stack:
        for core in cores:
            command = [sys.executable, "-c", SPIN, str(core), str(os.getpid())]
            spinning = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(spinning.kill)
            assert spinning.stdout is not None
            assert spinning.stdout.readline(), "a core cannot be kept awake"
        yield


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
