"""A connection to PostgreSQL is made: by whom, how, to which of several hosts, and what is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from dataclasses import replace

import pytest
from queryengine_orm.errors import (
    AuthenticationFailed,
    ConnectionFailed,
)
from queryengine_orm.postgres import connect

from tests.orm.postgres_world import connected, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.both_loops


async def test_a_connection_says_whose_it_is(postgres: PostgresServer) -> None:
    async with await connect(postgres.url(), application_name="shop") as connection:
        assert connection.process_id > 0
        assert connection.setting("server_encoding") == "UTF8"
        assert await value(connection, "SELECT current_setting('application_name')") == "shop"
        assert await value(connection, "SELECT current_setting('cluster_name')") == postgres.name
        assert str(connection.process_id) in repr(connection)
    assert connection.is_closed


async def test_the_environment_sets_the_session_as_libpq_would(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, said in {"PGTZ": "Asia/Tokyo", "PGDATESTYLE": "ISO, DMY", "PGGEQO": "off"}.items():
        monkeypatch.setenv(name, said)
    async with connected(postgres) as connection:
        asked = (
            "SELECT current_setting(name) FROM unnest($1::text[]) WITH ORDINALITY AS t (name, n) ORDER BY n"
        )
        rows = await connection.query(asked, (["timezone", "datestyle", "geqo"],))
        assert rows.column(0) == ["Asia/Tokyo", "ISO, DMY", "off"]
        (at,) = (await connection.query("SELECT '2024-01-01 00:00+00'::timestamptz"))[0]
        assert at == dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


async def test_a_unix_socket_is_a_way_to_the_server(postgres: PostgresServer) -> None:
    async with await connect(postgres.url(), host=str(postgres.folder)) as connection:
        assert await value(connection, "SELECT inet_client_addr() IS NULL") is True


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_a_wrong_password_is_told_from_a_server_that_is_not_there(
    postgres: PostgresServer, password: str
) -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        await connect(replace(postgres, password=password).url(), passfile="/nowhere")
    assert postgres.password not in str(refused.value)
    with pytest.raises(ConnectionFailed) as absent:
        await connect("postgresql://u:p@127.0.0.1:1/d")
    assert not isinstance(absent.value, AuthenticationFailed)


async def test_the_next_of_several_hosts_is_tried(postgres: PostgresServer) -> None:
    url = re.sub(r"@127.0.0.1:", "@127.0.0.1:1,127.0.0.1:", postgres.url())
    async with await connect(url) as connection:
        assert await value(connection, "SELECT 1") == 1
    with pytest.raises(ConnectionFailed, match=r"127\.0\.0\.1:1") as refused:
        await connect(url, target_session_attrs="standby")
    assert any("not standby" in note for note in refused.value.__notes__)
    async with await connect(url, target_session_attrs="prefer-standby") as connection:
        assert await value(connection, "SELECT 1") == 1


async def test_tls_that_is_required_and_not_there_is_no_connection(postgres: PostgresServer) -> None:
    with pytest.raises(ConnectionFailed, match="TLS"):
        await connect(postgres.url(), sslmode="require")


async def test_a_method_of_authentication_that_is_not_allowed_is_refused(postgres: PostgresServer) -> None:
    with pytest.raises(AuthenticationFailed, match="not allowed"):
        await connect(postgres.url(), require_auth="md5,none")
    with pytest.raises(AuthenticationFailed, match="channel binding"):
        await connect(postgres.url(), channel_binding="require")


async def test_a_task_that_is_cancelled_while_it_connects_leaves_nothing(postgres: PostgresServer) -> None:
    async with connected(postgres) as observer:
        count = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
        before = await value(observer, count)
        for steps in range(12):
            task = asyncio.ensure_future(connect(postgres.url()))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with asyncio.timeout(20):
            while await value(observer, count) != before:  # noqa: ASYNC110  # of the server's state there is no event
                await asyncio.sleep(0.01)
