"""The order and the window of included rows, which are given to the statement that `selectinload` runs.

SQLAlchemy's loader options have neither. What a session runs for a relationship can be changed by an event
of the session, and what is asked for travels with the query as one of its execution options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from sqlalchemy import ColumnElement, Integer, Select, event, func, inspect, select, tuple_
from sqlalchemy.orm import Mapper, ORMExecuteState, RelationshipProperty, Session, aliased

from queryengine.ast import OrderKey, Where, Window
from queryengine_sqlalchemy.compiler import ConditionCompiler, Entity, TextRules
from queryengine_sqlalchemy.ordering import sorted_by
from queryengine_sqlalchemy.schema import expression_of

__all__ = ["INCLUDED", "Included", "Ways", "listen"]

INCLUDED: Final = "queryengine_included"
"""the execution option that has what is asked of included rows"""

Condition: TypeAlias = ColumnElement[bool]
Columns: TypeAlias = Sequence[ColumnElement[Any]]  # Any: columns of all types
Relationship: TypeAlias = RelationshipProperty[Any]  # Any: to whichever model


@dataclass(frozen=True, slots=True)
class Included:
    """The rows of a relation that are loaded of each row: which, in what order, and how many."""

    wheres: tuple[Where, ...]
    order: tuple[OrderKey, ...]
    window: Window
    text: TextRules

    @property
    def is_cut(self) -> bool:
        """Whether there may be more rows than are loaded."""
        return self.window.limit is not None or self.window.offset != 0

    def arranged(
        self, statement: Select[Any], relationship: Relationship, parents: Sequence[object]
    ) -> Select[Any]:
        """Return the statement that loads a relation's rows for these parents, in order and cut for each.

        The statement gives the key of a parent, and behind it the related row.
        """
        conditions = ConditionCompiler(self.text)
        *keys, last = statement.column_descriptions
        entity: Entity = last["entity"]
        if self.is_cut:
            pair = [*(key["expr"] for key in keys), *_keys(inspect(entity).mapper, entity)]
            among = self._ranked(conditions, relationship, parents)
            statement = statement.where(tuple_(*pair).in_(among))
        # What the mapping itself sorts by would come first.
        return statement.order_by(None).order_by(*sorted_by(conditions, self.order, entity))

    def _ranked(
        self, conditions: ConditionCompiler, relationship: Relationship, parents: Sequence[object]
    ) -> Select[Any]:
        """Return the keys of parents and of those of their related rows that lie within the window."""
        parent = aliased(relationship.parent.class_, flat=True)
        target = aliased(relationship.mapper.class_, flat=True)
        own, related = _keys(relationship.parent, parent), _keys(relationship.mapper, target)
        wheres = [conditions.compile(where, target) for where in self.wheres]
        order = list(sorted_by(conditions, self.order, target))
        rank = func.row_number().over(partition_by=own, order_by=order).label("number")
        rows = (
            select(*_labelled(own, "parent"), *_labelled(related, "related"), rank)
            .select_from(parent)
            .join(getattr(parent, relationship.key).of_type(target))
            .where(_among(own, parents), *wheres)
            .subquery()
        )
        *pair, number = rows.columns
        pairs: Any = select(*pair)  # Any: checkers differ in what they make of the number of columns
        within: Select[Any] = pairs.where(*self._within(conditions, number))
        return within

    def _within(self, conditions: ConditionCompiler, number: ColumnElement[int]) -> list[Condition]:
        first = conditions.operand(self.window.offset, Integer(), "offset")
        if self.window.limit is None:
            return [number > first]
        return [
            number > first,
            number <= first + conditions.operand(self.window.limit, Integer(), "limit"),
        ]


Ways: TypeAlias = Mapping[tuple[str, ...], Included]
"""What is asked of included rows, by the names of the relations that lead to them."""


def listen() -> None:
    """See to it that sessions do what queries with `INCLUDED` ask for; once is enough, more does no harm."""
    if not event.contains(Session, "do_orm_execute", _arrange):
        event.listen(Session, "do_orm_execute", _arrange)


def _arrange(state: ORMExecuteState) -> None:
    ways: Ways | None = state.execution_options.get(INCLUDED)
    if ways is None or not state.is_relationship_load:
        return
    path = () if state.loader_strategy_path is None else state.loader_strategy_path.path
    relationships: list[Relationship] = [part for part in path if isinstance(part, RelationshipProperty)]
    included = ways.get(tuple(relationship.key for relationship in relationships))
    if included is not None:
        state.statement = included.arranged(_select(state), relationships[-1], _parents(state))


def _select(state: ORMExecuteState) -> Select[Any]:
    statement: object = state.statement
    if not isinstance(statement, Select):
        raise TypeError("selectinload runs another statement than a SELECT")
    return cast("Select[Any]", statement)


def _parents(state: ORMExecuteState) -> Sequence[object]:
    """Return the keys of the rows whose related rows are loaded: the one parameter of `selectinload`."""
    if not isinstance(state.parameters, Mapping) or len(state.parameters) != 1:
        raise TypeError("selectinload has other parameters than the keys of rows")
    (keys,) = state.parameters.values()
    return cast("Sequence[object]", keys)


def _keys(mapper: Mapper[Any], entity: Entity) -> list[ColumnElement[Any]]:
    """Return the primary key of an entity's rows."""
    names = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
    return [expression_of(entity, name) for name in names]


def _labelled(columns: Columns, word: str) -> list[ColumnElement[Any]]:
    return [column.label(f"{word}_{number}") for number, column in enumerate(columns)]


def _among(keys: Columns, values: Sequence[object]) -> Condition:
    return keys[0].in_(values) if len(keys) == 1 else tuple_(*keys).in_(values)
