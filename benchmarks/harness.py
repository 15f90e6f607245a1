"""Times two sides against each other and keeps what came out. Knows neither the product nor its peers."""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

__all__ = ["Row", "Runner", "calls", "compare", "coroutines", "measure", "print_rows", "row", "write_rows"]

ROUND_SECONDS: Final = 0.05
SLICES: Final = 50
"""into how many turns a side's share of a round is cut (A, B, A, B ...)

A drift of the machine meets all sides, and a turn of a millisecond is mostly left alone by what else runs;
one that is not falls out of the median.
"""

Runner = Callable[[int], float]
"""Runs its work so many times and returns the seconds that it took."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One comparison: microseconds a call, ours over the peer's, the most it may be, and whether it is."""

    name: str
    peer: str
    ours_us: float
    peer_us: float
    ratio: float
    bar: float | None
    holds: bool | None


def calls(work: Callable[[], object]) -> Runner:
    """Return a runner of a plain function."""

    def run(times: int) -> float:
        start = time.perf_counter()
        for _ in range(times):
            work()
        return time.perf_counter() - start

    return run


def coroutines(
    loop: asyncio.AbstractEventLoop,
    work: Callable[[], Awaitable[object]],
    clock: Callable[[], float] = time.perf_counter,
) -> Runner:
    """Return a runner of a coroutine function, one call after the other on this loop."""

    async def batch(times: int) -> float:
        start = clock()
        for _ in range(times):
            await work()
        return clock() - start

    def run(times: int) -> float:
        return loop.run_until_complete(batch(times))

    return run


def compare(
    name: str, peer: str, *, ours: Runner, theirs: Runner, rounds: int, bar: float | None = None
) -> Row:
    """Time both sides in interleaved rounds and return the medians of their times a call.

    >>> compare("nothing", "itself", ours=calls(int), theirs=calls(int), rounds=1, bar=10_000.0).holds
    True
    """
    ours_us, peer_us = measure((ours, theirs), rounds=rounds)
    return row(name, peer, ours_us=ours_us, peer_us=peer_us, bar=bar)


def row(name: str, peer: str, *, ours_us: float, peer_us: float, bar: float | None = None) -> Row:
    """Return the row of two figures that are already known.

    >>> row("half", "twice as much", ours_us=1.0, peer_us=2.0, bar=0.4).holds
    False
    """
    ratio = ours_us / peer_us
    return Row(
        name=name,
        peer=peer,
        ours_us=round(ours_us, 2),
        peer_us=round(peer_us, 2),
        ratio=round(ratio, 3),
        bar=bar,
        holds=None if bar is None else ratio <= bar,
    )


def measure(
    sides: Iterable[Runner], *, rounds: int, turns: int = SLICES, collects: bool = False
) -> list[float]:
    """Return, for each side, the median over the rounds of its microseconds a call.

    A call that takes as long as a round wants few `turns`. With `collects` the garbage collector runs as it
    does in a program, which is a part of what many objects cost; else it would hit whom it likes.
    """
    runners = list(sides)
    slices = [max(1, _calls_in(ROUND_SECONDS, runner) // SLICES) for runner in runners]
    figures: list[list[float]] = [[] for _ in runners]
    for _ in range(rounds):
        for side, seconds in enumerate(_round(runners, slices, turns, collects=collects)):
            figures[side].append(seconds / slices[side] * 1e6)
    return [statistics.median(of_side) for of_side in figures]


def _round(runners: list[Runner], slices: list[int], turns: int, *, collects: bool) -> list[float]:
    """Return the median seconds of each side's turns in one round."""
    seconds: list[list[float]] = [[] for _ in runners]
    gc.collect()
    if not collects:
        gc.disable()
    try:
        for _ in range(turns):
            for side, runner in enumerate(runners):
                seconds[side].append(runner(slices[side]))
    finally:
        gc.enable()
    return [statistics.median(of_side) for of_side in seconds]


def _calls_in(seconds: float, runner: Runner) -> int:
    """Return about how many calls fit."""
    runner(1)  # what is loaded and cached at the first call is not the cost of a call
    if runner(1) >= seconds:
        return 1
    runner(1)
    times = 1
    while (taken := runner(times)) < seconds / 4:
        times *= 2
    return max(1, int(times * seconds / taken))


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write the rows as a JSON list of objects."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([asdict(each) for each in rows], indent=2) + "\n", encoding="utf-8")


def print_rows(title: str, rows: list[Row]) -> None:
    """Print the rows as a table; a bar that does not hold stands out."""
    table = Table("what", "ours µs", "peer", "peer µs", "ratio", "bar", "holds", title=title)
    for each in rows:
        mark = "" if each.holds is None else "[green]yes[/]" if each.holds else "[bold red]no[/]"
        bar = "" if each.bar is None else f"≤ {each.bar:g}"
        ours, peer, ratio = f"{each.ours_us:.1f}", f"{each.peer_us:.1f}", f"{each.ratio:.2f}"
        table.add_row(each.name, ours, each.peer, peer, ratio, bar, mark)
    console = Console()
    if not console.is_terminal:  # a file or a log is not 80 columns wide
        console.width = 150
    console.print(table)
