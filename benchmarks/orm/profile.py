"""Where the time goes, step by step beside a peer's whole: of one row by its key, of many rows to objects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Final, TypeAlias

from queryengine_orm.mapping import mapper_of
from queryengine_orm.objects import ObjectReader
from queryengine_orm.pool import create_pool

from benchmarks.harness import SLICES, Row, Runner, coroutines, measure, row
from benchmarks.orm.bare import answered, drained
from benchmarks.orm.cores import apart, computed
from benchmarks.orm.people import MANY, Side
from benchmarks.orm.sides import asyncpg, ours, sqlalchemy
from benchmarks.orm.sides.asyncpg import GET, MANY_ROWS
from tests.servers.postgres import PostgresServer

__all__ = ["rows"]

Clock: TypeAlias = Callable[[], float]
Step: TypeAlias = Callable[[asyncio.AbstractEventLoop, Clock], Runner]
Steps: TypeAlias = dict[str, Step]
"""by their names, each with all before it where it is ours; the last is the peer's"""

GET_BY_SESSION: Final = "session: the row one object of the session"
MANY_BY_SESSION: Final = "session: and each row one object of the session"
BARS: Final = {GET_BY_SESSION: 0.1, MANY_BY_SESSION: 0.05}
KEY: Final = 41
WALL: Final = "time"
CLIENT: Final = "CPU of the client"


def rows(
    server: PostgresServer, name: str, new_loop: Callable[[], asyncio.AbstractEventLoop], rounds: int
) -> list[Row]:
    """Measure all steps by turns on a kind of event loop: the time, and what is computed for them."""
    clocks: dict[str, Clock] = {
        WALL: time.perf_counter,
        "CPU of client and server": lambda: time.process_time() + computed(server.pid),
        CLIENT: time.process_time,
    }
    short = {each: clocks[each] for each in (WALL, CLIENT)}  # a look at the server's takes longer than a get
    with asyncio.Runner(loop_factory=new_loop) as runner:
        with apart(server.pid):
            got = _compared(runner, _gets(server), f"{name}, get", short, rounds=rounds, turns=SLICES)
        many = _compared(runner, _many(server), f"{name}, {MANY:,} rows", clocks, rounds=rounds, turns=1)
    return [*got, *many]


def _compared(
    runner: asyncio.Runner,
    opened: AbstractAsyncContextManager[tuple[Steps, Side]],
    what: str,
    clocks: dict[str, Clock],
    *,
    rounds: int,
    turns: int,
) -> list[Row]:
    steps, peer = runner.run(opened.__aenter__())
    label = f"{peer.name} {peer.version}"
    found: list[Row] = []
    try:
        for clock_name, clock in clocks.items():
            runners = [make(runner.get_loop(), clock) for make in steps.values()]
            *taken, whole = measure(runners, rounds=rounds, turns=turns, collects=True)
            found += [
                row(f"{what}, {clock_name}: {name}", label, ours_us=own, peer_us=whole, bar=BARS.get(name))
                for name, own in zip(steps, taken, strict=False)  # the last is the peer itself
            ]
    finally:
        runner.run(opened.__aexit__(None, None, None))
    return found


def _of(work: Callable[[], Awaitable[object]]) -> Step:
    return lambda loop, clock: coroutines(loop, work, clock)


@asynccontextmanager
async def _gets(server: PostgresServer) -> AsyncGenerator[tuple[Steps, Side]]:
    """Give the steps of a get by the primary key."""
    url = server.url()
    async with AsyncExitStack() as stack:
        ask = await stack.enter_async_context(answered(url, GET, KEY))
        pool, session = await stack.enter_async_context(ours.opened(url, 1))
        (records,) = await stack.enter_async_context(asyncpg.opened(url, 1))
        (peer,) = await stack.enter_async_context(sqlalchemy.opened(server.asyncpg_url, 1))
        yield (
            {
                "the bytes alone, by a protocol that only counts them": _of(ask),
                "pool: the row, its values decoded": _of(lambda: pool.get(KEY)),
                GET_BY_SESSION: _of(lambda: session.get(KEY)),
                "asyncpg: the record, by its pool": _of(lambda: records.get(KEY)),
                peer.name: _of(lambda: peer.get(KEY)),
            },
            peer,
        )


@asynccontextmanager
async def _many(server: PostgresServer) -> AsyncGenerator[tuple[Steps, Side]]:
    """Give the steps of many rows to objects."""
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

        yield (
            {
                "the bytes alone, by a socket that nobody parses": _of(bytes_only),
                "pool: rows found in the bytes, no value decoded": _of(
                    lambda: pool.query(MANY_ROWS, clean=True)
                ),
                "pool: values decoded, objects made and dropped": _of(objects),
                MANY_BY_SESSION: _of(session.many),
                "of these, dropping the objects": lambda loop, clock: _dropping(loop, session, clock),
                "asyncpg: records": _of(lambda: records.fetch(MANY_ROWS)),
                "asyncpg: dataclasses": _of(dataclasses.many),
                peer.name: _of(peer.many),
            },
            peer,
        )


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
