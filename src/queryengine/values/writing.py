"""From typed values back to what JSON can write: the inverse of reading, for the canonical filter."""

from __future__ import annotations

import binascii
import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from typing import TypeAlias, assert_never

from queryengine.ast import JSONDocument
from queryengine.values.enumeration import enum_value
from queryengine.values.reading import TypedValue
from queryengine.values.temporal import format_duration

__all__ = ["JSONValue", "write"]

JSONValue: TypeAlias = "bool | int | float | str | list[JSONValue] | dict[str, JSONValue] | None"
"""What `json.dumps` writes."""


def write(value: TypedValue) -> JSONValue:
    """Return the JSON value that a reader of the value's type turns into this value again.

    Decimals become strings, because a JSON number goes through a double on most ways.

    >>> write(Decimal("1.10")), write(dt.datetime(2024, 5, 1, tzinfo=dt.UTC)), write(b"abc")
    ('1.10', '2024-05-01T00:00:00Z', 'YWJj')
    """
    match value:
        case enum.Enum():
            return enum_value(value)
        case bool() | int() | float() | str():
            return value
        case Decimal() | uuid.UUID():
            return str(value)
        case dt.datetime():
            return value.isoformat().replace("+00:00", "Z")  # aware ones are in UTC
        case dt.date() | dt.time():
            return value.isoformat()
        case dt.timedelta():
            return format_duration(value)
        case bytes():
            return binascii.b2a_base64(value, newline=False).decode("ascii")
        case JSONDocument():
            document: JSONValue = json.loads(value.text)
            return document
        case tuple():
            return [write(item) for item in value]
        case _:
            assert_never(value)
