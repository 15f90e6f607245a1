"""COPY in both directions: rows in, rows and bytes out, as fast as the slower side, all or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal

import pytest
from queryengine_orm.copying import WAITING
from queryengine_orm.errors import (
    DatabaseError,
    DataError,
    OrmError,
    ParameterError,
    StatementError,
    TimeoutExceeded,
    UniqueViolation,
    UsageError,
)
from queryengine_orm.pool import create_pool
from queryengine_orm.postgres import Connection, connect
from queryengine_orm.sqlite import create_pool as create_sqlite_pool

from tests.orm.postgres_world import connected, numbers, until, until_running, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

MANY = "SELECT n, repeat('x', 1000) FROM generate_series(1, 20000) n"
"""some 20 MB: more than all buffers between the server and us hold"""


async def counted(rows: int, taken: list[int]) -> AsyncIterator[tuple[int, str]]:
    """Give rows as they come, and say which were taken."""
    for number in range(rows):
        taken.append(number)
        yield number, f"n{number}"
        if number % 500 == 0:
            await asyncio.sleep(0)


# -- in


async def test_a_copy_within_a_query_does_not_hang(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 2) as table:
        with pytest.raises(OrmError, match="copy_rows"):
            await connection.script(f"COPY {table} FROM STDIN")
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 2


async def test_copied_rows_are_written_all_or_nothing(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        rows = ((number, None if number % 2 else "é") for number in range(3500))
        assert await connection.copy_rows(f"public.{table}", ["id", "name"], rows) == 3500
        assert await connection.copy_rows(table, ["id"], []) == 0
        with pytest.raises(UniqueViolation):
            await connection.copy_rows(table, ["id"], [(number,) for number in range(3400, 9000)])
        with pytest.raises(ParameterError):
            await connection.copy_rows(table, ["id", "name"], [(4000, "a"), (4001, 5)])
        with pytest.raises(StatementError):
            await connection.copy_rows(table, ["nothing"], [(1,)])
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 3500
        text = b"".join([piece async for piece in connection.copy_query(f"COPY {table} TO STDOUT")])
        assert len(text.splitlines()) == 3500


async def test_rows_of_types_that_are_not_built_in_are_copied_too(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        await connection.script("CREATE TYPE mood AS ENUM ('good', 'bad'); CREATE TABLE moods (mood mood)")
        try:
            assert await connection.copy_rows("moods", ["mood"], [("bad",), ("good",), (None,)]) == 3
            moods = await connection.query("SELECT mood FROM moods ORDER BY mood")
            assert moods.column(0) == ["good", "bad", None]
        finally:
            await connection.script("DROP TABLE moods; DROP TYPE mood")


async def test_a_copy_that_nobody_reads_on_leaves_the_connection_clean(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        pieces = connection.copy_query(
            "COPY (SELECT repeat('x', 1000) FROM generate_series(1, 20000)) TO STDOUT"
        )
        assert len(await anext(pieces)) == 1001
        await pieces.aclose()
        assert await value(connection, "SELECT 1") == 1


async def test_rows_that_come_over_time_are_copied_as_they_come(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        assert await connection.copy_rows(table, ["id", "name"], counted(2500, [])) == 2500
        expected = "SELECT count(*)::int FROM {} WHERE name = 'n' || id"
        assert await value(connection, expected.format(table)) == 2500


@pytest.mark.parametrize("source", ["at hand", "over time"])
async def test_sqlite_takes_rows_in_the_same_way(source: str) -> None:
    rows = [(number, f"n{number}") for number in range(5000)]
    async with create_sqlite_pool() as pool:
        await pool.script("CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT)")
        given = rows if source == "at hand" else counted(5000, [])
        assert await pool.copy_rows("t", ["id", "name"], given) == 5000
        assert (await pool.query("SELECT * FROM t ORDER BY id")).tuples() == rows
        with pytest.raises(UniqueViolation):
            await pool.copy_rows("t", ["id", "name"], counted(6000, []))
        assert (await pool.query("SELECT count(*) FROM t"))[0][0] == 5000


async def test_no_row_is_taken_that_the_server_is_not_ready_for(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as other, numbers(postgres, 0) as table:
        async with other.transaction() as locking, connected(postgres) as observer:
            await locking.query(f"LOCK TABLE {table}")
            taken: list[int] = []
            copying = asyncio.ensure_future(connection.copy_rows(table, ["id", "name"], counted(10, taken)))
            await until_running(observer, connection.process_id, table)
            assert taken == []
        assert await copying == 10


async def test_an_endless_source_ends_when_the_server_has_refused_a_row(postgres: PostgresServer) -> None:
    async def same() -> AsyncIterator[tuple[int, str]]:
        while True:
            yield 1, "again"
            await asyncio.sleep(0)

    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        with pytest.raises(UniqueViolation):
            await connection.copy_rows(table, ["id", "name"], same())
        assert (await value(connection, "SELECT 1"), connection.status) == (1, "idle")


async def test_an_error_of_the_source_or_a_cancellation_copies_nothing(postgres: PostgresServer) -> None:
    async def broken() -> AsyncIterator[tuple[int, str]]:
        async for row in counted(1500, []):
            yield row
        raise LookupError

    async def stalled(begun: asyncio.Event) -> AsyncIterator[tuple[int, str]]:
        async for row in counted(1500, []):
            yield row
        begun.set()
        await asyncio.Event().wait()

    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        with pytest.raises(LookupError):
            await connection.copy_rows(table, ["id", "name"], broken())
        begun = asyncio.Event()
        task = asyncio.ensure_future(connection.copy_rows(table, ["id", "name"], stalled(begun)))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0
        assert connection.status == "idle"


async def test_a_copy_in_a_transaction_is_part_of_it(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        async with connection.transaction() as transaction:
            assert await transaction.copy_rows(table, ["id"], [(1,)]) == 1
            copied = [rows.tuples() async for rows in transaction.copy_rows_out(f"SELECT id FROM {table}")]
            assert copied == [[(1,)]]
            await transaction.rollback()
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0


# -- rows out


async def rows_of(executor: Connection, sql: str) -> list[tuple[object, ...]]:
    """Return all rows of a query, by COPY."""
    return [row async for rows in executor.copy_rows_out(sql) for row in rows.tuples()]


async def test_rows_come_out_with_the_types_of_the_database(postgres: PostgresServer) -> None:
    sql = (
        "SELECT 1, 'é', NULL::text, 1.50, true, '\\x00ff'::bytea, ARRAY[1, NULL], '{\"a\": [1]}'::jsonb, "
        "'2024-02-29'::date, timestamptz '2024-02-29 12:00+02', int4range(1, 5) -- and a comment"
    )
    async with connected(postgres) as connection:
        assert await rows_of(connection, sql) == (await connection.query(sql)).tuples()
        assert (await rows_of(connection, sql))[0][3] == Decimal("1.50")
        assert await rows_of(connection, "SELECT 1 WHERE false") == []
        shown = [rows async for rows in connection.copy_rows_out("SELECT 5::numeric AS n", result=("int",))]
        assert [(row.n, rows.affected) for rows in shown for row in rows] == [(5, 1)]
        assert connection.status == "idle"


async def test_rows_out_go_back_in_as_they_were(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        rows = [(number, None if number % 7 == 0 else "é" * (number % 50)) for number in range(5000)]
        await connection.copy_rows(table, ["id", "name"], rows)
        assert await rows_of(connection, f"SELECT * FROM {table} ORDER BY id") == rows


async def test_a_pool_and_a_stream_of_its_own_give_the_same(postgres: PostgresServer) -> None:
    async with create_pool(postgres.url(), maximum=2) as pool, numbers(postgres, 3000) as table:
        sql = f"SELECT * FROM {table} ORDER BY id"
        copied = [row async for rows in pool.copy_rows_out(sql) for row in rows.tuples()]
        streamed = [row async for rows in pool.stream(sql) for row in rows.tuples()]
        assert copied == streamed == [(number, f"n{number}") for number in range(1, 3001)]
        assert pool.statistics()["acquired"] == 0


async def test_a_column_whose_form_is_not_known_is_refused_before_anything_is_copied(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection:
        await connection.script("CREATE TYPE pg_temp.mood AS ENUM ('glad')")
        with pytest.raises(UsageError, match=r'column "m" .*cast it to text'):
            await rows_of(connection, "SELECT 1, 'glad'::pg_temp.mood AS m")
        assert await rows_of(connection, "SELECT 1, 'glad'::pg_temp.mood::text") == [(1, "glad")]


async def test_an_error_midway_comes_after_the_rows_before_it(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        got: list[object] = []

        async def take() -> None:
            failing = "SELECT n, repeat('x', 1000), 1 / (900 - n) FROM generate_series(1, 1000) n"
            async for rows in connection.copy_rows_out(failing):
                got.extend(rows.column(0))

        with pytest.raises(DataError, match="division by zero"):
            await take()
        assert got == list(range(1, len(got) + 1))
        assert len(got) < 900
        assert (await value(connection, "SELECT 1"), connection.status) == (1, "idle")


@pytest.mark.parametrize("sql", ["SELECT nothing", "SELECT 1; SELECT 2", "DROP TABLE t) TO STDOUT; --"])
async def test_what_is_no_query_is_a_typed_error(postgres: PostgresServer, sql: str) -> None:
    async with connected(postgres) as connection:
        with pytest.raises(DatabaseError):
            await rows_of(connection, sql)
        assert await value(connection, "SELECT 1") == 1


async def test_who_is_slow_makes_the_server_wait_and_no_time_runs_out(postgres: PostgresServer) -> None:
    async with connected(postgres) as observer, await connect(postgres.url(), timeout=0.5) as connection:
        several = connection.copy_rows_out(MANY)
        first = await anext(several)
        sql = "SELECT wait_event FROM pg_stat_activity WHERE pid = $1"
        while await value(observer, sql, connection.process_id) != "ClientWrite":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.7)  # longer than any call may take
        second = await anext(several)
        assert sum(len(str(row[1])) for row in second) < WAITING + (128 << 10)
        rows = len(first) + len(second) + sum([len(rows) async for rows in several])
        assert rows == 20_000


async def test_a_server_that_stalls_midway_is_given_up(postgres: PostgresServer) -> None:
    async with asyncio.timeout(20), await connect(postgres.url(), timeout=0.3) as connection:
        with pytest.raises(TimeoutExceeded):
            await rows_of(connection, "SELECT pg_sleep(n * 60)::text FROM generate_series(0, 1) n")
        assert await value(connection, "SELECT 1") == 1


async def test_a_copy_that_nobody_takes_on_is_cancelled_on_the_server(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as observer:
        several = connection.copy_rows_out(MANY)
        await anext(several)
        await several.aclose()
        await until(lambda: connection.load == 0)
        await until_running(observer, connection.process_id, "COPY", runs=False)
        task = asyncio.ensure_future(rows_of(connection, "SELECT pg_sleep(60)::text"))
        await until_running(observer, connection.process_id, "COPY")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await value(connection, "SELECT 1"), connection.status) == (1, "idle")


async def test_a_copy_that_was_given_up_before_it_began_says_nothing_to_the_next(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection, connected(postgres) as other, numbers(postgres, 0) as table:
        async with connected(postgres) as observer, other.transaction() as blocking:
            await blocking.query(f"LOCK TABLE {table} IN SHARE MODE")
            task = asyncio.ensure_future(connection.copy_rows(table, ["id"], [(1,)]))
            await until_running(observer, connection.process_id, "COPY")
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert await connection.copy_rows(table, ["id"], [(2,), (3,)]) == 2
        assert (await connection.query(f"SELECT id FROM {table}")).column(0) == [2, 3]


async def test_a_copy_that_was_given_up_at_its_end_says_nothing_to_the_next(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as other, numbers(postgres, 0) as table:
        async with connected(postgres) as observer, other.transaction() as blocking:
            await blocking.query(f"INSERT INTO {table} VALUES (1)")
            task = asyncio.ensure_future(connection.copy_rows(table, ["id"], [(1,), (2,)]))
            await until_running(observer, connection.process_id, "COPY")
            task.cancel()  # its last row was sent, and it waits for the other's key
            with pytest.raises(asyncio.CancelledError):
                await task
            await blocking.rollback()
        assert await connection.copy_rows(table, ["id"], [(2,), (3,)]) == 2
        assert (await connection.query(f"SELECT id FROM {table}")).column(0) == [2, 3]
