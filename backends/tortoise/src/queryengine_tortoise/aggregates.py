"""Bound aggregates to SQL: the values of the rows, grouped, and the groups as a filter narrows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from pypika_tortoise.context import SqlContext
from tortoise.models import Model
from typing_extensions import override

from queryengine.aggregates import AggregateAST, Function, Measure
from queryengine.ast import Path
from queryengine.schema import Field
from queryengine.sql_aggregates import row_columns, written
from queryengine_tortoise.compiler import ConditionCompiler, Place
from queryengine_tortoise.dialects import Column, Dialect
from queryengine_tortoise.sql import SQL, Bind, joined, name, sql, write
from queryengine_tortoise.statements import Statements, directed

__all__ = ["BoundAggregate"]

ROWS: Final = "qe_rows"
GROUPS: Final = "qe_groups"
SHOWN: Final = "qe_shown"
KEY: Final = "qe_key"
NO_LIMIT: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class BoundAggregate:
    """One aggregate over the rows of a model, to be written for whichever connection."""

    statements: Statements
    model: type[Model]
    ast: AggregateAST

    def text(self, context: SqlContext, shown: Callable[[SqlContext], str] | None) -> str:
        """Return the statement, whose columns are named by their numbers; its values become parameters.

        `shown` writes a query for the keys of those rows that there are; without it all of the table are.
        """
        compiler = _Compiler(self.statements.compiler(context.dialect), self.ast)
        # It is written first, and stands first, as databases count parameters.
        keys = "" if shown is None else f'WITH "{SHOWN}" ("{KEY}") AS ({shown(context)}) '
        return keys + write(compiler.statement(self.model, narrowed=shown is not None), (), context)


class _Compiler:
    """Compiles one aggregate.

    It is three selects, one within the other, which databases make one again: the values of the rows (those
    of related rows by subqueries, in scope), the groups, and what having, order and window leave of them.
    """

    def __init__(self, rows: ConditionCompiler, ast: AggregateAST) -> None:
        self._compiler = rows
        self._dialect = rows.dialect
        self._ast = ast

    def statement(self, model: type[Model], *, narrowed: bool) -> SQL:
        """Return the whole."""
        groups = self._groups(self._rows(model, narrowed))
        found = {
            field.name: _taken(name(GROUPS, f"value_{number}"), self._dialect, field)
            for number, field in enumerate(self._ast.fields)
        }
        columns = [
            sql("{} AS {}", column.expression, name(str(number)))
            for number, column in enumerate(found.values())
        ]
        given = sql("SELECT {} FROM ({}) AS {}", joined(", ", columns), groups, name(GROUPS))
        return joined(" ", [given, *self._narrowing(model, found)])

    def _rows(self, model: type[Model], narrowed: bool) -> SQL:
        """Return what each row has for each key and each function."""
        compiler, ast = self._compiler, self._ast
        place = compiler.alias(model)
        columns = [
            sql("{} AS {}", compiler.compared(path, place), name(of)) for of, path in row_columns(ast).items()
        ]
        parts: list[SQL] = []
        if narrowed:
            parts.append(sql("{} IN (SELECT {} FROM {})", place.key(), name(KEY), name(SHOWN)))
        if ast.rows.where is not None:
            parts.append(compiler.compile(ast.rows.where, place))
        rows = sql(
            "SELECT {} FROM {} AS {}",
            joined(", ", columns or [sql("1 AS one")]),
            place.table(),
            name(place.alias),
        )
        return sql("{} WHERE {}", rows, joined(" AND ", parts)) if parts else rows

    def _groups(self, rows: SQL) -> SQL:
        """Return the groups."""
        keys = [name(ROWS, f"key_{number}") for number in range(len(self._ast.keys))]
        values = [*keys, *(self._value(each, number) for number, each in enumerate(self._ast.measures))]
        columns = [sql("{} AS {}", value, name(f"value_{number}")) for number, value in enumerate(values)]
        groups = sql("SELECT {} FROM ({}) AS {}", joined(", ", columns), rows, name(ROWS))
        return sql("{} GROUP BY {}", groups, joined(", ", keys)) if keys else groups

    def _value(self, measure: Measure, number: int) -> SQL:
        field = None if measure.path is None else measure.path.field
        column = name(ROWS, f"of_{number}")
        if field is not None and measure.function in (Function.MIN, Function.MAX):
            column = self._dialect.ordered(_taken(column, self._dialect, field))
        template = written(measure.function, None if field is None else field.type)
        return sql(template, *[column] * template.count("{}"))

    def _narrowing(self, model: type[Model], found: Mapping[str, Column]) -> list[SQL]:
        """Return the clauses of the groups' filter."""
        ast = self._ast.groups
        clauses: list[SQL] = []
        if ast.where is not None:
            conditions = _GroupConditions(self._dialect, found)
            clauses.append(sql("WHERE {}", conditions.compile(ast.where, Place(GROUPS, model))))
        if ast.order:
            keys = [directed(self._dialect.ordered(found[str(key.path)]), key) for key in ast.order]
            clauses.append(sql("ORDER BY {}", joined(", ", keys)))
        limit, offset = ast.window.limit, ast.window.offset
        if limit is not None or offset != 0:
            clauses.append(
                sql("LIMIT {} OFFSET {}", Bind(NO_LIMIT if limit is None else limit), Bind(offset))
            )
        return clauses


class _GroupConditions(ConditionCompiler):
    """Compiles conditions on groups, whose columns are found by the names of the answer."""

    def __init__(self, dialect: Dialect, columns: Mapping[str, Column]) -> None:
        super().__init__(dialect)
        self._columns = columns

    @override
    def column(self, path: Path, place: Place) -> Column:
        """Return the column of a key or a function."""
        del place
        return self._columns[str(path)]


def _taken(expression: SQL, dialect: Dialect, field: Field) -> Column:
    """Return a column of the query within, which has read it in the form of its type."""
    return Column(expression, dialect.form(field.type, None).taken(), field)
