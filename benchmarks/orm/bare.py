"""A query whose answer is read from the socket and thrown away: what the server and the kernel take."""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from os import dup
from typing import Final

import psycopg

__all__ = ["drained"]

NAME: Final = b"bare"
PIECE: Final = 1 << 20
READY: Final = b"Z\x00\x00\x00\x05I"
"""the message that ends an answer"""


@contextmanager
def drained(url: str, query: str) -> Generator[Callable[[], object]]:
    """Prepare a query; what is given runs it and reads its answer, in binary, without a look at it.

    psycopg opens the connection, for its authentication, and says nothing on it after that.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.pgconn.prepare(NAME, query.encode())
        with closing(socket.socket(fileno=dup(connection.fileno()))) as raw:
            raw.settimeout(None)
            asked = b"".join(
                [
                    _message(b"B", b"\0" + NAME + b"\0" + struct.pack("!HHHH", 0, 0, 1, 1)),
                    _message(b"E", b"\0" + struct.pack("!I", 0)),
                    _message(b"S", b""),
                ]
            )
            raw.sendall(asked)
            size = _length(raw)
            space = memoryview(bytearray(PIECE))

            def drain() -> None:
                raw.sendall(asked)
                left = size
                while left > 0:
                    left -= _some(raw.recv_into(space))

            yield drain


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
