"""A pool that closes: what is under way may end, for a while; then all hear of it, and nothing hangs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable
from pathlib import Path

import pytest
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConnectionLost, UsageError
from queryengine_orm.sqlite import SQLitePool, connect, create_pool

from tests.orm.conftest import Place
from tests.orm.postgres_world import PATIENCE

pytestmark = pytest.mark.both_loops

ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"
LATE = 0.05
"""seconds that a pool waits for what does not end"""


async def filled(pool: Pool) -> None:
    """Make a table of four rows."""
    await pool.script("CREATE TABLE closing (n integer)")
    await pool.script("INSERT INTO closing VALUES (1), (2), (3), (4)")


async def count(pool: Pool) -> object:
    return (await pool.query("SELECT count(*) FROM closing"))[0][0]


async def test_a_transaction_of_another_task_is_waited_for(place: Place) -> None:
    async def work(pool: Pool) -> object:
        async with pool.transaction() as transaction:
            await transaction.query("INSERT INTO closing VALUES (5)")
            begun.set()
            await late.wait()
            await transaction.query("INSERT INTO closing VALUES (6)")
            return (await transaction.query("SELECT count(*) FROM closing"))[0][0]

    begun, late = asyncio.Event(), asyncio.Event()
    async with asyncio.timeout(PATIENCE):
        pool = place.pool(PATIENCE)
        async with pool:
            await filled(pool)
            task = asyncio.create_task(work(pool))
            await begun.wait()
            closing = asyncio.ensure_future(pool.close())
            await asyncio.sleep(LATE)
            assert not closing.done()
            late.set()
            assert await task == 6
            await closing


async def test_a_stream_of_another_task_is_waited_for(place: Place) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = place.pool(PATIENCE)
        async with pool:
            await filled(pool)
            stream = pool.stream("SELECT n FROM closing ORDER BY n", batch=1)
            rows = [(await anext(stream))[0][0]]
            closing = asyncio.ensure_future(pool.close())
            await asyncio.sleep(LATE)
            assert not closing.done()
            rows += [row[0] async for batch in stream for row in batch]
            assert rows == [1, 2, 3, 4]
            await closing


async def test_what_did_not_end_is_undone_and_its_holder_hears_of_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(PATIENCE):
        async with place.pool(LATE) as pool:
            await filled(pool)
            transaction = pool.transaction()
            await transaction.__aenter__()
            await transaction.query("INSERT INTO closing VALUES (5)")
        assert [record.levelno for record in caplog.records if "under way" in record.message] == [
            logging.WARNING
        ]
        assert "'acquired': 1" in caplog.text
        for call in (
            lambda: transaction.query("SELECT 1"),
            lambda: transaction.query("INSERT INTO closing VALUES (6)"),
            lambda: anext(transaction.stream("SELECT 1")),
            lambda: transaction.__aexit__(None, None, None),
        ):
            with pytest.raises(ConnectionLost):
                await call()
        if place.lasts:
            async with place.pool(PATIENCE) as pool:
                assert await count(pool) == 4


async def test_an_exception_in_a_transaction_that_was_broken_off_is_the_one_to_be_seen(
    place: Place,
) -> None:
    async with asyncio.timeout(PATIENCE):
        async with place.pool(LATE) as pool:
            await filled(pool)
            with pytest.raises(ZeroDivisionError):
                await close_and_fail(pool)


async def close_and_fail(pool: Pool) -> None:
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO closing VALUES (5)")
        await pool.close()
        raise ZeroDivisionError


async def test_a_stream_that_did_not_end_is_broken_off(place: Place) -> None:
    async with asyncio.timeout(PATIENCE):
        async with place.pool(LATE) as pool:
            await filled(pool)
            stream, other = (
                pool.stream("SELECT n FROM closing", batch=1),
                pool.stream("SELECT n FROM closing"),
            )
            await anext(stream)
        with pytest.raises(ConnectionLost):
            await anext(stream)
        with pytest.raises(UsageError, match="the pool is closed"):
            await anext(other)


async def test_those_who_wait_for_their_turn_are_told_and_those_who_come(
    place: Place,
) -> None:
    async with asyncio.timeout(PATIENCE):
        async with place.pool(LATE) as pool:
            await filled(pool)
            holders = [pool.transaction() for _ in range(1 if isinstance(pool, SQLitePool) else 3)]
            for holder in holders:
                await holder.__aenter__()
                await holder.query("INSERT INTO closing VALUES (5)")
            waiting = [asyncio.create_task(work(pool)) for work in (written, in_transaction)]
            await asyncio.sleep(0.01)
        for error in await asyncio.gather(*waiting, return_exceptions=True):
            assert isinstance(error, UsageError)
            assert str(error) == "the pool is closed"
        for work in (written, in_transaction, count):
            with pytest.raises(UsageError, match="the pool is closed"):
                await work(pool)
        for holder in holders:
            with pytest.raises(ConnectionLost):
                await holder.rollback()


async def written(pool: Pool) -> None:
    await pool.query("INSERT INTO closing VALUES (7)")


async def in_transaction(pool: Pool) -> None:
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO closing VALUES (8)")


# -- SQLite's own


async def test_what_runs_on_a_thread_is_broken_off_and_the_file_is_let_go(tmp_path: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        async with create_pool(f"{tmp_path / 'a.db'}", close_timeout=LATE) as pool:
            await filled(pool)
            async with pool.transaction() as transaction:
                calls: list[Awaitable[object]] = [
                    asyncio.ensure_future(transaction.query(f"INSERT INTO closing {ENDLESS}")),
                    asyncio.ensure_future(transaction.query("SELECT 1")),
                    asyncio.ensure_future(pool.query(ENDLESS)),
                ]
                await asyncio.sleep(0.02)
                await pool.close()
                for error in await asyncio.gather(*calls, return_exceptions=True):
                    assert isinstance(error, ConnectionLost)
                with pytest.raises(ConnectionLost):
                    await transaction.commit()
        assert not (tmp_path / "a.db-wal").exists()  # the last connection is closed


async def test_a_connection_of_its_own_closes_as_a_pool_does() -> None:
    async with asyncio.timeout(PATIENCE):
        async with await connect() as connection:
            await connection.script("CREATE TABLE t (x)")
        with pytest.raises(UsageError, match="the pool is closed"):
            await connection.query("SELECT 1")


# -- what nobody ends


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_transaction_that_is_forgotten_is_undone_and_the_next_is_not_hit(
    tmp_path: Path, read_only: bool
) -> None:
    async def forget() -> None:
        transaction = pool.transaction(read_only=read_only)
        await transaction.__aenter__()
        await transaction.query("SELECT * FROM closing" if read_only else "INSERT INTO closing VALUES (5)")

    async with asyncio.timeout(PATIENCE), create_pool(str(tmp_path / "a.db"), readers=1) as pool:
        await filled(pool)
        await asyncio.create_task(forget())
        await asyncio.create_task(written(pool))
        assert await count(pool) == 5
        async with pool.transaction() as transaction:
            await transaction.query("INSERT INTO closing VALUES (6)")
        assert await count(pool) == 6
        assert pool.statistics()["acquired"] == 0
