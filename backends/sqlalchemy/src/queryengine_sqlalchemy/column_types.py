"""What a column's SQL type means to a filter, on each database that a query may meet."""

from __future__ import annotations

import datetime as dt
import enum
import typing
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    CHAR,
    JSON,
    REAL,
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Enum,
    Float,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    PickleType,
    SmallInteger,
    String,
    Time,
    TypeDecorator,
    Uuid,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.sqlite.base import SQLiteDialect
from sqlalchemy.engine import Dialect

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
from queryengine_sqlalchemy.operands import SQLType, variants_of

__all__ = ["SAFE_COLLATIONS", "ColumnType", "Databases", "column_type", "databases", "transforms"]

Databases = Sequence[Dialect]
"""The databases that a query may meet: what a column can do on all of them is what filters can use."""

SAFE_COLLATIONS = frozenset({"C", "POSIX", "BINARY", "ucs_basic"})
"""the collations that compare and order by code point"""

EMULATED_DURATION = DurationType(1, dt.timedelta(-719_162), dt.timedelta(2_932_897, -1, 999_999))
"""where a database has no intervals, SQLAlchemy writes date-times counted from 1970: the years 1 to 9999"""
SQLITE_DIGITS = 15
"""significant digits that survive in SQLite's REAL"""
POSTGRESQL_DIGITS = 1_000


@dataclass(frozen=True, slots=True)
class ColumnType:
    """What a column is to a filter: its field type, and the reason for a gap."""

    type: FieldType
    gap: str | None = None


Meaning = tuple[FieldType, str | None]


def databases(name: str | None) -> Databases:
    """Return the named database, or for None both that we know.

    >>> [dialect.name for dialect in databases(None)]
    ['sqlite', 'postgresql']
    """
    known: dict[str, Callable[[], Dialect]] = {"sqlite": SQLiteDialect, "postgresql": PGDialect}
    return tuple(make() for key, make in known.items() if name in (None, key))


def column_type(type_: SQLType, dialects: Databases) -> ColumnType | None:
    """Return what a column of this type is to a filter, or None for a type that filters do not know.

    >>> column_type(SmallInteger(), databases("postgresql")).type
    IntegerType(minimum=-32768, maximum=32767)
    """
    meanings = [meaning for dialect in dialects if (meaning := _meaning(type_, dialect)) is not None]
    if not meanings:
        return None
    field_type, gap = meanings[0]
    for other, other_gap in meanings[1:]:
        field_type, conflict = _shared(field_type, other)
        gap = gap or other_gap or conflict
    return ColumnType(field_type, gap)


def _meaning(type_: SQLType, dialect: Dialect) -> Meaning | None:
    """What the type is on one database: a field type, and perhaps the reason why only null can be told."""
    type_ = variants_of(type_).get(dialect.name, type_)
    match type_:
        case Interval() | postgresql.INTERVAL():
            return _duration(type_, dialect), None
        case PickleType():
            return None
        case TypeDecorator():
            return _decorated(type_, dialect)
        case Enum():
            return EnumType(_enum_class(type_)), None
        case String():
            return TextType(), _text_gap(type_, dialect)
        case Boolean():
            return BooleanType(), None
        case Integer():
            return _integer(type_, dialect), None
        case Numeric() | Float():
            return _number(type_, dialect)
        case DateTime():
            lost = type_.timezone and dialect.name == "sqlite"
            gap = "SQLite loses the time zone: use queryengine_sqlalchemy.UTCDateTime" if lost else None
            return DateTimeType(aware=type_.timezone), gap
        case Date():
            return DateType(), None
        case Time():
            return None if type_.timezone else (TimeType(), None)
        case Uuid():
            return UUIDType(), None
        case LargeBinary():
            return BytesType(), None
        case JSON():
            return JSONType(), None
        case ARRAY():
            return _array(type_, dialect)
        case _:
            return None


def _text_gap(type_: String, dialect: Dialect) -> str | None:
    if isinstance(type_, postgresql.CITEXT):
        return "citext ignores case"
    if isinstance(type_, CHAR) and dialect.name == "postgresql":
        return "CHAR(n) ignores spaces at the end on PostgreSQL"
    if type_.collation is not None and type_.collation not in SAFE_COLLATIONS:
        return f"the collation {type_.collation} does not compare by code point"
    return None


def _integer(type_: Integer, dialect: Dialect) -> IntegerType:
    bits = 64 if dialect.name == "sqlite" or isinstance(type_, BigInteger) else 32
    if isinstance(type_, SmallInteger) and dialect.name != "sqlite":
        bits = 16
    return IntegerType(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def _number(type_: SQLType, dialect: Dialect) -> Meaning | None:
    match type_:
        case Float() if type_.asdecimal:
            return FloatType(), "a float that is read as a decimal is rounded on the way"
        case Float():
            single = dialect.name == "postgresql" and _is_single_precision(type_)
            return FloatType(), "each driver reads single precision as another double" if single else None
        case Numeric() if not type_.asdecimal:
            exact = (type_.precision or 0) <= SQLITE_DIGITS
            return FloatType(), None if exact else "a float cannot hold all digits of the column"
        case Numeric():
            most = SQLITE_DIGITS if dialect.name == "sqlite" else POSTGRESQL_DIGITS
            return DecimalType(min(type_.precision or most, most), type_.scale), None
        case _:
            return None


def _is_single_precision(type_: Float[typing.Any]) -> bool:  # Any: see SQLType
    return isinstance(type_, REAL) or 0 < (type_.precision or 0) <= 24


def _duration(type_: SQLType, dialect: Dialect) -> DurationType:
    emulated = dialect.name == "sqlite" or (isinstance(type_, Interval) and not type_.native)
    return EMULATED_DURATION if emulated else DurationType()


def _enum_class(type_: Enum) -> type[enum.Enum]:
    if type_.enum_class is not None:
        return type_.enum_class
    members = {f"VALUE_{number}": text for number, text in enumerate(type_.enums)}
    return enum.EnumType.__call__(enum.StrEnum, type_.name or "Choice", members)


def _array(type_: ARRAY[typing.Any], dialect: Dialect) -> Meaning | None:  # Any: the type of its elements
    element = _meaning(type_.item_type, dialect)
    if dialect.name != "postgresql" or element is None or type_.dimensions not in (None, 1):
        return None
    if isinstance(element[0], (ArrayType, JSONType)):
        return None
    return ArrayType(element[0]), element[1]


def _decorated(type_: TypeDecorator[typing.Any], dialect: Dialect) -> Meaning | None:  # Any: see SQLType
    """A type built upon another is read as that one; operands pass through it as the service's own do."""
    inner = _meaning(type_.load_dialect_impl(dialect), dialect)
    if inner is None or isinstance(inner[0], ArrayType):
        return None
    if isinstance(inner[0], DateTimeType) and dialect.name == "sqlite" and _stores_utc(type_, dialect):
        return DateTimeType(aware=True), None
    return inner


def _stores_utc(type_: TypeDecorator[typing.Any], dialect: Dialect) -> bool:
    """Whether the type turns aware date-times into UTC on the way in, and gives aware ones back: try it."""
    zone = dt.timezone(dt.timedelta(hours=2))
    utc = dt.datetime(2001, 2, 3, 4, 5, tzinfo=dt.UTC)
    naive = utc.replace(tzinfo=None)
    try:
        stored: object = type_.process_bind_param(utc.astimezone(zone), dialect)
        restored: object = type_.process_result_value(naive, dialect)
    except (ArithmeticError, AttributeError, NotImplementedError, TypeError, ValueError):
        return False
    aware = isinstance(restored, dt.datetime) and restored.tzinfo is not None and restored == utc
    return aware and isinstance(stored, dt.datetime) and stored.replace(tzinfo=None) == naive


def transforms(type_: SQLType) -> bool:
    """Tell whether a type is a decorator that stores values in a form of its own.

    >>> transforms(Interval()), transforms(PickleType())
    (False, False)
    """
    if not isinstance(type_, TypeDecorator) or isinstance(type_, (Interval, PickleType)):
        return False
    names = ("process_bind_param", "process_result_value")
    return any(getattr(type(type_), name) is not getattr(TypeDecorator, name) for name in names)


def _shared(one: FieldType, other: FieldType) -> Meaning:
    """What two databases' views of a column have in common, or why they have nothing."""
    match one, other:
        case IntegerType(), IntegerType():
            return IntegerType(max(one.minimum, other.minimum), min(one.maximum, other.maximum)), None
        case DecimalType(), DecimalType():
            return DecimalType(min(one.digits, other.digits), one.scale), None
        case DurationType(), DurationType():
            return DurationType(1, max(one.minimum, other.minimum), min(one.maximum, other.maximum)), None
        case EnumType(), EnumType() if list(one.enum) == list(other.enum):
            return one, None
        case _:
            return (
                one,
                None if one == other else "its type depends on the database",
            )
