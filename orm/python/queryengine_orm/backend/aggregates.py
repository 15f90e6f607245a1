"""Bound aggregates to a query of tuples: the rows, grouped, and the groups as a filter narrows them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from typing_extensions import override

from queryengine.aggregates import AggregateAST, AggregateResult, Function, Measure, Row
from queryengine.ast import Path
from queryengine.schema import Field, FieldType, FloatType, IntegerType
from queryengine.sql_aggregates import row_columns, written
from queryengine_orm.compiler import ConditionCompiler, Place
from queryengine_orm.dialects import Operand, TextRules, Words, words_of
from queryengine_orm.driver import Dialect, Executor, Kind
from queryengine_orm.mapping import Column, Mapper
from queryengine_orm.objects import ColumnReader, Decode, or_null, same_kinds
from queryengine_orm.selects import Selection, narrowed, selection_of, source
from queryengine_orm.sql import SQL, Statement, joined, name, sql
from queryengine_orm.storage import storage_of

__all__ = ["AggregateQuery", "ORMAggregateResult"]

ROWS: Final = "qe_rows"
GROUPS: Final = "qe_groups"
EXTREMES: Final = (Function.MIN, Function.MAX)
KINDS: Final[Mapping[type[FieldType], Kind]] = {IntegerType: "int", FloatType: "float"}


@dataclass(frozen=True, slots=True)
class AggregateQuery:
    """A query for groups of a model's rows, for either database; it is run by what runs SQL.

    ```python
    groups = await query.all(pool)
    ```
    """

    mapper: Mapper[Any]
    aggregate: AggregateAST
    text: TextRules

    async def all(self, executor: Executor) -> list[tuple[object, ...]]:
        """Fetch a tuple for each group, whose values are in the order of the aggregate's names."""
        dialect = executor.dialect
        readers = list(_readers(self.aggregate, dialect))
        text, parameters = self.statement(dialect)
        kinds = same_kinds(self.mapper, [kind for kind, _ in readers])
        rows = await executor.query(text, parameters, result=kinds, clean=True)
        decoders = [decode for _, decode in readers]
        return [
            tuple(
                value if decode is None else decode(value)
                for value, decode in zip(row, decoders, strict=True)
            )
            for row in rows
        ]

    def statement(self, dialect: Dialect) -> tuple[str, list[object]]:
        """Return the SQL, and its parameters."""
        compiler = _Compiler(words_of(dialect, self.text), self.mapper, self.aggregate)
        return Statement.of(compiler.statement(), dialect).bound()


ORMAggregateResult: TypeAlias = AggregateResult[Row, AggregateQuery]
"""What a dependency of aggregates gives on mapped classes: `await fetch_groups(pool, result)`."""


class _Compiler:
    """Compiles one aggregate.

    It is three selects, one within the other, which databases make one again: the values of the rows (those
    of related rows by subqueries, in scope), the groups, and what having, order and window leave of them.
    """

    def __init__(self, words: Words, mapper: Mapper[Any], ast: AggregateAST) -> None:
        self._words = words
        self._mapper = mapper
        self._ast = ast

    def statement(self) -> SQL:
        """Return the whole."""
        operands = {
            field.name: self._operand(name(GROUPS, f"value_{number}"), field)
            for number, field in enumerate(self._ast.fields)
        }
        columns = joined(", ", [operand.expression for operand in operands.values()])
        given = sql("SELECT {} FROM ({}) AS {}", columns, self._groups(), name(GROUPS))
        selection = selection_of(self._mapper, self._ast.groups, ())
        conditions = _GroupConditions(self._words, operands)
        return narrowed(given, selection, conditions, Place(GROUPS, self._mapper))

    def _rows(self) -> SQL:
        """Return what each row has for each key and each function."""
        compiler, place = ConditionCompiler(self._words), Place("qe", self._mapper)
        columns = [
            sql("{} AS {}", compiler.value(path, place), name(of))
            for of, path in row_columns(self._ast).items()
        ]
        shown = joined(", ", columns or [sql("1 AS one")])
        counted = Selection(self._mapper, (), self._ast.rows.where)
        return narrowed(sql("SELECT {} FROM {}", shown, source(place)), counted, compiler, place)

    def _groups(self) -> SQL:
        """Return the groups."""
        keys = [name(ROWS, f"key_{number}") for number in range(len(self._ast.keys))]
        values = [*keys, *(self._value(each, number) for number, each in enumerate(self._ast.measures))]
        columns = [sql("{} AS {}", value, name(f"value_{number}")) for number, value in enumerate(values)]
        groups = sql("SELECT {} FROM ({}) AS {}", joined(", ", columns), self._rows(), name(ROWS))
        return sql("{} GROUP BY {}", groups, joined(", ", keys)) if keys else groups

    def _value(self, measure: Measure, number: int) -> SQL:
        field = None if measure.path is None else measure.path.field
        column = name(ROWS, f"of_{number}")
        if field is not None and measure.function in EXTREMES:
            column = self._words.ordered(self._operand(column, field))
        template = written(measure.function, None if field is None else field.type)
        return sql(template, *[column] * template.count("{}"))

    def _operand(self, expression: SQL, field: Field) -> Operand:
        storage = storage_of(field.type, self._words.dialect)
        return Operand(expression, field.type, field.nullable, storage)


class _GroupConditions(ConditionCompiler):
    """Compiles conditions on groups, whose columns are found by the names of the answer."""

    def __init__(self, words: Words, operands: Mapping[str, Operand]) -> None:
        super().__init__(words)
        self._operands = operands

    @override
    def operand(self, path: Path, place: Place) -> Operand:
        """Return the column of a key or a function."""
        del place
        return self._operands[str(path)]


def _readers(ast: AggregateAST, dialect: Dialect) -> Iterator[tuple[Kind | None, Decode | None]]:
    """Yield how the value of each column of the answer is read."""
    for key in ast.keys:
        yield _reader(key.path, dialect)
    for measure in ast.measures:
        if measure.path is not None and measure.function in EXTREMES:
            yield _reader(measure.path, dialect)
        else:
            # A sum of decimals, which SQLite has none of, is what PostgreSQL says that it is.
            yield KINDS.get(type(measure.field.type)), None


def _reader(path: Path, dialect: Dialect) -> tuple[Kind | None, Decode | None]:
    column = path.field and path.field.source
    if not isinstance(column, Column):
        raise TypeError(f"{path} is no field of a model")
    reader = ColumnReader(column, dialect)
    return reader.kind, or_null(reader.decode)
