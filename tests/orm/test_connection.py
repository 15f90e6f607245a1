"""What is around a connection's calls: hooks, settings of its session, and what it holds of its user's."""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import math
import weakref
from decimal import Decimal
from typing import Any

import pytest
from queryengine_orm.driver import Kind
from queryengine_orm.errors import ConfigurationError, ConnectionLost, DataError, OrmError, UsageError
from queryengine_orm.postgres import Connection, Notice, connect, create_pool

from tests.orm.postgres_world import connected, numbers, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

NOTICE = "DO $$ BEGIN RAISE NOTICE 'one'; RAISE NOTICE 'two'; END $$"


# -- hooks


async def test_a_hook_that_fails_is_told_to_the_loop_and_every_call_is_answered(
    postgres: PostgresServer,
) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    def fail(_notice: Notice) -> None:
        raise ValueError("of the hook")

    async with connected(postgres) as connection:
        connection.on_notice = fail
        await asyncio.gather(connection.run_script(NOTICE), connection.query("SELECT 1"))
        assert await value(connection, "SELECT 2") == 2
    assert [str(context["exception"]) for context in told] == ["of the hook", "of the hook"]
    assert all(context["protocol"] is connection for context in told)


async def test_a_hook_may_ask_for_more(postgres: PostgresServer) -> None:
    calls: list[asyncio.Future[Any]] = []
    async with connected(postgres) as connection:
        connection.on_notice = lambda notice: calls.append(
            connection.query("SELECT $1::text", [notice["message"]])
        )
        await connection.script(NOTICE)
        assert [rows[0][0] for rows in await asyncio.gather(*calls)] == ["one", "two"]


async def test_code_of_a_parameter_cannot_use_the_connection_that_it_is_written_to(
    postgres: PostgresServer,
) -> None:
    class Zone(dt.tzinfo):
        def utcoffset(self, _when: dt.datetime | None) -> dt.timedelta:
            _ = connection.query("SELECT 1")
            return dt.timedelta(0)

        def dst(self, _when: dt.datetime | None) -> None: ...

        def tzname(self, _when: dt.datetime | None) -> None: ...

    async with connected(postgres) as connection:
        for _ in range(2):  # before and after the statement was prepared
            with pytest.raises(UsageError, match="at work"):
                await connection.query("SELECT $1::timestamptz", [dt.datetime(2020, 1, 1, tzinfo=Zone())])
        assert await value(connection, "SELECT 1") == 1


# -- the session


async def test_a_session_whose_text_would_be_read_wrong_is_over(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        await connection.script("SET client_encoding = 'UNICODE'")
        call = connection.query("SELECT chr(195) || chr(169)")
        assert (await call)[0][0] == "\u00c3\u00a9"
        with pytest.raises(ConnectionLost, match="client_encoding was set to LATIN1"):
            await connection.script("SET client_encoding = 'LATIN1'")
        assert connection.is_closed


async def test_portals_that_failed_or_were_left_are_forgotten_with_their_transaction(
    postgres: PostgresServer,
) -> None:
    async with connected(postgres) as connection, numbers(postgres) as table:
        for _ in range(3):
            with pytest.raises(DataError):
                async for _rows in connection.stream(
                    f"SELECT 1 / (id - 3) FROM {table} ORDER BY id", batch=2
                ):
                    pass
        transaction = connection.transaction()
        async with transaction:
            several = transaction.stream(f"SELECT id FROM {table}", batch=2)
            await anext(several)
            assert connection.portals == 1
            with pytest.raises(DataError):
                await transaction.query("SELECT 1 / 0")
            await several.aclose()
            await transaction.rollback()
        assert connection.portals == 0


@pytest.mark.parametrize("seconds", [-1.0, 0.0, math.nan])
async def test_a_time_out_that_is_none_is_refused(postgres: PostgresServer, seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="timeout"):
        await connect(postgres.url(), timeout=seconds)
    with pytest.raises(ConfigurationError, match="timeout"):
        _ = create_pool(postgres.url(), timeout=seconds)


async def test_settings_that_no_pool_can_have_are_refused(postgres: PostgresServer) -> None:
    with pytest.raises(ConfigurationError, match="a time of a pool"):
        _ = create_pool(postgres.url(), acquire_timeout=math.nan)
    with pytest.raises(ConfigurationError, match="a time of a pool"):
        _ = create_pool(postgres.url(), close_timeout=-1.0)
    with pytest.raises(ConfigurationError, match="a time of a pool"):
        _ = create_pool(postgres.url(), idle_check=-1.0)
    with pytest.raises(ConfigurationError, match="prepared statements"):
        _ = create_pool(postgres.url(), statements=-1)


async def test_kinds_that_a_caller_changes_are_those_of_the_next_run(postgres: PostgresServer) -> None:
    kinds: list[Kind | None] = ["int"]
    async with connected(postgres) as connection:
        given: list[tuple[Kind, object]] = [("int", 1), ("decimal", Decimal(1)), ("float", 1.0)]
        for kind, expected in given:
            kinds[0] = kind
            got = (await connection.query("SELECT 1::bigint", (), result=kinds))[0][0]
            assert (type(got), got) == (type(expected), expected)


# -- what it holds


def test_a_connection_is_let_go_of_though_what_it_was_given_leads_back_to_it(
    postgres: PostgresServer,
) -> None:
    """A loop that ends in the midst of calls leaves them, and their parameters, with the connection."""

    class Text(str):
        __slots__ = ("owner",)

        owner: Connection

    async def leave() -> weakref.ref[Connection]:
        connection = await connect(postgres.url())
        text = Text("x")
        text.owner = connection
        _ = connection.query("SELECT $1::text, pg_sleep(60)", [text])
        _ = connection.query_many("SELECT $1::text", [[text]])
        _ = connection.copy_out("COPY (SELECT 1) TO STDOUT", lambda _piece: connection)
        await asyncio.sleep(0.05)
        transport = connection.transport
        assert transport is not None
        transport.abort()  # the loop ends before it says so
        return weakref.ref(connection)

    loop = asyncio.new_event_loop()
    left = loop.run_until_complete(leave())
    loop.close()
    del loop
    gc.collect()
    assert left() is None


async def test_a_connection_that_is_closed_under_a_request_to_cancel_says_nothing_more(
    postgres: PostgresServer,
) -> None:
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    async with connected(postgres) as observer, connected(postgres) as connection:
        call = connection.query("SELECT pg_sleep(60)")
        await asyncio.sleep(0.02)
        call.cancel()
        await asyncio.sleep(0)
        await observer.query("SELECT pg_terminate_backend($1)", [connection.process_id])
        with pytest.raises(OrmError):
            await connection.query("SELECT 1")
    gc.collect()
    assert told == []
