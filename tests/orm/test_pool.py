"""The pool of PostgreSQL connections: bounded, clean for whoever comes next, healed by itself."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from queryengine_orm import driver
from queryengine_orm.connecting import connect_pool
from queryengine_orm.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    OrmError,
    PoolTimeout,
    UniqueViolation,
    UsageError,
)
from queryengine_orm.pool import PostgresPool, create_pool

from tests.orm.postgres_world import PATIENCE, connected, numbers, until, until_running, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops


@asynccontextmanager
async def pooled(
    server: PostgresServer, *, minimum: int = 1, maximum: int = 3, acquire_timeout: float = 10.0
) -> AsyncGenerator[PostgresPool]:
    async with (
        asyncio.timeout(PATIENCE),
        create_pool(
            server.url(),
            minimum=minimum,
            maximum=maximum,
            acquire_timeout=acquire_timeout,
            close_timeout=2.0,
        ) as pool,
    ):
        yield pool


async def first(pool: PostgresPool, sql: str, *parameters: object) -> object:
    return (await pool.query(sql, parameters, clean=True))[0][0]


# -- bounds


async def test_a_pool_grows_to_its_bound_and_no_further(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=3) as pool:
        assert pool.statistics()["size"] == 1
        processes = {
            (await call)[0][0]
            for call in [pool.query("SELECT pg_backend_pid(), pg_sleep(0.01)", clean=True) for _ in range(60)]
        }
        await until(lambda: pool.statistics()["opening"] == 0)
        assert (pool.statistics()["size"], pool.statistics()["opened"]) == (3, 3)
        assert len(processes) <= 3


@pytest.mark.parametrize(("minimum", "maximum"), [(0, 0), (2, 1), (-1, 1)])
def test_bounds_that_make_no_sense_are_refused(postgres: PostgresServer, minimum: int, maximum: int) -> None:
    with pytest.raises(ConfigurationError):
        _ = create_pool(postgres.url(), minimum=minimum, maximum=maximum)


async def test_who_waits_too_long_is_told_who_holds_what(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1, acquire_timeout=0.1) as pool:
        task = asyncio.current_task()
        assert task is not None
        task.set_name("the one who holds it")
        async with pool.acquire():
            with pytest.raises(PoolTimeout, match=r"1 of 1 are held by the one who holds it for 0\.\d s"):
                await pool.transaction().__aenter__()
            with pytest.raises(PoolTimeout):
                await pool.query("SELECT 1")
        assert await first(pool, "SELECT 1") == 1
        assert pool.statistics()["timed_out"] == 2


async def test_those_who_wait_are_served_when_a_connection_comes_back(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=2) as pool:

        async def work(number: int) -> object:
            async with pool.transaction() as transaction:
                await asyncio.sleep(0.001)
                return (await transaction.query("SELECT $1::int4", (number,)))[0][0]

        answers = await asyncio.gather(*(work(number) for number in range(40)))
        assert answers == list(range(40))
        assert pool.statistics()["acquired"] == 0


# -- what is left for the next


async def test_what_a_statement_leaves_in_the_session_is_gone_for_the_next(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool:
        for sql in (
            "SET statement_timeout = 12345",
            "SELECT set_config('search_path', 'nowhere', false)",
            "SELECT pg_advisory_lock(5)",
            "CREATE TEMPORARY TABLE pg_temp.left_over (id int)",
            "LISTEN gossip",
            "PREPARE own AS SELECT 1",
        ):
            await pool.query(sql)
        with pytest.raises(UsageError, match="BEGIN belongs"):
            await pool.query("BEGIN")
        assert await first(pool, "SHOW statement_timeout") == "0"
        assert await first(pool, "SHOW search_path") == '"$user", public'
        left = "SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory'"
        assert await first(pool, left) == 0
        assert await first(pool, "SELECT to_regclass('pg_temp.left_over')") is None
        assert await first(pool, "SELECT count(*)::int FROM pg_listening_channels()") == 0
        assert await first(pool, "SELECT count(*)::int FROM pg_prepared_statements WHERE name = 'own'") == 0


async def test_what_the_holder_of_a_connection_leaves_is_gone_for_the_next(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool:
        async with pool.acquire() as connection:
            await connection.query("SET statement_timeout = 12345")
            assert await value(connection, "SHOW statement_timeout") == "12345ms"
            await connection.script("BEGIN")
        assert await first(pool, "SHOW statement_timeout") == "0"
        async with pool.acquire() as connection:
            assert connection.status == "idle"


async def test_a_failed_transaction_comes_back_clean(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool, numbers(postgres, 1) as table:
        with pytest.raises(UniqueViolation):
            async with pool.transaction() as transaction:
                await transaction.query(f"INSERT INTO {table} VALUES (2, 'a')", clean=True)
                await transaction.query(f"INSERT INTO {table} VALUES (1, 'a')", clean=True)
        assert await first(pool, f"SELECT count(*)::int FROM {table}") == 1


# -- every call of an executor


async def test_a_pool_does_what_a_connection_does(postgres: PostgresServer) -> None:
    async with pooled(postgres) as pool, numbers(postgres, 0) as table:
        insert = f"INSERT INTO {table} VALUES ($1, $2)"
        assert await pool.execute_many(insert, [(1, "a"), (2, "b")]) == 2
        assert await pool.copy_rows(table, ["id", "name"], [(3, "c")]) == 1
        await pool.script(f"INSERT INTO {table} VALUES (4, 'd'); DELETE FROM {table} WHERE id = 1")
        batches = [
            rows.tuples() async for rows in pool.stream(f"SELECT id FROM {table} ORDER BY id", batch=2)
        ]
        assert batches == [[(2,), (3,)], [(4,)]]
        assert pool.statistics()["acquired"] == 0


# -- cancelling


async def test_a_cancelled_query_of_the_pool_is_cancelled_on_the_server(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool, connected(postgres) as observer:
        process = await first(pool, "SELECT pg_backend_pid()")
        assert isinstance(process, int)
        for clean in (True, False):
            task = asyncio.ensure_future(pool.query("SELECT pg_sleep(60)", clean=clean))
            await until_running(observer, process, "pg_sleep")
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await first(pool, "SELECT 1") == 1
            await until_running(observer, process, "pg_sleep", runs=False)


async def test_no_answer_reaches_another_task_however_tasks_are_cancelled(postgres: PostgresServer) -> None:
    chance = random.Random(5)

    async def ask(pool: PostgresPool, number: int) -> None:
        async with asyncio.timeout(chance.random() * 0.02):
            match number % 3:
                case 0:
                    assert await first(pool, "SELECT $1::int4", number) == number
                case 1:
                    sql = "SELECT $1::int4, pg_sleep(0.002)"
                    assert (await pool.query(sql, (number,), clean=number % 2 == 0))[0][0] == number
                case _:
                    async with pool.transaction() as transaction:
                        for part in (number, -number):
                            rows = await transaction.query("SELECT $1::int4", (part,), clean=True)
                            assert rows[0][0] == part

    async with pooled(postgres, minimum=3, maximum=3) as pool:
        for start in range(0, 600, 30):
            answers = await asyncio.gather(
                *(ask(pool, number) for number in range(start, start + 30)), return_exceptions=True
            )
            strange = [answer for answer in answers if not isinstance(answer, TimeoutError | None)]
            assert strange == []
        assert [await first(pool, "SELECT $1::int4", number) for number in range(9)] == list(range(9))
        assert pool.statistics()["acquired"] == pool.statistics()["waiting"] == 0


async def test_a_waiter_that_is_cancelled_wakes_the_next(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool:
        async with pool.acquire():
            waiting = [asyncio.ensure_future(pool.transaction().__aenter__()) for _ in range(2)]
            await asyncio.sleep(0.01)
        waiting[0].cancel()
        transaction = await waiting[1]
        await transaction.__aexit__(None, None, None)
        await asyncio.gather(*waiting, return_exceptions=True)


# -- ends


async def test_a_connection_that_is_lost_is_replaced(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool, connected(postgres) as other:
        process = await first(pool, "SELECT pg_backend_pid()")
        slow = pool.query("SELECT pg_sleep(60)", clean=True)
        assert isinstance(process, int)
        await until_running(other, process, "pg_sleep")
        await other.query("SELECT pg_terminate_backend($1)", (process,))
        with pytest.raises(ConnectionLost):
            await slow
        assert await first(pool, "SELECT pg_backend_pid()") != process
        assert (pool.statistics()["opened"], pool.statistics()["dropped"]) == (2, 1)


async def test_a_connection_that_died_in_a_pause_is_found_out(postgres: PostgresServer) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        create_pool(postgres.url(), maximum=1, idle_check=0.05) as pool,
        connected(postgres) as other,
    ):
        process = await first(pool, "SELECT pg_backend_pid()")
        await asyncio.sleep(0.1)
        assert await first(pool, "SELECT pg_backend_pid()") == process
        await other.query("SELECT pg_terminate_backend($1)", (process,))
        await asyncio.sleep(0.1)
        assert await first(pool, "SELECT pg_backend_pid()") != process


async def test_a_pool_without_a_server_says_so_at_once(postgres: PostgresServer) -> None:
    with pytest.raises(ConnectionFailed):
        _ = await create_pool("postgresql://u:p@127.0.0.1:1/d")
    async with create_pool("postgresql://u:p@127.0.0.1:1/d", minimum=0) as pool:
        for _ in range(2):
            with pytest.raises(ConnectionFailed, match="no connection"):
                await pool.query("SELECT 1")
    assert postgres.port != 1


async def test_a_pool_that_closes_lets_calls_end_and_takes_no_more(postgres: PostgresServer) -> None:
    async with pooled(postgres, maximum=1) as pool:
        await first(pool, "SELECT 1")
        slow = pool.query("SELECT pg_sleep(0.1), 7", clean=True)
        closing = asyncio.ensure_future(pool.close())
        assert (await slow)[0][1] == 7
        await closing
        with pytest.raises(UsageError, match="closed"):
            await pool.query("SELECT 1")
        assert pool.statistics()["size"] == 0


async def test_a_pool_that_closes_waits_only_up_to_its_deadline(postgres: PostgresServer) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(postgres.url(), close_timeout=0.05).open()
        async with pool.acquire() as connection:
            slow = connection.query("SELECT pg_sleep(60)")
            await pool.close()
            with pytest.raises(OrmError):
                await slow


# -- what others may build on


async def test_pool_connection_and_transaction_are_what_the_mapping_asks_of_a_driver(
    postgres: PostgresServer,
) -> None:
    async with pooled(postgres) as pool:
        executors: list[driver.Executor] = [pool]
        as_pool: driver.Pool = pool
        async with as_pool.acquire() as connection, as_pool.transaction() as transaction:
            executors += [connection, transaction]
            for executor in executors:
                assert executor.dialect == "postgresql"
                assert len(await executor.query("SELECT 1")) == 1


async def test_the_scheme_of_a_url_says_whose_pool_it_is(postgres: PostgresServer) -> None:
    for url in (postgres.url(), "sqlite://"):
        async with connect_pool(url) as pool:
            assert (await pool.query("SELECT 1"))[0][0] == 1
    with pytest.raises(ConfigurationError, match="mysql"):
        connect_pool("mysql://u@h/d")
    with pytest.raises(ConfigurationError, match="the URL is empty"):
        connect_pool("")
