"""Transactions on PostgreSQL: when they begin, what a savepoint undoes, and what is said of a commit."""

from __future__ import annotations

import pytest
from queryengine_orm.errors import (
    ForeignKeyViolation,
    OrmError,
    ParameterError,
    StatementError,
    UniqueViolation,
    UsageError,
)

from tests.orm.postgres_world import connected, numbers, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops


async def test_a_transaction_begins_with_its_first_statement_and_commits_at_its_end(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection, connected(postgres) as other, numbers(postgres, 0) as table:
        count = f"SELECT count(*)::int FROM {table}"
        async with connection.transaction() as transaction:
            assert connection.status == "idle"
            await transaction.query(f"INSERT INTO {table} VALUES (1, 'a')")
            assert connection.status == "active"
            assert await value(other, count) == 0
        assert (connection.status, await value(other, count)) == ("idle", 1)


@pytest.mark.parametrize("way", ["query", "script", "execute_many", "copy_rows", "stream"])
async def test_begin_travels_with_whatever_comes_first(postgres: PostgresServer, way: str) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        with pytest.raises(ZeroDivisionError):
            async with connection.transaction(isolation="serializable") as transaction:
                match way:
                    case "query":
                        await transaction.query(f"INSERT INTO {table} VALUES ($1, 'a')", (1,))
                    case "script":
                        await transaction.script(f"INSERT INTO {table} VALUES (1, 'a')")
                    case "execute_many":
                        await transaction.execute_many(f"INSERT INTO {table} VALUES ($1, 'a')", [(1,), (2,)])
                    case "copy_rows":
                        await transaction.copy_rows(table, ["id"], [(1,)])
                    case _:
                        insert = f"INSERT INTO {table} VALUES (1, 'a') RETURNING id"
                        assert [len(rows) async for rows in transaction.stream(insert)] == [1]
                assert connection.status == "active"
                assert await value(connection, "SHOW transaction_isolation") == "serializable"
                raise ZeroDivisionError
        assert connection.status == "idle"
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0


async def test_a_first_statement_that_fails_before_it_is_sent_does_not_lose_the_begin(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        async with connection.transaction() as transaction:
            with pytest.raises(StatementError):
                await transaction.query("SELEC")
            with pytest.raises(ParameterError):
                await transaction.query("SELECT $1::int", ("a",))
            await transaction.query(f"INSERT INTO {table} VALUES (1, 'a')")
            assert connection.status == "active"
            await transaction.rollback()
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0


async def test_a_begin_that_fails_takes_its_statement_with_it(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        connection.send_before("BEGIN ISOLATION LEVEL NONSENSE")
        with pytest.raises(StatementError):
            await connection.query(f"INSERT INTO {table} VALUES (1, 'a')")
        assert connection.status == "idle"
        connection.withdraw("BEGIN ISOLATION LEVEL NONSENSE")
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0


async def test_a_savepoint_undoes_its_own_part(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        insert = f"INSERT INTO {table} VALUES ($1, 'a')"
        async with connection.transaction() as transaction:
            await transaction.query(insert, (1,))
            async with transaction.savepoint() as inner:
                await inner.query(insert, (2,))
            with pytest.raises(UniqueViolation):
                async with transaction.savepoint() as inner:
                    await inner.query(insert, (3,))
                    await inner.query(insert, (1,))
            async with transaction.savepoint() as outer, outer.savepoint() as inner:
                await inner.query(insert, (4,))
            async with transaction.savepoint():
                pass  # nothing is sent for it
        ids = await connection.query(f"SELECT id FROM {table} ORDER BY id")
        assert ids.column(0) == [1, 2, 4]


async def test_what_was_not_committed_is_not_said_to_be(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        with pytest.raises(OrmError, match="rolled back"):
            async with connection.transaction() as transaction:
                with pytest.raises(OrmError):
                    await transaction.query("SELECT 1 / 0")
        assert connection.status == "idle"


async def test_a_constraint_that_is_looked_at_last_fails_the_commit(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 1) as table:
        await connection.script(
            f"CREATE TABLE of_{table} (id int REFERENCES {table} DEFERRABLE INITIALLY DEFERRED)"
        )
        with pytest.raises(ForeignKeyViolation):
            async with connection.transaction() as transaction:
                await transaction.query(f"INSERT INTO of_{table} VALUES (5)")
        assert connection.status == "idle"
        await connection.script(f"DROP TABLE of_{table}")


async def test_a_transaction_is_used_as_it_is_meant(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        transaction = connection.transaction(read_only=True)
        with pytest.raises(UsageError, match="not begun"):
            transaction.savepoint()
        async with transaction:
            with pytest.raises(UsageError, match="savepoint"):
                await connection.transaction().__aenter__()
            with pytest.raises(OrmError, match="read-only"):
                await transaction.query("CREATE TABLE never (id int)")
            await transaction.rollback()
        with pytest.raises(UsageError, match="finished"):
            await transaction.commit()
        with pytest.raises(UsageError, match="entered once"):
            await transaction.__aenter__()
