"""A server that lies within a session: each lie is an error with a type and drops the connection."""

from __future__ import annotations

import asyncio
import random
import struct
from contextlib import suppress

import pytest
from queryengine_orm import postgres
from queryengine_orm.errors import (
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    OrmError,
    ProtocolViolation,
    TimeoutExceeded,
    UsageError,
)

from tests.orm.faults import messages
from tests.orm.faults.liar import HONEST, Served, Wire, serving, talk
from tests.orm.faults.messages import claim, message

pytestmark = pytest.mark.both_loops

SQL = "SELECT n FROM t"
PATIENCE = 10.0
"""seconds after which a test says that something hangs; nothing here takes so long"""

INT4 = struct.pack("!i", 42)
ROW = messages.data_row(INT4)
DONE = messages.command_complete("SELECT 1")

BAD_MESSAGES = {
    "unknown message": message(b"?"),
    "negative length": claim(b"Z", -1),
    "length that does not cover itself": claim(b"Z", 3),
    "huge length": claim(b"Z", 2**31 - 1),
    "huge row": claim(b"D", 2**31 - 1),
    "huge error": claim(b"E", 2**31 - 1),
    "status that is none": messages.ready(b"X"),
    "two statuses": messages.ready(b"II"),
    "tag without an end": message(b"C", b"SELECT 1"),
    "tag that is not UTF-8": message(b"C", b"SELECT \xff\0"),
    "error without an end": message(b"E", b"SERROR\0"),
    "column without a type": message(b"T", b"\0\x01n\0\0\0"),
    "columns that are not there": message(b"T", b"\xff\xff"),
    "parameters that are not there": message(b"t", b"\xff\xff"),
    "form of a column that is none": messages.row_description(("n", messages.INT4))[:-2] + b"\0\x07",
}
BAD_ROWS = {
    "short row": message(b"D", struct.pack("!hi", 1, 4) + b"\0\0"),
    "row that ends before its value": message(b"D", struct.pack("!h", 1)),
    "row without a count": message(b"D", b"\0"),
    "negative size of a value": message(b"D", struct.pack("!hi", 1, -2)),
    "huge size of a value": message(b"D", struct.pack("!hi", 1, 2**31 - 1)),
    "row that goes on after its values": message(b"D", struct.pack("!hi", 1, 4) + INT4 + b"?"),
    "row of 65535 columns": message(b"D", b"\xff\xff"),
    "row of two columns": messages.data_row(INT4, INT4),
    "row of no column": messages.data_row(),
    "second row of two columns": ROW + messages.data_row(INT4, INT4),
}
MISPLACED = {
    "authentication": messages.AUTHENTICATED,
    "password wanted": messages.authentication(3),
    "rows of nothing": messages.data_row(INT4, INT4),
    "BindComplete twice": messages.BIND_COMPLETE * 2,
    "CloseComplete": messages.CLOSE_COMPLETE,
    "CopyBothResponse": message(b"W", b"\0\0\0"),
    "CopyData": message(b"d", b"1\n"),
    "CopyDone": message(b"c"),
    "CopyOutResponse": message(b"H", b"\0\0\0"),
    "key": messages.key_data(),
    "ParseComplete twice": messages.PARSE_COMPLETE * 2,
    "PortalSuspended": message(b"s"),
    "ReadyForQuery thrice": messages.READY * 3,
    "RowDescription twice": messages.row_description(("n", messages.INT4)) * 2,
    "version": message(b"v", struct.pack("!ii", 3 << 16, 0)),
}
POINTS = {"Parse": b"P", "Describe": b"D", "Bind": b"B", "Execute": b"E", "Sync": b"S"}


async def ask(
    served: Served, *, seconds: float | None = None, connect_seconds: float = PATIENCE
) -> list[tuple[object, ...]]:
    """Connect and query once; the connection is over then, whatever came of it."""
    connection = await postgres.connect(served.dsn(connect_timeout=str(connect_seconds)), timeout=seconds)
    try:
        return [tuple(row) for row in await connection.query(SQL)]
    finally:
        connection.abort("the test is over")


async def ask_thrice(served: Served) -> list[list[tuple[object, ...]]]:
    """Query three times on one connection."""
    async with await postgres.connect(served.dsn()) as connection:
        return [[tuple(row) for row in await connection.query(SQL)] for _ in range(3)]


async def hears(lies: dict[bytes, bytes], *, piece: int | None = None) -> OrmError:
    """Return the error of a query that is answered with lies; the connection is over then."""
    async with serving(talk(lies), piece=piece) as served, asyncio.timeout(PATIENCE):
        connection = await postgres.connect(served.dsn())
        with pytest.raises(OrmError) as caught:
            await connection.query(SQL)
        assert connection.is_closed
        with pytest.raises(ConnectionLost):
            await connection.query(SQL)
        return caught.value


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("lie", BAD_MESSAGES)
async def test_a_message_that_is_none_drops_the_connection_at_any_point(lie: str, point: str) -> None:
    tag = POINTS[point]
    assert isinstance(await hears({tag: BAD_MESSAGES[lie] + HONEST[tag]}), ProtocolViolation)


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("lie", MISPLACED)
async def test_a_message_out_of_its_place_drops_the_connection(lie: str, point: str) -> None:
    tag = POINTS[point]
    assert isinstance(await hears({tag: MISPLACED[lie] + HONEST[tag]}), ProtocolViolation)


@pytest.mark.parametrize("piece", [None, 1])
@pytest.mark.parametrize("lie", BAD_ROWS)
async def test_a_row_that_is_not_what_was_described_drops_the_connection(lie: str, piece: int | None) -> None:
    assert isinstance(await hears({b"E": BAD_ROWS[lie] + DONE}, piece=piece), ProtocolViolation)


@pytest.mark.parametrize("left_out", ["P", "B", "D", "E"])
async def test_an_answer_that_is_left_out_drops_the_connection(left_out: str) -> None:
    assert isinstance(await hears({left_out.encode(): b""}), ProtocolViolation)


@pytest.mark.parametrize("value", [b"", b"\0\0\0", b"\0\0\0\0\0"])
async def test_a_value_of_a_wrong_size_is_an_error_and_no_number(value: bytes) -> None:
    async with serving(talk({b"E": messages.data_row(value) + DONE})) as served, asyncio.timeout(PATIENCE):
        with pytest.raises(OrmError):
            await ask(served)


@pytest.mark.parametrize("lie", [*BAD_MESSAGES, *BAD_ROWS, *MISPLACED])
async def test_what_a_server_says_unasked_drops_the_connection(lie: str) -> None:
    said = {**BAD_MESSAGES, **BAD_ROWS, **MISPLACED}[lie]

    async def conversation(wire: Wire) -> None:
        await wire.hear_start()
        await wire.say(messages.greeting())
        await wire.say(said)
        await wire.reader.read()

    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        # Whether the client is let in before it hears the lie is up to the network.
        with pytest.raises(OrmError):
            await ask(served)


async def test_what_a_server_may_say_at_any_time_changes_nothing() -> None:
    allowed = messages.notice("hello") + messages.parameter_status("TimeZone", "UTC")
    allowed += message(b"A", struct.pack("!i", 1) + b"news\0hello\0")
    lies = {tag: allowed + answer + allowed for tag, answer in HONEST.items()}
    async with serving(talk(lies)) as served, asyncio.timeout(PATIENCE):
        assert await ask_thrice(served) == [[(42,)]] * 3


@pytest.mark.parametrize("piece", [1, 2, 3, 5])
async def test_answers_are_the_same_however_they_are_cut(piece: int) -> None:
    async with serving(talk(), piece=piece) as served, asyncio.timeout(PATIENCE):
        assert await ask_thrice(served) == [[(42,)]] * 3


async def test_a_copy_that_nobody_takes_is_an_error_and_not_no_rows() -> None:
    copied = message(b"H", b"\0\0\0") + message(b"d", b"1\n") + message(b"c")
    async with serving(talk({b"E": copied + messages.command_complete("COPY 1")})) as served:
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(UsageError, match="copy_query"):
                await ask(served)


async def test_the_end_of_a_session_is_the_error_that_the_server_gave() -> None:
    ended = messages.error("57P01", "terminating connection", severity="FATAL")
    error = await hears({b"E": ended})
    assert isinstance(error, (ConnectionLost, DatabaseError))
    assert "terminating connection" in str(error)


@pytest.mark.long
async def test_a_server_that_hangs_up_at_any_byte_leaves_nobody_waiting() -> None:
    greeting, answers = messages.greeting(), b"".join(HONEST[tag] for tag in (b"P", b"D", b"S", b"B", b"E"))
    for end in range(len(greeting) + len(answers)):

        async def conversation(wire: Wire, end: int = end) -> None:
            await wire.hear_start()
            await wire.say(greeting[:end])
            if end >= len(greeting):
                left = end - len(greeting)
                while left:
                    tag, _ = await wire.hear()
                    await wire.say(HONEST.get(tag, b"")[:left])
                    left -= min(left, len(HONEST.get(tag, b"")))

        async with serving(conversation) as served, asyncio.timeout(PATIENCE):
            with pytest.raises(OrmError):
                await ask(served)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(10))
async def test_garbage_in_any_answer_gives_rows_or_an_error_with_a_type(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(20):
        lies = {tag: _garbled(chance, answer) for tag, answer in HONEST.items() if chance.random() < 0.5}
        greeting = messages.greeting() if chance.random() < 0.7 else _garbled(chance, messages.greeting())
        async with serving(talk(lies, greeting=greeting)) as served, asyncio.timeout(PATIENCE):
            with suppress(OrmError):
                assert all(len(row) == 1 for row in await ask(served, seconds=0.1, connect_seconds=0.1))


def _garbled(chance: random.Random, data: bytes) -> bytes:
    garbled = bytearray(data)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(garbled) + 1)
        match chance.randrange(4):
            case 0:
                garbled[place:place] = chance.randbytes(chance.randint(1, 8))
            case 1:
                del garbled[place : place + chance.randint(1, 8)]
            case 2:
                garbled[place : place + 4] = struct.pack("!i", chance.choice([-1, 0, 4, 5, 2**31 - 1]))
            case _:
                garbled[place : place + 1] = chance.randbytes(1)
    return bytes(garbled)


async def test_a_server_that_stalls_is_given_up_after_the_time_out() -> None:
    async with serving(talk({b"S": b""})) as served, asyncio.timeout(PATIENCE):
        with pytest.raises((TimeoutExceeded, ConnectionLost)):
            await ask(served, seconds=0.05)


async def test_a_server_that_says_nothing_is_given_up_when_connecting() -> None:
    async def conversation(wire: Wire) -> None:
        await wire.reader.read()

    async with serving(conversation) as served, asyncio.timeout(PATIENCE):
        with pytest.raises(OrmError):
            await ask(served, connect_seconds=0.05)


SETTINGS = [(f"setting_{number}", "on") for number in range(2_000)]


async def test_a_server_that_reports_settings_without_end_is_left() -> None:
    many = b"".join(messages.parameter_status(*setting) for setting in SETTINGS)
    error = await hears({b"S": many + messages.READY})
    assert isinstance(error, ProtocolViolation)
    async with serving(talk(greeting=messages.greeting(SETTINGS))) as served, asyncio.timeout(PATIENCE):
        with pytest.raises(ConnectionFailed, match="more settings"):
            await postgres.connect(served.dsn())
