"""PostgreSQL with TLS: sessions are bound to its certificate, and requests to cancel are encrypted too."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Unpack

import pytest
from queryengine_orm.dsn import ChannelBinding, Options, SslMode
from queryengine_orm.errors import AuthenticationFailed, ConnectionFailed
from queryengine_orm.postgres import Connection, connect

from tests.orm.faults import messages
from tests.orm.faults.certificates import Authority
from tests.orm.faults.liar import CANCEL_REQUEST, HONEST, HOST, TLS_REQUEST, Wire, serving
from tests.orm.faults.proxy import proxied
from tests.orm.faults.test_pool_faults import descriptors_open
from tests.orm.postgres_world import PATIENCE, connected, until, until_running, value
from tests.servers.postgres import PostgresServer, server_user

pytestmark = pytest.mark.both_loops

WISH = b"\0\0\0\x08\x04\xd2\x16\x2f"
ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
MODES: Final[tuple[SslMode, ...]] = ("require", "verify-ca", "verify-full")
UNSURE: Final[tuple[SslMode, ...]] = ("prefer", "allow", "disable")
BINDINGS: Final[tuple[ChannelBinding, ...]] = ("require", "prefer", "disable")


@dataclass(frozen=True, slots=True)
class Encrypting:
    """A server that does TLS, and who signed its certificate."""

    server: PostgresServer
    authority: Authority

    async def connect(self, **options: Unpack[Options]) -> Connection:
        """Connect, or try to."""
        options.setdefault("port", self.server.port)
        dsn = f"host=localhost hostaddr={HOST} dbname=postgres"
        return await connect(f"{dsn} user={self.server.user} password={self.server.password}", **options)


@pytest.fixture
async def encrypting(postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[Encrypting]:
    """Give the server with TLS, which it had not before and has not afterwards."""
    authority = Authority(tmp_path)
    authority.server("localhost")
    own = postgres.folder / "server.pem"
    shutil.copy(tmp_path / "localhost.pem", own)
    own.chmod(0o600)
    shutil.chown(own, server_user())
    await configure(postgres, f"ssl_cert_file = '{own}'", f"ssl_key_file = '{own}'", "ssl = on")
    try:
        yield Encrypting(postgres, authority)
    finally:
        await configure(postgres, "ssl = off")


async def configure(postgres: PostgresServer, *settings: str) -> None:
    """Change settings of the server, and wait until new sessions have them."""
    async with asyncio.timeout(PATIENCE), await connect(postgres.url(), sslmode="prefer") as connection:
        for setting in settings:
            await connection.query(f"ALTER SYSTEM SET {setting}")
        await connection.query("SELECT pg_reload_conf()")
        while await value(connection, "SHOW ssl") != settings[-1].rpartition(" ")[2]:  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_a_session_is_bound_to_the_certificate_of_the_server(encrypting: Encrypting) -> None:
    root = str(encrypting.authority.root)
    for sslmode in MODES:
        for binding in BINDINGS:
            async with await encrypting.connect(
                sslmode=sslmode, sslrootcert=root, channel_binding=binding
            ) as connection:
                assert await value(connection, ENCRYPTED) is True


async def test_where_both_can_tls_is_preferred(encrypting: Encrypting) -> None:
    for sslmode in UNSURE:
        async with await encrypting.connect(sslmode=sslmode) as connection:
            assert (await value(connection, ENCRYPTED)) is connection.is_encrypted is (sslmode == "prefer")


@asynccontextmanager
async def in_the_middle(encrypting: Encrypting, context: ssl.SSLContext) -> AsyncGenerator[int]:
    """Give the port of who reads along: TLS ends there, with a certificate of another, and begins anew."""

    async def read_along(wire: Wire) -> None:
        assert (await wire.hear_first())[0] == TLS_REQUEST
        await wire.say(b"S")
        await wire.writer.start_tls(context)
        reader, writer = await asyncio.open_connection(HOST, encrypting.server.port)
        writer.write(WISH)
        assert await reader.readexactly(1) == b"S"
        blind = ssl.create_default_context()
        blind.check_hostname, blind.verify_mode = False, ssl.CERT_NONE
        await writer.start_tls(blind)
        try:
            await asyncio.gather(_pass_on(wire.reader, writer), _pass_on(reader, wire.writer))
        finally:
            writer.transport.abort()

    async with serving(read_along) as served:
        yield served.port


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()


async def test_who_reads_along_with_a_certificate_of_another_is_found_out(
    encrypting: Encrypting, tmp_path: Path
) -> None:
    (tmp_path / "another").mkdir()
    another = Authority(tmp_path / "another").server("localhost")
    async with asyncio.timeout(PATIENCE), in_the_middle(encrypting, another) as port:
        for binding in BINDINGS[:2]:  # no authority is asked: it is the password that tells
            with pytest.raises((AuthenticationFailed, ConnectionFailed), match="channel binding"):
                await encrypting.connect(port=port, sslmode="require", channel_binding=binding)
        async with await encrypting.connect(
            port=port, sslmode="require", channel_binding="disable"
        ) as connection:
            assert await value(connection, "SELECT 1") == 1


async def test_a_query_of_an_encrypted_session_is_cancelled_though_the_files_are_gone(
    encrypting: Encrypting,
) -> None:
    root = str(encrypting.authority.root)
    async with (
        asyncio.timeout(PATIENCE),
        connected(encrypting.server) as observer,
        await encrypting.connect(sslmode="verify-full", sslrootcert=root) as connection,
    ):
        await connection.describe("SELECT pg_sleep(60)")
        call = connection.query("SELECT pg_sleep(60)")
        await until_running(observer, connection.process_id, "pg_sleep")
        encrypting.authority.root.unlink()
        call.cancel()
        assert await value(connection, "SELECT 7") == 7


@pytest.mark.parametrize("stalls", [False, True])
async def test_a_session_that_was_closed_is_gone_even_if_the_server_does_not_hear_of_it(
    encrypting: Encrypting, monkeypatch: pytest.MonkeyPatch, stalls: bool
) -> None:
    monkeypatch.setattr("queryengine_orm.connection.LEAVE_SECONDS", 0.05 if stalls else PATIENCE)
    async with asyncio.timeout(PATIENCE), proxied(encrypting.server.port) as proxy:
        before = descriptors_open() + 2  # those of the proxy, on which it waits when it stalls
        connection = await encrypting.connect(port=proxy.port, sslmode="require")
        if stalls:
            proxy.stall()
        await connection.close()
        await asyncio.sleep(0)
        assert descriptors_open() <= before


async def test_the_request_to_cancel_is_never_said_in_clear(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.server("localhost")
    said: list[tuple[int, int]] = []

    async def conversation(wire: Wire) -> None:
        first, _ = await wire.hear_first()
        await wire.say(b"S")
        await wire.writer.start_tls(context)
        second, _ = await wire.hear_first()
        said.append((first, second))
        if second == CANCEL_REQUEST:
            return
        await wire.say(messages.greeting())
        while True:
            tag, _ = await wire.hear()
            await wire.say(
                HONEST[tag] if tag in b"PD" or (tag == b"S" and wire.heard[-2][0] == b"D") else b""
            )

    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        dsn = served.dsn(sslmode="verify-full", sslrootcert=str(authority.root)).replace(HOST, "localhost")
        connection = await connect(dsn)
        call = connection.query("SELECT n FROM t")
        await until(lambda: bool(served.wires[0].heard) and served.wires[0].heard[-2][0] == b"E")
        call.cancel()
        await until(lambda: len(said) == 2)
        assert said == [(TLS_REQUEST, 3 << 16), (TLS_REQUEST, CANCEL_REQUEST)]
        await connection.close()
