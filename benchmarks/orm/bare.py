"""A query whose answer is read and thrown away, without a look at it: what server, kernel and loop take."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from os import dup
from typing import Final, cast

import psycopg

__all__ = ["answered", "drained"]

NAME: Final = b"bare"
PIECE: Final = 1 << 20
READY: Final = b"Z\x00\x00\x00\x05I"
"""the message that ends an answer"""
BINARY: Final = 1


@contextmanager
def drained(url: str, query: str) -> Generator[Callable[[], object]]:
    """Prepare a query; what is given runs it and waits for its answer at a socket."""
    with _prepared(url, query, None) as (raw, asked, size):
        space = memoryview(bytearray(PIECE))

        def drain() -> None:
            raw.sendall(asked)
            left = size
            while left > 0:
                left -= _some(raw.recv_into(space))

        yield drain


@asynccontextmanager
async def answered(url: str, query: str, key: int) -> AsyncGenerator[Callable[[], Awaitable[object]]]:
    """Prepare a query of one bigint; what is given runs it, and the event loop waits for its answer."""
    with _prepared(url, query, key) as (raw, asked, size):
        loop = asyncio.get_running_loop()
        transport, waiting = await loop.create_connection(
            lambda: _Waiting(asked, size), sock=socket.socket(fileno=dup(raw.fileno()))
        )
        try:
            yield waiting.ask
        finally:
            transport.abort()
            await waiting.closed


class _Waiting(asyncio.BufferedProtocol):
    """Counts the bytes of an answer; who asked gets a future, and that is all."""

    transport: asyncio.WriteTransport
    answer: asyncio.Future[None]

    def __init__(self, asked: bytes, size: int) -> None:
        self.asked, self.size, self.left = asked, size, 0
        self.space = memoryview(bytearray(PIECE))
        self.loop = asyncio.get_running_loop()
        self.closed = self.loop.create_future()

    def ask(self) -> asyncio.Future[None]:
        self.answer, self.left = self.loop.create_future(), self.size
        self.transport.write(self.asked)
        return self.answer

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.WriteTransport", transport)  # uvloop's is no subclass

    def get_buffer(self, sizehint: int) -> memoryview:
        del sizehint
        return self.space

    def buffer_updated(self, nbytes: int) -> None:
        self.left -= nbytes
        if self.left == 0:
            self.answer.set_result(None)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.closed.set_result(None)


@contextmanager
def _prepared(url: str, query: str, key: int | None) -> Generator[tuple[socket.socket, bytes, int]]:
    """Give a socket, what asks for the rows in binary, and how long each answer is.

    psycopg opens the connection, for its authentication, and says nothing on it after that.
    """
    values = b"" if key is None else struct.pack("!Iq", 8, key)
    count = 0 if key is None else 1
    bound = struct.pack("!HHH", 1, BINARY, count) + values + struct.pack("!HH", 1, BINARY)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.pgconn.prepare(NAME, query.encode())
        with closing(socket.socket(fileno=dup(connection.fileno()))) as raw:
            raw.settimeout(None)
            asked = b"".join(
                [
                    _message(b"B", b"\0" + NAME + b"\0" + bound),
                    _message(b"E", b"\0" + struct.pack("!I", 0)),
                    _message(b"S", b""),
                ]
            )
            raw.sendall(asked)
            yield raw, asked, _length(raw)


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def _length(raw: socket.socket) -> int:
    """Read one answer and return how long it is; each one is."""
    answer = bytearray()
    while not answer.endswith(READY):
        answer += raw.recv(PIECE)
        _some(len(answer))
    return len(answer)


def _some(count: int) -> int:
    if not count:
        raise ConnectionError("the server closed the connection")
    return count
