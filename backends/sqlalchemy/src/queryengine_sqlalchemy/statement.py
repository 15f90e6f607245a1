"""A bound filter to a `Select`: conditions, order, window, and what to load."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Integer,
    Select,
    case,
    inspect,
    select,
)
from sqlalchemy.orm import Mapper, with_loader_criteria

from queryengine.ast import FilterAST, OrderKey, Path, Slot, Step
from queryengine_sqlalchemy.compiler import ConditionCompiler, Entity, TextRules
from queryengine_sqlalchemy.included import INCLUDED, listen
from queryengine_sqlalchemy.loading import Loading
from queryengine_sqlalchemy.ordering import directed
from queryengine_sqlalchemy.schema import expression_of

__all__ = ["StatementCompiler"]

T = TypeVar("T")


class StatementCompiler(Generic[T]):
    """Compiles one filter. Slots of a template become parameters without a value: `conditions.slots`.

    After it, `keys` has what each key of the order compares, as a column would give it.
    """

    def __init__(self, model: type[T], text: TextRules) -> None:
        self._model = model
        self._text = text
        self.keys: list[ColumnElement[Any]] = []  # Any: a key is of any type
        self.conditions: ConditionCompiler = ConditionCompiler(text)
        self._joined: dict[tuple[Step, ...], Entity] = {}

    def compile(self, ast: FilterAST) -> Select[T]:
        """Return the query of a filter."""
        statement = select(self._model)
        if ast.where is not None:
            statement = statement.where(self.conditions.compile(ast.where, self._model))
        for key in ast.order:
            statement = self._order_by(statement, key)
        statement = self._within(statement, ast)
        loading = Loading(self._model, ast, self.conditions, self._text)
        statement = self._hold_scopes(statement.options(*loading.options()), ast)
        if loading.included:
            listen()
            statement = statement.execution_options(**{INCLUDED: loading.included})
        return statement.execution_options(populate_existing=True) if loading.overwrites else statement

    def _hold_scopes(self, statement: Select[T], ast: FilterAST) -> Select[T]:
        """Add the row scopes, for all that is loaded of a model with these rows, by whichever loader.

        The aliases of conditions and orders have them already.
        """
        for scope in ast.scopes:
            model = scope.schema.model
            if inspect(model, raiseerr=False) is None:
                continue  # a document, which is loaded with its row
            criteria = self.conditions.compile(scope.where, model)
            statement = statement.options(with_loader_criteria(model, criteria))
        return statement

    def _order_by(self, statement: Select[T], key: OrderKey) -> Select[T]:
        statement, place = self._join(statement, key.path)
        column = self.conditions.column(key.path, place)
        value: ColumnElement[Any] = column.expression
        expression: ColumnElement[Any] = self.conditions.ordered(column)
        if place is not self._model and not isinstance(column.expression, ColumnClause):
            # What the database computes can have a value even where the join found no row.
            value, expression = (case((_is_there(place), each)) for each in (value, expression))
        self.keys.append(value)
        return statement.order_by(directed(expression, key))

    def _join(self, statement: Select[T], path: Path) -> tuple[Select[T], Entity]:
        """Join the way of an order's path, once for all keys that go it; rows without a related row stay."""
        place: Entity = self._model
        steps = tuple(step for step in path.steps if not step.relation.embedded)
        for end in range(1, len(steps) + 1):
            way = steps[:end]
            if way not in self._joined:
                target, link = self.conditions.related(place, way[-1])
                scope = way[-1].scope
                if scope is not None:
                    link = link.and_(self.conditions.compile(scope, target))
                statement = statement.join(link, isouter=True)
                self._joined[way] = target
            place = self._joined[way]
        return statement, place

    def _within(self, statement: Select[T], ast: FilterAST) -> Select[T]:
        limit, offset = ast.window.limit, ast.window.offset
        if limit is not None:
            statement = statement.limit(self._most(limit))
        if offset != 0:
            statement = statement.offset(self.conditions.operand(offset, Integer(), "offset"))
        return statement

    def _most(self, limit: int | Slot) -> ColumnElement[int]:
        """Return how many rows are fetched at most."""
        return self.conditions.operand(limit, Integer(), "limit")


def _is_there(alias: Entity) -> ColumnElement[bool]:
    """Return what is true of the rows in which an outer join found the alias's row."""
    mapper: Mapper[Any] = inspect(alias).mapper
    key = mapper.get_property_by_column(mapper.primary_key[0]).key
    return expression_of(alias, key).is_not(None)
