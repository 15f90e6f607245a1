"""Python values against types: a service's own predicates meet the same rules as a caller's filter."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import assert_never, cast, overload

from queryengine.ast import Scalar
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
from queryengine.values.json_value import portable_json
from queryengine.values.numeric import float_of_integer, within_decimal, within_float, within_integer
from queryengine.values.problem import expectation, mismatch
from queryengine.values.reading import TypedValue
from queryengine.values.strings import check_text, within_text
from queryengine.values.temporal import within_datetime, within_duration, within_time

__all__ = ["check"]


@overload
def check(type_: ScalarType, value: object, timezone: dt.tzinfo | None = None) -> Scalar: ...
@overload
def check(type_: FieldType, value: object, timezone: dt.tzinfo | None = None) -> TypedValue: ...
def check(type_: FieldType, value: object, timezone: dt.tzinfo | None = None) -> TypedValue:
    """Return a Python value as a value of the type, or raise `ValueProblem`.

    No value changes its kind: booleans are not integers, a float is not a decimal, a date-time is not a
    date. Integers are numbers of every kind that holds them exactly.

    >>> check(DecimalType(), 5)
    Decimal('5')
    >>> check(IntegerType(), True)
    Traceback (most recent call last):
        ...
    queryengine.values.problem.ValueProblem: expected an integer
    """
    match type_:
        case IntegerType() | FloatType() | DecimalType():
            return _number(type_, value)
        case DateTimeType() if isinstance(value, dt.datetime):
            return within_datetime(type_, value, timezone)
        case TimeType() if isinstance(value, dt.time):
            return within_time(type_, value)
        case DurationType() if isinstance(value, dt.timedelta):
            return within_duration(type_, value)
        case TextType() if isinstance(value, str):
            text = check_text(str.__str__(value))  # the plain text of a StrEnum's member too
            return within_text(frozenset(type_.without), text)
        case EnumType() if isinstance(value, type_.enum):
            return value
        case ArrayType() if isinstance(value, (list, tuple)):
            elements = cast("list[object] | tuple[object, ...]", value)
            return tuple([check(type_.element, item, timezone) for item in elements])
        case JSONType():
            return portable_json(value)
        case BooleanType() if isinstance(value, bool):
            return value
        case DateType() if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
            return value
        case UUIDType() if isinstance(value, uuid.UUID):
            return value
        case BytesType() if isinstance(value, bytes):
            return value
        case _:
            raise mismatch(expectation(type_))


def _number(type_: IntegerType | FloatType | DecimalType, value: object) -> int | float | Decimal:
    integer = int(value) if isinstance(value, int) and not isinstance(value, bool) else None
    match type_:
        case IntegerType() if integer is not None:
            return within_integer(type_, integer)
        case FloatType() if integer is not None:
            return within_float(type_, float_of_integer(integer))
        case FloatType() if isinstance(value, float):
            return within_float(type_, value)
        case DecimalType() if integer is not None:
            return within_decimal(type_, Decimal(integer))
        case DecimalType() if isinstance(value, Decimal):
            return within_decimal(type_, value)
        case IntegerType() | FloatType() | DecimalType():
            raise mismatch(expectation(type_))
        case _:
            assert_never(type_)
