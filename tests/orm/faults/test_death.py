"""A server that is killed: what was promised is there afterwards, and the pool heals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from queryengine_orm.errors import ConnectionFailed, ConnectionLost, OrmError
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import connect

from tests.orm.faults.killable import Killable, killable_postgres

pytestmark = [pytest.mark.both_loops, pytest.mark.servers, pytest.mark.long]
PATIENCE = 120.0
WRITERS = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Killable]:
    """Give a server that may be killed; each test leaves it running."""
    with killable_postgres() as server:
        yield server


async def write_on(pool: PostgresPool, numbers: Iterator[int], promised: set[int]) -> int:
    """Insert numbers, each in a transaction, until the server is gone; note those that it promised."""
    while True:
        number = next(numbers)
        try:
            async with pool.transaction() as transaction:
                await transaction.query("INSERT INTO kept VALUES ($1)", [number])
        except OrmError:
            return number
        promised.add(number)


async def ask_until_healed(pool: PostgresPool) -> set[object]:
    """Return what was kept, as soon as the pool can say."""
    while True:
        try:
            return {row[0] for row in await pool.query("SELECT n FROM kept")}
        except OrmError:
            await asyncio.sleep(0.05)


async def test_what_was_promised_before_a_kill_is_there_after_it(server: Killable) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(server.dsn(), minimum=WRITERS, maximum=WRITERS, acquire_timeout=5.0)
        async with pool:
            await pool.script("DROP TABLE IF EXISTS kept; CREATE TABLE kept (n int PRIMARY KEY)")
            numbers, promised = iter(range(10**9)), set[int]()
            writers = [asyncio.ensure_future(write_on(pool, numbers, promised)) for _ in range(WRITERS)]
            await asyncio.sleep(0.3)
            await asyncio.to_thread(server.kill)
            unsure = set(await asyncio.gather(*writers))
            await asyncio.to_thread(server.start)
            kept = await ask_until_healed(pool)
    assert promised
    assert promised <= kept <= promised | unsure


async def test_calls_under_way_fail_and_new_ones_say_that_there_is_no_server(server: Killable) -> None:
    async with asyncio.timeout(PATIENCE):
        connection = await connect(server.dsn())
        call = connection.query("SELECT pg_sleep(60)")
        await asyncio.sleep(0.05)
        await asyncio.to_thread(server.kill)
        with pytest.raises(ConnectionLost):
            await call
        with pytest.raises(ConnectionFailed):
            await connect(server.dsn())
        await asyncio.to_thread(server.start)
        async with await connect(server.dsn()) as connection:
            assert [tuple(row) for row in await connection.query("SELECT 1")] == [(1,)]
