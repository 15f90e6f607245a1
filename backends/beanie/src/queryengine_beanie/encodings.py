"""How the values of a type are stored: what filters send is what Beanie's own encoder writes. Knows BSON."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final, assert_never

from bson import Binary, Decimal128

from queryengine.ast import Value
from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    ScalarType,
    TextType,
    TimeType,
    UUIDType,
)

__all__ = [
    "DECIMAL_DIGITS",
    "Decode",
    "Encode",
    "as_it_is",
    "decoder_of",
    "each",
    "encoder_of",
    "gap_of",
    "sent_class",
    "stored_type",
]

# Any: each encoder takes the values of its own type.
Encode = Callable[[Any], object]
"""From a filter's value to BSON's."""

# Any: each decoder takes what BSON has for its own type.
Decode = Callable[[Any], Value]
"""From BSON's value to a filter's, of the types that have an order."""

DECIMAL_DIGITS: Final = 34
MILLISECOND: Final = 1_000
"""in microseconds: the step of BSON's date-times"""
LONGEST: Final = dt.timedelta(microseconds=2**53)
"""Beanie stores seconds as a double, which tells microseconds apart up to here"""


def stored_type(type_: FieldType) -> FieldType:
    """Return the type with the domain that BSON holds exactly.

    >>> stored_type(DateTimeType(aware=True))
    DateTimeType(aware=True, resolution=1000)
    """
    match type_:
        case DecimalType():
            return replace(type_, digits=min(type_.digits, DECIMAL_DIGITS))
        case DateTimeType():
            return replace(type_, resolution=MILLISECOND)
        case DurationType():
            return replace(type_, minimum=max(type_.minimum, -LONGEST), maximum=min(type_.maximum, LONGEST))
        case ArrayType():
            element = stored_type(type_.element)
            return ArrayType(element) if isinstance(element, ScalarType) else type_
        case _:
            return type_


def gap_of(type_: FieldType) -> str | None:
    """Return why fields of a type cannot be compared, if so."""
    match type_:
        case TimeType():
            return "BSON has no time of day"
        case EnumType() if not all(isinstance(member.value, str | int | float) for member in type_.enum):
            return "the enumeration has values that are no text and no number"
        case ArrayType():
            return gap_of(type_.element)
        case _:
            return None


def encoder_of(type_: FieldType) -> Encode:
    """Return how the values of a type are sent; of an array's type, how its elements are.

    >>> encoder_of(DateType())(dt.date(2013, 1, 31))
    datetime.datetime(2013, 1, 31, 0, 0)
    """
    match type_:
        case DecimalType():
            return Decimal128
        case DateType():
            return _midnight
        case DurationType():
            return dt.timedelta.total_seconds
        case UUIDType():
            return Binary.from_uuid
        case EnumType():
            return _value
        case ArrayType():
            return encoder_of(type_.element)
        case IntegerType() | FloatType() | BooleanType() | TextType() | DateTimeType() | BytesType():
            return as_it_is
        case TimeType() | JSONType():
            return as_it_is  # never compared: see `gap_of` and the engine's capabilities
        case _:
            assert_never(type_)


def decoder_of(type_: FieldType) -> Decode:
    """Return how the value of a type is read, as it was stored; the other way round than `encoder_of`.

    >>> decoder_of(DateType())(dt.datetime(2013, 1, 31))
    datetime.date(2013, 1, 31)
    """
    match type_:
        case IntegerType():
            return _whole
        case FloatType():
            return float
        case DecimalType():
            return _decimal
        case DateType():
            return dt.datetime.date
        case DateTimeType():
            return _instant if type_.aware else _wall_clock
        case DurationType():
            return _seconds
        case UUIDType():
            return _uuid
        case TextType():
            return str  # of an ObjectId, its digits
        case BooleanType():
            return bool
        case TimeType() | BytesType() | EnumType() | JSONType() | ArrayType():
            raise TypeError(f"{type_.kind} has no order: see the engine's capabilities")
        case _:
            assert_never(type_)


def sent_class(type_: ScalarType) -> tuple[type[object], ...]:
    """Return the classes of the values that are sent for a type, where they are not the field's own."""
    match type_:
        case DecimalType():
            return (Decimal, Decimal128)
        case DateType():
            return (dt.date, dt.datetime)
        case DurationType():
            return (dt.timedelta, float)
        case UUIDType():
            return (Binary,)
        case EnumType():
            values: list[object] = [member.value for member in type_.enum]
            return tuple({type(value) for value in values})
        case _:
            return ()


def each(encode: Encode) -> Encode:
    """Return how a tuple is sent, given how its elements are."""
    return list if encode is as_it_is else lambda values: [encode(value) for value in values]


def as_it_is(value: object) -> object:
    """Return a value that BSON has itself."""
    return value


def _whole(stored: float) -> Value:
    """Return a number as an integer; one that is none stays, as no value of the field."""
    return int(stored) if stored == int(stored) else stored


def _decimal(stored: Decimal128 | int) -> Decimal:
    return stored.to_decimal() if isinstance(stored, Decimal128) else Decimal(stored)


def _instant(stored: dt.datetime) -> dt.datetime:
    """An instant in UTC, whether the client is `tz_aware` or not."""
    return stored.replace(tzinfo=dt.UTC) if stored.tzinfo is None else stored.astimezone(dt.UTC)


def _wall_clock(stored: dt.datetime) -> dt.datetime:
    return _instant(stored).replace(tzinfo=None)


def _seconds(stored: float) -> dt.timedelta:
    return dt.timedelta(seconds=stored)


def _uuid(stored: Binary | uuid.UUID) -> uuid.UUID:
    return stored.as_uuid() if isinstance(stored, Binary) else stored


def _midnight(value: dt.date) -> dt.datetime:
    return dt.datetime.combine(value, dt.time.min)


def _value(member: enum.Enum) -> object:
    return member.value
