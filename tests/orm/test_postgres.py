"""A connection to PostgreSQL: what it sends, in which order, and what becomes of the answers."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from contextvars import Context
from typing import TypeVarTuple, cast

import pytest
from queryengine_orm.errors import (
    ConnectionLost,
    OrmError,
    ParameterError,
    StalePlan,
    TimeoutExceeded,
    UndefinedColumn,
    UniqueViolation,
    UsageError,
)
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import Connection, Notice, connect

from tests.orm.postgres_world import connected, numbers, until_running, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

# -- queries


async def test_a_query_gives_rows_with_the_types_of_the_database(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        sql = "SELECT $1::int4 + 1 AS number, $2::text AS word, NULL::bool AS nothing"
        rows = await connection.query(sql, (41, "é"))
        assert rows.tuples() == [(42, "é", None)]
        assert (rows.columns, rows.affected, rows.tag) == (("number", "word", "nothing"), 1, "SELECT 1")
        assert (await connection.query("SELECT 1 WHERE false")).tuples() == []


async def test_calls_are_answered_in_their_order(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        calls = [connection.query(f"INSERT INTO {table} VALUES ($1, 'a')", (number,)) for number in range(50)]
        calls.append(connection.query(f"SELECT count(*) FROM {table}"))
        await asyncio.gather(*calls)
        assert calls[-1].result()[0][0] == 50


Ts = TypeVarTuple("Ts")


class CountingLoop(asyncio.SelectorEventLoop):
    """An event loop that counts what is put off to its next turn."""

    put_off = 0

    def call_soon(
        self, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        self.put_off += 1
        return super().call_soon(callback, *args, context=context)


def test_a_query_puts_off_its_sending_and_the_task_that_waits_and_nothing_else(
    postgres: PostgresServer,
) -> None:
    async def ask(loop: CountingLoop) -> int:
        async with connected(postgres) as connection:
            await connection.query("SELECT 1")
            before = loop.put_off
            for _ in range(10):
                await connection.query("SELECT 1")
            return loop.put_off - before

    loop = CountingLoop()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        assert runner.run(ask(loop)) == 20


class CountingTransport:
    """A transport that counts what is sent by it."""

    def __init__(self, transport: asyncio.Transport, sends: list[int]) -> None:
        self._transport = transport
        self._sends = sends

    def write(self, data: bytes) -> None:
        """Send, as one system call."""
        self._sends.append(len(data))
        self._transport.write(data)

    def __getattr__(self, name: str) -> object:
        return getattr(self._transport, name)


async def test_calls_of_one_turn_of_the_loop_are_one_send(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sends: list[int] = []
    made = Connection.connection_made

    def counted(connection: Connection, transport: asyncio.Transport) -> None:
        made(connection, cast("asyncio.Transport", CountingTransport(transport, sends)))

    monkeypatch.setattr(Connection, "connection_made", counted)

    async def ask(executor: Connection | PostgresPool, number: int) -> object:
        return (await executor.query("SELECT $1::int4", (number,), clean=True))[0][0]

    async with connected(postgres) as connection:
        await ask(connection, 0)
        sends.clear()
        assert await asyncio.gather(*(ask(connection, number) for number in range(50))) == [*range(50)]
        assert len(sends) == 1
        sends.clear()
        async with connection.transaction() as transaction:
            await transaction.query("SELECT $1::int4", (1,))
            assert len(sends) == 1  # with BEGIN
        assert len(sends) == 2  # with COMMIT
        sends.clear()
        with pytest.raises(ParameterError, match="65536"):
            await connection.query("SELECT 1", [0] * 65_536)
        assert sends == []  # no statement takes so many
    async with create_pool(postgres.url(), minimum=2, maximum=2, pipeline=25) as pool:
        for _ in range(2):  # prepared on both by the first
            sends.clear()
            assert await asyncio.gather(*(ask(pool, number) for number in range(50))) == [*range(50)]
        assert len(sends) == 2


async def test_the_failure_of_one_of_many_calls_is_its_own(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        sql = "SELECT 1 / $1::int4"
        answers = await asyncio.gather(
            *(connection.query(sql, (number % 2,)) for number in range(20)), return_exceptions=True
        )
        assert [isinstance(answer, OrmError) for answer in answers] == [True, False] * 10


async def test_an_error_says_what_the_server_says(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres) as table:
        with pytest.raises(UniqueViolation) as refused:
            await connection.query(f"INSERT INTO {table} VALUES (1, 'a')")
        error = refused.value
        assert (error.sqlstate, error.table, error.constraint) == ("23505", table, f"{table}_pkey")
        with pytest.raises(UndefinedColumn) as unknown:
            await connection.query("SELECT nothing")
        assert unknown.value.position == 8
        assert await value(connection, "SELECT 1") == 1


@pytest.mark.parametrize("parameters", [(), (1, 2), ("1",), (2**31,), (1.5,)])
async def test_a_parameter_that_does_not_fit_is_refused_before_anything_is_sent(
    postgres: PostgresServer, parameters: tuple[object, ...]
) -> None:
    async with connected(postgres) as connection:
        for _ in range(2):  # at first sight of the statement, and later
            with pytest.raises(ParameterError):
                await connection.query("SELECT $1::int4", parameters)
        assert await value(connection, "SELECT $1::int4", 7) == 7


async def test_a_statement_is_prepared_once_and_the_longest_unused_goes(postgres: PostgresServer) -> None:
    async with await connect(postgres.url(), statements=3) as connection:
        for number in (1, 2, 3, 1, 4, 1, 5, 1):
            await value(connection, f"SELECT {number}")
        assert connection.statements == 3
        kept = await connection.query("SELECT statement FROM pg_prepared_statements")
        assert {str(statement) for statement in kept.column(0)} >= {"SELECT 1", "SELECT 5"}
        await value(connection, "SELECT 6")
        await value(connection, "SELECT 7")
        # The one that goes is closed together with the next preparation.
        assert await value(connection, "SELECT count(*)::int FROM pg_prepared_statements") == 4


async def test_without_names_no_statement_stays_on_the_server(postgres: PostgresServer) -> None:
    async with await connect(postgres.url(), statements=0) as connection:
        for number in range(3):
            assert await value(connection, "SELECT $1::int4", number) == number
        assert await value(connection, "SELECT count(*)::int FROM pg_prepared_statements") == 0


@pytest.mark.parametrize("statements", [0, 100])
async def test_a_changed_table_is_seen_outside_of_a_transaction(
    postgres: PostgresServer, statements: int
) -> None:
    async with (
        numbers(postgres, 1) as table,
        await connect(postgres.url(), statements=statements) as connection,
    ):
        sql = f"SELECT * FROM {table} WHERE id = $1"
        assert (await connection.query(sql, (1,))).tuples() == [(1, "n1")]
        await connection.script(f"ALTER TABLE {table} ADD COLUMN more int DEFAULT 7")
        assert (await connection.query(sql, (1,))).tuples() == [(1, "n1", 7)]
        await connection.script(f"ALTER TABLE {table} ALTER COLUMN id TYPE text")
        with pytest.raises(ParameterError):  # prepared again: the parameter is a text now
            await connection.query(sql, (1,))
        assert (await connection.query(sql, ("1",))).tuples() == [("1", "n1", 7)]


async def test_a_changed_table_is_a_typed_error_inside_a_transaction(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 1) as table:
        sql = f"SELECT * FROM {table}"
        await connection.query(sql)
        with pytest.raises(StalePlan):
            async with connection.transaction() as transaction:
                await transaction.script(f"ALTER TABLE {table} ADD COLUMN more int")
                await transaction.query(sql)
        assert connection.status == "idle"
        assert (await connection.query(sql)).tuples() == [(1, "n1")]


async def test_statements_that_the_server_forgot_are_prepared_again(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        assert await value(connection, "SELECT $1::int4", 1) == 1
        await connection.script("DO $$BEGIN EXECUTE 'DEALLOCATE ALL'; END$$")
        assert await value(connection, "SELECT $1::int4", 2) == 2
        await connection.script("DISCARD ALL")
        assert await value(connection, "SELECT $1::int4", 3) == 3


async def test_another_search_path_finds_another_table(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 1) as table:
        assert await value(connection, f"SELECT name FROM {table}") == "n1"
        await connection.script(
            f"CREATE SCHEMA other; CREATE TABLE other.{table} (name int);"
            f"INSERT INTO other.{table} VALUES (5); SET search_path TO other"
        )
        assert await value(connection, f"SELECT name FROM {table}") == 5
        await connection.script("DROP SCHEMA other CASCADE; RESET search_path")
        assert await value(connection, f"SELECT name FROM {table}") == "n1"


async def test_notices_go_to_whom_they_are_for(postgres: PostgresServer) -> None:
    notices: list[Notice] = []
    async with connected(postgres) as connection:
        connection.on_notice = notices.append
        await connection.script("DO $$BEGIN RAISE NOTICE 'look'; END$$")
    assert [(notice["severity"], notice["message"]) for notice in notices] == [("NOTICE", "look")]


async def test_notifications_are_heard_until_nobody_listens(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as other:
        async with connection.listen('a "b"') as listener:
            for number in range(3):
                await other.query("SELECT pg_notify($1, $2)", ('a "b"', str(number)))
            heard = [await anext(listener) for _ in range(3)]
            assert [(one.payload, one.process_id) for one in heard] == [
                (str(number), other.process_id) for number in range(3)
            ]
        assert await value(connection, "SELECT count(*)::int FROM pg_listening_channels()") == 0
        with pytest.raises(ConnectionLost):
            async with connection.listen("a") as listener:
                await connection.close()
                await anext(listener)


# -- many rows


async def test_many_rows_are_written_all_or_nothing(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        insert = f"INSERT INTO {table} VALUES ($1, $2)"
        assert await connection.execute_many(insert, []) == 0
        assert await connection.execute_many(insert, ((number, None) for number in range(2500))) == 2500
        for rows in ([(3000, "a"), (3000, "a")], [(number, "a") for number in (*range(3000, 5000), 1)]):
            with pytest.raises(UniqueViolation):
                await connection.execute_many(insert, rows)
        with pytest.raises(ParameterError):
            await connection.execute_many(insert, [(3000, "a"), (3001, 5)])
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 2500
        assert connection.status == "idle"


async def test_a_stream_whose_transaction_has_ended_says_so(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        async with connection.transaction() as transaction:
            stream = transaction.stream("SELECT * FROM generate_series(1, 9)", batch=2)
            assert len(await anext(stream)) == 2
        with pytest.raises(UsageError, match="the transaction of the stream has ended, and its rows with it"):
            await anext(stream)
        assert (connection.status, await value(connection, "SELECT 1")) == ("idle", 1)


async def test_a_stream_asks_for_rows_as_they_are_taken(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 10) as table:
        sizes = [len(rows) async for rows in connection.stream(f"SELECT * FROM {table}", batch=4)]
        assert (sizes, connection.status) == ([4, 4, 2], "idle")
        await connection.script("CREATE TEMPORARY SEQUENCE asked")
        async with connection.transaction() as transaction:
            counted = transaction.stream(f"SELECT nextval('asked') FROM {table}", batch=5)
            for batch in (1, 2):  # how far the server has gone is what was taken
                assert len(await anext(counted)) == 5
                assert await value(connection, "SELECT last_value FROM asked") == batch * 5
            with pytest.raises(StopAsyncIteration):  # the last batch was full: that no more comes is no batch
                await anext(counted)
        assert [rows async for rows in connection.stream("SELECT 1 WHERE false")] == []
        batches = connection.stream(f"SELECT 1 / (8 - id) FROM {table} WHERE id > $1", (0,), batch=5)
        assert len(await anext(batches)) == 5
        with pytest.raises(OrmError, match="division by zero"):
            await anext(batches)
        assert connection.status == "idle"
        early = connection.stream(f"SELECT * FROM {table}", batch=2)
        await anext(early)
        await early.aclose()
        assert (connection.status, await value(connection, "SELECT 1")) == ("idle", 1)
        with pytest.raises(UsageError):
            await anext(connection.stream("SELECT 1", batch=0))


# -- cancelling and ending


async def test_a_cancelled_query_is_cancelled_on_the_server(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as observer:
        await connection.describe("SELECT pg_sleep(60)")  # or else it may be seen while it is prepared
        call = connection.query("SELECT pg_sleep(60)")
        await until_running(observer, connection.process_id, "pg_sleep")
        call.cancel()
        assert await value(connection, "SELECT 7") == 7
        await until_running(observer, connection.process_id, "pg_sleep", runs=False)


async def test_a_cancelled_query_is_not_cancelled_on_the_server_while_others_wait_behind_it(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection:
        slow = connection.query("SELECT pg_sleep(0.3), 1")
        behind = connection.query("SELECT 2")
        await asyncio.sleep(0.05)
        slow.cancel()
        assert (await behind)[0][0] == 2


async def test_a_call_that_was_not_sent_yet_is_forgotten(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        calls = [connection.query(f"INSERT INTO {table} VALUES ({number}, 'a')") for number in range(4)]
        for call in calls[1:]:
            call.cancel()
        await calls[0]
        assert await value(connection, f"SELECT count(*)::int FROM {table}") == 1


async def test_a_transaction_of_a_cancelled_task_is_rolled_back(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres, 0) as table:
        for steps in range(8):

            async def work() -> None:
                async with connection.transaction() as transaction:
                    await transaction.query(f"INSERT INTO {table} VALUES (1, 'a')")
                    await transaction.query("SELECT pg_sleep(60)")

            task = asyncio.ensure_future(work())
            for _ in range(steps):
                await asyncio.sleep(0.002)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await value(connection, f"SELECT count(*)::int FROM {table}") == 0
            assert connection.status == "idle"


async def test_a_call_that_takes_too_long_fails_and_the_connection_goes_on(postgres: PostgresServer) -> None:
    async with await connect(postgres.url(), timeout=0.1) as connection:
        with pytest.raises(TimeoutExceeded):
            await connection.query("SELECT pg_sleep(60)")
        assert await value(connection, "SELECT 1") == 1


async def test_calls_under_way_fail_when_the_server_ends_the_session(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, connected(postgres) as other:
        calls = [connection.query("SELECT pg_sleep(60)"), connection.query("SELECT 1")]
        await until_running(other, connection.process_id, "pg_sleep")
        await other.query("SELECT pg_terminate_backend($1)", (connection.process_id,))
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(answer, ConnectionLost)
        assert connection.is_closed
        with pytest.raises(ConnectionLost):
            await connection.query("SELECT 1")


async def test_calls_under_way_fail_when_the_connection_is_closed(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        calls = [connection.query("SELECT pg_sleep(60)"), connection.query("SELECT 1")]
        await asyncio.sleep(0.02)
        await connection.close()
        for answer in await asyncio.gather(*calls, return_exceptions=True):
            assert isinstance(answer, ConnectionLost)
        await connection.close()


async def test_a_connection_that_is_closed_is_let_go_of(postgres: PostgresServer) -> None:
    def alive() -> int:
        gc.collect()
        return sum(isinstance(thing, Connection) for thing in gc.get_objects())

    async def use() -> None:
        async with connected(postgres) as connection:
            await value(connection, "SELECT 1")

    before = alive()
    for _ in range(5):
        await use()
    await asyncio.sleep(0.01)
    assert alive() <= before
