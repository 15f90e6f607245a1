"""A pool whose connections are held, leaked or never made: an error in time that says who holds what."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConnectionFailed, OrmError, PoolTimeout
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import connect
from queryengine_orm.sqlite import create_pool as create_sqlite_pool

from tests.orm.faults.liar import Wire, serving
from tests.servers.postgres import PostgresServer, free_port

pytestmark = pytest.mark.both_loops

PATIENCE = 20.0


async def pool_of(server: PostgresServer, *, maximum: int = 2, acquire_timeout: float = 0.1) -> PostgresPool:
    """Return a small pool with little patience."""
    dsn = f"{server.url()}?sslmode=disable"
    return await create_pool(dsn, minimum=0, maximum=maximum, acquire_timeout=acquire_timeout)


def descriptors_open() -> int:
    """Return how many files and sockets this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def hold(pool: PostgresPool, held: asyncio.Event, release: asyncio.Event) -> None:
    """Hold a connection until it is to be let go."""
    async with pool.acquire():
        held.set()
        await release.wait()


async def test_a_pool_that_is_used_up_says_who_holds_its_connections(postgres: PostgresServer) -> None:
    async with asyncio.timeout(PATIENCE), await pool_of(postgres) as pool:
        release = asyncio.Event()
        holders: list[asyncio.Task[None]] = []
        for name in ("the first holder", "the second holder"):
            held = asyncio.Event()
            holders.append(asyncio.create_task(hold(pool, held, release), name=name))
            await held.wait()
        with pytest.raises(PoolTimeout, match=r"the first holder.*the second holder"):
            await hold(pool, asyncio.Event(), release)
        with pytest.raises(PoolTimeout):
            await pool.query("SELECT 1")
        release.set()
        await asyncio.gather(*holders)
        assert [tuple(row) for row in await pool.query("SELECT 1")] == [(1,)]
        assert pool.statistics()["acquired"] == pool.statistics()["waiting"] == 0


@pytest.mark.parametrize("death", ["an error", "a cancellation"])
async def test_a_connection_of_a_task_that_died_comes_back_clean(
    postgres: PostgresServer, death: str
) -> None:
    async def die(pool: PostgresPool, begun: asyncio.Event) -> None:
        async with pool.acquire() as connection:
            await connection.query("SET search_path TO nowhere")
            await connection.query("BEGIN")
            begun.set()
            if death == "an error":
                raise LookupError
            await connection.query("SELECT pg_sleep(60)")

    async with asyncio.timeout(PATIENCE), await pool_of(postgres, maximum=1, acquire_timeout=10) as pool:
        begun = asyncio.Event()
        task = asyncio.create_task(die(pool, begun))
        await begun.wait()
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises((LookupError, asyncio.CancelledError)):
            await task
        async with pool.acquire() as connection:
            (row,) = await connection.query("SHOW search_path")
            assert row[0] == '"$user", public'


async def leak(pool: Pool, kept: list[object]) -> None:
    """Take what there is, and end without giving it back."""
    taken = pool.transaction() if pool.dialect == "sqlite" else pool.acquire()
    kept.append(taken)
    await taken.__aenter__()


async def test_a_connection_that_a_dead_task_leaked_is_known_by_its_name(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    sqlite_pool = create_sqlite_pool(str(tmp_path / "a.db"), acquire_timeout=0.1)
    pools: list[Pool] = [await pool_of(postgres, maximum=1), sqlite_pool]
    for pool in pools:
        async with asyncio.timeout(PATIENCE), pool:
            kept: list[object] = []
            await asyncio.create_task(leak(pool, kept), name="the one who died")
            for _ in range(2):
                with pytest.raises(PoolTimeout, match=r"'?the one who died'?,? for \d"):
                    await pool.script("CREATE TABLE IF NOT EXISTS never (n int)")
            kept.clear()
            gc.collect()
            await pool.script("SELECT 1")  # what nobody can give back any more comes back by itself


async def test_many_more_tasks_than_connections_all_get_their_turn(postgres: PostgresServer) -> None:
    async def work(pool: PostgresPool, number: int) -> object:
        async with pool.transaction() as transaction:
            (row,) = await transaction.query("SELECT $1::int", [number])
            return row[0]

    async with asyncio.timeout(PATIENCE), await pool_of(postgres, maximum=3, acquire_timeout=15) as pool:
        assert await asyncio.gather(*(work(pool, number) for number in range(200))) == list(range(200))
        assert pool.statistics()["size"] <= 3


async def test_waiters_that_are_cancelled_take_nothing_with_them(postgres: PostgresServer) -> None:
    async with asyncio.timeout(PATIENCE), await pool_of(postgres, maximum=1, acquire_timeout=10) as pool:
        held, release = asyncio.Event(), asyncio.Event()
        holder = asyncio.create_task(hold(pool, held, release))
        await held.wait()
        waiters = [asyncio.create_task(hold(pool, asyncio.Event(), release)) for _ in range(10)]
        await asyncio.sleep(0.02)
        for waiter in waiters[::2]:
            waiter.cancel()
        release.set()
        await holder
        outcomes = await asyncio.gather(*waiters, return_exceptions=True)
        assert [isinstance(one, asyncio.CancelledError) for one in outcomes] == [True, False] * 5
        assert pool.statistics()["acquired"] == 0


async def test_a_server_that_is_not_there_is_said_and_not_waited_for() -> None:
    pool = await create_pool(f"postgresql://ada@127.0.0.1:{free_port()}/db?sslmode=disable", minimum=0)
    async with asyncio.timeout(PATIENCE), pool:
        with pytest.raises(ConnectionFailed):
            await pool.query("SELECT 1")


async def test_a_server_that_never_lets_in_leaves_nobody_waiting() -> None:
    async def conversation(wire: Wire) -> None:
        await wire.hear_out()

    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        pool = await create_pool(served.dsn(connect_timeout="0.1"), minimum=0, maximum=1, acquire_timeout=0.3)
        async with pool:
            for _ in range(2):
                with pytest.raises(OrmError):
                    await pool.query("SELECT 1")


@pytest.mark.long
async def test_connects_and_disconnects_leave_no_task_and_no_descriptor(postgres: PostgresServer) -> None:
    async def use() -> None:
        async with await connect(f"{postgres.url()}?sslmode=disable") as connection:
            await connection.query("SELECT 1")

    await use()
    tasks, descriptors = len(asyncio.all_tasks()), descriptors_open()
    for _ in range(100):
        await asyncio.gather(use(), use())
    await asyncio.sleep(0.05)
    assert len(asyncio.all_tasks()) == tasks
    assert descriptors_open() <= descriptors


async def test_connections_that_cannot_be_opened_are_told_of_once_in_a_while(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    dsn = f"postgresql://{postgres.user}@{postgres.host}:{free_port()}/x?sslmode=disable"
    async with asyncio.timeout(PATIENCE), create_pool(dsn, minimum=0, maximum=10) as pool:
        answers = await asyncio.gather(*(pool.query("SELECT 1") for _ in range(10)), return_exceptions=True)
        assert {type(answer) for answer in answers} == {ConnectionFailed}
        assert len([record for record in caplog.records if "could not be opened" in record.message]) == 1
