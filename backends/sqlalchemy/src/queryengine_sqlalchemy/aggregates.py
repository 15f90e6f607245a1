"""Bound aggregates to a `Select` of tuples: the rows, grouped, and the groups as a filter narrows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Select,
    cast,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy.sql.selectable import Subquery

from queryengine.aggregates import AggregateAST, AggregateResult, Function, Measure, Row
from queryengine.ast import Path
from queryengine.schema import DecimalType, Field, TypeKind
from queryengine.sql_aggregates import row_columns
from queryengine_sqlalchemy.compiler import Column, ConditionCompiler, Entity, Expression, TextRules
from queryengine_sqlalchemy.operands import SQLType
from queryengine_sqlalchemy.ordering import directed, value_at
from queryengine_sqlalchemy.schema import AttributeSource

__all__ = ["AggregateCompiler", "AggregateSelect", "SQLAlchemyAggregateResult"]

AggregateSelect: TypeAlias = Select[tuple[Any, ...]]  # Any: a group has as many values as are asked for
SQLAlchemyAggregateResult: TypeAlias = AggregateResult[Row, AggregateSelect]
"""What a dependency of aggregates gives on SQLAlchemy: `await fetch_groups(session, result)`."""

DOUBLE: SQLType = Double()


class AggregateCompiler:
    """Compiles one aggregate.

    It is three selects, one within the other, which databases make one again: the values of the rows (those
    of related rows by subqueries, in scope), the groups, and what having, order and window leave of them.
    """

    def __init__(self, model: type[object], text: TextRules) -> None:
        self._model = model
        self._text = text

    def compile(self, ast: AggregateAST) -> AggregateSelect:
        """Return the query of an aggregate; its columns have the names of the answer's fields."""
        rows = self._rows(ast)
        columns = [rows.c[f"key_{number}"] for number in range(len(ast.keys))]
        values = [self._value(measure, number, rows) for number, measure in enumerate(ast.measures)]
        labelled = [value.label(f"value_{number}") for number, value in enumerate([*columns, *values])]
        groups = select(*labelled).select_from(rows).group_by(*columns).subquery("groups")
        operands = [_operand(key.path) for key in ast.keys] + [_result(each) for each in ast.measures]
        found = {
            field.name: Column(groups.c[f"value_{number}"], operand, field)
            for number, (field, operand) in enumerate(zip(ast.fields, operands, strict=True))
        }
        return self._given(ast, groups, found)

    def _rows(self, ast: AggregateAST) -> Subquery:
        conditions = ConditionCompiler(self._text)
        columns = [
            _plain(conditions, path, self._model).label(name) for name, path in row_columns(ast).items()
        ]
        statement = select(*(columns or [literal_column("1", Integer()).label("one")])).select_from(
            self._model
        )
        if ast.rows.where is not None:
            statement = statement.where(conditions.compile(ast.rows.where, self._model))
        return statement.subquery("rows")

    def _value(self, measure: Measure, number: int, rows: Subquery) -> Expression:
        if measure.path is None:
            return func.count()
        column = rows.c[f"of_{number}"]
        whole = not isinstance(measure.path.field and measure.path.field.type, DecimalType)
        match measure.function:
            case Function.COUNT | Function.COUNT_DISTINCT:
                return func.count(column.distinct())
            case Function.SUM:
                return _sum(column, whole)
            case Function.AVG:
                return cast(_sum(column, whole), DOUBLE) / cast(func.count(column), DOUBLE)
            case Function.MIN | Function.MAX:
                extreme = func.min if measure.function is Function.MIN else func.max
                ordered = ConditionCompiler(self._text).ordered(_column(measure.path, column))
                return type_coerce(extreme(ordered), column.type)

    def _given(self, ast: AggregateAST, groups: Subquery, found: Mapping[str, Column]) -> AggregateSelect:
        conditions = _GroupConditions(self._text, found)
        statement: AggregateSelect = select(
            *[column.expression.label(name) for name, column in found.items()]
        ).select_from(groups)
        if ast.groups.where is not None:
            statement = statement.where(conditions.compile(ast.groups.where, groups))
        order = [
            directed(conditions.ordered(conditions.column(key.path, groups)), key) for key in ast.groups.order
        ]
        statement = statement.order_by(*order)
        window = ast.groups.window
        if window.limit is not None:
            statement = statement.limit(conditions.operand(window.limit, Integer(), "limit"))
        if window.offset != 0:
            statement = statement.offset(conditions.operand(window.offset, Integer(), "offset"))
        return statement


class _GroupConditions(ConditionCompiler):
    """Compiles conditions on groups, whose columns are found by the names of the answer."""

    def __init__(self, text: TextRules, columns: Mapping[str, Column]) -> None:
        super().__init__(text)
        self._columns = columns

    def column(self, path: Path, place: Entity) -> Column:
        """Return the column of a key or a function."""
        del place
        return self._columns[str(path)]


def _plain(conditions: ConditionCompiler, path: Path, model: Entity) -> Expression:
    return value_at(conditions, path, model, lambda column: column.expression)


def _sum(column: ColumnElement[Any], whole: bool) -> Expression:  # Any: an integer or a decimal
    """Return the sum; of integers one of 64 bits: beyond them both databases fail, and do not round."""
    total: Expression = func.sum(column)
    return cast(total, BigInteger()) if whole else total


def _column(path: Path, expression: Expression) -> Column:
    return Column(expression, _operand(path), _field(path))


def _field(path: Path) -> Field:
    if path.field is None:
        raise TypeError(f"{path} is a relation, which has no value")
    return path.field


def _operand(path: Path) -> SQLType:
    source = _field(path).source
    if not isinstance(source, AttributeSource):
        raise TypeError(f"{path} is no field of a mapped class")
    return source.operand


def _result(measure: Measure) -> SQLType:
    """Return the type that what a function gives is compared with."""
    match measure.function:
        case Function.COUNT | Function.COUNT_DISTINCT:
            return BigInteger()
        case Function.AVG:
            return DOUBLE
        case Function.SUM if measure.field.type.kind is TypeKind.INTEGER:
            return BigInteger()
        case _ if measure.path is not None:
            return _operand(measure.path)
        case _:
            raise TypeError(f"{measure.function} is of a field")
