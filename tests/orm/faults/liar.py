"""A server on the loop whose every answer can be another: PostgreSQL's manners, and the lies of a test."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.orm.faults import messages

__all__ = ["CANCEL_REQUEST", "HONEST", "HOST", "TLS_REQUEST", "Served", "Wire", "serving", "talk"]

TLS_REQUEST = 80_877_103
CANCEL_REQUEST = 80_877_102
HOST = "127.0.0.1"


@dataclass(slots=True)
class Wire:
    """The server's end of a connection. `heard` are the client's messages, by their tags; "" the first."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    piece: int | None = None
    heard: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])

    async def say(self, data: bytes) -> None:
        """Send bytes, in pieces that arrive one by one if `piece` says how long they are."""
        if self.piece is None:
            self.writer.write(data)
            return await self.writer.drain()
        for start in range(0, len(data), self.piece):
            self.writer.write(data[start : start + self.piece])
            await self.writer.drain()
            await asyncio.sleep(0)
        return None

    async def hear_first(self) -> tuple[int, bytes]:
        """Return the code and the body of a message without a tag: of a start-up, or of a request."""
        length, code = struct.unpack("!ii", await self.reader.readexactly(8))
        body = await self.reader.readexactly(length - 8)
        self.heard.append((b"", body))
        return code, body

    async def hear(self) -> tuple[bytes, bytes]:
        """Return the tag and the body of the client's next message."""
        tag = await self.reader.readexactly(1)
        (length,) = struct.unpack("!i", await self.reader.readexactly(4))
        body = await self.reader.readexactly(length - 4)
        self.heard.append((tag, body))
        return tag, body

    async def hear_out(self) -> None:
        """Hear all that the client says until it hangs up."""
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                await self.hear()

    async def hear_start(self) -> None:
        """Hear a start-up; say before it that there is no TLS, if that is asked for."""
        code, _ = await self.hear_first()
        while code == TLS_REQUEST:
            await self.say(b"N")
            code, _ = await self.hear_first()


HONEST: Mapping[bytes, bytes] = {
    b"P": messages.PARSE_COMPLETE,
    b"B": messages.BIND_COMPLETE,
    b"C": messages.CLOSE_COMPLETE,
    b"D": messages.parameter_description() + messages.row_description(("n", messages.INT4)),
    b"E": messages.data_row(struct.pack("!i", 42)) + messages.command_complete("SELECT 1"),
    b"Q": messages.command_complete("BEGIN") + messages.READY,
    b"S": messages.READY,
}
"""what a server answers whose only table has one row, 42"""

Talk = Callable[[Wire], Awaitable[None]]


def talk(lies: Mapping[bytes, bytes] | None = None, *, greeting: bytes | None = None) -> Talk:
    """Return the manners of a server that says `lies` in answer to messages of those tags."""
    answers = {**HONEST, **(lies or {})}

    async def conversation(wire: Wire) -> None:
        await wire.hear_start()
        await wire.say(messages.greeting() if greeting is None else greeting)
        while True:
            tag, _ = await wire.hear()
            if tag == b"X":
                return
            if tag in answers:
                await wire.say(answers[tag])

    return conversation


@dataclass(slots=True)
class Served:
    """A server that is up: its address, and the connections that it had."""

    port: int
    wires: list[Wire]
    tasks: set[asyncio.Task[None]]

    async def ended(self) -> None:
        """Wait until every conversation has ended."""
        await asyncio.gather(*self.tasks)

    def dsn(self, **options: str) -> str:
        """Return its address, with options of the URL; without TLS unless they say otherwise."""
        query = "&".join(f"{name}={value}" for name, value in ({"sslmode": "disable"} | options).items())
        return f"postgresql://ada:pencil@{HOST}:{self.port}/db?{query}"


@asynccontextmanager
async def serving(conversation: Talk, *, piece: int | None = None) -> AsyncGenerator[Served]:
    """Serve conversations until the end; each that has ended is hung up on."""
    served = Served(0, [], set())

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        wire = Wire(reader, writer, piece)
        served.wires.append(wire)
        # The client may hang up at any time, and does when it has heard a lie.
        try:
            with suppress(OSError, asyncio.IncompleteReadError, struct.error):
                await conversation(wire)
                await writer.drain()
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        served.tasks.add(task)
        task.add_done_callback(served.tasks.discard)

    server = await asyncio.start_server(accept, HOST, 0)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        await server.wait_closed()
        for task in list(served.tasks):
            task.cancel()
        await asyncio.gather(*served.tasks, return_exceptions=True)
        for wire in served.wires:
            wire.writer.transport.abort()
        await asyncio.sleep(0)
