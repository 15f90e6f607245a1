"""Networks that cut, stall and split: calls fail with a type and in time, and a pool gets over it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from queryengine_orm.dsn import Address
from queryengine_orm.errors import ConnectionFailed, ConnectionLost, OrmError
from queryengine_orm.handshake import open_transport
from queryengine_orm.pool import PostgresPool, create_pool
from queryengine_orm.postgres import Connection, connect

from tests.orm.faults.proxy import Proxy, proxied
from tests.orm.postgres_world import until
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops

PATIENCE = 20.0
SQL = "SELECT n, 'text ' || n FROM generate_series(1, $1::int) AS n"
ROWS = [(n, f"text {n}") for n in range(1, 51)]


@pytest.fixture
async def proxy(postgres: PostgresServer) -> AsyncIterator[Proxy]:
    """Give a network before the server."""
    async with proxied(postgres.port) as proxy:
        yield proxy


def dsn_of(server: PostgresServer, proxy: Proxy) -> str:
    """Return the server's address through the network."""
    return f"postgresql://{server.user}:{server.password}@127.0.0.1:{proxy.port}/postgres?sslmode=disable"


async def through(server: PostgresServer, proxy: Proxy) -> Connection:
    """Connect through the network."""
    return await connect(dsn_of(server, proxy))


async def rows_of(executor: Connection | PostgresPool) -> list[tuple[object, ...]]:
    """Return what the query gives."""
    return [tuple(row) for row in await executor.query(SQL, [50], clean=True)]


async def until_healed(pool: PostgresPool) -> int:
    """Query until that works; return how many times it did not."""
    for failures in range(50):
        try:
            assert await rows_of(pool) == ROWS
        except OrmError:
            await asyncio.sleep(0.02)
        else:
            return failures
    raise AssertionError("the pool does not heal")


async def outcome(call: Awaitable[object]) -> object:
    """Return a call's error, or what it gave."""
    try:
        return await call
    except OrmError as error:
        return error


@pytest.mark.parametrize("piece", [1, 3, 7])
async def test_rows_are_the_same_however_the_network_cuts_them(
    postgres: PostgresServer, proxy: Proxy, piece: int
) -> None:
    proxy.piece = piece
    async with asyncio.timeout(PATIENCE), await through(postgres, proxy) as connection:
        for _ in range(2):
            assert await rows_of(connection) == ROWS


@pytest.mark.long
async def test_a_cut_at_any_byte_is_a_lost_connection_and_no_wrong_row(
    postgres: PostgresServer, proxy: Proxy
) -> None:
    async with asyncio.timeout(PATIENCE), await through(postgres, proxy) as connection:
        greeting = proxy.from_server
        assert await rows_of(connection) == ROWS
        total = proxy.from_server
    for end in [*range(1, greeting, 37), *range(greeting, total, 61), total - 1]:
        proxy.cut_after = end
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(OrmError):
                await rows_of_new(postgres, proxy)


async def rows_of_new(server: PostgresServer, proxy: Proxy) -> list[tuple[object, ...]]:
    """Return the rows by a connection of its own, which is over then."""
    async with await through(server, proxy) as connection:
        return await rows_of(connection)


async def test_all_that_is_under_way_fails_when_the_network_is_cut(
    postgres: PostgresServer, proxy: Proxy
) -> None:
    async with asyncio.timeout(PATIENCE), await through(postgres, proxy) as connection:
        calls = [connection.query("SELECT pg_sleep(60)", clean=True) for _ in range(5)]
        await asyncio.sleep(0.05)
        proxy.cut()
        for call in calls:
            assert isinstance(await outcome(call), ConnectionLost)
        with pytest.raises(ConnectionLost):
            await connection.query("SELECT 1")


async def test_a_network_that_stalls_is_given_up_and_its_late_answer_reaches_nobody(
    postgres: PostgresServer, proxy: Proxy
) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(dsn_of(postgres, proxy), minimum=1, maximum=2, timeout=0.2)
        async with pool:
            assert await rows_of(pool) == ROWS
            proxy.stall()
            assert isinstance(await outcome(pool.query("SELECT 'late'", clean=True)), OrmError)
            proxy.resume()
            await until_healed(pool)
            assert [tuple(row) for row in await pool.query("SELECT 'mine'")] == [("mine",)]


async def test_a_pool_heals_after_every_connection_was_cut(postgres: PostgresServer, proxy: Proxy) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(dsn_of(postgres, proxy), minimum=3, maximum=3)
        async with pool:
            for _ in range(3):
                calls = [pool.query("SELECT pg_sleep(60)", clean=True) for _ in range(3)]
                while pool.statistics()["waiting"]:  # noqa: ASYNC110  # each has a connection to itself
                    await asyncio.sleep(0.005)
                await asyncio.sleep(0.05)
                proxy.cut()
                assert all([isinstance(await outcome(call), OrmError) for call in calls])
                await until_healed(pool)
            assert pool.statistics()["size"] <= 3


async def test_a_session_that_the_server_ended_fails_its_calls_and_no_others(
    postgres: PostgresServer,
) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(f"{postgres.url()}?sslmode=disable", minimum=2, maximum=2)
        async with pool, pool.acquire() as first, pool.acquire() as second:
            ended, kept = first.query("SELECT pg_sleep(60)"), second.query("SELECT pg_backend_pid()")
            await kept
            await second.query("SELECT pg_terminate_backend($1::int)", [first.process_id])
            error = await outcome(ended)
            assert isinstance(error, OrmError)
            assert "terminat" in str(error)


async def test_a_server_that_hung_up_on_idle_connections_is_asked_again(
    postgres: PostgresServer, proxy: Proxy
) -> None:
    async with asyncio.timeout(PATIENCE):
        pool = await create_pool(dsn_of(postgres, proxy), minimum=2, maximum=2)
        async with pool:
            assert await rows_of(pool) == ROWS
            proxy.cut()
            await asyncio.sleep(0.05)
            assert await rows_of(pool) == ROWS


async def test_a_server_that_reads_no_more_does_not_keep_a_closed_connection_s_socket(
    postgres: PostgresServer, proxy: Proxy
) -> None:
    async with asyncio.timeout(PATIENCE):
        connection = await through(postgres, proxy)
        assert (await connection.query("SELECT length($1)", ["x"]))[0][0] == 1
        transport = connection.transport
        assert transport is not None
        proxy.stall()
        call = connection.query("SELECT length($1)", ["x" * 30_000_000])
        await until(lambda: connection.is_paused)
        await connection.close()
        assert isinstance(await outcome(call), ConnectionLost)
        await until(lambda: transport.get_write_buffer_size() == 0)


@pytest.mark.parametrize("pooled", [False, True])
async def test_a_server_that_resets_at_once_is_passed_over(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch, pooled: bool
) -> None:
    async def open_or_reset(address: Address, make: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
        transport = await open_transport(address, make)
        if address.host == "127.0.0.1":
            return transport
        transport.abort()
        return asyncio.Transport()  # which knows no address of its peer

    monkeypatch.setattr("queryengine_orm.handshake.open_transport", open_or_reset)
    port = postgres.port
    dsn = f"postgresql://{postgres.user}:{postgres.password}@%s/postgres?sslmode=disable"
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionFailed, match="cannot connect to localhost"):
            await connect(dsn % f"localhost:{port}")
        both = dsn % f"localhost:{port},127.0.0.1:{port}"
        if pooled:
            async with create_pool(both, minimum=0) as pool:
                assert await rows_of(pool) == ROWS
        else:
            async with await connect(both) as connection:
                assert await rows_of(connection) == ROWS
