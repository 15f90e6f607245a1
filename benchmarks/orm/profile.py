"""Where the time of many rows to objects goes: each step of ours beside SQLAlchemy's ORM, which does all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

from queryengine_orm.mapping import mapper_of
from queryengine_orm.objects import ObjectReader
from queryengine_orm.pool import create_pool

from benchmarks.harness import Row, Runner, coroutines, measure, row
from benchmarks.orm.bare import drained
from benchmarks.orm.cores import computed
from benchmarks.orm.people import MANY, Side
from benchmarks.orm.sides import asyncpg, ours, sqlalchemy
from benchmarks.orm.sides.asyncpg import MANY_ROWS
from tests.servers.postgres import PostgresServer

__all__ = ["rows"]

Clock: TypeAlias = Callable[[], float]
Step: TypeAlias = Callable[[Clock], Runner]

ALL: Final = "session: and each row one object of the session"
BARS: Final = {ALL: 0.05}


def rows(server: PostgresServer, rounds: int) -> list[Row]:
    """Measure all steps by turns: the time on the wall, what both sides compute, what this one computes."""
    clocks: dict[str, Clock] = {
        "time": time.perf_counter,
        "CPU of client and server": lambda: time.process_time() + computed(server.pid),
        "CPU of the client": time.process_time,
    }
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        context = _opened(server, loop)
        steps, peer = runner.run(context.__aenter__())
        try:
            return [
                each
                for name, clock in clocks.items()
                for each in _rows(f"{MANY:,} rows, {name}", clock, steps, peer, rounds)
            ]
        finally:
            runner.run(context.__aexit__(None, None, None))


def _rows(what: str, clock: Clock, steps: dict[str, Step], peer: Side, rounds: int) -> list[Row]:
    *taken, whole = measure([make(clock) for make in steps.values()], rounds=rounds, turns=1)
    label = f"{peer.name} {peer.version}"
    return [
        row(f"{what}: {name}", label, ours_us=own, peer_us=whole, bar=BARS.get(name))
        for name, own in zip(steps, taken, strict=False)  # the last is the peer itself
    ]


@asynccontextmanager
async def _opened(
    server: PostgresServer, loop: asyncio.AbstractEventLoop
) -> AsyncGenerator[tuple[dict[str, Step], Side]]:
    """Give the steps by their names, each with all before it where it is ours; the last is the peer's."""
    url = server.url()
    async with AsyncExitStack() as stack:
        drain = stack.enter_context(drained(url, MANY_ROWS))
        pool = await stack.enter_async_context(await create_pool(url, maximum=1))
        _, session = await stack.enter_async_context(ours.opened(url, 1))
        records = await stack.enter_async_context(asyncpg.asyncpg.create_pool(url, min_size=1, max_size=1))
        (dataclasses,) = await stack.enter_async_context(asyncpg.opened(url, 1))
        (peer,) = await stack.enter_async_context(sqlalchemy.opened(server.asyncpg_url, 1))
        mapper = mapper_of(ours.Someone)
        reader = ObjectReader(mapper, tuple(mapper.columns.values()), "postgresql")

        async def bytes_only() -> object:
            return drain()

        async def objects() -> object:
            return reader.read(await pool.query(MANY_ROWS, result=reader.kinds, clean=True))

        def of(work: Callable[[], Awaitable[object]]) -> Step:
            return lambda clock: coroutines(loop, work, clock)

        steps: dict[str, Step] = {
            "the bytes alone, by a socket that nobody parses": of(bytes_only),
            "pool: rows found in the bytes, no value decoded": of(lambda: pool.query(MANY_ROWS, clean=True)),
            "pool: values decoded, objects made and dropped": of(objects),
            ALL: of(session.many),
            "of these, dropping the objects": lambda clock: _dropping(loop, session, clock),
            "asyncpg: records": of(lambda: records.fetch(MANY_ROWS)),
            "asyncpg: dataclasses": of(dataclasses.many),
            peer.name: of(peer.many),
        }
        yield steps, peer


def _dropping(loop: asyncio.AbstractEventLoop, side: Side, clock: Clock) -> Runner:
    """Return a runner that reads off the clock, and on it drops what was read."""

    def run(times: int) -> float:
        seconds = 0.0
        for _ in range(times):
            kept = loop.run_until_complete(side.many())
            start = clock()
            del kept
            seconds += clock() - start
        return seconds

    return run
