"""What a Tortoise field means to a filter, on each database that a query may meet."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, LiteralString, TypeAlias

from tortoise.contrib.postgres.fields import ArrayField
from tortoise.fields import (
    BigIntField,
    BinaryField,
    BooleanField,
    CharField,
    DateField,
    DatetimeField,
    DecimalField,
    FloatField,
    IntField,
    JSONField,
    SmallIntField,
    TextField,
    TimeDeltaField,
    TimeField,
    UUIDField,
)
from tortoise.fields.data import CharEnumFieldInstance, IntEnumFieldInstance

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
from queryengine_tortoise.meta import AnyField

__all__ = ["ColumnType", "Database", "Databases", "array_operand", "column_type", "databases"]

Database: TypeAlias = Literal["sqlite", "postgresql"]
Databases: TypeAlias = Sequence[Database]
"""The databases that a query may meet: what a column can do on all of them is what filters can use."""

KNOWN: Final[tuple[type[AnyField], ...]] = (
    IntEnumFieldInstance,
    CharEnumFieldInstance,
    BigIntField,
    SmallIntField,
    IntField,
    CharField,
    TextField,
    BooleanField,
    DecimalField,
    DatetimeField,
    DateField,
    TimeField,
    TimeDeltaField,
    FloatField,
    JSONField,
    UUIDField,
    BinaryField,
    ArrayField,
)
"""Tortoise's own classes of fields, those that are built upon another before that one"""

SQLITE_DIGITS: Final = 15
"""significant digits that survive in the doubles by which SQLite compares"""
MICROSECOND: Final = dt.timedelta(microseconds=1)
STORED_DURATION: Final = DurationType(1, -(2**63) * MICROSECOND, (2**63 - 1) * MICROSECOND)
"""durations are stored as microseconds, in 64 bits"""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What a column is to a filter: its field type, and the reason for a gap."""

    type: FieldType
    gap: str | None = None


def databases(name: Database | None) -> Databases:
    """Return the named database, or for None both that we know.

    >>> databases(None)
    ('sqlite', 'postgresql')
    """
    return ("sqlite", "postgresql") if name is None else (name,)


def column_type(field: AnyField, names: Databases, *, use_tz: bool) -> ColumnType | None:
    """Return what a field is to a filter, or None for a class of fields that filters do not know.

    >>> column_type(SmallIntField(), ["postgresql"], use_tz=True).type
    IntegerType(minimum=-32768, maximum=32767)
    """
    known = next((class_ for class_ in KNOWN if isinstance(field, class_)), None)
    if known is None:
        return None
    meanings = [_meaning(field, name, use_tz) for name in names]
    found = [meaning for meaning in meanings if meaning is not None]
    if len(found) != len(meanings):
        return None
    gaps = [meaning.gap for meaning in found if meaning.gap is not None]
    return ColumnType(found[0].type, gaps[0] if gaps else _form_of_its_own(field, known))


def _form_of_its_own(field: AnyField, known: type[AnyField]) -> str | None:
    """Why a class that a service has derived does not compare as Tortoise's own does."""
    own = type(field)
    if own.to_db_value is not known.to_db_value or own.to_python_value is not known.to_python_value:
        return f"{own.__name__} stores values in a form of its own"
    names = ("SQL_TYPE", "_db_sqlite", "_db_postgres")
    if any(getattr(own, name, None) is not getattr(known, name, None) for name in names):
        return f"{own.__name__} has a column type of its own"
    return None


def _meaning(field: AnyField, database: Database, use_tz: bool) -> ColumnType | None:
    """What the field is on one database; None where it is no field at all."""
    on_sqlite = database == "sqlite"
    match field:
        case IntEnumFieldInstance() | CharEnumFieldInstance():
            return ColumnType(EnumType(field.enum_type))
        case IntField():
            return ColumnType(_integer(field))
        case CharField() | TextField():
            return ColumnType(TextType())
        case BooleanField():
            return ColumnType(BooleanType())
        case DecimalField():
            return _decimal(field.max_digits, field.decimal_places, on_sqlite)
        case DatetimeField():
            return ColumnType(DateTimeType(aware=use_tz), _datetime_gap(on_sqlite, use_tz))
        case DateField():
            return ColumnType(DateType())
        case TimeField():
            return ColumnType(TimeType(), _time_gap(on_sqlite))
        case TimeDeltaField():
            return ColumnType(STORED_DURATION)
        case FloatField():
            return ColumnType(FloatType())
        case JSONField():
            return ColumnType(JSONType())
        case UUIDField():
            return ColumnType(UUIDType())
        case BinaryField():
            return ColumnType(BytesType())
        case ArrayField():
            return None if on_sqlite else _array(field.element_type)
        case _:
            return None


def _integer(field: AnyField) -> IntegerType:
    """The range is that of Tortoise's class of fields, on SQLite too, which would hold more."""
    bits = 64 if isinstance(field, BigIntField) else 16 if isinstance(field, SmallIntField) else 32
    return IntegerType(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _decimal(digits: int, places: int, on_sqlite: bool) -> ColumnType:
    gap = None
    if on_sqlite and digits > SQLITE_DIGITS:
        gap = f"SQLite compares decimals by their first {SQLITE_DIGITS} digits, and the column has {digits}"
    return ColumnType(DecimalType(digits, places), gap)


def _datetime_gap(on_sqlite: bool, use_tz: bool) -> str | None:
    if use_tz or on_sqlite:
        return None
    return "with use_tz=False date-times on PostgreSQL depend on the time zone of the machine"


def _time_gap(on_sqlite: bool) -> str:
    if on_sqlite:
        return "the SQLite driver takes no times of day"
    return "Tortoise stores times of day with a zone on PostgreSQL"


ELEMENTS: Final[tuple[tuple[str, ScalarType, LiteralString], ...]] = (
    (r"SMALLINT|INT2", IntegerType(-(2**15), 2**15 - 1), "CAST({} AS SMALLINT[])"),
    (r"INT|INTEGER|INT4", IntegerType(-(2**31), 2**31 - 1), "CAST({} AS INT[])"),
    (r"BIGINT|INT8", IntegerType(), "CAST({} AS BIGINT[])"),
    (r"TEXT", TextType(), "CAST({} AS TEXT[])"),
    (r"(VARCHAR|CHARACTER VARYING)( ?\(\d+\))?", TextType(), "CAST({} AS VARCHAR[])"),
    (r"DOUBLE PRECISION|FLOAT8", FloatType(), "CAST({} AS DOUBLE PRECISION[])"),
    (r"BOOL|BOOLEAN", BooleanType(), "CAST({} AS BOOL[])"),
    (r"DATE", DateType(), "CAST({} AS DATE[])"),
    (r"UUID", UUIDType(), "CAST({} AS UUID[])"),
)
"""the SQL types of elements that filters know, as patterns, and what makes an operand such an array"""


def array_operand(field: AnyField) -> LiteralString | None:
    """Return what makes an operand an array of the field's: PostgreSQL knows no VARCHAR[] @> TEXT[]."""
    if not isinstance(field, ArrayField):
        return None
    return next((template for pattern, _, template in ELEMENTS if _is_of(field.element_type, pattern)), None)


def _array(element: str) -> ColumnType | None:
    types = (type_ for pattern, type_, _ in ELEMENTS if _is_of(element, pattern))
    return next((ColumnType(ArrayType(type_)) for type_ in types), None)


def _is_of(element: str, pattern: str) -> bool:
    return re.fullmatch(pattern, element.strip(), re.IGNORECASE) is not None
