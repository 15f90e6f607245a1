"""What each database writes for a comparison, so that it means what the contract says. Knows no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, LiteralString, cast

from pypika_tortoise.enums import Dialects
from typing_extensions import override

from queryengine.ast import Op, Value
from queryengine.errors import ConfigurationError
from queryengine.patterns import glob, like
from queryengine.regex import to_postgresql
from queryengine.schema import BooleanType, Field, FieldType, FloatType, IntegerType, TextType, TypeKind
from queryengine_tortoise.column_types import Database
from queryengine_tortoise.forms import Form, postgresql_form, postgresql_number, sqlite_form
from queryengine_tortoise.sql import SQL, Bind, Encode, sql

__all__ = ["Column", "Dialect", "PostgreSQL", "SQLite", "TextRules", "dialect_of"]

COMPARISONS: Final[dict[Op, LiteralString]] = {
    Op.EQ: "{} = {}",
    Op.GT: "{} > {}",
    Op.GTE: "{} >= {}",
    Op.LT: "{} < {}",
    Op.LTE: "{} <= {}",
}


@dataclass(frozen=True, slots=True)
class TextRules:
    """How text is ordered and folded: exactly, or as the service's own indexes and database have it."""

    order: Literal["codepoint", "database", "database_is_codepoint"] = "codepoint"
    fold: Literal["ascii", "unicode"] = "ascii"


@dataclass(frozen=True, slots=True)
class Column:
    """What stands at the end of a path: the column (or member of a document), its form, the field."""

    expression: SQL
    form: Form
    field: Field

    @property
    def compared(self) -> SQL:
        """What of it has the order and equality of its type."""
        return self.form.read(self.expression)

    def operand(self, value: Value) -> SQL:
        """Return the place of a value to compare with."""
        return sql(self.form.operand, Bind(value, self.form.encode))


class Dialect(ABC):
    """What the databases have in common, and what each has to say for itself."""

    database: Database

    def __init__(self, text: TextRules) -> None:
        self.text = text

    @abstractmethod
    def form(self, type_: FieldType, array: LiteralString | None) -> Form:
        """Return the form of a column's values."""

    @abstractmethod
    def ordered(self, column: Column) -> SQL:
        """Return a column in the form that has its order."""

    def compare(self, column: Column, op: Op, value: Value) -> SQL:
        """Return the comparison of a column with one value."""
        left = column.compared if op is Op.EQ else self.ordered(column)
        return sql(COMPARISONS[op], left, column.operand(value))

    @abstractmethod
    def among(self, column: Column, value: Value) -> SQL:
        """Return what is true of the values of a list, which may be empty."""

    def match(self, column: Column, op: Op, value: Value) -> SQL:
        """Return what is true of the texts that a pattern matches."""
        return self.like(column.expression, self.pattern(op, value, folds=True))

    def match_ignoring_case(self, column: Column, op: Op, value: Value) -> SQL:
        """Return what is true of the texts that a pattern matches, A-Z taken for a-z."""
        if self.text.fold == "unicode":
            pattern = sql("lower({})", self.pattern(op, value, folds=False))
            return self.like(sql("lower({})", column.expression), pattern)
        return self.like(self.folded(column.expression), self.pattern(op, value, folds=True))

    @abstractmethod
    def folded(self, text: SQL) -> SQL:
        """Return a text as patterns of operators that ignore case expect it."""

    @abstractmethod
    def like(self, text: SQL, pattern: SQL) -> SQL:
        """Return what is true where a text matches."""

    @abstractmethod
    def pattern(self, op: Op, value: Value, *, folds: bool) -> SQL:
        """Return the place of an operator's pattern."""

    def regex(self, column: Column, value: Value) -> SQL:
        """Return what is true where a regular expression is found."""
        raise TypeError(f"{column.field.name} {value!r}: {self.database} has no regular expressions")

    def array(self, column: Column, op: Op, value: Value) -> SQL:
        """Return what an operator asks of an array."""
        raise TypeError(f"{column.field.name} {op} {value!r}: {self.database} has no arrays")

    # -- JSON

    @abstractmethod
    def json_kind(self, document: SQL, keys: Sequence[str]) -> SQL:
        """Return the JSON type of a member, as text; SQL's null where there is none."""

    @abstractmethod
    def member(self, document: SQL, keys: Sequence[str], field: Field) -> Column:
        """Return a member of a document; it is null where it is of another JSON type than its field."""

    def json_is_null(self, document: SQL) -> SQL:
        """Return what is true where a JSON column holds nothing, or JSON's own null."""
        return sql("coalesce({}, 'null') = 'null'", self.json_kind(document, ()))

    def is_object(self, document: SQL, keys: Sequence[str], *, negated: bool) -> SQL:
        """Return what is true where a member is a document."""
        kind = sql("coalesce({}, 'null')", self.json_kind(document, keys))
        return sql("{} <> 'object'", kind) if negated else sql("{} = 'object'", kind)


class SQLite(Dialect):
    """SQLite: text is compared by its bytes, and GLOB, other than LIKE, minds the case."""

    database: Database = "sqlite"

    @override
    def form(self, type_: FieldType, array: LiteralString | None) -> Form:
        return sqlite_form(type_)

    @override
    def ordered(self, column: Column) -> SQL:
        return column.compared

    @override
    def among(self, column: Column, value: Value) -> SQL:
        return sql("{} IN ({})", column.compared, Bind(value, _each(column.form), each=column.form.operand))

    @override
    def folded(self, text: SQL) -> SQL:
        return text  # the pattern has both cases of each letter

    @override
    def like(self, text: SQL, pattern: SQL) -> SQL:
        return sql("{} GLOB {}", text, pattern)

    @override
    def pattern(self, op: Op, value: Value, *, folds: bool) -> SQL:
        return sql("{}", Bind(value, lambda text: glob(op, cast("str", text), folds=folds)))

    @override
    def json_kind(self, document: SQL, keys: Sequence[str]) -> SQL:
        return sql("json_type({}, {})", document, _path(keys))

    @override
    def member(self, document: SQL, keys: Sequence[str], field: Field) -> Column:
        kind = self.json_kind(document, keys)
        value = sql(_sqlite_member(field.type), kind, document, _path(keys))
        return Column(value, sqlite_form(field.type), field)


class PostgreSQL(Dialect):
    """PostgreSQL: text has the database's collation unless the statement says otherwise."""

    database: Database = "postgresql"

    @override
    def form(self, type_: FieldType, array: LiteralString | None) -> Form:
        return postgresql_form(type_, array)

    @override
    def ordered(self, column: Column) -> SQL:
        if column.field.type.kind is TypeKind.TEXT and self.text.order == "codepoint":
            return sql('{} COLLATE "C"', column.expression)
        return column.compared

    @override
    def among(self, column: Column, value: Value) -> SQL:
        # One parameter: the statement stays the same for lists of any length.
        return sql("{} = ANY({})", column.compared, Bind(value, _each(column.form)))

    @override
    def folded(self, text: SQL) -> SQL:
        return sql('lower({} COLLATE "C")', text)

    @override
    def like(self, text: SQL, pattern: SQL) -> SQL:
        return sql("{} LIKE {}", text, pattern)

    @override
    def pattern(self, op: Op, value: Value, *, folds: bool) -> SQL:
        return sql("{}", Bind(value, lambda text: like(op, cast("str", text), folds=folds)))

    @override
    def regex(self, column: Column, value: Value) -> SQL:
        pattern = Bind(value, lambda text: to_postgresql(cast("str", text)))
        return sql('({}) COLLATE "C" ~ {}', column.expression, pattern)

    @override
    def array(self, column: Column, op: Op, value: Value) -> SQL:
        array = column.expression
        match op:
            case Op.HAS:
                one = sql(column.form.operand, Bind(value, lambda item: [item]))
                return sql("{} @> {}", array, one)
            case Op.HAS_ALL:
                return sql("{} @> {}", array, column.operand(value))
            case Op.HAS_ANY:
                return sql("{} && {}", array, column.operand(value))
            case Op.SIZE:
                return sql("cardinality({}) = CAST({} AS BIGINT)", array, Bind(value))
            case Op.IS_EMPTY:
                return sql("cardinality({}) = 0", array)
            case _:
                raise TypeError(f"{op} asks nothing of arrays")

    @override
    def json_kind(self, document: SQL, keys: Sequence[str]) -> SQL:
        return sql("jsonb_typeof({} #> CAST({} AS TEXT[]))", document, _keys(keys))

    @override
    def member(self, document: SQL, keys: Sequence[str], field: Field) -> Column:
        kind = self.json_kind(document, keys)
        value = sql(_postgresql_member(field.type), kind, document, _keys(keys))
        is_number = isinstance(field.type, (IntegerType, FloatType))
        return Column(value, postgresql_number() if is_number else postgresql_form(field.type), field)


def dialect_of(dialects: Dialects, text: TextRules) -> Dialect:
    """Return what is known of a connection's database. Raises ConfigurationError where nothing is.

    >>> dialect_of(Dialects.SQLITE, TextRules()).database
    'sqlite'
    """
    match dialects:
        case Dialects.SQLITE:
            return SQLite(text)
        case Dialects.POSTGRESQL:
            return PostgreSQL(text)
        case _:
            raise ConfigurationError(f"nobody has checked what a filter means on {dialects.value}")


def _each(form: Form) -> Encode:
    """Return what turns the items of a list into what the driver takes."""
    encode = form.encode

    def encode_all(value: object) -> list[object]:
        items = cast("tuple[object, ...]", value)
        return list(items) if encode is None else [encode(item) for item in items]

    return encode_all


def _path(keys: Sequence[str]) -> Bind:
    r"""Return the place of SQLite's path of a member, such as `$."a"."b"`; no key has a quote."""
    return Bind("$" + "".join(f'."{key}"' for key in keys))


def _keys(keys: Sequence[str]) -> Bind:
    return Bind(tuple(keys), lambda value: list(cast("tuple[str, ...]", value)))


def _sqlite_member(type_: FieldType) -> LiteralString:
    match type_:
        case TextType():
            return "CASE WHEN {} IN ('text') THEN json_extract({}, {}) END"
        case IntegerType() | FloatType():
            return "CASE WHEN {} IN ('integer', 'real') THEN json_extract({}, {}) END"
        case BooleanType():
            return "CASE WHEN {} IN ('true', 'false') THEN json_extract({}, {}) END"
        case _:
            raise TypeError(f"a member of a document is no {type_.kind}")


def _postgresql_member(type_: FieldType) -> LiteralString:
    match type_:
        case TextType():
            return "CASE {} WHEN 'string' THEN {} #>> CAST({} AS TEXT[]) END"
        case IntegerType() | FloatType():
            return "CASE {} WHEN 'number' THEN CAST({} #>> CAST({} AS TEXT[]) AS NUMERIC) END"
        case BooleanType():
            return "CASE {} WHEN 'boolean' THEN CAST({} #>> CAST({} AS TEXT[]) AS BOOLEAN) END"
        case _:
            raise TypeError(f"a member of a document is no {type_.kind}")
