"""What is wrong with one value, and the words for what each type expects. Knows schema and errors."""

from __future__ import annotations

from typing import assert_never

from queryengine.errors import ErrorCode, QueryEngineError
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
    TextType,
    TimeType,
    UUIDType,
)

__all__ = ["ValueProblem", "expectation", "mismatch", "out_of_range"]


class ValueProblem(QueryEngineError):  # noqa: N818 - it becomes a FilterError where its place is known
    """A value that its field cannot take. It knows no place; the binder makes a `FilterError` of it.

    `element` is the place in its list of a value that was read as part of one. No text here repeats
    the value, which may be huge or hostile.

    >>> raise mismatch("an integer")
    Traceback (most recent call last):
        ...
    queryengine.values.problem.ValueProblem: expected an integer
    """

    def __init__(self, code: ErrorCode, message: str, expected: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.expected = expected
        self.element: int | None = None


def mismatch(expected: str, given: str | None = None) -> ValueProblem:
    """Return the problem of a value that is of another type; `given` says which."""
    but = "" if given is None else f", not {given}"
    return ValueProblem(ErrorCode.TYPE_MISMATCH, f"expected {expected}{but}", (expected,))


def out_of_range(expected: str) -> ValueProblem:
    """Return the problem of a value of the right type that the field cannot hold exactly."""
    return ValueProblem(ErrorCode.OUT_OF_RANGE, f"out of range: expected {expected}", (expected,))


def expectation(type_: FieldType) -> str:
    """Say in words what a field of this type takes.

    >>> expectation(DateType())
    'a date as YYYY-MM-DD'
    """
    match type_:
        case IntegerType():
            return "an integer"
        case FloatType():
            return "a number"
        case DecimalType():
            return "a decimal number"
        case BooleanType():
            return "true or false"
        case TextType():
            return "a string"
        case DateType():
            return "a date as YYYY-MM-DD"
        case DateTimeType():
            zone = ("with its zone", "Z") if type_.aware else ("without a zone", "")
            return f"a date-time {zone[0]} as YYYY-MM-DDTHH:MM:SS{zone[1]}"
        case TimeType():
            return "a time of day as HH:MM:SS"
        case DurationType():
            return "an ISO 8601 duration of weeks, days, hours, minutes and seconds"
        case UUIDType():
            return "a UUID as 8-4-4-4-12 hexadecimal digits"
        case BytesType():
            return "base64 text with padding"
        case EnumType():
            return "one of the values of the enumeration"
        case JSONType():
            return "a JSON value"
        case ArrayType():
            return "a list of values"
        case _:
            assert_never(type_)
