"""What a model looks like to a filter: fields with their types, relations, the primary key. Knows no ORM."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import ClassVar, Generic, TypeVar, assert_never

__all__ = [
    "ArrayType",
    "BooleanType",
    "BytesType",
    "DateTimeType",
    "DateType",
    "DecimalType",
    "DurationType",
    "EnumType",
    "Field",
    "FieldType",
    "FloatType",
    "IntegerType",
    "JSONType",
    "ModelSchema",
    "Relation",
    "ScalarType",
    "TextType",
    "TimeType",
    "TypeKind",
    "UUIDType",
    "no_kinds",
    "python_type",
]

M_co = TypeVar("M_co", covariant=True)


class TypeKind(StrEnum):
    """The kinds of values that operators, capabilities and documents speak of."""

    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATE = "date"
    DATETIME = "datetime"
    TIME = "time"
    DURATION = "duration"
    UUID = "uuid"
    BYTES = "bytes"
    ENUM = "enum"
    JSON = "json"
    ARRAY = "array"
    RELATION = "relation"


@dataclass(frozen=True, slots=True)
class IntegerType:
    """Whole numbers from `minimum` to `maximum`, both included."""

    minimum: int = -(2**63)
    maximum: int = 2**63 - 1
    kind: ClassVar[TypeKind] = TypeKind.INTEGER


@dataclass(frozen=True, slots=True)
class FloatType:
    """IEEE 754 double precision, without NaN and infinities; bounds are inclusive.

    `digits` is for back-ends that pass doubles on with so many significant digits only.
    """

    minimum: float | None = None
    maximum: float | None = None
    digits: int | None = None
    kind: ClassVar[TypeKind] = TypeKind.FLOAT


@dataclass(frozen=True, slots=True)
class DecimalType:
    """Exact decimals of at most `digits` significant digits; `scale` is for documents."""

    digits: int = 15
    scale: int | None = None
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    kind: ClassVar[TypeKind] = TypeKind.DECIMAL


@dataclass(frozen=True, slots=True)
class BooleanType:
    """True and false, which are not numbers."""

    kind: ClassVar[TypeKind] = TypeKind.BOOLEAN


@dataclass(frozen=True, slots=True)
class TextType:
    """Unicode text, compared and ordered by code point; `without` has characters that no value may hold."""

    without: str = ""
    kind: ClassVar[TypeKind] = TypeKind.TEXT


@dataclass(frozen=True, slots=True)
class DateType:
    """A calendar date; never a date-time."""

    kind: ClassVar[TypeKind] = TypeKind.DATE


@dataclass(frozen=True, slots=True)
class DateTimeType:
    """An instant (`aware`) or a wall-clock time; `resolution` is the smallest step held, in microseconds."""

    aware: bool
    resolution: int = 1
    kind: ClassVar[TypeKind] = TypeKind.DATETIME


@dataclass(frozen=True, slots=True)
class TimeType:
    """A time of day without a zone; `resolution` in microseconds."""

    resolution: int = 1
    kind: ClassVar[TypeKind] = TypeKind.TIME


@dataclass(frozen=True, slots=True)
class DurationType:
    """A length of time; `resolution` in microseconds, bounds inclusive."""

    resolution: int = 1
    minimum: dt.timedelta = dt.timedelta.min
    maximum: dt.timedelta = dt.timedelta.max
    kind: ClassVar[TypeKind] = TypeKind.DURATION


@dataclass(frozen=True, slots=True)
class UUIDType:
    """A UUID, ordered by its 16 bytes."""

    kind: ClassVar[TypeKind] = TypeKind.UUID


@dataclass(frozen=True, slots=True)
class BytesType:
    """Bytes, ordered as unsigned numbers; written as base64 (RFC 4648, section 4)."""

    kind: ClassVar[TypeKind] = TypeKind.BYTES


@dataclass(frozen=True, slots=True)
class EnumType:
    """The members of `enum`, written as their values; they have no order."""

    enum: type[enum.Enum]
    kind: ClassVar[TypeKind] = TypeKind.ENUM


@dataclass(frozen=True, slots=True)
class JSONType:
    """Any JSON value, equal by value."""

    kind: ClassVar[TypeKind] = TypeKind.JSON


@dataclass(frozen=True, slots=True)
class ArrayType:
    """A list of values of one scalar type."""

    element: ScalarType
    kind: ClassVar[TypeKind] = TypeKind.ARRAY


ScalarType = (
    IntegerType
    | FloatType
    | DecimalType
    | BooleanType
    | TextType
    | DateType
    | DateTimeType
    | TimeType
    | DurationType
    | UUIDType
    | BytesType
    | EnumType
)
"""The types of single values, of which arrays can be made."""

FieldType = ScalarType | JSONType | ArrayType
"""The closed union of types that a field can have."""


@dataclass(frozen=True, slots=True, eq=False)
class Field:
    """A value of a model, under its attribute name.

    `hidden` keeps it out of every default policy. `gap` is the reason why the back-end can only tell
    whether it is null (a column with a folding collation, say). `source` is the back-end's own handle
    (a column, a path in a document) and means nothing to the core. `indexed` says whether an index begins
    with the field, for estimates of cost; None: nobody knows. `annotation` is for projection models, where
    rows hold values of a class of their own; None for the class that belongs to the type.
    """

    name: str
    type: FieldType
    nullable: bool = True
    hidden: bool = False
    gap: str | None = None
    source: object = None
    indexed: bool | None = None
    annotation: object = None


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """A way to another model, or to an embedded document (`embedded`: it lives inside of its parent's row).

    `load` returns the schema at the other end; it is called when a filter first goes that way, so that
    models may refer to one another. `gap` is the reason why the back-end can only tell whether there is a
    related row: no condition and no order goes on from there. `unchecked` marks a document that nothing holds
    to its declared types: a member of another type is null, and so is a document that is no object. `source`
    is the back-end's own handle.
    """

    name: str
    load: Callable[[], ModelSchema[object]]
    many: bool = False
    nullable: bool = True
    embedded: bool = False
    hidden: bool = False
    gap: str | None = None
    unchecked: bool = False
    source: object = None

    @property
    def target(self) -> ModelSchema[object]:
        """The schema of the related model."""
        return self.load()


def no_kinds() -> tuple[Relation, ...]:
    """Return no relations: a model's rows are of the model itself only."""
    return ()


@dataclass(frozen=True, slots=True, eq=False)
class ModelSchema(Generic[M_co]):
    """A model's fields and relations by attribute name, and the fields of its primary key in order.

    `kinds` gives the ways to the subclasses whose rows are rows of this model too: each from a row to itself,
    as the one that it is of the subclass, or to none. No filter names them; the row scopes of subclasses go
    there. It is asked again for each request with a scope, as classes are made at any time.

    >>> schema = ModelSchema("Point", tuple, fields={"x": Field("x", IntegerType(), nullable=False)})
    >>> schema.fields["x"].type.kind.value
    'integer'
    """

    name: str
    model: type[M_co]
    fields: Mapping[str, Field] = field(default_factory=lambda: MappingProxyType({}))
    relations: Mapping[str, Relation] = field(default_factory=lambda: MappingProxyType({}))
    primary_key: tuple[Field, ...] = ()
    kinds: Callable[[], tuple[Relation, ...]] = no_kinds


def python_type(type_: FieldType) -> type[object]:
    """Return the Python class of a field type's values.

    >>> python_type(DateType())
    <class 'datetime.date'>
    """
    match type_:
        case IntegerType():
            return int
        case FloatType():
            return float
        case DecimalType():
            return Decimal
        case BooleanType():
            return bool
        case TextType():
            return str
        case DateType():
            return dt.date
        case DateTimeType():
            return dt.datetime
        case TimeType():
            return dt.time
        case DurationType():
            return dt.timedelta
        case UUIDType():
            return uuid.UUID
        case BytesType():
            return bytes
        case EnumType():
            return type_.enum
        case JSONType():
            return object
        case ArrayType():
            return list
        case _:
            assert_never(type_)
