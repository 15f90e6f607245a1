"""Tables that change under a plan, statements that are gone: prepared anew, or a typed error."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator

import pytest
from queryengine_orm.errors import (
    DatabaseError,
    ParameterError,
    StalePlan,
    UndefinedColumn,
    UndefinedTable,
)
from queryengine_orm.postgres import Connection, connect

from tests.orm.faults import messages
from tests.orm.faults.liar import serving, talk
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
    assert await tuples(connection) == [row]
    assert await tuples(connection) == [row]


async def test_a_change_by_another_session_is_seen_too(
    connection: Connection, postgres: PostgresServer
) -> None:
    assert await tuples(connection) == [(1, "one")]
    (schema,) = (await connection.query("SELECT current_schema()::text"))[0]
    async with await connect(f"{postgres.url()}?sslmode=disable") as other:
        await other.script(f"ALTER TABLE {schema}.t ADD c int DEFAULT 7")
    assert await tuples(connection) == [(1, "one", 7)]


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
        assert await tuples(connection) == []
        await connection.query(f"SET search_path TO {schema}")
        assert await tuples(connection) == [(1, "one")]
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
        except StalePlan:
            await transaction.rollback()
            expected = [(1, "one")]
    assert await tuples(connection) == expected


STALE = ("cached plan must not change result type", "gecachter Plan darf den Ergebnistyp nicht ändern")


@pytest.mark.parametrize("words", STALE)
async def test_a_statement_is_prepared_again_once_whatever_the_servers_language(words: str) -> None:
    stale = messages.error("0A000", words, routine="RevalidateCachedQuery")
    async with (
        asyncio.timeout(PATIENCE),
        serving(talk({b"B": stale, b"E": b""})) as served,
        await connect(served.dsn()) as connection,
    ):
        for runs in (1, 2):
            with pytest.raises(StalePlan, match=words):
                await connection.query("SELECT n FROM t")
            heard = [tag for tag, _ in served.wires[0].heard]
            assert heard.count(b"P") == heard.count(b"E") == 2 * runs
        assert not connection.is_closed


MOOD = "CREATE TYPE mood AS ENUM ('glad', 'sad'); ALTER TABLE t ADD m mood DEFAULT 'sad'"
"""a type that is not built in travels as text, and the others do not: each column's form is asked for"""


async def test_forms_are_asked_for_as_many_columns_as_there_are(connection: Connection) -> None:
    await connection.script(MOOD)
    assert await tuples(connection) == [(1, "one", "sad")]
    await connection.script("ALTER TABLE t ADD c int DEFAULT 7")
    assert await tuples(connection) == [(1, "one", "sad", 7)]
    async with connection.transaction() as transaction:
        await transaction.script("ALTER TABLE t DROP c")
        with pytest.raises(StalePlan):
            await transaction.query(ALL)
        await transaction.rollback()
    assert await tuples(connection) == [(1, "one", "sad", 7)]


async def test_what_comes_in_a_form_that_was_not_asked_for_is_not_guessed(
    connection: Connection, statements: int
) -> None:
    assert await tuples(connection, "SELECT a FROM t") == [(1,)]
    await connection.script(f"{MOOD}; ALTER TABLE t DROP a; ALTER TABLE t RENAME m TO a")
    if statements == 0:  # it ran, and may not be run again unasked
        with pytest.raises(StalePlan, match="the statement ran"):
            await connection.query("SELECT a FROM t")
    assert await tuples(connection, "SELECT a FROM t") == [("sad",)]


async def test_a_stream_whose_columns_changed_gives_those_that_there_are(connection: Connection) -> None:
    async def streamed() -> list[tuple[object, ...]]:
        batches = [rows.tuples() async for rows in connection.stream(ALL, batch=1)]
        return [row for rows in batches for row in rows]

    await connection.script("INSERT INTO t VALUES (2, 'two')")
    assert await streamed() == [(1, "one"), (2, "two")]
    await connection.script("ALTER TABLE t ADD c int DEFAULT 7")
    with contextlib.suppress(StalePlan):  # one that is kept fails with the transaction of the stream
        await streamed()
    assert await streamed() == [(1, "one", 7), (2, "two", 7)]


@pytest.mark.parametrize("where", ["outside", "inside"])
async def test_a_name_that_the_server_has_already_is_done_without(
    postgres: PostgresServer, where: str
) -> None:
    async with asyncio.timeout(PATIENCE), await connect(postgres.url()) as connection:
        await connection.query("SELECT 1")
        (name,) = (await connection.query("SELECT name::text FROM pg_prepared_statements"))[0]
        taken = str(name).rpartition("_")[0] + "_3"
        if where == "outside":
            await connection.script(f"PREPARE {taken} AS SELECT 'wrong'")
            assert await tuples(connection, "SELECT 'right'") == [("right",)]
        else:
            async with connection.transaction() as transaction:
                await transaction.script(f"PREPARE {taken} AS SELECT 'wrong'")
                with pytest.raises(DatabaseError) as caught:
                    await transaction.query("SELECT 'right'")
                assert caught.value.sqlstate == "42P05"
                await transaction.rollback()
            assert await tuples(connection, "SELECT 'right'") == [("right",)]


async def test_rows_of_a_copy_are_of_the_types_that_the_table_has_now(
    connection: Connection, postgres: PostgresServer
) -> None:
    await connection.script("CREATE TABLE c (n int)")
    assert await connection.copy_rows("c", ["n"], [(1,)]) == 1
    (schema,) = (await connection.query("SELECT current_schema()::text"))[0]
    async with await connect(f"{postgres.url()}?sslmode=disable") as other:
        await other.script(f"ALTER TABLE {schema}.c ALTER n TYPE float4")  # as many bytes, another meaning
    assert await connection.copy_rows("c", ["n"], [(1.5,)]) == 1
    assert await tuples(connection, "SELECT n FROM c ORDER BY n") == [(1.0,), (1.5,)]
    assert [
        row async for rows in connection.copy_rows_out("TABLE c ORDER BY n") for row in rows.tuples()
    ] == [
        (1.0,),
        (1.5,),
    ]


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
