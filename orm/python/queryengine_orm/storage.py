"""How each database keeps the values of a type: its column type, what is compared, and with what."""

from __future__ import annotations

import datetime as dt
import enum
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, LiteralString, NoReturn, TypeAlias, cast

from queryengine.ast import JSONDocument
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
from queryengine_orm.driver import Dialect, Kind
from queryengine_orm.errors import ConfigurationError, DataError, ParameterError
from queryengine_orm.sql import Encode

__all__ = ["Decode", "OpaqueType", "Storage", "bits_of", "domain_of", "exact", "storage_of"]

Decode: TypeAlias = Callable[[object], object]

SQLITE_DIGITS: Final = 15
"""significant digits that survive in the doubles by which SQLite compares"""
MICROSECOND: Final = dt.timedelta(microseconds=1)
STORED_DURATION: Final = DurationType(1, -(2**63) * MICROSECOND, (2**63 - 1) * MICROSECOND)
"""durations on SQLite are microseconds, in 64 bits"""

KINDS: Final[Mapping[type[FieldType], Kind]] = {
    IntegerType: "int",
    FloatType: "float",
    DecimalType: "decimal",
    BooleanType: "bool",
    TextType: "text",
    DateType: "date",
    TimeType: "time",
    DurationType: "interval",
    UUIDType: "uuid",
    BytesType: "bytes",
    JSONType: "json",
}


@dataclass(frozen=True, slots=True)
class OpaqueType:
    """A type of PostgreSQL that is stored and read, but that conditions do not know: addresses, ranges."""

    name: str


@dataclass(frozen=True, slots=True)
class Storage:
    """How values of one type are kept: written by `encode` into `place`, read as `kind`, then by `decode`."""

    type: str
    kind: Kind | None = None
    encode: Encode | None = None
    decode: Decode | None = None
    place: LiteralString = "{}"
    """what stands where a column's value is written"""
    operand: LiteralString = "{}"
    """what stands where a column is compared with a value"""
    compared: Encode | None = None
    """how an operand is made the same as what the column holds"""
    listed: LiteralString = "{}"
    """what stands where a column is compared with a list of values"""


def domain_of(type_: FieldType, dialect: Dialect | None) -> tuple[FieldType, str | None]:
    """Return the values of a type that a database holds exactly, and the reason for a gap if there is one.

    Without a dialect it is what all databases can do.
    """
    if dialect == "postgresql":
        return type_, None
    match type_:
        case DecimalType() if type_.digits > SQLITE_DIGITS:
            return type_, f"SQLite compares decimals by their first {SQLITE_DIGITS} digits"
        case DurationType():
            low, high = (
                max(type_.minimum, STORED_DURATION.minimum),
                min(type_.maximum, STORED_DURATION.maximum),
            )
            return DurationType(type_.resolution, low, high), None
        case ArrayType():
            return type_, "SQLite has no arrays"
        case _:
            return type_, None


def storage_of(
    type_: FieldType | OpaqueType, dialect: Dialect, length: int | None = None, native: str | None = None
) -> Storage:
    """Return how values of a type are kept. Raises ConfigurationError where there is no column for them.

    `native` is the name of an enum that PostgreSQL has as a type.
    """
    if isinstance(type_, OpaqueType):
        if dialect == "sqlite":
            raise ConfigurationError(f"SQLite has no {type_.name}")
        return Storage(type_.name)
    if native is not None and dialect == "postgresql" and isinstance(type_, EnumType):
        return _native(_enum(type_, "postgresql"), native)
    if isinstance(type_, JSONType):
        return _json(dialect)
    return _postgresql(type_, length) if dialect == "postgresql" else _sqlite(type_, length)


def _postgresql(type_: FieldType, length: int | None = None) -> Storage:
    match type_:
        case IntegerType():
            return Storage(_integer_name(type_))
        case FloatType():
            return Storage("double precision")
        case DecimalType():
            return Storage(_numeric(type_))
        case BooleanType():
            return Storage("boolean")
        case TextType():
            # Text is compared by code point: a column of this collation has indexes that serve.
            return Storage(f'{"text" if length is None else f"varchar({length})"} COLLATE "C"')
        case DateType():
            return Storage("date")
        case DateTimeType():
            return Storage("timestamptz" if type_.aware else "timestamp")
        case TimeType():
            return Storage("time")
        case DurationType():
            return Storage("interval")
        case UUIDType():
            return Storage("uuid")
        case BytesType():
            return Storage("bytea")
        case EnumType():
            return _enum(type_, "postgresql")
        case ArrayType():
            return _array(type_)
        case _:
            raise ConfigurationError(f"PostgreSQL has no column for {type_.kind}")


def _sqlite(type_: FieldType, length: int | None = None) -> Storage:
    match type_:
        case DecimalType():
            name = _numeric(type_) if type_.digits <= SQLITE_DIGITS else "TEXT"
            return Storage(name, "decimal", None, _scaled(type_), operand="CAST({} AS NUMERIC)")
        case DateTimeType():
            return Storage("TEXT", "datetimetz" if type_.aware else "datetime")
        case TextType():
            return Storage("TEXT" if length is None else f"VARCHAR({length})", "text")
        case EnumType():
            return _enum(type_, "sqlite")
        case ArrayType():
            raise ConfigurationError("SQLite has no arrays")
        case _:
            return Storage(SQLITE_NAMES[type(type_)], KINDS[type(type_)])


SQLITE_NAMES: Final[Mapping[type[FieldType], str]] = {
    IntegerType: "INTEGER",
    FloatType: "REAL",
    BooleanType: "BOOLEAN",
    DateType: "TEXT",
    TimeType: "TEXT",
    DurationType: "INTEGER",
    UUIDType: "TEXT",
    BytesType: "BLOB",
}


def _integer_name(type_: IntegerType) -> str:
    return {16: "smallint", 32: "integer", 64: "bigint"}[bits_of(type_)]


def bits_of(type_: IntegerType) -> int:
    """Return how many bits a column has for whole numbers of a type: 16, 32 or 64."""
    for bits in (16, 32):
        if -(2 ** (bits - 1)) <= type_.minimum and type_.maximum < 2 ** (bits - 1):
            return bits
    return 64


def _numeric(type_: DecimalType) -> str:
    """Return the type of a decimal; without a scale it has any number of digits on PostgreSQL."""
    return "NUMERIC" if type_.scale is None else f"NUMERIC({type_.digits}, {type_.scale})"


def _scaled(type_: DecimalType) -> Decode | None:
    """Return what gives a number the zeros at its end that a column of this type has."""
    if not type_.scale:
        return None
    scale = Decimal(1).scaleb(-type_.scale)

    def read(value: object) -> object:
        number = cast("Decimal", value)
        exponent = number.as_tuple().exponent
        is_short = isinstance(exponent, int) and exponent > scale.adjusted()
        return number.quantize(scale) if is_short else number

    return read


class _Members(dict[object, enum.Enum]):
    """The members of an enum by their values."""

    def __missing__(self, value: object) -> NoReturn:
        name = type(next(iter(self.values()))).__name__
        raise DataError("22P02", f"no member of {name} has the value that a row holds")


def _enum(type_: EnumType, dialect: Dialect) -> Storage:
    """Members are kept by their values, which are all texts or all whole numbers."""
    members = _Members({member.value: member for member in type_.enum})
    kinds = {type(value) for value in members}
    if kinds == {int}:
        return Storage(
            "bigint" if dialect == "postgresql" else "INTEGER", "int", _value_of, members.__getitem__
        )
    if all(issubclass(kind, str) for kind in kinds):
        name = 'text COLLATE "C"' if dialect == "postgresql" else "TEXT"
        return Storage(name, "text", _value_of, members.__getitem__)
    raise ConfigurationError(
        f"{type_.enum.__name__}: the values of an enum's members are texts, or whole numbers"
    )


def _native(plain: Storage, name: str) -> Storage:
    """The driver writes a value of a type that is not built in as text, but no array of such."""
    if plain.kind != "text" or re.fullmatch(r"[A-Za-z_]\w*", name) is None:
        raise ConfigurationError(f"{name}: an enum of PostgreSQL has a plain name, and texts as its values")
    listed: Any = f'CAST(CAST({{}} AS TEXT[]) AS "{name}"[])'  # Any: a plain name is as good as a literal
    return replace(plain, type=f'"{name}"', listed=listed)


def _array(type_: ArrayType) -> Storage:
    element = _postgresql(type_.element)
    encode, decode = element.encode, element.decode
    name = element.type.partition(" COLLATE")[0]
    return Storage(
        f"{name}[]",
        None,
        _list if encode is None else lambda value: [encode(item) for item in cast("list[object]", value)],
        None if decode is None else lambda value: [decode(item) for item in cast("list[object]", value)],
    )


def _json(dialect: Dialect) -> Storage:
    """JSON is written as text and read as what it says."""
    if dialect == "postgresql":
        place: LiteralString = "CAST(CAST({} AS TEXT) AS JSONB)"
        return Storage("jsonb", "json", json_text, None, place, place, _document_text)
    return Storage("TEXT", "json", json_text, compared=_document_text)


def json_text(value: object) -> str:
    """Return a JSON value as text. Raises ParameterError for what JSON cannot say."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError):
        raise ParameterError("a JSON column takes what JSON knows: texts, numbers, lists, dicts") from None


def _document_text(value: object) -> str:
    return cast("JSONDocument", value).text


def _value_of(value: object) -> object:
    value = cast("enum.Enum", value).value
    return str(value) if isinstance(value, str) else int(cast("int", value))


def _list(value: object) -> object:
    return list(cast("list[object]", value))


def exact(value: object) -> Decimal:
    """Return the decimal that a double's shortest text says, as JSON has it."""
    return Decimal(repr(value))
