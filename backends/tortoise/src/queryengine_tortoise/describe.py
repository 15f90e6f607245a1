"""A query as text for people: its SQL, and below it the parameters as the driver gets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, cast

from pypika_tortoise.dialects import PostgreSQLQuery, SQLLiteQuery
from pypika_tortoise.terms import Parameterizer
from tortoise.models import Model

from queryengine.ast import FilterAST
from queryengine_tortoise.column_types import Database
from queryengine_tortoise.loading import loaded_attributes
from queryengine_tortoise.meta import columns_of, key_columns_of, table_of
from queryengine_tortoise.sql import SQL, Bind, joined, name, sql, write
from queryengine_tortoise.statements import Compiled, Statements, directed

__all__ = ["describe", "listed", "placeholder"]


def describe(statements: Statements, model: type[Model], ast: FilterAST, database: Database | None) -> str:
    """Return the SQL of a filter for a database (SQLite, unless PostgreSQL is named), and its parameters.

    It needs no connection. The queries that load related rows afterwards are not shown.
    """
    on_postgresql = database == "postgresql"
    sign = placeholder(database)
    parameters = Parameterizer(placeholder_factory=lambda number: f"{sign}{number}")
    query = PostgreSQLQuery if on_postgresql else SQLLiteQuery
    context = replace(query.SQL_CONTEXT, parameterizer=parameters)
    compiled = statements.compiled(ast, model, context.dialect)
    lines = [write(clause, ast.values, context) for clause in _clauses(compiled, model, ast)]
    values = cast("list[object]", cast("Any", parameters).values)  # Any: Tortoise does not say of what
    return "\n".join([*lines, *listed(values, sign)])


def placeholder(database: Database | None) -> str:
    """Return what stands before the number of a parameter."""
    return "$" if database == "postgresql" else "?"


def listed(values: Iterable[object], sign: str) -> Iterator[str]:
    """Yield a line for each parameter."""
    yield from (f"  {sign}{number} = {value!r}" for number, value in enumerate(values, 1))


def _clauses(compiled: Compiled, model: type[Model], ast: FilterAST) -> Iterator[SQL]:
    table, columns = table_of(model), columns_of(model) | key_columns_of(model)
    attributes = columns if ast.fields is None else loaded_attributes(model, ast)
    yield sql("SELECT {}", joined(", ", [name(columns[attribute]) for attribute in attributes]))
    yield sql("FROM {}", name(table.schema, table.name))
    if compiled.where is not None:
        yield sql("WHERE {}", compiled.where)
    if ast.order:
        keys = zip(compiled.order, ast.order, strict=True)
        yield sql("ORDER BY {}", joined(", ", [directed(column, key) for column, key in keys]))
    if ast.window.limit is not None:
        yield sql("LIMIT {}", Bind(ast.window.limit))
    if ast.window.offset:
        yield sql("OFFSET {}", Bind(ast.window.offset))
