"""A column of a mapped class: its type, its name, how a database keeps it, what filters see of it."""

from __future__ import annotations

import datetime as dt
import ipaddress
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from types import UnionType
from typing import Any, Final, ForwardRef, TypeAlias, Union, cast, get_args, get_origin, is_typeddict

from queryengine.annotations import Annotation, take_apart
from queryengine.documents import document_relation
from queryengine.policy import looks_secret
from queryengine.schema import (
    DateTimeType,
    EnumType,
    Field,
    FieldType,
    IntegerType,
    JSONType,
    Relation,
    TextType,
)
from queryengine_orm.constraints import CheckedEnum, ForeignKey, Hint, NativeEnum, String
from queryengine_orm.declarative import DeclarativeBase, Declared, snake_case
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.fitting import check_bounds, check_no_type, fitted
from queryengine_orm.options import ColumnOptions
from queryengine_orm.ranges import Range
from queryengine_orm.storage import OpaqueType, Storage, storage_of

__all__ = ["Column", "column_of", "document_of", "field_of", "resolved"]

DocumentClass: TypeAlias = type[object]

ADDRESSES: Final[Mapping[frozenset[object], str]] = {
    frozenset({ipaddress.IPv4Interface, ipaddress.IPv6Interface}): "inet",
    frozenset({ipaddress.IPv4Network, ipaddress.IPv6Network}): "cidr",
}
RANGES: Final[Mapping[object, str]] = {
    int: "int8range",
    Decimal: "numrange",
    dt.date: "daterange",
    dt.datetime: "tsrange",
}


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column: the attribute that it is mapped to, its name in the database, its type and options."""

    attribute: str
    name: str
    type: FieldType | OpaqueType
    nullable: bool
    options: ColumnOptions
    length: int | None = None
    native: str | None = None
    """the enum's name, where it is a type of PostgreSQL's own"""
    document: DocumentClass | None = None
    place: str = ""
    """the class and the attribute, for the messages of errors"""
    json_null: bool = False
    """whether None is a value of its own kind: JSON's null, where the database's is not allowed"""

    def storage(self, dialect: Dialect) -> Storage:
        """Return how a database keeps its values. Raises ConfigurationError where it cannot."""
        try:
            return storage_of(self.type, dialect, self.length, self.native)
        except ConfigurationError as error:
            raise ConfigurationError(f"{self.place}: {error}") from None

    @property
    def kind(self) -> str:
        """The kind of its values, in a word."""
        return self.type.name if isinstance(self.type, OpaqueType) else self.type.kind

    @property
    def enum_values(self) -> list[object]:
        """The values of the members of its enum, if it has one."""
        return [each.value for each in self.type.enum] if isinstance(self.type, EnumType) else []

    def checked_values(self, dialect: Dialect) -> list[object]:
        """Return the values that the table has to check: those of an enum that is no type by itself."""
        hint = self.options.column_type
        is_type = isinstance(hint, NativeEnum) and dialect == "postgresql"
        return self.enum_values if isinstance(hint, NativeEnum | CheckedEnum) and not is_type else []

    @property
    def primary_key(self) -> bool:
        """Whether it is of the primary key."""
        return self.options.primary_key

    @property
    def foreign_key(self) -> ForeignKey | None:
        """The column that it refers to, if it does."""
        return self.options.foreign_key


def opaque_type(place: str, annotation: object, given: FieldType | None) -> tuple[OpaqueType, bool] | None:
    """Return the type of addresses and ranges, and whether they may be null; None for all else.

    `given` is the type of a range's bounds, where the annotation says less. Raises ConfigurationError.
    """
    parts = set(get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,))
    nullable = type(None) in parts
    parts.discard(type(None))
    address = ADDRESSES.get(frozenset(parts))
    if address is not None:
        check_no_type(place, annotation, given)
        return OpaqueType(address), nullable
    only = parts.pop() if len(parts) == 1 else None
    if get_origin(only) is not Range:
        return None
    check_bounds(place, annotation, get_args(only)[0], given)
    if isinstance(given, DateTimeType) and given.aware:
        return OpaqueType("tstzrange"), nullable
    if isinstance(given, IntegerType) and given.minimum >= -(2**31) and given.maximum < 2**31:
        return OpaqueType("int4range"), nullable
    name = RANGES.get(take_apart(get_args(only)[0]).type)
    return None if name is None else (OpaqueType(name), nullable)


def column_of(model: type[DeclarativeBase], declared: Declared, options: ColumnOptions) -> Column:
    """Return a column as its annotation and its options say. Raises ConfigurationError."""
    place = f"{model.__name__}.{declared.name}"
    said = resolved(declared, model)
    annotation = take_apart(said)
    if isinstance(annotation.type, str | ForwardRef):  # Optional["Name"]
        named = Declared(declared.name, annotation.type, declared.owner, declared.attribute)
        inner = take_apart(resolved(named, model), annotation.metadata)
        annotation = Annotation(inner.type, annotation.nullable or inner.nullable, inner.metadata)
    hint = options.column_type if isinstance(options.column_type, Hint) else None
    given = None if isinstance(options.column_type, Hint) else options.column_type
    opaque = opaque_type(place, said, given)
    type_: FieldType | OpaqueType
    if opaque is not None:
        type_, annotation = opaque[0], Annotation(said, opaque[1])
    else:
        type_ = fitted(place, annotation, given)
    if isinstance(hint, NativeEnum | CheckedEnum) and not isinstance(type_, EnumType):
        raise ConfigurationError(f"{place}: only enums are kept as enums")
    native = None
    if isinstance(hint, NativeEnum) and isinstance(type_, EnumType):
        native = hint.name or snake_case(type_.enum.__name__)
    length = hint.length if isinstance(hint, String) else None
    if length is not None and not isinstance(type_, TextType):
        raise ConfigurationError(f"{place}: only texts have a length")
    document = options.document or (annotation.type if is_typeddict(annotation.type) else None)
    if document is not None and not isinstance(type_, JSONType):
        raise ConfigurationError(f"{place}: only JSON columns hold documents")
    if options.version and (annotation.nullable or not isinstance(type_, IntegerType)):
        raise ConfigurationError(f"{place}: a version counts: Mapped[int] fits")
    return Column(
        declared.name,
        options.name or declared.name,
        type_,
        annotation.nullable,
        options,
        length,
        native,
        cast("type[object] | None", document),
        place,
        isinstance(type_, JSONType) and not annotation.nullable and _takes_none(annotation.type),
    )


def _takes_none(annotation: object) -> bool:
    """Tell whether None is a value of a type of JSON values, as it is of `object`, and not of `dict`."""
    origin = get_origin(annotation) or annotation
    return not isinstance(origin, type) or origin in (object, Any)


def field_of(column: Column, type_: FieldType | None = None, gap: str | None = None) -> Field:
    """Return the field of a column; on one database it may have a narrower type, or a gap."""
    # A JSON column that is never NULL may still hold JSON's own null.
    nullable = column.nullable or isinstance(column.type, JSONType)
    hidden = column.options.hidden or looks_secret(column.attribute) or looks_secret(column.name)
    assert not isinstance(column.type, OpaqueType), "filters do not know the column"
    indexed = column.primary_key or column.options.unique or column.options.index
    return Field(column.attribute, type_ or column.type, nullable, hidden, gap, column, indexed)


def document_of(column: Column) -> Relation:
    """Return the relation that leads into the documents of a JSON column."""
    assert column.document is not None, "only columns with a declared document have members"
    hidden = column.options.hidden or looks_secret(column.attribute)
    return document_relation(column.attribute, column.document, hidden=hidden)


def resolved(declared: Declared, model: type[DeclarativeBase]) -> object:
    """Return what an annotation is of. Raises ConfigurationError for a name that stands for nothing."""
    annotation = declared.annotation
    if isinstance(annotation, ForwardRef):
        annotation = annotation.__forward_arg__
    if not isinstance(annotation, str):
        return annotation
    module = sys.modules.get(declared.owner.__module__)
    names = {} if module is None else vars(module)
    try:
        # The author's own annotation, which Python itself would evaluate so.
        found: object = eval(annotation, dict(names), dict(model.__registry__.classes))  # noqa: S307
    except (NameError, AttributeError) as error:
        raise ConfigurationError(
            f"{model.__name__}.{declared.name}: {error}; is it at the module's top?"
        ) from None
    if isinstance(found, str):
        return resolved(Declared(declared.name, found, declared.owner, declared.attribute), model)
    return found
