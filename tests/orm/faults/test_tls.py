"""Servers and networks that lie about TLS: what has to be encrypted, and from whom, is not had otherwise."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest
from queryengine_orm import postgres
from queryengine_orm.dsn import settings_of
from queryengine_orm.errors import ConnectionFailed, OrmError

from tests.orm.faults import messages
from tests.orm.faults.certificates import DAY, Authority
from tests.orm.faults.liar import TLS_REQUEST, Served, Talk, Wire, serving

pytestmark = pytest.mark.both_loops

PATIENCE = 10.0
REQUIRING = ["require", "verify-ca", "verify-full"]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """Give who signs for servers, as nobody but the test's own client knows."""
    return Authority(tmp_path)


def answering(answer: bytes) -> Talk:
    """Return a server that answers the wish for TLS so, and then hears the client out."""

    async def conversation(wire: Wire) -> None:
        await wire.hear_first()
        await wire.say(answer)
        await wire.hear_out()

    return conversation


def encrypting(context: ssl.SSLContext) -> Talk:
    """Return a server that does TLS and lets everyone in."""

    async def conversation(wire: Wire) -> None:
        await wire.hear_first()
        await wire.say(b"S")
        await wire.writer.start_tls(context)
        await wire.hear_first()
        await wire.say(messages.greeting())
        await wire.hear_out()

    return conversation


async def refusal(served: Served, **options: str) -> OrmError:
    """Return the client's error; it has not said who it is."""
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(OrmError) as caught:
            await postgres.connect(served.dsn(**options))
        await served.ended()
        assert all(b"ada" not in body for wire in served.wires for _, body in wire.heard)
        return caught.value


@pytest.mark.parametrize("sslmode", ["prefer", *REQUIRING])
@pytest.mark.parametrize("answer", [b"S" + messages.greeting(), b"SS", b"SN"])
async def test_bytes_after_the_answer_to_the_wish_for_tls_end_it(answer: bytes, sslmode: str) -> None:
    async with serving(answering(answer)) as served:
        assert isinstance(await refusal(served, sslmode=sslmode), ConnectionFailed)


@pytest.mark.parametrize("sslmode", REQUIRING)
@pytest.mark.parametrize("answer", [b"N", b"X", messages.error("08P01"), b"N" + messages.greeting(), b""])
async def test_tls_that_is_required_is_not_done_without(answer: bytes, sslmode: str) -> None:
    async with serving(answering(answer)) as served:
        error = await refusal(served, sslmode=sslmode, connect_timeout="0.1")
        assert isinstance(error, ConnectionFailed)
        if answer == b"N":
            assert f"sslmode={sslmode} requires it (the default is verify-full for a host" in str(error)
            assert "PGSSLMODE" in str(error)


@pytest.mark.parametrize("sslmode", REQUIRING)
async def test_what_is_no_tls_after_the_answer_ends_it(sslmode: str) -> None:
    async def conversation(wire: Wire) -> None:
        await wire.hear_first()
        await wire.say(b"S")
        await wire.reader.read(1)
        await wire.say(messages.greeting())
        await wire.reader.read()

    async with serving(conversation) as served:
        assert isinstance(await refusal(served, sslmode=sslmode), ConnectionFailed)


async def test_a_server_with_the_right_certificate_is_trusted(authority: Authority) -> None:
    async with serving(encrypting(authority.server("localhost"))) as served, asyncio.timeout(PATIENCE):
        dsn = served.dsn(sslmode="verify-full", sslrootcert=str(authority.root)).replace(
            "127.0.0.1", "localhost"
        )
        connection = await postgres.connect(dsn)
        await connection.close()


@pytest.mark.parametrize("sslmode", ["verify-ca", "verify-full"])
async def test_an_authority_that_nobody_trusts_is_refused(
    authority: Authority, tmp_path: Path, sslmode: str
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    async with serving(encrypting(authority.server("localhost"))) as served:
        error = await refusal(served, sslmode=sslmode, sslrootcert=str(other.root))
        assert isinstance(error, ConnectionFailed)


async def test_a_certificate_of_another_host_is_refused_in_full_verification(authority: Authority) -> None:
    async with serving(encrypting(authority.server("db.example.org"))) as served:
        root = str(authority.root)
        error = await refusal(served, sslmode="verify-full", sslrootcert=root)
        assert isinstance(error, ConnectionFailed)
        assert "sslmode=verify-full requires it" in str(error)
        connection = await postgres.connect(served.dsn(sslmode="verify-ca", sslrootcert=root))
        await connection.close()


async def test_a_certificate_that_has_ended_is_refused(authority: Authority) -> None:
    async with serving(encrypting(authority.server("localhost", until=-DAY))) as served:
        error = await refusal(served, sslmode="verify-ca", sslrootcert=str(authority.root))
        assert isinstance(error, ConnectionFailed)


def choosy(context: ssl.SSLContext, refuses: str) -> Talk:
    """Return a server that lets in only those who come encrypted, or only those who do not."""

    async def conversation(wire: Wire) -> None:
        code, _ = await wire.hear_first()
        came = "encrypted" if code == TLS_REQUEST else "clear"
        if code == TLS_REQUEST:
            await wire.say(b"S")
            await wire.writer.start_tls(context)
            await wire.hear_first()
        await wire.say(messages.error("28000", severity="FATAL") if came == refuses else messages.greeting())
        await wire.hear_out()

    return conversation


@pytest.mark.parametrize(
    ("sslmode", "refuses", "comes"),
    [
        ("disable", "encrypted", "clear"),
        ("disable", "clear", None),
        ("allow", "encrypted", "clear"),
        ("allow", "clear", "encrypted"),
        ("prefer", "clear", "encrypted"),
        ("prefer", "encrypted", "clear"),
        ("require", "clear", "encrypted"),
        ("require", "encrypted", None),
    ],
)
async def test_the_other_way_is_tried_where_the_mode_leaves_it_open(
    authority: Authority, sslmode: str, refuses: str, comes: str | None
) -> None:
    async with (
        asyncio.timeout(PATIENCE),
        serving(choosy(authority.server("localhost"), refuses)) as served,
    ):
        if comes is None:
            with pytest.raises(ConnectionFailed):
                await postgres.connect(served.dsn(sslmode=sslmode))
        else:
            async with await postgres.connect(served.dsn(sslmode=sslmode)) as connection:
                assert connection.is_encrypted is (comes == "encrypted")


async def test_tls_that_is_required_asks_the_authority_that_is_named(
    authority: Authority, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other")
    async with serving(encrypting(authority.server("db.example.org"))) as served:
        assert isinstance(
            await refusal(served, sslmode="require", sslrootcert=str(other.root)), ConnectionFailed
        )
        dsn = served.dsn(sslmode="require", sslrootcert=str(authority.root))
        async with asyncio.timeout(PATIENCE), await postgres.connect(dsn) as connection:
            assert connection.is_encrypted


async def test_a_server_learns_who_the_client_is_by_its_certificate(authority: Authority) -> None:
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.root)
    authority.server("ada")
    own = str(authority.folder / "ada.pem")
    async with serving(encrypting(context)) as served, asyncio.timeout(PATIENCE):
        with pytest.raises(OrmError):
            await postgres.connect(served.dsn(sslmode="require"))
        dsn = served.dsn(sslmode="require", sslcert=own, sslkey=own)
        async with await postgres.connect(dsn) as connection:
            assert connection.is_encrypted


async def test_a_certificate_that_was_revoked_is_refused(authority: Authority) -> None:
    context, _ = authority.server("localhost"), authority.server("db.example.org")
    root = str(authority.root)
    async with serving(encrypting(context)) as served, asyncio.timeout(PATIENCE):
        crl = str(authority.revoke(authority.folder / "localhost.pem"))
        error = await refusal(served, sslmode="verify-ca", sslrootcert=root, sslcrl=crl)
        assert "revoked" in str(error)
        crl = str(authority.revoke(authority.folder / "db.example.org.pem"))
        dsn = served.dsn(sslmode="verify-ca", sslrootcert=root, sslcrl=crl)
        async with await postgres.connect(dsn) as connection:
            assert connection.is_encrypted


async def test_a_version_of_tls_that_is_too_old_is_refused(authority: Authority) -> None:
    context = authority.server("localhost")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with serving(encrypting(context)) as served:
        error = await refusal(served, sslmode="require", ssl_min_protocol_version="TLSv1.3")
        assert isinstance(error, ConnectionFailed)
        async with (
            asyncio.timeout(PATIENCE),
            await postgres.connect(served.dsn(sslmode="require")) as connection,
        ):
            assert connection.is_encrypted


async def test_a_host_that_is_not_this_machine_is_verified_by_default() -> None:
    async with serving(answering(b"N")) as served, asyncio.timeout(PATIENCE):
        # The name leads out of this machine, the address does not: as DNS that lies would have it.
        dsn = f"host=db.example.org port={served.port} user=ada dbname=db"
        with pytest.raises(ConnectionFailed):
            await postgres.connect(f"{dsn} hostaddr=127.0.0.1 sslmode=verify-full")
        assert settings_of(dsn, environ={}).addresses[0].sslmode == "verify-full"
