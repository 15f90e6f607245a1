"""BEGIN, COMMIT and their like as statements of one's own: never a transaction that is not what it seems."""

from __future__ import annotations

import asyncio

import pytest
from queryengine_orm.errors import UsageError
from queryengine_orm.pool import PostgresPool, create_pool

from tests.orm.postgres_world import PATIENCE, connected, numbers, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

MISPLACED = r"BEGIN belongs to transaction\(\)"
LEFT = "of its own ended the transaction"


@pytest.mark.parametrize("begin", ["BEGIN", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE"])
async def test_a_pool_s_call_that_begins_a_transaction_is_an_error(
    postgres: PostgresServer, begin: str
) -> None:
    async with numbers(postgres, 0) as table, create_pool(postgres.url(), maximum=1) as pool:
        insert = f"INSERT INTO {table} VALUES ($1, 'a')"
        for number in (1, 2):
            with pytest.raises(UsageError, match=MISPLACED):
                await pool.query(begin)
            await pool.query(insert, (number,))
            await pool.query("ROLLBACK")  # of nothing
        begun, inserted = await asyncio.gather(
            pool.query(begin), pool.query(insert, (3,)), return_exceptions=True
        )
        assert isinstance(begun, UsageError)
        assert not isinstance(inserted, BaseException)
        with pytest.raises(UsageError, match=MISPLACED):
            await pool.script(f"{begin}; INSERT INTO {table} VALUES (4, 'a')")
        ids = await pool.query(f"SELECT id FROM {table} ORDER BY id")
        assert ids.column(0) == [1, 2, 3]
        assert pool.statistics()["opened"] == 1


@pytest.mark.parametrize("way", ["query", "script"])
@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK", "COMMIT AND CHAIN"])
@pytest.mark.parametrize("first", [True, False])
async def test_a_statement_that_ends_its_transaction_is_an_error_and_nothing_runs_behind_it(
    postgres: PostgresServer, way: str, end: str, first: bool
) -> None:
    async with asyncio.timeout(PATIENCE), numbers(postgres, 0) as table, connected(postgres) as connection:
        insert = f"INSERT INTO {table} VALUES (5, 'a')"
        transaction = await connection.transaction().__aenter__()
        if not first:
            await transaction.query("SELECT 1")
        with pytest.raises(UsageError, match=LEFT):
            await (transaction.query(end) if way == "query" else transaction.script(end))
        with pytest.raises(UsageError, match=LEFT):
            await transaction.query(insert)
        with pytest.raises(UsageError, match=LEFT):
            async with transaction.savepoint() as inner:
                await inner.query(insert)
        with pytest.raises(UsageError, match=LEFT):
            await transaction.__aexit__(None, None, None)
        assert (connection.status, connection.is_in_transaction) == ("idle", False)
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0
        async with connection.transaction() as another:
            await another.query(insert)
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 1


async def end_within(pool: PostgresPool, insert: str) -> None:
    async with pool.transaction() as transaction, transaction.savepoint() as inner:
        await inner.query(insert, (1,))
        await inner.query("COMMIT")


async def end_and_fail(pool: PostgresPool) -> None:
    async with pool.transaction() as transaction:
        with pytest.raises(UsageError, match=LEFT):
            await transaction.query("ROLLBACK")
        raise ZeroDivisionError


async def test_the_first_error_of_who_ends_its_transaction_is_the_one_to_be_seen(
    postgres: PostgresServer,
) -> None:
    async with numbers(postgres, 0) as table, create_pool(postgres.url(), maximum=1) as pool:
        insert = f"INSERT INTO {table} VALUES ($1, 'a')"
        with pytest.raises(UsageError, match=LEFT):
            await end_within(pool, insert)
        with pytest.raises(ZeroDivisionError):
            await end_and_fail(pool)
        await pool.query(insert, (2,))
        ids = await pool.query(f"SELECT id FROM {table} ORDER BY id")
        assert ids.column(0) == [1, 2]


async def test_what_is_sent_behind_the_end_of_a_transaction_is_known_to_be_outside_of_it(
    postgres: PostgresServer,
) -> None:
    async with numbers(postgres, 0) as table, connected(postgres) as connection:
        transaction = await connection.transaction().__aenter__()
        await transaction.query("SELECT 1")
        answers = await asyncio.gather(
            transaction.query("COMMIT"),
            transaction.query(f"INSERT INTO {table} VALUES (1, 'a')"),
            return_exceptions=True,
        )
        assert [type(answer) for answer in answers] == [UsageError, UsageError]
        await transaction.rollback()
        assert connection.status == "idle"


async def test_begin_in_a_transaction_is_an_error_and_savepoints_by_hand_are_none(
    postgres: PostgresServer,
) -> None:
    async with numbers(postgres, 0) as table, connected(postgres) as connection:
        async with connection.transaction() as transaction:
            for _ in range(2):
                with pytest.raises(UsageError, match=MISPLACED):
                    await transaction.query("BEGIN")
            await transaction.query(f"INSERT INTO {table} VALUES (1, 'a')")
            await transaction.query("SAVEPOINT own")
            await transaction.query(f"INSERT INTO {table} VALUES (2, 'a')")
            await transaction.query("ROLLBACK TO own")
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 1
        assert connection.status == "idle"


async def test_a_transaction_by_hand_on_a_connection_of_one_s_own_is_one(postgres: PostgresServer) -> None:
    async with numbers(postgres, 0) as table, create_pool(postgres.url()) as pool:
        async with pool.acquire() as connection:
            await connection.query("BEGIN")
            await connection.query(f"INSERT INTO {table} VALUES (1, 'a')")
            await connection.query("COMMIT")
        assert (await pool.query(f"SELECT count(*)::int FROM {table}"))[0][0] == 1
