"""Python objects: a filter beside a comprehension over the same rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from benchmarks.backends.contender import Contender
from benchmarks.models import rows
from benchmarks.peers.handwritten import Arguments
from queryengine.memory import MemoryQuery, MemoryQueryEngine

__all__ = ["opened"]


@dataclass(slots=True)
class Flight:
    """A flight, as in the other groups."""

    id: int
    month: int
    day: int
    dep_delay: int | None
    distance: int
    origin: str
    dest: str
    carrier_code: str
    audit_token: str


Comprehension = Callable[[Iterable[Flight]], list[Flight]]


def by_hand(values: Arguments) -> Comprehension:
    """Write the five predicates, the order and the limit."""

    def chosen(flights: Iterable[Flight]) -> list[Flight]:
        found = [
            (flight.dep_delay, flight)
            for flight in flights
            if flight.dep_delay is not None
            and flight.dep_delay > values["delay"]
            and flight.origin in values["origins"]
            and flight.distance <= values["distance"]
            and flight.month == values["month"]
            and flight.dest.startswith(values["prefix"])
        ]
        found.sort(key=lambda each: (-each[0], each[1].id))
        return [flight for _, flight in found[: values["limit"]]]

    return chosen


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Make the rows."""
    made: list[dict[str, Any]] = list(rows())
    flights = [Flight(id=number, **row) for number, row in enumerate(made, start=1)]

    async def run(query: MemoryQuery[Flight] | Comprehension) -> Sequence[Flight]:
        return query(flights) if callable(query) else query.all(flights)

    yield Contender(
        name="memory",
        peer="hand-written comprehension",
        engine=MemoryQueryEngine(Flight),
        by_hand=by_hand,
        run=run,
    )
