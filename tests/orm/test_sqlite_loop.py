"""What SQLite may do on the event loop: short reads, whatever makes others long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from queryengine_orm.sqlite import SQLitePool, create_pool

pytestmark = pytest.mark.both_loops

LONG = 1_100_000
"""more bytes than a value may have there"""


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[SQLitePool]:
    """Give a pool that never runs out of steps or time on the loop, with a table of a large value."""
    path = str(tmp_path / "a.db")
    async with create_pool(path, readers=1, steps=10**9, loop_time=3_600, synchronous="normal") as pool:
        await pool.script(
            f"CREATE TABLE t (id INTEGER PRIMARY KEY, x BLOB); INSERT INTO t VALUES (1, zeroblob({LONG}))"
        )
        yield pool


async def goes_to_a_thread(pool: SQLitePool, sql: str, *parameters: object) -> bool:
    """Run a query, and say whether a thread does it."""
    running = asyncio.ensure_future(pool.query(sql, parameters))
    is_on_thread = pool.statistics()["on_threads"] == 1
    assert len(await running) == 1
    return is_on_thread


async def test_a_table_is_counted_in_a_thread_until_that_was_seen_to_be_short(pool: SQLitePool) -> None:
    # SQLite counts a whole table in one step of its machine, which nothing can stop.
    assert [await goes_to_a_thread(pool, "SELECT count(*) FROM t") for _ in range(3)] == [True, False, False]


@pytest.mark.parametrize(
    ("sql", "parameters", "is_long"),
    [
        ("SELECT id FROM t", (), False),
        ("SELECT length(x) FROM t", (), False),
        ("SELECT x FROM t", (), True),
        ("SELECT hex(x) = '' FROM t", (), True),
        ("SELECT id FROM t ORDER BY x", (), True),
        ("SELECT length(?1)", ("x" * LONG,), True),
        ("SELECT length(?1)", ("x" * 1_000,), False),
    ],
)
async def test_long_values_are_for_threads(
    pool: SQLitePool, sql: str, parameters: tuple[object, ...], is_long: bool
) -> None:
    for _ in range(2):
        assert await goes_to_a_thread(pool, sql, *parameters) is is_long


async def test_a_long_value_is_written(pool: SQLitePool) -> None:
    for _ in range(2):
        written = await pool.query("INSERT INTO t (x) VALUES (?1) RETURNING length(x)", [b"x" * LONG])
        assert written.tuples() == [(LONG,)]
