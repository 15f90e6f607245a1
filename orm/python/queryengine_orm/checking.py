"""Values that are written, held to the types of their columns before anything is sent. Knows no column.

Both databases take the same values so, and refuse the others by the same words: SQLite by itself stores
anything anywhere, and PostgreSQL rounds.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
import uuid
from collections.abc import Callable, Sequence
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import Final, TypeAlias, cast

from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
    UUIDType,
)
from queryengine.values import ValueProblem, check
from queryengine_orm.errors import ParameterError
from queryengine_orm.ranges import Range
from queryengine_orm.storage import OpaqueType, json_text

__all__ = ["Check", "are_plain", "checker_of", "document_writer"]

Check: TypeAlias = Callable[[object], object]
"""Returns a value that is not null as its column takes it. Raises ParameterError."""

PLAIN: Final[dict[type[FieldType], type[object]]] = {
    BooleanType: bool,
    DateType: dt.date,
    UUIDType: uuid.UUID,
    BytesType: bytes,
    IntegerType: int,
    FloatType: float,
    TextType: str,
    DateTimeType: dt.datetime,
}
"""the classes whose values columns take as they are, but for their range"""
ADDRESSES: Final = (
    ipaddress.IPv4Address,
    ipaddress.IPv6Address,
    ipaddress.IPv4Network,
    ipaddress.IPv6Network,
)
"""the classes of what `inet` and `cidr` hold; those of interfaces are addresses as well"""
NONE: Final = type(None)


def checker_of(type_: FieldType | OpaqueType, place: str, length: int | None = None) -> Check:
    """Return what checks the values of a column: `place` says its name, `length` how long its texts may be.

    >>> checker_of(IntegerType(0, 9), "Die.eyes")(7)
    7
    >>> checker_of(IntegerType(0, 9), "Die.eyes")("7")
    Traceback (most recent call last):
        ...
    queryengine_orm.errors.ParameterError: Die.eyes: expected an integer; given: str
    """
    match type_:
        case OpaqueType():
            return _opaque(type_, place)
        case TextType() if length is not None:
            return _texts(type_, place, length)
        case DecimalType() if type_.scale is not None:
            return _decimals(type_, type_.scale, place)
        case JSONType():
            return _documents(place)
        case EnumType():
            return _members(type_, place)
        case ArrayType():
            return _arrays(type_, place)
        case BytesType():
            return _bytes(place)
        case IntegerType():
            return _integers(type_, place)
        case _:
            return _others(type_, place)


def refused(place: str, expected: str, value: object) -> ParameterError:
    """Return the error of a value; it says the value's class, and not the value."""
    return ParameterError(f"{place}: {expected}; given: {type(value).__name__}")


def _of_core(type_: FieldType, place: str) -> Check:
    """The core's own check, by which conditions are checked as well."""

    def checked(value: object) -> object:
        try:
            return check(type_, value)
        except ValueProblem as problem:
            raise refused(place, problem.message, value) from None

    return checked


def _integers(type_: IntegerType, place: str) -> Check:
    low, high, otherwise = type_.minimum, type_.maximum, _of_core(type_, place)

    def checked(value: object) -> object:
        return value if type(value) is int and low <= value <= high else otherwise(value)

    return checked


def _others(type_: FieldType, place: str) -> Check:
    """Values of a class that are plain are taken as they are; the core looks at all others."""
    otherwise = _of_core(type_, place)

    def checked(value: object) -> object:
        return value if are_plain(type_, (value,)) else otherwise(value)

    return checked


def _texts(type_: TextType, place: str, length: int) -> Check:
    otherwise = _others(type_, place)

    def checked(value: object) -> object:
        text = cast("str", otherwise(value))
        if len(text) > length:
            raise ParameterError(
                f"{place}: expected a text of at most {length} characters; given: one of {len(text)}"
            )
        return text

    return checked


def _opaque(type_: OpaqueType, place: str) -> Check:
    """The class of a value; what of it a type holds, the driver knows."""
    is_address = type_.name in ("inet", "cidr")

    def checked(value: object) -> object:
        if isinstance(value, ADDRESSES if is_address else Range):
            return cast("object", value)
        raise refused(place, f"expected {'an address or a network' if is_address else 'a Range'}", value)

    return checked


def _decimals(type_: DecimalType, scale: int, place: str) -> Check:
    """A column of a scale holds exactly what can be written with so many digits after the point."""
    unit, zero = Decimal(1).scaleb(-scale), Decimal(0).scaleb(-scale)
    context = Context(prec=type_.digits, traps=[Inexact, InvalidOperation])
    bounded = type_.minimum is not None or type_.maximum is not None
    words = f"expected a decimal number of at most {type_.digits} digits, {scale} of them after the point"
    otherwise = _of_core(type_, place)

    def checked(value: object) -> object:
        number = value
        if type(number) is not Decimal or bounded:
            number = cast("Decimal", otherwise(value))
        try:
            written = context.quantize(number, unit)
        except (Inexact, InvalidOperation):
            raise refused(place, words, value) from None
        if written.is_nan():
            raise refused(place, words, value)
        return written or zero

    return checked


def _members(type_: EnumType, place: str) -> Check:
    members = type_.enum

    def checked(value: object) -> object:
        if isinstance(value, members):
            return value
        raise refused(place, f"expected a member of {members.__name__}", value)

    return checked


def _bytes(place: str) -> Check:
    def checked(value: object) -> object:
        if type(value) is bytes:
            return value
        if isinstance(value, bytes | bytearray | memoryview):
            return bytes(cast("bytes", value))
        raise refused(place, "expected bytes", value)

    return checked


def _arrays(type_: ArrayType, place: str) -> Check:
    item = checker_of(type_.element, place)

    def checked(value: object) -> object:
        if not isinstance(value, list | tuple):
            raise refused(place, "expected a list", value)
        return [item(each) for each in cast("Sequence[object]", value)]

    return checked


def _documents(place: str) -> Check:
    write = document_writer(place)

    def checked(value: object) -> object:
        write(value)
        return value

    return checked


def document_writer(place: str) -> Callable[[object], str]:
    """Return what writes the JSON values of a column as text. Raises ParameterError for all others."""

    def written(value: object) -> str:
        try:
            text = json_text(value)
            if _has_plain_texts(value):
                return text
        except (TypeError, ValueError, RecursionError):
            pass
        raise refused(
            place, "expected a JSON value: finite numbers, texts without NUL, keys that are texts", value
        )

    return written


def _has_plain_texts(value: object) -> bool:
    """Tell whether keys are texts, which `json` would make them, and no text has what `jsonb` cannot hold."""
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, dict):
        items = cast("dict[object, object]", value).items()
        return all(isinstance(key, str) and "\0" not in key and _has_plain_texts(each) for key, each in items)
    if isinstance(value, list | tuple):
        return all(map(_has_plain_texts, cast("Sequence[object]", value)))
    return True


def are_plain(type_: FieldType | OpaqueType, values: Sequence[object], length: int | None = None) -> bool:
    """Tell whether values need no look at each: all are null, or of the very class and in range.

    >>> are_plain(IntegerType(), [1, None, 2]), are_plain(IntegerType(), [1, True])
    (True, False)
    """
    kind = None if isinstance(type_, OpaqueType) else PLAIN.get(type(type_))
    kinds = set(map(type, values))
    if kind is None or not kinds <= {kind, NONE}:
        return False
    if NONE in kinds:
        values = [value for value in values if value is not None]
    is_short = length is None or not values or max(map(len, cast("Sequence[str]", values))) <= length
    return is_short and (not values or _are_within(type_, values))


def _are_within(type_: FieldType | OpaqueType, values: Sequence[object]) -> bool:
    match type_:
        case IntegerType():
            numbers = cast("Sequence[int]", values)
            return type_.minimum <= min(numbers) and max(numbers) <= type_.maximum
        case FloatType():
            is_bounded = type_.minimum is not None or type_.maximum is not None or type_.digits is not None
            return not is_bounded and all(map(math.isfinite, cast("Sequence[float]", values)))
        case TextType():
            text = "".join(cast("Sequence[str]", values))
            return text.isascii() and "\0" not in text and not type_.without
        case DateTimeType():
            zones = {cast("dt.datetime", value).tzinfo for value in values}
            return type_.resolution == 1 and zones == {dt.UTC if type_.aware else None}
        case _:
            return True
