"""Values in place of objects: columns, what is computed of them, functions of all rows. Knows no executor."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias, assert_never, cast

from queryengine.aggregates import Function, inapplicable, result_type
from queryengine.ast import Path
from queryengine.schema import FieldType, FloatType, JSONType
from queryengine.sql_aggregates import aggregates_on, written
from queryengine_orm.attributes import Attribute
from queryengine_orm.compiler import ConditionCompiler, Place
from queryengine_orm.conditions import Arithmetic, Call, ColumnRef, Constant, ScalarNode, path_of
from queryengine_orm.dialects import words_of
from queryengine_orm.driver import Dialect, Kind, Rows
from queryengine_orm.errors import ConfigurationError, DataError, UsageError
from queryengine_orm.expressions import Scalar
from queryengine_orm.mapping import Column, mapper_of
from queryengine_orm.objects import ColumnReader, Decode, or_null
from queryengine_orm.selects import Selection, narrowed, source
from queryengine_orm.shapes import Shaper
from queryengine_orm.sql import SQL, Statement, joined, sql, words
from queryengine_orm.storage import KINDS, OpaqueType, domain_of, storage_of

__all__ = ["Projection", "Shown", "measure_of", "shown_of", "values_of"]


Reader: TypeAlias = tuple[Kind | None, Decode | None]
"""How the values of a column of the answer are read."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A value of each row: a column of its own, or a scalar; and the type that it has."""

    of: Column | ScalarNode
    type: FieldType | OpaqueType

    def shaped(self, shaper: Shaper) -> Shown:
        """Return the same with slots for constants."""
        return self if isinstance(self.of, Column) else replace(self, of=shaper.scalar(self.of))

    @property
    def column(self) -> Column | None:
        """The column whose values these are; None for what is computed."""
        found = self.of
        if isinstance(found, ColumnRef):
            found = cast("Column", found.path.field and found.path.field.source)
        return found if isinstance(found, Column) else None

    def read_on(self, dialect: Dialect) -> Reader:
        """Return how a database's values are read."""
        if self.column is not None:
            reader = ColumnReader(self.column, dialect)
            return reader.kind, or_null(reader.decode)
        storage = storage_of(self.type, dialect)
        if dialect == "sqlite" and isinstance(self.type, FloatType):
            return storage.kind, or_null(_finite)
        return storage.kind, or_null(storage.decode)


def _finite(value: object) -> object:
    """Return a float that was computed; SQLite gives infinity where PostgreSQL raises."""
    if math.isfinite(cast("float", value)):
        return value
    raise DataError("22003", "value out of range: overflow")


class Projection:
    """A statement that selects values, and what makes tuples of its rows."""

    __slots__ = ("_decodes", "kinds", "statement")

    def __init__(self, statement: Statement, readers: Sequence[Reader]) -> None:
        self.statement: Statement = statement
        self.kinds: tuple[Kind | None, ...] = tuple(kind for kind, _ in readers)
        self._decodes: list[Decode | None] = [decode for _, decode in readers]

    def read(self, rows: Rows) -> list[tuple[Any, ...]]:
        """Return a tuple for each row."""
        if not any(self._decodes):
            return list(rows.tuples())
        columns = [
            rows.column(place) if decode is None else map(decode, rows.column(place))
            for place, decode in enumerate(self._decodes)
        ]
        return list(zip(*columns, strict=True))


def shown_of(scalar: Scalar[Any, Any]) -> Shown:
    """Return what is to be shown of each row.

    Raises UsageError for what is null where a related row is missing, and whose type does not say so.
    """
    if isinstance(scalar, Attribute) and not scalar.way:
        column = mapper_of(scalar.model).columns[scalar.name]
        return Shown(column, column.type)
    node = scalar.node
    if _may_be_null(node, lambda path: path.nullable) and not _may_be_null(node, _is_null_itself):
        raise UsageError(
            f"{path_of(node)}: null where there is no related row, which its type does not say: coalesce() it"
        )
    return Shown(node, scalar.type)


def _is_null_itself(path: Path) -> bool:
    return path.field is None or path.field.nullable


def _may_be_null(node: ScalarNode, is_nullable: Callable[[Path], bool]) -> bool:
    match node:
        case ColumnRef():
            return is_nullable(node.path)
        case Constant():
            return node.value is None
        case Arithmetic():
            return _may_be_null(node.left, is_nullable) or _may_be_null(node.right, is_nullable)
        case Call():
            given = [_may_be_null(argument, is_nullable) for argument in node.arguments]
            return all(given) if node.function == "coalesce" else any(given)
        case _:
            assert_never(node)


def values_of(
    selection: Selection, shown: Sequence[Shown], dialect: Dialect, *, distinct: bool
) -> Projection:
    """Return the statement that selects values of a selection's rows; where distinct, each tuple once."""
    compiler, place = ConditionCompiler(words_of(dialect)), Place("qe", selection.mapper)
    columns = joined(", ", [_value(compiler, each.of, place) for each in shown])
    rows = sql("SELECT {} FROM {}", columns, source(place))
    group = None
    if distinct:
        _check_distinct(selection, shown, dialect)
        group = joined(", ", [words(str(number)) for number in range(1, len(shown) + 1)])
    statement = Statement.of(narrowed(rows, selection, compiler, place, group), dialect)
    return Projection(statement, [each.read_on(dialect) for each in shown])


def _value(compiler: ConditionCompiler, of: Column | ScalarNode, place: Place) -> SQL:
    if isinstance(of, Column):
        return place.column(of)
    return compiler.value(of.path, place) if isinstance(of, ColumnRef) else compiler.scalar(of, place)


def _check_distinct(selection: Selection, shown: Sequence[Shown], dialect: Dialect) -> None:
    """Refuse what a database does not tell apart exactly, and an order by what is not of the tuples."""
    for each in shown:
        gap = None if isinstance(each.type, OpaqueType) else domain_of(each.type, dialect)[1]
        if dialect == "sqlite" and isinstance(each.type, JSONType):
            gap = "SQLite compares JSON as text, not by value"
        if gap is not None:
            raise ConfigurationError(gap)
    own = [each.of for each in shown]
    for key in selection.order:
        path = key.scalar.path if isinstance(key.scalar, ColumnRef) else None
        if path is None or path.steps or path.field is None or path.field.source not in own:
            raise UsageError("distinct values are sorted by columns that are among them")


def measure_of(
    selection: Selection, function: Function, node: ScalarNode, type_: FieldType, dialect: Dialect
) -> Projection:
    """Return the statement that gives what a function makes of a scalar of all rows."""
    can = aggregates_on(dialect)
    if not can.can(function, type_):
        raise ConfigurationError(can.note(function, type_.kind) or inapplicable(function, type_.kind))
    compiler, place = ConditionCompiler(words_of(dialect)), Place("qe", selection.mapper)
    value, template = compiler.scalar(node, place), written(function, type_)
    rows = sql("SELECT {} FROM {}", sql(template, *[value] * template.count("{}")), source(place))
    is_one_of_them = function in {Function.MIN, Function.MAX}
    kind = None if is_one_of_them else KINDS[type(result_type(function, type_))]
    reader = Shown(node, type_).read_on(dialect) if is_one_of_them else (kind, None)
    return Projection(Statement.of(narrowed(rows, selection, compiler, place), dialect), [reader])
