"""The messages of a PostgreSQL as bytes, for servers of our own that say what they like. Knows no socket."""

from __future__ import annotations

import struct
from collections.abc import Sequence

__all__ = [
    "AUTHENTICATED",
    "BIND_COMPLETE",
    "CLOSE_COMPLETE",
    "EMPTY_QUERY",
    "NO_DATA",
    "PARSE_COMPLETE",
    "READY",
    "authentication",
    "claim",
    "command_complete",
    "data_row",
    "error",
    "greeting",
    "key_data",
    "message",
    "notice",
    "parameter_description",
    "parameter_status",
    "ready",
    "row_description",
    "sasl",
]

INT4 = 23


def message(tag: bytes, body: bytes = b"") -> bytes:
    """Return a message with its true length."""
    return claim(tag, len(body) + 4, body)


def claim(tag: bytes, length: int, body: bytes = b"") -> bytes:
    """Return a message with a length that may be a lie."""
    return tag + struct.pack("!i", length) + body


def texts(*values: str) -> bytes:
    """Return texts, each with the NUL that ends it."""
    return b"".join(value.encode() + b"\0" for value in values)


def authentication(code: int, data: bytes = b"") -> bytes:
    """Return a step of the authentication, by its number."""
    return message(b"R", struct.pack("!i", code) + data)


def sasl(*mechanisms: str) -> bytes:
    """Return the offer of mechanisms of SASL."""
    return authentication(10, texts(*mechanisms) + b"\0")


def parameter_status(name: str, value: str) -> bytes:
    """Return the report of a setting."""
    return message(b"S", texts(name, value))


def key_data(process: int = 4711, key: int = 815) -> bytes:
    """Return what a request to cancel has to say."""
    return message(b"K", struct.pack("!ii", process, key))


def ready(status: bytes = b"I") -> bytes:
    """Return that the next query may come."""
    return message(b"Z", status)


def parameter_description(*types: int) -> bytes:
    """Return the types of a statement's parameters."""
    return message(b"t", struct.pack(f"!h{len(types)}I", len(types), *types))


def row_description(*columns: tuple[str, int], binary: bool = False) -> bytes:
    """Return names and types of columns."""
    fields = (texts(name) + struct.pack("!IhIhih", 0, 0, oid, -1, -1, binary) for name, oid in columns)
    return message(b"T", struct.pack("!h", len(columns)) + b"".join(fields))


def data_row(*values: bytes | None) -> bytes:
    """Return a row; None is NULL."""
    return message(b"D", struct.pack("!h", len(values)) + b"".join(map(_value, values)))


def _value(value: bytes | None) -> bytes:
    return struct.pack("!i", -1) if value is None else struct.pack("!i", len(value)) + value


def command_complete(tag: str) -> bytes:
    """Return that a statement was done."""
    return message(b"C", texts(tag))


def error(sqlstate: str, text: str = "no", *, severity: str = "ERROR", routine: str = "raise_it") -> bytes:
    """Return an error."""
    return message(b"E", _report(sqlstate, text, severity, f"R{routine}"))


def notice(text: str) -> bytes:
    """Return a notice."""
    return message(b"N", _report("00000", text, "NOTICE"))


def _report(sqlstate: str, text: str, severity: str, *more: str) -> bytes:
    return texts(f"S{severity}", f"V{severity}", f"C{sqlstate}", f"M{text}", *more) + b"\0"


PARSE_COMPLETE = message(b"1")
BIND_COMPLETE = message(b"2")
CLOSE_COMPLETE = message(b"3")
NO_DATA = message(b"n")
EMPTY_QUERY = message(b"I")
READY = ready()
AUTHENTICATED = authentication(0)


def greeting(settings: Sequence[tuple[str, str]] = (("client_encoding", "UTF8"),)) -> bytes:
    """Return what an honest server says when it lets a client in."""
    statuses = b"".join(parameter_status(name, value) for name, value in settings)
    return AUTHENTICATED + statuses + key_data() + READY
