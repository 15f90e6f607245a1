"""How values are bound: the type for a column's operands, and patterns as each database reads them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import DateTime, Double, Interval, Numeric, String, Time, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import ARRAY, JSON, Float, TypeDecorator, TypeEngine

from queryengine.ast import JSONDocument, Op
from queryengine.patterns import glob, like
from queryengine.regex import to_postgresql

__all__ = [
    "DocumentOperand",
    "DoubleAsNumeric",
    "PathOperand",
    "PatternOperand",
    "RegexOperand",
    "SQLType",
    "operand_type",
    "variants_of",
]

# Any: which Python type a column type has is known to the model alone.
SQLType: TypeAlias = TypeEngine[Any]


def operand_type(type_: SQLType) -> SQLType:
    """Return the type to bind a column's operands with: the column's, without what would round the operand.

    PostgreSQL casts each operand to its type: `$1::NUMERIC(4, 1)` would compare with 12.3 in place of 12.34.

    >>> operand_type(Numeric(4, 1))
    Numeric()
    """
    variants = variants_of(type_)
    plain = _without_precision(type_)
    if plain is type_ and all(_without_precision(variant) is variant for variant in variants.values()):
        return type_  # with its variants
    for name, variant in variants.items():
        plain = plain.with_variant(_without_precision(variant), name)
    return plain


def variants_of(type_: SQLType) -> Mapping[str, SQLType]:
    """Return what `with_variant` gave a type, by the names of dialects: SQLAlchemy has no public reader."""
    return type_._variant_mapping  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def _without_precision(type_: SQLType) -> SQLType:
    match type_:
        case Numeric() if type_.asdecimal:
            return Numeric()
        case Numeric():
            return DoubleAsNumeric()
        case Float():
            return Double()
        case postgresql.TIMESTAMP():
            return DateTime(timezone=type_.timezone)
        case postgresql.TIME():
            return Time(timezone=type_.timezone)
        case Interval() if type_.second_precision is not None or type_.day_precision is not None:
            return Interval(native=type_.native)
        case postgresql.INTERVAL():
            return postgresql.INTERVAL()
        case Uuid() if not type_.as_uuid:
            return Uuid(native_uuid=type_.native_uuid)
        case ARRAY():
            return ARRAY(operand_type(type_.item_type))
        case JSON():
            return DocumentOperand()
        case _:
            return type_


class DoubleAsNumeric(TypeDecorator[float]):
    """A double for a NUMERIC column that is read as float: bound as its shortest decimal."""

    impl: SQLType | type[SQLType] = Numeric
    cache_ok: bool | None = True

    def process_bind_param(self, value: float | None, dialect: Dialect) -> Decimal | None:
        """Turn 0.1 into the decimal 0.1, not into the 55 digits of the double next to it."""
        del dialect
        return None if value is None else Decimal(repr(value))


class DocumentOperand(TypeDecorator[JSONDocument]):
    """A JSON document, bound as its text and cast by the statement."""

    impl: SQLType | type[SQLType] = String
    cache_ok: bool | None = True

    def process_bind_param(self, value: JSONDocument | None, dialect: Dialect) -> str | None:
        """Return the canonical text."""
        del dialect
        return None if value is None else value.text


class PathOperand(TypeDecorator[tuple[str, ...]]):
    """The keys that lead to a member of a JSON document, written as each database reads a path."""

    impl: SQLType | type[SQLType] = String
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> SQLType:
        """An array of text on PostgreSQL, one text elsewhere."""
        return dialect.type_descriptor(ARRAY(String()) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: tuple[str, ...] | None, dialect: Dialect) -> str | list[str] | None:
        r"""Return `$."a"."b"`, or the list of keys for PostgreSQL."""
        if value is None:
            return None
        if dialect.name == "postgresql":
            return list(value)
        return "$" + "".join(f'."{key}"' for key in value)


class PatternOperand(TypeDecorator[str]):
    """A pattern: LIKE's on PostgreSQL, GLOB's on SQLite, whose LIKE ignores case.

    Where the operator ignores case, PostgreSQL's pattern is folded as the column is; GLOB's has both cases of
    each letter. With `unicode` the statement folds both sides by the database's own `lower`.
    """

    impl: SQLType | type[SQLType] = String
    cache_ok: bool | None = True

    def __init__(self, op: Op, unicode: bool = False) -> None:
        super().__init__()
        self.op = op
        self.unicode = unicode

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write the pattern for a dialect."""
        if value is None:
            return None
        write = like if dialect.name == "postgresql" else glob
        return write(self.op, value, folds=not self.unicode)


class RegexOperand(TypeDecorator[str]):
    """A regular expression of our subset, in PostgreSQL's words."""

    impl: SQLType | type[SQLType] = String
    cache_ok: bool | None = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Write the pattern for PostgreSQL, the one database that has regular expressions."""
        del dialect
        return None if value is None else to_postgresql(value)
