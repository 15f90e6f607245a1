"""The long runs of the companion, by `make soak`; each part says what it counted, or raises.

    python -m scripts.soak --scale 0.01 --loop uvloop

A million queries and thousands of connections in flat memory; ten thousand cancellations with a canary;
PostgreSQL killed during a thousand transactions, of which all that were promised are there afterwards.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import uvloop
from queryengine_orm.errors import OrmError
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import connect

from tests.orm.faults.killable import Killable, killable_postgres
from tests.orm.faults.storm import Storm

LOOPS: Final[Mapping[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
QUERIES = 1_000_000
CANCELS = 10_000
CONNECTS = 1_000
TRANSACTIONS = 1_000
TASKS = 50
SPARE = 8 << 20
"""by how many bytes the memory may grow, which is what an allocator keeps"""


def memory() -> int:
    """Return how many bytes of memory this process has."""
    gc.collect()
    (line,) = (
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS")
    )
    return int(line.split()[1]) * 1024


def descriptors() -> int:
    """Return how many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


class Flat:
    """Memory, descriptors and tasks, which at the end are what they were."""

    def __init__(self) -> None:
        self.memory, self.descriptors, self.tasks = memory(), descriptors(), len(asyncio.all_tasks())

    def check(self, what: str) -> None:
        """Raise if something has grown."""
        grown = memory() - self.memory
        print(
            f"{what}: memory {grown / 1024:+.0f} KiB, descriptors {descriptors() - self.descriptors:+d}",
            flush=True,
        )
        assert grown <= SPARE, f"{grown} bytes of memory were not given back"
        assert descriptors() <= self.descriptors, "descriptors were not closed"
        assert len(asyncio.all_tasks()) <= self.tasks, "tasks were left"


async def ask(pool: PostgresPool, queries: int) -> None:
    """Ask and check, by many tasks at once."""
    numbers = iter(range(queries))

    async def work() -> None:
        for number in numbers:
            rows = await pool.query("SELECT $1::int, $2::text", [number, "text"], clean=True)
            assert tuple(rows[0]) == (number, "text")

    await asyncio.gather(*(work() for _ in range(TASKS)))


async def soak_queries(dsn: str, queries: int) -> None:
    """A million queries leave nothing behind."""
    async with await create_pool(dsn, minimum=4, maximum=4) as pool:
        await ask(pool, queries // 10)
        flat, begun = Flat(), time.monotonic()
        await ask(pool, queries)
        rate = queries / (time.monotonic() - begun)
        flat.check(f"{queries} queries, {rate:.0f} a second")


async def soak_connects(dsn: str, connects: int) -> None:
    """A thousand connections leave nothing behind."""

    async def use() -> None:
        async with await connect(dsn) as connection:
            await connection.query("SELECT 1")

    for _ in range(1 + connects // 20):  # an event loop opens something of its own with the first
        await asyncio.gather(use(), use())
    flat = Flat()
    for _ in range(connects // 2):
        await asyncio.gather(use(), use())
    await asyncio.sleep(0.1)
    flat.check(f"{connects} connections")


async def soak_cancels(dsn: str, cancels: int, seed: int) -> None:
    """Ten thousand queries, cancelled at moments of chance: no answer reaches another's task."""
    async with await create_pool(dsn, minimum=0, maximum=8, acquire_timeout=60.0) as pool:
        storm = Storm(pool, seed)
        await storm.blow(cancels, tasks=TASKS)
        counts = pool.statistics()
        print(
            f"{storm.answered} answered, {storm.cancelled} cancelled, seed {seed}: {dict(counts)}", flush=True
        )
        assert storm.failures == [], storm.failures[:3]
        assert counts["acquired"] == counts["waiting"] == 0


async def write_on(pool: PostgresPool, numbers: Iterator[int], promised: set[int], unsure: set[int]) -> None:
    """Insert numbers, each in a transaction, until the server is gone."""
    for number in numbers:
        unsure.add(number)
        try:
            async with pool.transaction() as transaction:
                # Without a reset in between, each writer has its connection all the time.
                await transaction.query("INSERT INTO kept VALUES ($1)", [number], clean=True)
        except OrmError:
            return
        unsure.discard(number)
        promised.add(number)


async def soak_kill(server: Killable, transactions: int) -> None:
    """What was promised in transactions that a kill broke off is there when the server is up again."""
    pool = await create_pool(
        server.dsn(), minimum=0, maximum=transactions, acquire_timeout=120.0, connect_timeout=120.0
    )
    async with pool:
        await pool.script("CREATE TABLE kept (n int PRIMARY KEY)")
        promised, unsure, numbers = set[int](), set[int](), iter(range(10**9))
        writers = [
            asyncio.ensure_future(write_on(pool, numbers, promised, unsure)) for _ in range(transactions)
        ]
        # Every writer has a connection, and each has written once or so.
        while pool.statistics()["acquired"] < transactions or len(promised) < transactions:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        await asyncio.to_thread(server.kill)
        await asyncio.gather(*writers)
        await asyncio.to_thread(server.start)
        async with await connect(server.dsn()) as connection:
            kept = {row[0] for row in await connection.query("SELECT n FROM kept")}
    print(
        f"killed during {transactions} transactions: {len(promised)} promised, {len(unsure)} unsure, "
        f"{len(kept)} kept",
        flush=True,
    )
    assert promised <= kept <= promised | unsure


async def run(scale: float, seed: int) -> None:
    """Run every part at a scale."""
    with killable_postgres(connections=TRANSACTIONS + 20) as server:
        await soak_connects(server.dsn(), int(CONNECTS * scale))
        await soak_queries(server.dsn(), int(QUERIES * scale))
        await soak_cancels(server.dsn(), int(CANCELS * scale), seed)
        await soak_kill(server, int(TRANSACTIONS * scale))


def main() -> None:
    """Run it from the command line."""
    logging.getLogger("queryengine_orm").setLevel(logging.ERROR)  # a killed server is no news
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the whole, such as 0.01")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**31), help="of the cancellations")
    parser.add_argument("--loop", choices=LOOPS, default="asyncio", help="the event loop")
    arguments = parser.parse_args()
    with asyncio.Runner(loop_factory=LOOPS[arguments.loop]) as runner:
        runner.run(run(arguments.scale, arguments.seed))


if __name__ == "__main__":
    main()
