"""Who uses a pool from another event loop than its own is told so at once, and the pool is unharmed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Final

import pytest
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UsageError
from queryengine_orm.sqlite import create_pool

from tests.orm.conftest import Place
from tests.orm.postgres_world import PATIENCE

OTHER: Final = "of another event loop"


async def read(pool: Pool) -> object:
    return (await pool.query("SELECT 1"))[0][0]


async def write(pool: Pool) -> None:
    await pool.query("INSERT INTO others VALUES (1)")


async def write_many(pool: Pool) -> None:
    await pool.execute_many("INSERT INTO others VALUES (2)", [()])


async def script(pool: Pool) -> None:
    await pool.script("INSERT INTO others VALUES (3)")


async def transact(pool: Pool) -> None:
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO others VALUES (4)")


async def stream(pool: Pool) -> None:
    async for rows in pool.stream("SELECT 1"):
        raise AssertionError(rows)


async def borrow(pool: Pool) -> None:
    async with pool.acquire() as connection:
        await connection.query("SELECT 1")


async def close(pool: Pool) -> None:
    await pool.close()


WAYS: Final[tuple[Callable[[Pool], Coroutine[None, None, object]], ...]] = (
    read,
    write,
    write_many,
    script,
    transact,
    stream,
    borrow,
    close,
)


async def elsewhere(work: Callable[[], Awaitable[object]]) -> None:
    """Do it on a loop of another thread."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await work()

    await asyncio.to_thread(lambda: asyncio.run(bounded()))


@pytest.mark.both_loops
async def test_a_pool_is_of_the_loop_that_opened_it(place: Place) -> None:
    async with asyncio.timeout(PATIENCE), place.pool(PATIENCE) as pool:
        await pool.script("CREATE TABLE others (n integer)")
        for way in WAYS * 2:
            with pytest.raises(UsageError, match=OTHER):
                await elsewhere(partial(way, pool))
        async with pool.transaction() as transaction:
            with pytest.raises(UsageError, match=OTHER):
                await elsewhere(lambda: transaction.query("INSERT INTO others VALUES (5)"))
            await transaction.query("INSERT INTO others VALUES (6)")
        assert (await pool.query("SELECT n FROM others")).column(0) == [6]
        statistics = pool.statistics()
        assert (statistics["acquired"], statistics["waiting"]) == (0, 0)


def test_a_pool_that_outlived_its_loop_says_so(tmp_path: Path) -> None:
    async def opened() -> Pool:
        return await create_pool(str(tmp_path / "a.db"))

    pool = asyncio.run(opened())
    for way in WAYS:
        with pytest.raises(UsageError, match=OTHER):
            asyncio.run(way(pool))
