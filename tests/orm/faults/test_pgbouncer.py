"""Behind pgbouncer in transaction mode, where no two calls in a row are of the same session of the server."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator

import pytest
from queryengine_orm.errors import ConnectionFailed, StalePlan
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import Connection, connect

from tests.orm.postgres_world import PATIENCE, connected, numbers, until_running, value
from tests.servers.pgbouncer import SESSIONS, running_pgbouncer
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

SQL = "SELECT $1::int + 1"
ROUNDS = 4 * SESSIONS


@pytest.fixture(scope="module")
def bouncer(postgres: PostgresServer) -> Iterator[PostgresServer]:
    """Give the server's address through a pgbouncer."""
    with running_pgbouncer(postgres) as server:
        yield server


@pytest.fixture(params=[256, 0], ids=["kept", "unnamed"])
def statements(request: pytest.FixtureRequest) -> int:
    """Say how many statements are kept; none is the mode for pgbouncer."""
    value: int = request.param
    return value


@pytest.fixture
async def connection(bouncer: PostgresServer, statements: int) -> AsyncIterator[Connection]:
    """Give a connection through pgbouncer, and fail what hangs."""
    async with asyncio.timeout(PATIENCE), await connect(bouncer.url(), statements=statements) as connection:
        yield connection


@pytest.fixture
async def pool(bouncer: PostgresServer) -> AsyncIterator[PostgresPool]:
    """Give a pool through pgbouncer that is set for it."""
    async with asyncio.timeout(PATIENCE), create_pool(bouncer.url(), statements=0, maximum=4) as pool:
        yield pool


async def test_calls_in_a_row_are_of_different_sessions(connection: Connection) -> None:
    pids = {await value(connection, "SELECT pg_backend_pid()") for _ in range(ROUNDS)}
    assert len(pids) == SESSIONS


async def test_a_statement_is_run_again_and_again_wherever_it_lands(connection: Connection) -> None:
    assert [await value(connection, SQL, number) for number in range(ROUNDS)] == [*range(1, ROUNDS + 1)]


async def test_calls_that_are_sent_at_once_are_each_answered(connection: Connection) -> None:
    answers = await asyncio.gather(*(value(connection, SQL, number) for number in range(200)))
    assert answers == list(range(1, 201))


async def test_without_names_nothing_stays_on_the_server(bouncer: PostgresServer) -> None:
    comment = f"-- {secrets.token_hex(4)}"
    async with await connect(bouncer.url(), statements=0) as connection:
        for number in range(ROUNDS):
            assert await value(connection, f"SELECT $1::int {comment}", number) == number
        kept = f"SELECT count(*)::int FROM pg_prepared_statements WHERE statement LIKE '%{comment}'"
        assert [await value(connection, kept) for _ in range(SESSIONS)] == [0] * SESSIONS


async def test_a_session_that_loses_its_statements_goes_on_without_names(bouncer: PostgresServer) -> None:
    comment = f"-- {secrets.token_hex(4)}"
    async with await connect(bouncer.url()) as connection:
        for number in range(ROUNDS):
            assert await value(connection, f"SELECT {number} {comment}") == number
        kept = f"SELECT count(*)::int FROM pg_prepared_statements WHERE statement LIKE '%{comment}'"
        assert sum([int(str(await value(connection, kept))) for _ in range(SESSIONS)]) == 1  # the first


async def test_two_clients_never_get_each_other_s_statement(bouncer: PostgresServer) -> None:
    async def ask(word: str) -> None:
        async with await connect(bouncer.url()) as connection:
            for number in range(ROUNDS):
                sql = f"SELECT $1::int, '{word}', {number % 3}"
                assert (await connection.query(sql, (number,))).tuples() == [(number, word, number % 3)]

    async with asyncio.timeout(PATIENCE):
        await asyncio.gather(*(ask(word) for word in ("ada", "bob", "eve")))


async def test_a_statement_that_is_gone_in_a_transaction_is_a_typed_error(
    bouncer: PostgresServer,
) -> None:
    async with asyncio.timeout(PATIENCE), await connect(bouncer.url()) as connection:
        with pytest.raises(StalePlan) as caught:
            async with connection.transaction() as transaction:  # begins in the session after that of Parse
                await transaction.query(SQL, (2,))
        assert caught.value.sqlstate == "26000"
        async with connection.transaction() as transaction:  # it goes on without names
            assert (await transaction.query(SQL, (2,)))[0][0] == 3


@pytest.mark.parametrize("word", ["commit", "rollback"])
async def test_a_transaction_stays_with_one_session(
    bouncer: PostgresServer, postgres: PostgresServer, word: str
) -> None:
    async with (
        numbers(postgres, 0) as table,
        asyncio.timeout(PATIENCE),
        await connect(bouncer.url(), statements=0) as connection,
    ):
        async with connection.transaction() as transaction:
            pids = [(await transaction.query("SELECT pg_backend_pid()"))[0][0] for _ in range(3)]
            await transaction.query(f"INSERT INTO {table} VALUES ($1, $2)", (1, "kept"))
            async with transaction.savepoint() as inner:
                await inner.query(f"INSERT INTO {table} VALUES ($1, $2)", (2, "undone"))
                await inner.rollback()
            if word == "rollback":
                await transaction.rollback()
        assert len(set(pids)) == 1
        rows = (await connection.query(f"SELECT * FROM {table}")).tuples()
        assert rows == ([(1, "kept")] if word == "commit" else [])


async def test_many_rows_go_in_and_come_out(pool: PostgresPool, postgres: PostgresServer) -> None:
    async with numbers(postgres, 0) as table:
        rows = [(number, f"n{number}") for number in range(2500)]
        assert await pool.copy_rows(table, ["id", "name"], rows) == 2500
        insert = f"INSERT INTO {table} VALUES ($1, $2)"
        assert await pool.execute_many(insert, [(number, None) for number in range(3000, 3010)]) == 10
        batches = [batch async for batch in pool.stream(f"SELECT * FROM {table} WHERE id < $1", (2500,))]
        assert sorted(row for batch in batches for row in batch.tuples()) == rows
        copied = [batch async for batch in pool.copy_rows_out(f"SELECT * FROM {table} WHERE id < 2500")]
        assert sorted(row for batch in copied for row in batch.tuples()) == rows


async def test_a_cancelled_query_is_cancelled_on_the_server(
    pool: PostgresPool, postgres: PostgresServer
) -> None:
    async with connected(postgres) as observer:
        sql = "SELECT pg_backend_pid(), pg_sleep(60) -- bounced"
        task = asyncio.ensure_future(pool.query(sql))
        running = "SELECT pid FROM pg_stat_activity WHERE query LIKE '%bounced' AND state = 'active'"
        running = f"{running} AND pid <> pg_backend_pid()"
        while not (found := (await observer.query(running)).column(0)):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        task.cancel()
        (process,) = found
        assert isinstance(process, int)
        await until_running(observer, process, "bounced", runs=False)
        assert (await pool.query("SELECT 1")).tuples() == [(1,)]


async def test_what_a_transaction_s_holder_leaves_is_gone_for_the_next(pool: PostgresPool) -> None:
    async with pool.acquire() as connection:
        await connection.query("BEGIN")
        await connection.query("SET search_path TO nowhere")
        await connection.query("CREATE TEMP TABLE leftover (n int) ON COMMIT DROP")
    # pgbouncer keeps a session for who is in a transaction: the pool's reset ends it there.
    for _ in range(ROUNDS):
        assert (await pool.query("SHOW search_path")).tuples() == [('"$user", public',)]
        assert (await pool.query("SELECT to_regclass('leftover')")).tuples() == [(None,)]
    assert pool.statistics()["dropped"] == 0


async def test_tasks_of_a_pool_share_the_sessions_and_get_their_own_answers(pool: PostgresPool) -> None:
    async def work(number: int) -> None:
        assert (await pool.query(SQL, (number,), clean=True))[0][0] == number + 1
        async with pool.transaction() as transaction:
            await transaction.query("SELECT set_config('queryengine.canary', $1, true)", (str(number),))
            canary = await transaction.query("SELECT current_setting('queryengine.canary')")
            assert canary[0][0] == str(number)

    await asyncio.gather(*(work(number) for number in range(100)))


async def test_a_setting_that_pgbouncer_does_not_take_is_no_connection(bouncer: PostgresServer) -> None:
    with pytest.raises(ConnectionFailed, match="unsupported startup parameter"):
        await connect(bouncer.url(), options="-c search_path=nowhere")
