"""Servers that lie about who they are, or want to know too much: they are refused, and learn nothing."""

from __future__ import annotations

import asyncio

import pytest
from queryengine_orm import postgres
from queryengine_orm.errors import AuthenticationFailed, OrmError

from tests.orm.faults import messages
from tests.orm.faults.liar import Talk, Wire, serving
from tests.orm.faults.scram import Scram

pytestmark = pytest.mark.both_loops

PATIENCE = 20.0
PASSWORD = b"pencil"


def playing(scram: Scram) -> Talk:
    """Return a server that plays SCRAM and then lets the client in."""

    async def conversation(wire: Wire) -> None:
        await wire.hear_start()
        await scram.play(wire)
        await wire.say(messages.greeting())
        await wire.hear_out()

    return conversation


def saying(*said: bytes) -> Talk:
    """Return a server that says one thing after another, each when it has heard an answer."""

    async def conversation(wire: Wire) -> None:
        await wire.hear_start()
        for number, message in enumerate(said):
            if number:
                await wire.hear()
            await wire.say(message)
        await wire.hear_out()

    return conversation


async def refusal(conversation: Talk, **options: str) -> tuple[OrmError, list[tuple[bytes, bytes]]]:
    """Return the client's error, and what it had said after its start-up."""
    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        with pytest.raises(OrmError) as caught:
            await postgres.connect(served.dsn(**options))
        await served.ended()
        (wire,) = served.wires
        assert PASSWORD not in b"".join(body for _, body in wire.heard)
        assert PASSWORD.decode() not in str(caught.value)
        return caught.value, wire.heard[1:]


@pytest.mark.parametrize("binding", ["prefer", "disable"])
async def test_scram_lets_in_who_knows_the_password(binding: str) -> None:
    async with serving(playing(Scram())) as served, asyncio.timeout(PATIENCE):
        connection = await postgres.connect(served.dsn(channel_binding=binding))
        await connection.close()


@pytest.mark.parametrize("iterations", [0, 1, 4095, 2**31 - 1, -1])
async def test_too_few_and_too_many_iterations_are_refused(iterations: int) -> None:
    async def conversation(wire: Wire) -> None:
        await wire.hear_start()
        await wire.say(messages.sasl("SCRAM-SHA-256"))
        _, initial = await wire.hear()
        nonce = initial.decode().partition("r=")[2]
        await wire.say(messages.authentication(11, f"r={nonce}x,s=c2FsdA==,i={iterations}".encode()))
        await wire.hear_out()

    error, heard = await refusal(conversation)
    assert isinstance(error, AuthenticationFailed)
    assert [tag for tag, _ in heard] == [b"p"]


@pytest.mark.parametrize(
    "lie",
    [
        Scram(nonce="another"),
        Scram(nonce=""),
        Scram(salt=b""),
        Scram(more=",m=1"),
        Scram(mechanisms=("OAUTHBEARER",)),
        Scram(mechanisms=()),
        Scram(mechanisms=("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256")),
    ],
    ids=repr,
)
async def test_a_server_that_plays_scram_wrongly_gets_no_proof(lie: Scram) -> None:
    error, heard = await refusal(playing(lie))
    assert isinstance(error, AuthenticationFailed)
    assert len(heard) <= 1


@pytest.mark.parametrize(
    "lie",
    [Scram(password=b"another"), Scram(last=b"e=other-error"), Scram(last=b""), Scram(last=b"v=AAAA")],
    ids=repr,
)
async def test_a_server_that_cannot_prove_itself_is_refused(lie: Scram) -> None:
    error, _ = await refusal(playing(lie))
    assert isinstance(error, AuthenticationFailed)


async def test_a_server_that_skips_its_proof_is_refused() -> None:
    error, _ = await refusal(saying(messages.sasl("SCRAM-SHA-256"), messages.greeting()))
    assert isinstance(error, AuthenticationFailed)


@pytest.mark.parametrize(
    "wanted", [messages.authentication(3), messages.authentication(5, b"salt")], ids=["cleartext", "md5"]
)
async def test_a_password_is_not_sent_where_that_is_not_allowed(wanted: bytes) -> None:
    error, heard = await refusal(saying(wanted, messages.greeting()))
    assert isinstance(error, AuthenticationFailed)
    assert heard == []


@pytest.mark.parametrize("code", [2, 6, 7, 8, 9])
async def test_a_method_that_is_not_there_is_refused(code: int) -> None:
    error, heard = await refusal(saying(messages.authentication(code)))
    assert isinstance(error, AuthenticationFailed)
    assert heard == []


@pytest.mark.parametrize(
    "wanted",
    [messages.sasl("SCRAM-SHA-256"), messages.greeting(), messages.authentication(3)],
    ids=["no -PLUS", "nothing", "cleartext"],
)
async def test_channel_binding_that_is_required_is_not_done_without(wanted: bytes) -> None:
    error, heard = await refusal(saying(wanted), channel_binding="require")
    assert isinstance(error, AuthenticationFailed)
    assert heard == []


@pytest.mark.long
async def test_the_loop_goes_on_while_a_key_is_derived() -> None:
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    async with serving(playing(Scram(iterations=1_000_000))) as served, asyncio.timeout(PATIENCE):
        connecting = asyncio.ensure_future(postgres.connect(served.dsn(connect_timeout="15")))
        turning = asyncio.ensure_future(turn())
        connection = await connecting
        turning.cancel()
        await connection.close()
    assert turns > 1000  # the conversation itself takes a handful
