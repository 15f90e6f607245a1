"""Values in the forms that the generated client sends.

Base64 and JSON are written as the text that the client's own classes become: each client has its own classes.
"""

from __future__ import annotations

import base64
import datetime as dt
import enum
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import TypeAlias, cast

from queryengine.ast import JSONDocument, Op, Value
from queryengine.schema import ArrayType, FieldType, TypeKind

__all__ = [
    "BEFORE_BROKEN",
    "BROKEN",
    "Convert",
    "converter",
    "escaped",
    "first_of",
    "if_empty",
    "last_of",
    "others",
    "read",
    "starts_with",
    "unless_empty",
]

Convert: TypeAlias = Callable[[object], object]
"""Makes of a filter's value what stands in the arguments."""

HIGHEST = "\U0010ffff"
BEFORE_SURROGATES, AFTER_SURROGATES = "\ud7ff", "\ue000"
FOLLOWING = {chr(code): chr(code + 1) for code in range(0x7F)}
"""the next character of each in ASCII: to look it up takes half as long as to reckon"""
BROKEN = "\x85\u2028\u2029"
"""The client indents the text of a query by its lines, and these characters end lines for Python: spaces
would come into a text that has one."""
BEFORE_BROKEN = "\x84\u2027"
"""On SQLite no text may have these either: what starts with one lies before a text with one of the others."""


def converter(type_: FieldType, op: Op) -> Convert | None:
    """Return how values of a type are written; None where they are written as they are."""
    if isinstance(type_, ArrayType):
        one = _scalar(type_.element.kind)
        return one if op is Op.HAS else _each(one)
    one = _scalar(type_.kind)
    return _each(one) if op is Op.IN else one


def _each(one: Convert | None) -> Convert:
    if one is None:
        return cast(Convert, list)
    return lambda values: [one(value) for value in cast("tuple[object, ...]", values)]


def _scalar(kind: TypeKind) -> Convert | None:
    match kind:
        case TypeKind.DECIMAL:
            return _decimal
        case TypeKind.DATE:
            return _midnight
        case TypeKind.UUID:
            return _uuid
        case TypeKind.BYTES:
            return _base64
        case TypeKind.ENUM:
            return _enum
        case TypeKind.JSON:
            return _json
        case _:
            return None


def _decimal(value: object) -> object:
    """Without an exponent: 1E+3 is 1000."""
    assert isinstance(value, Decimal)
    return Decimal(f"{value:f}")


def _midnight(value: object) -> object:
    assert isinstance(value, dt.date)
    return dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)


def _uuid(value: object) -> object:
    assert isinstance(value, uuid.UUID)
    return str(value)


def _base64(value: object) -> object:
    assert isinstance(value, bytes)
    return base64.b64encode(value).decode("ascii")


def _enum(value: object) -> object:
    assert isinstance(value, enum.Enum)
    return value.value


def _json(value: object) -> object:
    assert isinstance(value, JSONDocument)
    return value.text


# -- what comes back


def read(type_: FieldType, value: object) -> Value:
    """Return a value of one of the client's rows, of a type that has an order, as filters have it.

    >>> from queryengine.schema import DateType
    >>> read(DateType(), dt.datetime(2013, 1, 31, tzinfo=dt.UTC))
    datetime.date(2013, 1, 31)
    """
    match type_.kind:
        case TypeKind.DATE:
            return cast("dt.datetime", value).date()
        case TypeKind.UUID:
            return uuid.UUID(cast("str", value))
        case TypeKind.BYTES:
            return base64.b64decode(str(value))
        case _:
            return cast("Value", value)


# -- booleans, which know no `in`


def one_of(values: object) -> tuple[object, object]:
    """Return two tests of a boolean, one of which holds where it is among some values.

    There are always two: an OR of nothing is not false for Prisma everywhere.

    >>> one_of((True, False))
    ({'equals': False}, {'equals': True})
    >>> one_of(())
    ({'equals': True, 'not': True}, {'equals': True, 'not': True})
    """
    among = sorted(set(cast("tuple[bool, ...]", values)))
    tests: list[object] = [{"equals": value} for value in among] or [{"equals": True, "not": True}]
    return tests[0], tests[-1]


def first_of(values: object) -> object:
    """Return the first test of `one_of`."""
    return one_of(values)[0]


def last_of(values: object) -> object:
    """Return the other test of `one_of`."""
    return one_of(values)[1]


def others(convert: Convert) -> Convert:
    """Return the same for the booleans that are not among the values."""
    return lambda values: convert(tuple({False, True}.difference(cast("tuple[bool, ...]", values))))


# -- lists, whose column may hold null


def if_empty(values: object) -> object:
    """Return the test of a list for null in its column, where there are no values; else of nothing."""
    return {"has_some": []} if values else {"equals": None}


def unless_empty(values: object) -> object:
    """Return the test of a list for null in its column, where there are values; else of nothing."""
    return {"equals": None} if values else {"has_some": []}


# -- text


def escaped(value: object) -> object:
    r"""Return a text for PostgreSQL's LIKE, in which each character means itself.

    >>> escaped("50%")
    '50\\%'
    """
    text = cast("str", value)
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def starts_with(value: object) -> object:
    """Return the condition on texts, ordered by code point, that start with this one.

    >>> starts_with("ab")
    {'gte': 'ab', 'lt': 'ac'}
    """
    prefix = cast("str", value)
    following = FOLLOWING.get(prefix[-1:])
    after = _successor(prefix) if following is None else prefix[:-1] + following
    return {"gte": prefix} if after is None else {"gte": prefix, "lt": after}


def _successor(prefix: str) -> str | None:
    """The smallest text that is greater than all that start with a prefix; None where there is none."""
    stem = prefix.rstrip(HIGHEST)
    if not stem:
        return None
    last = AFTER_SURROGATES if stem[-1] == BEFORE_SURROGATES else chr(ord(stem[-1]) + 1)
    return stem[:-1] + last
