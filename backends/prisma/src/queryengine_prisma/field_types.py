"""What the fields of a Prisma model mean to filters: types with their domains, and the gaps."""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

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
    ScalarType,
    TextType,
    UUIDType,
)
from queryengine_prisma.datamodel import ModelField
from queryengine_prisma.values import BEFORE_BROKEN, BROKEN

__all__ = ["Database", "Meaning", "field_type"]

Database = Literal["sqlite", "postgresql"]

# The query engine reads and writes a double with fifteen digits; it takes 0.1 + 0.2 for 0.3.
DOUBLE = FloatType(digits=15)

SMALL = IntegerType(-(2**15), 2**15 - 1)
PLAIN = IntegerType(-(2**31), 2**31 - 1)
MILLISECONDS = DateTimeType(aware=True, resolution=1_000)

SCALARS: Mapping[str, ScalarType] = MappingProxyType(
    {
        "Int": PLAIN,
        "BigInt": IntegerType(),
        "Float": DOUBLE,
        "Boolean": BooleanType(),
        "DateTime": MILLISECONDS,
        "Bytes": BytesType(),
    }
)
NATIVE: Mapping[str, ScalarType] = MappingProxyType(
    {"SmallInt": SMALL, "Uuid": UUIDType(), "Date": DateType()}
)
"""Native types of PostgreSQL that mean something else than the Prisma type."""

GAPS: Mapping[str, str] = MappingProxyType(
    {
        "Bit": "bits are no text",
        "Char": "CHAR ignores spaces at the end",
        "Citext": "citext folds case",
        "Inet": "addresses are no text",
        "Money": "money is written as the database's locale wants it",
        "Oid": "its numbers go beyond those of Int",
        "Real": "single precision: no decimal number is held as it is written",
        "Time": "the client gives a time of day as a date-time",
        "Timetz": "the client gives a time of day as a date-time",
        "VarBit": "bits are no text",
        "Xml": "XML has no equality",
    }
)
JSON_NULL = "the client cannot write the null of a JSON field that may also be missing"


@dataclass(frozen=True, slots=True)
class Meaning:
    """A field's type, and why it cannot be asked otherwise than for null, if so."""

    type: FieldType
    gap: str | None = None


def field_type(field: ModelField, database: Database, enumeration: type[enum.Enum] | None) -> Meaning | None:
    """Return what a field means; None for types that filters do not know.

    >>> field_type(ModelField("n", "Int", False, False, {"db.SmallInt": ""}), "postgresql", None).type
    IntegerType(minimum=-32768, maximum=32767)
    """
    if field.type == "Json":
        if field.many:
            return None
        return Meaning(JSONType(), JSON_NULL if field.optional else None)
    element = _scalar(field, database, enumeration)
    if element is None:
        return None
    native = field.native_type
    gap = None if native is None else GAPS.get(native[0])
    return Meaning(ArrayType(element) if field.many else element, gap)


def _scalar(field: ModelField, database: Database, enumeration: type[enum.Enum] | None) -> ScalarType | None:
    if enumeration is not None:
        return EnumType(enumeration)
    native = field.native_type
    if field.type == "Decimal":
        return DecimalType(15) if database == "sqlite" else _decimal(native)
    if native is not None and native[0] in NATIVE:
        return NATIVE[native[0]]
    if field.type == "String":
        return TextType(without=BROKEN + BEFORE_BROKEN if database == "sqlite" else BROKEN)
    return SCALARS.get(field.type)


def _decimal(native: tuple[str, str] | None) -> DecimalType:
    """PostgreSQL's NUMERIC; Prisma makes it (65, 30) where the schema says nothing."""
    arguments = [] if native is None else re.findall(r"\d+", native[1])
    digits, scale = map(int, arguments) if len(arguments) == 2 else (65, 30)
    return DecimalType(digits, scale)
