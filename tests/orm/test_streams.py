"""Streams left before their end: nothing is lost in silence, and the next borrower is not hit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

import pytest
from queryengine_orm._native import Rows
from queryengine_orm.errors import UsageError
from queryengine_orm.postgres import Connection, create_pool

from tests.orm.postgres_world import PATIENCE, connected, numbers, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

STREAMS: dict[str, Callable[[Connection, str], AsyncGenerator[Rows]]] = {
    "stream": lambda connection, table: connection.stream(f"SELECT * FROM {table}", batch=2),
    "copy": lambda connection, table: connection.copy_rows_out(f"SELECT * FROM {table}"),
}


async def in_transaction(connection: Connection, table: str) -> None:
    async with connection.transaction() as transaction:
        await transaction.query(f"DELETE FROM {table}")


CALLS: dict[str, Callable[[Connection, str], Awaitable[object]]] = {
    "query": lambda connection, table: connection.query(f"DELETE FROM {table}"),
    "execute_many": lambda connection, table: connection.execute_many(
        f"DELETE FROM {table} WHERE id = $1", [[1]]
    ),
    "script": lambda connection, table: connection.script(f"DELETE FROM {table}"),
    "copy_rows": lambda connection, table: connection.copy_rows(table, ["id"], [[11]]),
    "transaction": in_transaction,
    "stream": lambda connection, table: anext(connection.stream(f"SELECT * FROM {table}")),
    "copy_rows_out": lambda connection, table: anext(connection.copy_rows_out(f"SELECT * FROM {table}")),
    "copy_query": lambda connection, table: anext(connection.copy_query(f"COPY {table} TO STDOUT")),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("stream", STREAMS)
async def test_a_call_that_would_be_undone_with_a_stream_is_refused(
    postgres: PostgresServer, stream: str, call: str
) -> None:
    async with connected(postgres) as connection, numbers(postgres) as table:
        async with aclosing(STREAMS[stream](connection, table)) as batches:
            await anext(batches)
            with pytest.raises(UsageError, match="a stream of this connection is not at its end"):
                await CALLS[call](connection, table)
        await connection.query(f"INSERT INTO {table} VALUES (12)")
        assert await value(connection, f"SELECT count(*) FROM {table}") == 11


@pytest.mark.parametrize("stream", STREAMS)
async def test_a_call_behind_a_stream_that_is_left_is_refused_until_it_is_closed(
    postgres: PostgresServer, stream: str
) -> None:
    async with connected(postgres) as connection, numbers(postgres) as table:
        async for _rows in STREAMS[stream](connection, table):
            break
        with pytest.raises(UsageError, match="a stream of this connection is not at its end"):
            await connection.query(f"DELETE FROM {table}")
        await asyncio.sleep(0.02)  # nobody holds it, so that asyncio closes it
        await connection.query(f"DELETE FROM {table} WHERE id > 4")
        assert [len(rows) async for rows in connection.stream(f"SELECT * FROM {table}", batch=2)] == [2, 2]


async def test_in_a_transaction_of_ones_own_other_calls_go_beside_a_stream(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection, numbers(postgres) as table:
        async with connection.transaction() as transaction:
            async for rows in transaction.stream(f"SELECT id FROM {table}", batch=4):
                await transaction.query(f"DELETE FROM {table} WHERE id = $1", [rows[0][0]])
        assert await value(connection, f"SELECT count(*) FROM {table}") == 7


@pytest.mark.parametrize("stream", STREAMS)
async def test_what_outlives_its_loan_leaves_the_next_borrower_alone(
    postgres: PostgresServer, stream: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        numbers(postgres, 3) as table,
        create_pool(postgres.url(), maximum=1) as pool,
    ):
        async with pool.acquire() as lent:
            batches = STREAMS["stream"](lent, table)
            await anext(batches)
        async with pool.acquire() as lent:
            transaction = lent.transaction()
            await transaction.__aenter__()
            await transaction.query(f"DELETE FROM {table}")
        async with pool.transaction() as of_the_next:
            await of_the_next.query(f"INSERT INTO {table} VALUES (4)")
            await batches.aclose()
            with pytest.raises(UsageError, match="undone when its connection was given back"):
                await transaction.commit()
            with pytest.raises(UsageError, match="undone when its connection was given back"):
                await transaction.query("SELECT 1")
            await transaction.__aexit__(ValueError, ValueError(), None)
        async with pool.acquire() as lent:
            late = STREAMS["stream"](lent, table)
            await anext(late)
        async with pool.acquire() as lent:
            batches = STREAMS[stream](lent, table)
            await anext(batches)
            with pytest.raises(UsageError, match="connection was given back, and its rows with it"):
                await anext(late)
            with pytest.raises(UsageError, match="a stream of this connection is not at its end"):
                await lent.query("SELECT 1")
            await batches.aclose()
            assert (await value(lent, f"SELECT count(*) FROM {table}"), lent.transactions) == (4, 0)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_a_stream_left_in_a_loan_is_closed_without_a_word(
    postgres: PostgresServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with asyncio.timeout(PATIENCE), create_pool(postgres.url(), maximum=1) as pool:
        async with pool.acquire() as connection:
            async for _rows in connection.stream("SELECT 1 FROM generate_series(1, 9)", batch=2):
                break
        assert (await pool.query("SELECT 2"))[0][0] == 2
        async with pool.acquire() as connection:
            assert connection.transactions == 0
    assert caplog.records == []


async def test_an_exception_that_leaves_a_stream_while_one_listens_is_the_one_to_be_seen(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection:
        batches = connection.stream("SELECT 1 FROM generate_series(1, 9)", batch=2)
        with pytest.raises(ZeroDivisionError):
            await fail_while_listening(connection, batches)
        await batches.aclose()
        assert await value(connection, "SELECT 3") == 3


async def fail_while_listening(connection: Connection, batches: AsyncGenerator[Rows]) -> None:
    async with connection.listen("news"):
        await anext(batches)
        raise ZeroDivisionError
