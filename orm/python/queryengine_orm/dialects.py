"""What each database writes for a comparison, so that it means what the contract says. Knows no model."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, LiteralString, cast

from typing_extensions import override

from queryengine.ast import Nulls, Op, Value
from queryengine.patterns import glob, like
from queryengine.regex import to_postgresql
from queryengine.schema import BooleanType, FieldType, FloatType, IntegerType, TextType, TypeKind
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.sql import SQL, Bind, Encode, sql
from queryengine_orm.storage import Storage, exact

__all__ = ["COMPARISONS", "DIRECTIONS", "Operand", "PostgreSQL", "SQLite", "TextRules", "Words", "words_of"]

COMPARISONS: Final[dict[Op, LiteralString]] = {
    Op.EQ: "{} = {}",
    Op.GT: "{} > {}",
    Op.GTE: "{} >= {}",
    Op.LT: "{} < {}",
    Op.LTE: "{} <= {}",
}
DIRECTIONS: Final[dict[tuple[bool, Nulls | None], LiteralString]] = {
    (False, None): "{}",
    (True, None): "{} DESC",
    (False, Nulls.FIRST): "{} NULLS FIRST",
    (True, Nulls.FIRST): "{} DESC NULLS FIRST",
    (False, Nulls.LAST): "{} NULLS LAST",
    (True, Nulls.LAST): "{} DESC NULLS LAST",
}
PLAIN: Final = Storage("")


@dataclass(frozen=True, slots=True)
class TextRules:
    """How text is ordered and folded: exactly, or as the service's own indexes and database have it."""

    order: Literal["codepoint", "database", "database_is_codepoint"] = "codepoint"
    fold: Literal["ascii", "unicode"] = "ascii"


@dataclass(frozen=True, slots=True)
class Operand:
    """What stands at the end of a path: a column or a member of a document, its type, how it is kept."""

    expression: SQL
    type: FieldType
    nullable: bool
    storage: Storage = PLAIN

    def value(self, value: Value) -> SQL:
        """Return the place of a value to compare with."""
        return sql(self.storage.operand, Bind(value, self.encode))

    @property
    def encode(self) -> Encode | None:
        """What makes a value the same as what the column holds."""
        return self.storage.compared or self.storage.encode


class Words(ABC):
    """What the databases have in common, and what each has to say for itself."""

    dialect: Dialect

    def __init__(self, text: TextRules) -> None:
        self.text = text

    @abstractmethod
    def ordered(self, operand: Operand) -> SQL:
        """Return an operand in the form that has its order."""

    def compare(self, operand: Operand, op: Op, value: Value) -> SQL:
        """Return the comparison with one value."""
        left = operand.expression if op is Op.EQ else self.ordered(operand)
        return sql(COMPARISONS[op], left, operand.value(value))

    @abstractmethod
    def among(self, operand: Operand, value: Value) -> SQL:
        """Return what is true of the values of a list, which may be empty."""

    def match(self, operand: Operand, op: Op, value: Value) -> SQL:
        """Return what is true of the texts that a pattern matches."""
        return self.like(operand.expression, self.pattern(op, value, folds=True))

    def match_ignoring_case(self, operand: Operand, op: Op, value: Value) -> SQL:
        """Return what is true of the texts that a pattern matches, A-Z taken for a-z."""
        if self.text.fold == "unicode":
            pattern = sql("lower({})", self.pattern(op, value, folds=False))
            return self.like(sql("lower({})", operand.expression), pattern)
        return self.like(self.folded(operand.expression), self.pattern(op, value, folds=True))

    @abstractmethod
    def folded(self, text: SQL) -> SQL:
        """Return a text as patterns of operators that ignore case expect it."""

    @abstractmethod
    def like(self, text: SQL, pattern: SQL) -> SQL:
        """Return what is true where a text matches."""

    @abstractmethod
    def pattern(self, op: Op, value: Value, *, folds: bool) -> SQL:
        """Return the place of an operator's pattern."""

    def regex(self, operand: Operand, value: Value) -> SQL:
        """Return what is true where a regular expression is found."""
        del operand, value
        raise ConfigurationError(f"{self.dialect} has no regular expressions")

    def array(self, operand: Operand, op: Op, value: Value) -> SQL:
        """Return what an operator asks of an array."""
        del operand, op, value
        raise ConfigurationError(f"{self.dialect} has no arrays")

    # -- JSON

    @abstractmethod
    def json_kind(self, document: SQL, keys: Sequence[str]) -> SQL:
        """Return the JSON type of a member, as text; SQL's null where there is none."""

    @abstractmethod
    def member(self, document: SQL, keys: Sequence[str], type_: FieldType) -> Operand:
        """Return a member of a document; it is null where it is of another JSON type than declared."""

    def json_is_null(self, document: SQL) -> SQL:
        """Return what is true where a JSON column holds nothing, or JSON's own null."""
        return sql("coalesce({}, 'null') = 'null'", self.json_kind(document, ()))

    def is_object(self, document: SQL, keys: Sequence[str], *, negated: bool) -> SQL:
        """Return what is true where a member is a document."""
        kind = sql("coalesce({}, 'null')", self.json_kind(document, keys))
        return sql("{} <> 'object'", kind) if negated else sql("{} = 'object'", kind)


class SQLite(Words):
    """SQLite: text is compared by its bytes, and GLOB, other than LIKE, minds the case."""

    dialect: Dialect = "sqlite"

    @override
    def ordered(self, operand: Operand) -> SQL:
        return operand.expression

    @override
    def compare(self, operand: Operand, op: Op, value: Value) -> SQL:
        if operand.type.kind is TypeKind.JSON:
            raise ConfigurationError("SQLite compares JSON as text, not by value")
        return super().compare(operand, op, value)

    @override
    def among(self, operand: Operand, value: Value) -> SQL:
        each = operand.storage.operand
        return sql("{} IN ({})", operand.expression, Bind(value, each_by(operand.encode), each=each))

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
    def member(self, document: SQL, keys: Sequence[str], type_: FieldType) -> Operand:
        kind = self.json_kind(document, keys)
        value = sql(_sqlite_member(type_), kind, document, _path(keys))
        return Operand(value, type_, True)


class PostgreSQL(Words):
    """PostgreSQL: text has the database's collation unless the statement says otherwise."""

    dialect: Dialect = "postgresql"

    @override
    def ordered(self, operand: Operand) -> SQL:
        if operand.type.kind is TypeKind.TEXT and self.text.order == "codepoint":
            return sql('{} COLLATE "C"', operand.expression)
        return operand.expression

    @override
    def among(self, operand: Operand, value: Value) -> SQL:
        # One parameter: the statement stays the same for lists of any length.
        values = sql(operand.storage.listed, Bind(value, each_by(operand.encode)))
        return sql("{} = ANY({})", operand.expression, values)

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
    def regex(self, operand: Operand, value: Value) -> SQL:
        pattern = Bind(value, lambda text: to_postgresql(cast("str", text)))
        return sql('({}) COLLATE "C" ~ {}', operand.expression, pattern)

    @override
    def array(self, operand: Operand, op: Op, value: Value) -> SQL:
        array = operand.expression
        match op:
            case Op.HAS:
                encode = operand.encode
                one = Bind(value, lambda item: [item] if encode is None else encode([item]))
                return sql("{} @> {}", array, one)
            case Op.HAS_ALL:
                return sql("{} @> {}", array, operand.value(value))
            case Op.HAS_ANY:
                return sql("{} && {}", array, operand.value(value))
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
    def member(self, document: SQL, keys: Sequence[str], type_: FieldType) -> Operand:
        kind = self.json_kind(document, keys)
        value = sql(_postgresql_member(type_), kind, document, _keys(keys))
        is_number = isinstance(type_, (IntegerType, FloatType))
        return Operand(value, type_, True, Storage("", compared=exact) if is_number else PLAIN)


def words_of(dialect: Dialect, text: TextRules | None = None) -> Words:
    """Return what a database writes.

    >>> words_of("sqlite").dialect
    'sqlite'
    """
    return (PostgreSQL if dialect == "postgresql" else SQLite)(text or TextRules())


def each_by(encode: Encode | None) -> Encode:
    """Return what turns the items of a list into what the driver takes."""

    def encode_all(value: object) -> list[object]:
        items = cast("tuple[object, ...]", value)
        return list(items) if encode is None else [encode(item) for item in items]

    return encode_all


def _path(keys: Sequence[str]) -> SQL:
    r"""Return SQLite's path of a member, such as `$."a"."b"`; no key has a quote or a backslash."""
    return _literal("$" + "".join(f'."{key}"' for key in keys))


def _keys(keys: Sequence[str]) -> SQL:
    r"""Return PostgreSQL's path of a member, such as `{"a","b"}`."""
    return _literal("{" + ",".join(f'"{key}"' for key in keys) + "}")


def _literal(text: str) -> SQL:
    """Return names that a class declares as a text: not parameters, so that an index on them serves."""
    return SQL(["'" + text.replace("'", "''") + "'"])


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
