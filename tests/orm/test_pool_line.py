"""Who gets which connection of a pool: nobody waits behind one that is at work while another is free."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable
from contextlib import asynccontextmanager

import pytest
from queryengine_orm.connecting import connect_pool
from queryengine_orm.connection import Connection
from queryengine_orm.errors import ConfigurationError, ParameterError, PoolTimeout, UsageError
from queryengine_orm.pool import PostgresPool, create_pool

from tests.orm.postgres_world import PATIENCE, connected, until
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

WAIT = "SELECT pg_advisory_xact_lock_shared($1), $1"
WAITING = "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = $1"


@asynccontextmanager
async def pooled(
    server: PostgresServer,
    *,
    minimum: int = 1,
    maximum: int = 2,
    pipeline: int = 8,
    acquire_timeout: float = 10.0,
    idle_check: float = 30.0,
) -> AsyncGenerator[PostgresPool]:
    async with (
        asyncio.timeout(PATIENCE),
        create_pool(
            server.url(),
            minimum=minimum,
            maximum=maximum,
            pipeline=pipeline,
            acquire_timeout=acquire_timeout,
            idle_check=idle_check,
        ) as pool,
    ):
        yield pool


class Gate:
    """What holds up every call for it until it is opened: a lock of a number of its own."""

    def __init__(self, keeper: Connection, number: int) -> None:
        self.keeper = keeper
        self.number = number

    def call(self, pool: PostgresPool) -> asyncio.Future[int]:
        """Ask for what answers with the gate's number when the gate is open."""

        async def answered() -> int:
            rows = await answer
            return int(rows[0][1])

        answer = pool.query(WAIT, (self.number,), clean=True)
        return asyncio.ensure_future(answered())

    async def holds(self, calls: int) -> None:
        """Wait until so many calls run and are held up."""
        while (await self.keeper.query(WAITING, (self.number,)))[0][0] != calls:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def open(self) -> None:
        """Let all go on."""
        await self.keeper.query("SELECT pg_advisory_unlock($1)", (self.number,))


@asynccontextmanager
async def gates(server: PostgresServer, *numbers: int) -> AsyncGenerator[list[Gate]]:
    async with connected(server) as keeper:
        for number in numbers:
            await keeper.query("SELECT pg_advisory_lock($1)", (number,))
        yield [Gate(keeper, number) for number in numbers]


# -- one that is slow, and the others


async def test_calls_of_a_cold_pool_run_side_by_side(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=4) as pool, gates(postgres, 501) as (gate,):
        calls = [gate.call(pool) for _ in range(4)]
        await gate.holds(4)
        await gate.open()
        assert await asyncio.gather(*calls) == [501] * 4
        assert pool.statistics()["opened"] == 4


async def test_quick_calls_do_not_wait_for_a_slow_one(postgres: PostgresServer) -> None:
    async with pooled(postgres, minimum=3, maximum=3) as pool, gates(postgres, 502) as (gate,):
        slow = gate.call(pool)
        await gate.holds(1)
        for clean in (True, False):
            rows = await asyncio.gather(*[pool.query("SELECT 1", clean=clean) for _ in range(60)])
            assert [row[0] for (row,) in rows] == [1] * 60
        assert not slow.done()
        await gate.open()
        assert await slow == 502


async def test_a_transaction_does_not_wait_for_a_slow_call(postgres: PostgresServer) -> None:
    async def work(pool: PostgresPool, number: int) -> object:
        async with pool.transaction() as transaction:
            return (await transaction.query("SELECT $1::int4", (number,)))[0][0]

    async with pooled(postgres, minimum=2, maximum=2) as pool, gates(postgres, 503) as (gate,):
        slow = gate.call(pool)
        await gate.holds(1)
        assert await asyncio.gather(*(work(pool, number) for number in range(20))) == list(range(20))
        assert not slow.done()
        await gate.open()
        assert await slow == 503


async def test_who_borrows_waits_in_the_line_and_not_behind_a_call(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1, acquire_timeout=0.05) as pool, gates(postgres, 504) as (gate,):
        slow = gate.call(pool)
        await gate.holds(1)
        with pytest.raises(PoolTimeout, match="0 of 1 are held, 1 run calls, 0 are being opened, 0 wait"):
            async with pool.acquire():
                pytest.fail("it was lent behind a call")
        assert pool.statistics()["acquired"] == 0
        await gate.open()
        assert await slow == 504
        async with pool.acquire() as connection:
            assert connection.load == 0


# -- how many travel together


async def test_calls_of_one_turn_travel_together_when_there_is_no_other_connection(
    postgres: PostgresServer,
) -> None:
    async with pooled(postgres, maximum=1, pipeline=3) as pool, gates(postgres, 505) as (gate,):
        await pool.query(WAIT, (1,), clean=True)  # prepared
        first = [gate.call(pool) for _ in range(5)]
        assert (pool.statistics()["under_way"], pool.statistics()["waiting"]) == (3, 2)
        await gate.holds(1)
        later = gate.call(pool)
        assert (pool.statistics()["under_way"], pool.statistics()["waiting"]) == (3, 3)
        await gate.open()
        assert await asyncio.gather(*first, later) == [505] * 6


async def test_with_a_pipeline_of_one_each_call_has_the_connection_to_itself(
    postgres: PostgresServer,
) -> None:
    async with pooled(postgres, maximum=1, pipeline=1) as pool, gates(postgres, 506) as (gate,):
        calls = [gate.call(pool) for _ in range(3)]
        await gate.holds(1)
        assert (pool.statistics()["under_way"], pool.statistics()["waiting"]) == (1, 2)
        await gate.open()
        assert await asyncio.gather(*calls) == [506] * 3


async def test_a_connection_that_gets_free_takes_its_share_of_what_waits(postgres: PostgresServer) -> None:
    async with (
        pooled(postgres, minimum=2, maximum=2) as pool,
        gates(postgres, 507, 508, 509) as (one, other, last),
    ):
        held = [one.call(pool)]
        await one.holds(1)
        held.append(other.call(pool))
        await other.holds(1)
        waiting = [last.call(pool) for _ in range(6)]
        assert pool.statistics()["waiting"] == 6
        await one.open()
        await last.holds(1)
        assert (pool.statistics()["under_way"], pool.statistics()["waiting"]) == (1 + 3, 3)
        await last.open()
        await asyncio.gather(*waiting)
        assert not held[1].done()
        await other.open()
        await asyncio.gather(*held)


def test_a_pipeline_of_none_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(ConfigurationError, match="pipeline"):
        _ = create_pool(postgres.url(), pipeline=0)


# -- those who wait no longer


async def test_a_call_that_is_cancelled_while_it_waits_is_never_sent(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool, gates(postgres, 510) as (gate,):
        slow = gate.call(pool)
        await gate.holds(1)
        waiting = [asyncio.ensure_future(pool.query("SELECT 1 / $1::int4", (n,))) for n in (0, 1)]
        waiting[0].cancel()
        await asyncio.sleep(0)
        assert pool.statistics()["waiting"] == 1
        await gate.open()
        assert await slow == 510
        assert (await waiting[1])[0][0] == 1
        assert waiting[0].cancelled()


async def test_a_call_that_cannot_be_written_frees_its_connection(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool:
        for _ in range(2):
            with pytest.raises(ParameterError):
                await pool.query("SELECT $1::int4", ("no number",), clean=True)
        answers = await asyncio.gather(
            *[pool.query("SELECT $1::int4", (n or "none",), clean=True) for n in range(20)],
            return_exceptions=True,
        )
        assert isinstance(answers[0], ParameterError)
        assert not any(isinstance(answer, BaseException) for answer in answers[1:])
        async with pool.acquire() as connection:
            assert connection.load == 0


async def test_queries_that_wait_are_served_by_a_pool_that_closes_and_no_others(
    postgres: PostgresServer,
) -> None:
    async with pooled(postgres, maximum=1, pipeline=1) as pool, gates(postgres, 511) as (gate,):
        slow, waits = gate.call(pool), pool.query("SELECT 7")
        waiting: tuple[Awaitable[object], ...] = (
            pool.transaction().__aenter__(),
            pool.execute_many("SELECT $1::int", [[1]]),
            pool.copy_rows("nowhere", ["n"], [[1]]),
            pool.script("SELECT 1"),
            anext(pool.stream("SELECT 1")),
        )
        borrows = [asyncio.ensure_future(each) for each in waiting]
        await gate.holds(1)
        closing = asyncio.ensure_future(pool.close())
        for each in borrows:
            with pytest.raises(UsageError, match="closed"):
                await each
        with pytest.raises(UsageError, match="closed"):
            await pool.query("SELECT 8")
        await gate.open()
        assert (await waits)[0][0] == 7
        assert await slow == 511
        await closing


async def test_connections_that_were_idle_for_long_are_asked_and_used_again(
    postgres: PostgresServer,
) -> None:
    async with pooled(postgres, minimum=2, maximum=2, idle_check=0.0) as pool:
        for _ in range(5):
            assert [row[0] for (row,) in await asyncio.gather(*[pool.query("SELECT 1") for _ in range(6)])]
        await until(lambda: pool.statistics()["idle"] == 2)
        assert pool.statistics()["opened"] == 2


# -- a pool that is not open


async def test_a_pool_is_used_between_its_opening_and_its_close(postgres: PostgresServer) -> None:
    for url in (postgres.url(), "sqlite://"):
        pool = connect_pool(url)
        with pytest.raises(UsageError, match="not open"):
            await pool.query("SELECT 1")
        with pytest.raises(UsageError, match="not open"):
            await pool.transaction().__aenter__()
        async with pool:
            await pool.query("SELECT 1")
        with pytest.raises(UsageError, match="closed"):
            await pool.query("SELECT 1")
        with pytest.raises(UsageError, match="closed"):
            await pool.transaction().__aenter__()
