"""Types of values that the database computes of others: what fits what, and what comes of both."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Final

from queryengine.schema import (
    DateTimeType,
    DecimalType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    TextType,
    TypeKind,
)

__all__ = ["NUMBERS", "constant_type", "either", "has_more_places", "takes", "unbounded"]

NUMBERS: Final = frozenset({TypeKind.INTEGER, TypeKind.FLOAT, TypeKind.DECIMAL})


def takes(type_: FieldType, given: FieldType) -> bool:
    """Tell whether values of one type are values of another one's kind, whatever their range."""
    if isinstance(type_, EnumType) and isinstance(given, EnumType):
        return type_.enum is given.enum
    if isinstance(type_, DateTimeType) and isinstance(given, DateTimeType):
        return type_.aware is given.aware
    is_whole = given.kind is TypeKind.INTEGER and type_.kind in NUMBERS
    return type_.kind is given.kind or is_whole


def unbounded(type_: FieldType) -> FieldType:
    """Return the type that the results of arithmetic have: a sum may lie outside of a column's own bounds."""
    match type_:
        case IntegerType():
            return IntegerType()
        case FloatType():
            return FloatType()
        case DecimalType():
            return DecimalType(digits=1000)
        case TextType():
            return TextType()
        case _:
            return type_


def either(type_: FieldType, given: FieldType) -> FieldType:
    """Return the type of values that are of one type or of another: decimals have the places of both.

    >>> either(DecimalType(5, 2), DecimalType(9, 4)).scale
    4
    """
    common = type_ if takes(type_, given) else given
    if not isinstance(common, DecimalType):
        return common
    places = _places(type_), _places(given)
    return replace(common, scale=None if None in places else max(each or 0 for each in places))


def constant_type(type_: FieldType, value: object) -> FieldType:
    """Return the type of a constant that stands beside values of a type: a decimal has places of its own."""
    if not isinstance(type_, DecimalType) or not isinstance(value, Decimal):
        return type_
    return replace(type_, scale=len(f"{value:f}".partition(".")[2].rstrip("0")))


def has_more_places(given: FieldType, type_: FieldType) -> bool:
    """Tell whether decimals would be rounded: PostgreSQL does so, and SQLite keeps all digits."""
    if not isinstance(given, DecimalType) or not isinstance(type_, DecimalType) or type_.scale is None:
        return False
    return given.scale is None or given.scale > type_.scale


def _places(type_: FieldType) -> int | None:
    """Return how many digits stand after the point at most; None where there may be any number of them."""
    return type_.scale if isinstance(type_, DecimalType) else 0
