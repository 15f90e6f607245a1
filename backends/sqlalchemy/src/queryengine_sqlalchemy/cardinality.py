"""How many related rows a relationship to one row can have, by the constraints of the mapping."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, TypeGuard

from sqlalchemy import BinaryExpression, Column, ColumnElement, FromClause, Table, UniqueConstraint
from sqlalchemy.orm import RelationshipDirection, RelationshipProperty
from sqlalchemy.sql import operators, visitors
from sqlalchemy.sql.elements import BooleanClauseList

__all__ = ["always_there", "leads_to_one"]

# Any: here and below, columns of all types.
Columns: TypeAlias = frozenset[Any]
Pair: TypeAlias = tuple[ColumnElement[Any], ColumnElement[Any]]


def always_there(relationship: RelationshipProperty[Any]) -> bool:
    """Tell whether the database itself sees to it that each row has its related row."""
    target = relationship.mapper
    if relationship.direction is not RelationshipDirection.MANYTOONE or target.single:
        return False
    pairs = set(relationship.local_remote_pairs or ())
    parts = visitors.iterate(relationship.primaryjoin)
    if sum(part.__visit_name__ == "binary" for part in parts) != len(pairs):
        return False  # it asks for more than equal keys
    local = [one for one, _ in pairs if _is_column(one)]
    constraints = [
        key.constraint for column in local for key in column.foreign_keys if key.constraint is not None
    ]
    return (
        len(local) == len(pairs)
        and not any(column.nullable for column in local)
        and all(one.table is target.local_table for _, one in pairs)
        and any({(key.parent, key.column) for key in keys.elements} == pairs for keys in constraints)
    )


def leads_to_one(relationship: RelationshipProperty[Any]) -> bool:
    """Tell whether no row can have two related rows: the join equates all columns of something unique.

    It goes by the mapping, as the database is not asked.
    """
    target, pairs = relationship.mapper, set(relationship.local_remote_pairs or ())
    keys: list[Columns] = [frozenset(target.primary_key)]
    for mapper in target.iterate_to_root():
        keys += _keys(mapper.local_table)
    if relationship.secondary is None:
        return _has_one({remote for _, remote in _equal(relationship.primaryjoin, pairs)}, keys)
    # The pairs lead from the row to the table between them, and from the related row to it.
    between = {remote for _, remote in _equal(relationship.primaryjoin, pairs)}
    related = {end for end, _ in _equal(relationship.secondaryjoin, pairs)}
    return _has_one(between, _keys(relationship.secondary)) and _has_one(related, keys)


def _equal(condition: ColumnElement[bool] | None, pairs: set[Pair]) -> Iterator[Pair]:
    """Yield those of the pairs that are equal wherever a condition holds."""
    match condition:
        case BooleanClauseList() if condition.operator is operators.and_:
            for part in condition.clauses:
                yield from _equal(part, pairs)
        case BinaryExpression() if condition.operator is operators.eq:
            one, other = condition.left, condition.right
            yield from (pair for pair in ((one, other), (other, one)) if pair in pairs)
        case _:
            pass  # whatever else it asks for leaves fewer rows


def _keys(table: FromClause) -> Iterator[Columns]:
    """Yield the sets of columns that a table has each value of once at most."""
    if not isinstance(table, Table):
        return
    yield frozenset(table.primary_key.columns)
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield frozenset(constraint.columns)
    for index in table.indexes:
        is_partial = any(option.endswith("_where") for option in index.dialect_kwargs)
        if index.unique and not is_partial and all(map(_is_column, index.expressions)):
            yield frozenset(index.columns)


def _has_one(columns: set[Any], keys: Iterable[Columns]) -> bool:
    return any(key and key <= columns for key in keys)


def _is_column(part: object) -> TypeGuard[Column[Any]]:  # pyright takes its parameter for unknown otherwise
    return isinstance(part, Column)
