"""Tables that change under a plan: prepared anew outside of a transaction, an error with a type inside."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest
from queryengine_orm.errors import (
    DatabaseError,
    ParameterError,
    StalePlan,
    UndefinedColumn,
    UndefinedTable,
    UsageError,
)
from queryengine_orm.postgres import Connection, connect

from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

PATIENCE = 20.0


@pytest.fixture
async def connection(postgres: PostgresServer, statements: int) -> AsyncIterator[Connection]:
    """Give a connection whose statements are kept, or not, in a schema of its own with a table t."""
    schema = f"plans_{secrets.token_hex(8)}"
    async with (
        asyncio.timeout(PATIENCE),
        await connect(f"{postgres.url()}?sslmode=disable", statements=statements) as connection,
    ):
        await connection.script(f"CREATE SCHEMA {schema}; SET search_path TO {schema}; {TABLE}")
        try:
            yield connection
        finally:
            await connection.script(f"ROLLBACK; DROP SCHEMA {schema} CASCADE")


@pytest.fixture(params=[256, 0], ids=["kept", "unnamed"])
def statements(request: pytest.FixtureRequest) -> int:
    """Say how many statements are kept; none is the mode for pgbouncer."""
    value: int = request.param
    return value


TABLE = "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'one')"
ALL = "SELECT * FROM t"


async def tuples(connection: Connection, sql: str = ALL, *parameters: object) -> list[tuple[object, ...]]:
    """Return what a query gives."""
    return [tuple(row) for row in await connection.query(sql, parameters)]


async def tuples_anew(connection: Connection, sql: str = ALL) -> list[tuple[object, ...]]:
    """Return the rows after a change; of a statement that nobody keeps an error may say so once.

    It was described before it ran, and by then the table was another; it may not be run twice.
    """
    try:
        return await tuples(connection, sql)
    except UsageError:
        return await tuples(connection, sql)


CHANGES = {
    "a column more": ("ALTER TABLE t ADD c int DEFAULT 7", (1, "one", 7)),
    "a column less": ("ALTER TABLE t DROP a", ("one",)),
    "another type": ("ALTER TABLE t ALTER a TYPE text USING 'number ' || a", ("number 1", "one")),
    "another name": ("ALTER TABLE t RENAME a TO z", (1, "one")),
    "another table": ("DROP TABLE t; CREATE TABLE t (x bool); INSERT INTO t VALUES (true)", (True,)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_rows_are_those_of_the_table_as_it_is(connection: Connection, change: str) -> None:
    sql, row = CHANGES[change]
    for _ in range(3):
        assert await tuples(connection) == [(1, "one")]
    await connection.script(sql)
    assert await tuples_anew(connection) == [row]
    assert await tuples(connection) == [row]


async def test_a_change_by_another_session_is_seen_too(
    connection: Connection, postgres: PostgresServer
) -> None:
    assert await tuples(connection) == [(1, "one")]
    (schema,) = (await connection.query("SELECT current_schema()::text"))[0]
    async with await connect(f"{postgres.url()}?sslmode=disable") as other:
        await other.script(f"ALTER TABLE {schema}.t ADD c int DEFAULT 7")
    assert await tuples_anew(connection) == [(1, "one", 7)]


async def test_a_parameter_that_changed_its_type_is_encoded_anew(connection: Connection) -> None:
    sql = "SELECT b FROM t WHERE a = $1"
    assert await tuples(connection, sql, 1) == [("one",)]
    await connection.script("ALTER TABLE t ALTER a TYPE text")
    with pytest.raises(ParameterError):  # nothing has told the client of the new type
        await connection.query(sql, ["1"])
    assert await tuples(connection, sql, "1") == [("one",)]


async def test_a_search_path_that_changed_leads_to_the_other_table(connection: Connection) -> None:
    assert await tuples(connection) == [(1, "one")]
    (schema,) = (await connection.query("SELECT current_schema()::text"))[0]
    await connection.script(f"CREATE SCHEMA {schema}_2; CREATE TABLE {schema}_2.t (other bool)")
    try:
        await connection.query(f"SET search_path TO {schema}_2")
        assert await tuples_anew(connection) == []
        await connection.query(f"SET search_path TO {schema}")
        assert await tuples_anew(connection) == [(1, "one")]
    finally:
        await connection.script(f"SET search_path TO {schema}; DROP SCHEMA {schema}_2 CASCADE")


@pytest.mark.parametrize("forget", ["DISCARD ALL", "DEALLOCATE ALL"])
async def test_statements_that_the_server_forgot_are_prepared_again(
    connection: Connection, forget: str
) -> None:
    assert await tuples(connection, "SELECT 1 + $1::int", 1) == [(2,)]
    await connection.script(forget)
    assert await tuples(connection, "SELECT 1 + $1::int", 1) == [(2,)]


@pytest.mark.parametrize("forget", ["DISCARD PLANS; DEALLOCATE ALL", "SELECT 1; DEALLOCATE ALL; SELECT 2"])
async def test_statements_forgotten_among_others_are_prepared_again(
    connection: Connection, forget: str
) -> None:
    assert await tuples(connection, "SELECT 1 + $1::int", 1) == [(2,)]
    await connection.script(forget)
    assert await tuples(connection, "SELECT 1 + $1::int", 1) == [(2,)]


async def test_inside_a_transaction_a_stale_plan_is_an_error_and_no_wrong_row(connection: Connection) -> None:
    assert await tuples(connection) == [(1, "one")]
    expected: list[tuple[object, ...]] = [(1, "one", 7)]
    transaction = connection.transaction()
    async with transaction:
        await transaction.script("ALTER TABLE t ADD c int DEFAULT 7")
        try:
            assert [tuple(row) for row in await transaction.query(ALL)] == expected
        except (StalePlan, UsageError):
            await transaction.rollback()
            expected = [(1, "one")]
    assert await tuples_anew(connection) == expected


async def test_what_is_gone_is_an_error_of_its_own(connection: Connection) -> None:
    sql = "SELECT a FROM t"
    assert await tuples(connection, sql) == [(1,)]
    await connection.script("ALTER TABLE t DROP a")
    with pytest.raises(UndefinedColumn):
        await connection.query(sql)
    await connection.script("DROP TABLE t")
    with pytest.raises(UndefinedTable):
        await connection.query(sql)
    with pytest.raises(DatabaseError):
        await connection.query(sql)


async def test_many_statements_are_kept_within_bounds(postgres: PostgresServer) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        await connect(f"{postgres.url()}?sslmode=disable", statements=10) as connection,
    ):
        for number in range(60):
            assert await tuples(connection, f"SELECT {number}") == [(number,)]
        # The one that asks is not counted.
        (count,) = (await connection.query("SELECT count(*) FROM pg_prepared_statements"))[0]
        assert isinstance(count, int)
        assert count <= 11
