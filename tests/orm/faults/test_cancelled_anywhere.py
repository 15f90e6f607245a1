"""A task that is cancelled wherever it waits: all of its work is done or none, and others find all clean."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, mapped_column
from queryengine_orm.driver import Pool, Rows
from queryengine_orm.pool import create_pool as create_postgres_pool
from queryengine_orm.sqlite import create_pool

from tests.orm.faults.moments import MOMENTS, cancelled_at
from tests.orm.postgres_world import until
from tests.servers.postgres import PostgresServer

pytestmark = [pytest.mark.both_loops, pytest.mark.long]

PATIENCE = 60.0
MOST = 100
"""points that no work has"""
TABLES = (
    "CREATE TABLE pairs (id INTEGER PRIMARY KEY, n INTEGER NOT NULL);"
    "CREATE TABLE two (i INTEGER NOT NULL); INSERT INTO two VALUES (0), (1)"
)
LONG = (
    "WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 3000)"
    " SELECT CAST($1 AS INTEGER) FROM c"
)


class Base(DeclarativeBase):
    """The base of one class."""


class Pair(Base):
    """One row of two."""

    __tablename__ = "pairs"

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    n: Mapped[int]


Work = Callable[[Pool, int], Coroutine[Any, Any, object]]


def sql(pool: Pool, words: str) -> str:
    """Return a statement with the placeholders of the pool's database."""
    return words if pool.dialect == "postgresql" else words.replace("$", "?")


def pair(number: int) -> list[tuple[int, int]]:
    """Return the two rows of a number: they are there together or not at all."""
    return [(2 * number, number), (2 * number + 1, number)]


async def query(pool: Pool, number: int) -> Rows:
    return await pool.query(sql(pool, "SELECT CAST($1 AS INTEGER)"), [number], clean=True)


async def query_at_first_sight(pool: Pool, number: int) -> object:
    return await pool.query(sql(pool, f"SELECT CAST($1 AS INTEGER) -- {number}"), [number], clean=True)


async def query_for_long(pool: Pool, number: int) -> object:
    return await pool.query(sql(pool, LONG), [number])


async def leave_something(pool: Pool, number: int) -> object:
    words = (
        "SELECT set_config('search_path', 'nowhere', false)" if pool.dialect == "postgresql" else "SELECT 1"
    )
    return await pool.query(f"{words} -- {number}")


async def write_one(pool: Pool, number: int) -> object:
    return await pool.query(sql(pool, "INSERT INTO pairs SELECT $1 + i, $2 FROM two"), [2 * number, number])


async def write_many(pool: Pool, number: int) -> object:
    return await pool.execute_many(sql(pool, "INSERT INTO pairs VALUES ($1, $2)"), pair(number))


async def copy_in(pool: Pool, number: int) -> object:
    async def over_time() -> AsyncIterator[tuple[int, int]]:
        for row in pair(number):
            yield row
            await asyncio.sleep(0)

    return await pool.copy_rows("pairs", ["id", "n"], over_time())


async def run_script(pool: Pool, number: int) -> None:
    await pool.script("; ".join(f"INSERT INTO pairs VALUES ({row}, {n})" for row, n in pair(number)))


async def stream(pool: Pool, number: int) -> None:
    words = sql(pool, "SELECT CAST($1 AS INTEGER) FROM two, two AS more")
    async for rows in pool.stream(words, [number], batch=1):
        assert rows.column(0) == [number]


async def borrow(pool: Pool, number: int) -> object:
    async with pool.acquire() as connection:
        await connection.execute_many(sql(pool, "INSERT INTO pairs VALUES ($1, $2)"), pair(number))
        return await connection.query(sql(pool, "SELECT CAST($1 AS INTEGER)"), [number])


async def transact(pool: Pool, number: int) -> None:
    async with pool.transaction() as transaction:
        for row in pair(number):
            async with transaction.savepoint() as inner:
                await inner.query(sql(pool, "INSERT INTO pairs VALUES ($1, $2)"), row)


async def undo(pool: Pool, number: int) -> None:
    async with pool.transaction() as transaction:
        await transaction.query(sql(pool, "INSERT INTO pairs VALUES ($1, $2)"), pair(number)[0])
        await transaction.rollback()


async def use_session(pool: Pool, number: int) -> object:
    async with Session(pool) as session, session.begin():
        session.add_all(Pair(id=row, n=n) for row, n in pair(number))
        await session.flush()
        return await session.find(Pair.n == number).all()


WORKS: Final[tuple[Work, ...]] = (
    query,
    query_at_first_sight,
    query_for_long,
    leave_something,
    write_one,
    write_many,
    copy_in,
    run_script,
    stream,
    borrow,
    transact,
    undo,
    use_session,
)


@asynccontextmanager
async def tables_on(pool: Pool) -> AsyncGenerator[Pool]:
    """Give an open pool with the tables, and drop them."""
    async with pool:
        await pool.script(TABLES)
        try:
            yield pool
        finally:
            await pool.script("DROP TABLE pairs; DROP TABLE two")


@pytest.fixture(params=["sqlite", "postgresql"])
async def pool(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pool]:
    """Give a pool of one connection, or of a writer and a reader: the next task has what the last one had."""
    opened: Pool
    if request.param == "postgresql":
        server: object = request.getfixturevalue("postgres")
        assert isinstance(server, PostgresServer)
        opened = create_postgres_pool(server.url(), maximum=1, acquire_timeout=PATIENCE)
    else:
        path = str(tmp_path / "pairs.db")
        opened = create_pool(path, readers=1, acquire_timeout=PATIENCE, synchronous="normal")
    async with tables_on(opened) as pool:
        yield pool


async def hold(pool: Pool, held: asyncio.Event) -> None:
    """Have the only connection, or the writer, for a moment."""
    async with pool.transaction() as transaction:
        await transaction.query("SELECT 1")
        held.set()
        await asyncio.sleep(0.001)


async def cancel_everywhere(pool: Pool, work: Work, *, waits: bool = False) -> list[int]:
    """Cancel it at every point, see what the next finds, and return how many points each moment has.

    If it `waits`, another task has what it needs when it begins.
    """
    numbers = count(1)
    points: list[int] = []
    for moment in MOMENTS:
        for point in range(MOST):
            number, held = next(numbers), asyncio.Event()
            holding = asyncio.ensure_future(hold(pool, held)) if waits else None
            if holding is not None:
                await held.wait()
            was_cancelled = await cancelled_at(partial(work, pool, number), point, moment)
            if holding is not None:
                await holding
            await check(pool, number)
            if not was_cancelled:
                points.append(point)
                break
    assert len(points) == len(MOMENTS), "it never ends"
    return points


async def check(pool: Pool, number: int) -> None:
    """Make sure that others get their own answers in a clean session, and of the pair both rows or none."""
    ask = sql(pool, "SELECT CAST($1 AS INTEGER)")
    answers = await asyncio.gather(*(pool.query(ask, [-n]) for n in range(3)))
    assert [rows.tuples() for rows in answers] == [[(-n,)] for n in range(3)]
    kept = (
        await pool.query(sql(pool, "SELECT id, n FROM pairs WHERE n = $1 ORDER BY id"), [number])
    ).tuples()
    assert kept in ([], pair(number))
    async with pool.transaction() as transaction:
        await transaction.query(sql(pool, "INSERT INTO pairs VALUES ($1, 0)"), [-number])
    if pool.dialect == "postgresql":
        assert (await pool.query("SHOW search_path"))[0][0] == '"$user", public'
    counts = pool.statistics()
    assert (counts["acquired"], counts["waiting"]) == (0, 0)


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.__name__)
async def test_the_next_task_finds_all_clean(pool: Pool, work: Work) -> None:
    async with asyncio.timeout(PATIENCE):
        points = await cancel_everywhere(pool, work)
    if pool.dialect == "postgresql":  # on SQLite a short read waits for nothing
        assert 0 not in points
    await until(lambda: pool.statistics()["idle"] == (1 if pool.dialect == "postgresql" else 2))


@pytest.mark.parametrize("work", [write_one, borrow, transact, stream], ids=lambda work: work.__name__)
async def test_who_waits_for_a_turn_leaves_it_to_the_next(pool: Pool, work: Work) -> None:
    async with asyncio.timeout(PATIENCE):
        await cancel_everywhere(pool, work, waits=True)
