"""Tasks that are cancelled anywhere: the connection is clean or dead, and no answer goes astray."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from queryengine_orm.errors import ConnectionLost
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import connect

from tests.orm.faults import messages
from tests.orm.faults.liar import CANCEL_REQUEST, HONEST, Wire, serving
from tests.orm.faults.proxy import proxied
from tests.orm.faults.storm import Storm
from tests.orm.postgres_world import connected, until, until_running
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

PATIENCE = 60.0
SLOW = "SELECT pg_sleep(0.3), 6"
ENDLESS = "SELECT pg_sleep(600), 6"


@pytest.fixture
async def pool(postgres: PostgresServer) -> AsyncIterator[PostgresPool]:
    """Give a pool of a few connections for many tasks."""
    dsn = f"{postgres.url()}?sslmode=disable"
    async with await create_pool(dsn, minimum=0, maximum=5, acquire_timeout=PATIENCE) as pool:
        yield pool


@pytest.mark.long
async def test_no_answer_goes_astray_in_a_storm_of_cancellations(pool: PostgresPool) -> None:
    storm = Storm(pool, seed=2026)
    async with asyncio.timeout(PATIENCE):
        await storm.blow(1_000)
    assert storm.failures == []
    assert storm.answered > 100
    assert storm.cancelled > 100
    assert pool.statistics()["acquired"] == pool.statistics()["waiting"] == 0


async def test_the_server_stops_what_nobody_waits_for(postgres: PostgresServer) -> None:
    async with asyncio.timeout(PATIENCE), await connect(f"{postgres.url()}?sslmode=disable") as connection:
        call = connection.query("SELECT pg_sleep(600)")
        await asyncio.sleep(0.02)
        call.cancel()
        await asyncio.sleep(0)  # what is sent in the same turn would be behind it, and waits for it
        assert [tuple(row) for row in await connection.query("SELECT 'next'")] == [("next",)]


async def test_calls_before_and_behind_one_that_is_cancelled_are_answered(postgres: PostgresServer) -> None:
    async with asyncio.timeout(PATIENCE), await connect(f"{postgres.url()}?sslmode=disable") as connection:
        for number in range(10):
            calls = [connection.query("SELECT $1::int", [number * 10 + place]) for place in range(10)]
            calls[number].cancel()
            for place, call in enumerate(calls):
                if place != number:
                    assert (await call)[0][0] == number * 10 + place
            assert calls[number].cancelled()


@pytest.mark.long
@pytest.mark.parametrize("sql", ["SELECT 'another', $1::int -- {}", "SELECT 'another', $1::int"])
async def test_a_call_cancelled_at_any_byte_of_its_answer_leaves_a_clean_connection(
    postgres: PostgresServer, sql: str
) -> None:
    async with asyncio.timeout(PATIENCE), proxied(postgres.port) as proxy:
        url = postgres.url().replace(f":{postgres.port}/", f":{proxy.port}/")
        async with await connect(f"{url}?sslmode=disable") as connection:
            await connection.query("SELECT 'another', $1::int", [0])
            byte = 0
            while True:  # the first statement is prepared each time, the second is known
                proxy.piece = 1
                call = connection.query(sql.format(byte), [byte])
                await proxy.has_passed(byte, is_over=call.done)
                if call.done():
                    break
                call.cancel()
                proxy.piece = None
                (row,) = await connection.query("SELECT 'mine', $1::int", [byte])
                assert tuple(row) == ("mine", byte)
                byte += 1
            assert byte > len("another")  # it was cut within its rows


async def test_a_request_to_cancel_is_sent_for_a_call_that_is_alone_and_for_no_other(
    postgres: PostgresServer,
) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        connected(postgres) as observer,
        proxied(postgres.port) as proxy,
        await connect(postgres.url(), port=proxy.port, sslmode="disable") as own,
    ):
        await own.describe("SELECT 1")
        slow, behind = own.query(SLOW), own.query("SELECT 7")
        await asyncio.sleep(0)  # both are sent
        slow.cancel()
        assert (await behind)[0][0] == 7
        assert proxy.accepted == 1  # its own connection
        alone = own.query(ENDLESS)
        await until_running(observer, own.process_id, "pg_sleep(600)")
        alone.cancel()
        await asyncio.sleep(0)  # what is sent in the same turn would be behind it
        assert (await own.query("SELECT 8"))[0][0] == 8
        assert proxy.accepted == 2  # that of the request, too


async def test_nothing_is_sent_before_the_server_is_done_with_a_request_to_cancel() -> None:
    events: list[str] = []
    is_silent, hang_up = asyncio.Event(), asyncio.Event()

    async def conversation(wire: Wire) -> None:
        code, _ = await wire.hear_first()
        if code == CANCEL_REQUEST:
            events.append("asked to cancel")
            await hang_up.wait()
            return
        await wire.say(messages.greeting())
        while True:
            tag, _ = await wire.hear()
            events.append(tag.decode())
            await wire.say(b"" if is_silent.is_set() else HONEST.get(tag, b""))

    async with serving(conversation) as served, asyncio.timeout(PATIENCE), await connect(served.dsn()) as own:
        await own.query("SELECT n FROM t")  # known from now on
        events.clear()
        is_silent.set()
        cancelled = own.query("SELECT n FROM t")
        await until(lambda: events == ["B", "E", "S"])
        cancelled.cancel()
        await asyncio.sleep(0)
        behind = own.query("SELECT n FROM t")
        await until(lambda: "asked to cancel" in events)
        await asyncio.sleep(0.02)
        assert events == ["B", "E", "S", "asked to cancel"]
        hang_up.set()
        await until(lambda: events[-1] == "S")
        late = messages.BIND_COMPLETE + messages.error("57014") + messages.READY
        await served.wires[0].say(late)
        await asyncio.sleep(0.02)
        assert events == ["B", "E", "S", "asked to cancel", "S"]
        is_silent.clear()
        await served.wires[0].say(messages.READY)
        assert (await behind).tuples() == [(42,)]


async def test_a_server_that_does_not_hear_a_request_to_cancel_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("queryengine_orm.connection.CANCEL_SECONDS", 0.05)
    connected = 0

    async def conversation(wire: Wire) -> None:
        nonlocal connected
        connected += 1
        if connected > 1:
            return await wire.hear_out()
        await wire.hear_start()
        await wire.say(messages.greeting())
        while True:
            tag, _ = await wire.hear()
            await wire.say(b"" if tag == b"E" else HONEST.get(tag, b"") if tag != b"S" or connected else b"")

    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        connection = await connect(served.dsn())
        call = connection.query("SELECT n FROM t")
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(ConnectionLost):
            await connection.query("SELECT n FROM t")
