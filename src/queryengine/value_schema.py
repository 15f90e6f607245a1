"""JSON Schemas of single values by field type, and names for those types. Knows schema and values."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any, TypeAlias, assert_never

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
from queryengine.values import write

__all__ = ["JSONSchema", "list_schema", "type_name", "value_schema"]

JSONSchema: TypeAlias = dict[str, Any]  # Any: JSON values
"""A JSON Schema of draft 2020-12, as a JSON object."""

EXACT = 2**53
"""bounds beyond this are left out: OpenAPI tools hold them as doubles, which would make them other numbers"""
SIZES = {16: "Int16", 32: "Int32", 64: "Int64"}

# These say what the readers of values read, in the part of the regex language that ECMA-262 and Python share.
NUMBER = r"^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$"
DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
TIME = rf"^({CLOCK}|([01][0-9]|2[0-3]):[0-5][0-9])$"
ZONE = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
DURATION = (
    r"^-?P([0-9]{1,10}W|(?=[0-9T])([0-9]{1,10}D)?"
    r"(T(?=[0-9])([0-9]{1,12}H)?([0-9]{1,12}M)?([0-9]{1,15}(\.[0-9]{1,6})?S)?)?)$"
)
UUID = "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
BASE64 = "^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$"


def value_schema(type_: FieldType, longest: int, timezone: dt.tzinfo | None = None) -> JSONSchema:
    """Return the schema of one value; texts have at most `longest` characters, `timezone` is the policy's.

    >>> value_schema(IntegerType(0, 9), 100)
    {'type': 'integer', 'minimum': 0, 'maximum': 9}
    """
    match type_:
        case IntegerType():
            return _integer(type_)
        case FloatType():
            return _number(type_.minimum, type_.maximum) | {"format": "double"}
        case DecimalType():
            # As text a decimal keeps its digits on its way through any client.
            text = {"type": "string", "pattern": NUMBER}
            return {"anyOf": [_number(type_.minimum, type_.maximum), text]}
        case BooleanType():
            return {"type": "boolean"}
        case TextType():
            return {"type": "string", "maxLength": longest}
        case DateType():
            return _string("date", f"^{DATE}$")
        case DateTimeType():
            return _datetime(type_, timezone)
        case TimeType():
            return _string("time-local", TIME)
        case DurationType():
            return _string("duration", DURATION)
        case UUIDType():
            return _string("uuid", UUID)
        case BytesType():
            encoded = _string("byte", BASE64)
            return encoded | {"contentEncoding": "base64", "maxLength": longest}
        case EnumType():
            return _enumeration(type_)
        case JSONType():
            return {}
        case ArrayType():
            return {"type": "array", "items": value_schema(type_.element, longest, timezone)}
        case _:
            assert_never(type_)


def list_schema(item: JSONSchema, most: int) -> JSONSchema:
    """Return the schema of a list of at most `most` values."""
    return {"type": "array", "items": item, "maxItems": most}


def type_name(type_: FieldType) -> str:
    """Return the word for a type in the names of components.

    >>> type_name(IntegerType(-(2**31), 2**31 - 1)), type_name(ArrayType(TextType()))
    ('Int32', 'TextList')
    """
    match type_:
        case IntegerType():
            bits = _bits(type_)
            return "Integer" if bits is None else SIZES[bits]
        case DateTimeType():
            return "DateTime" if type_.aware else "LocalDateTime"
        case EnumType():
            return type_.enum.__name__
        case ArrayType():
            return f"{type_name(type_.element)}List"
        case UUIDType() | JSONType():
            return type_.kind.value.upper()
        case (
            FloatType()
            | DecimalType()
            | BooleanType()
            | TextType()
            | DateType()
            | TimeType()
            | DurationType()
            | BytesType()
        ):
            return type_.kind.value.capitalize()
        case _:
            assert_never(type_)


def _bits(type_: IntegerType) -> int | None:
    """The size of the integers that have just these bounds."""
    return next((n for n in SIZES if type_ == IntegerType(-(2 ** (n - 1)), 2 ** (n - 1) - 1)), None)


def _integer(type_: IntegerType) -> JSONSchema:
    bits = _bits(type_)
    named: JSONSchema = {"format": f"int{bits}"} if bits in (32, 64) else {}
    return {"type": "integer", **_bounds(type_.minimum, type_.maximum), **named}


def _number(minimum: float | Decimal | None, maximum: float | Decimal | None) -> JSONSchema:
    return {"type": "number", **_bounds(minimum, maximum)}


def _bounds(minimum: float | Decimal | None, maximum: float | Decimal | None) -> JSONSchema:
    """The bounds that a double holds exactly, integers as integers."""
    bounds: JSONSchema = {}
    if minimum is not None and _exact(minimum):
        bounds["minimum"] = _plain(minimum)
    if maximum is not None and _exact(maximum):
        bounds["maximum"] = _plain(maximum)
    return bounds


def _exact(bound: float | Decimal) -> bool:
    return -EXACT <= bound <= EXACT and float(bound) == bound


def _plain(bound: float | Decimal) -> int | float:
    return int(bound) if bound == int(bound) else float(bound)


def _string(format_: str, pattern: str) -> JSONSchema:
    return {"type": "string", "format": format_, "pattern": pattern}


def _datetime(type_: DateTimeType, timezone: dt.tzinfo | None) -> JSONSchema:
    zone = f"{ZONE}?" if timezone is not None else ZONE if type_.aware else ""
    formats: dict[str, JSONSchema] = {ZONE: {"format": "date-time"}, "": {"format": "date-time-local"}}
    return {"type": "string", **formats.get(zone, {}), "pattern": f"^{DATE}[Tt ]{CLOCK}{zone}$"}


def _enumeration(type_: EnumType) -> JSONSchema:
    values = [write(member) for member in type_.enum]
    texts: JSONSchema = {"type": "string"} if all(isinstance(value, str) for value in values) else {}
    return {**texts, "enum": values}
