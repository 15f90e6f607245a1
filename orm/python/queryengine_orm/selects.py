"""What a query asks for, and the statement that says it. Knows the compiler, no connection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from queryengine.ast import FilterAST, Nulls, OrderKey, Slot
from queryengine_orm.compiler import ConditionCompiler, Place
from queryengine_orm.conditions import ColumnRef, Condition, ScalarNode
from queryengine_orm.dialects import DIRECTIONS, TextRules, words_of
from queryengine_orm.driver import Dialect
from queryengine_orm.locking import Lock, locked
from queryengine_orm.mapping import Column, Mapper
from queryengine_orm.sql import SQL, Bind, Statement, joined, name, sql

__all__ = [
    "Key",
    "Selection",
    "count_of",
    "counting",
    "exists_of",
    "key_of",
    "narrowed",
    "ordering",
    "page_select",
    "select_of",
    "selection_of",
    "source",
]


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are sorted by."""

    scalar: ScalarNode
    descending: bool = False
    nulls: Nulls | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows of a model, in which order, and which of their columns. Values may be slots."""

    mapper: Mapper[Any]
    columns: tuple[Column, ...]
    where: Condition | None = None
    order: tuple[Key, ...] = ()
    limit: int | Slot | None = None
    offset: int | Slot = 0
    lock: Lock | None = None


def key_of(scalar: ScalarNode, descending: bool, nulls: Nulls | None) -> Key:
    """Return a key of an order; null is the smallest value, and what is never null gets no clause."""
    if isinstance(scalar, ColumnRef) and not scalar.path.nullable:
        return Key(scalar, descending)
    return Key(scalar, descending, nulls or (Nulls.LAST if descending else Nulls.FIRST))


def selection_of(mapper: Mapper[Any], ast: FilterAST, columns: Sequence[Column]) -> Selection:
    """Return what a bound filter asks for."""
    order = tuple(_key_of_ast(key) for key in ast.order)
    return Selection(mapper, tuple(columns), ast.where, order, ast.window.limit, ast.window.offset)


def _key_of_ast(key: OrderKey) -> Key:
    return Key(ColumnRef(key.path), key.descending, key.nulls)


def select_of(selection: Selection, dialect: Dialect, text: TextRules | None = None) -> Statement:
    """Return the statement that gives the rows."""
    return Statement.of(_select(selection, dialect, text), dialect)


def page_select(
    selection: Selection, dialect: Dialect, text: TextRules | None, counted: SQL | None = None
) -> Statement:
    """Return the statement that gives the rows, the values of their keys, and perhaps their number."""
    return Statement.of(_select(selection, dialect, text, keys=True, counted=counted), dialect)


def _select(
    selection: Selection,
    dialect: Dialect,
    text: TextRules | None,
    *,
    keys: bool = False,
    counted: SQL | None = None,
) -> SQL:
    compiler = ConditionCompiler(words_of(dialect, text))
    place = Place("qe", selection.mapper)
    shown = [place.column(column) for column in selection.columns]
    if keys:
        shown += [_plain(compiler, key.scalar, place) for key in selection.order]
    if counted is not None:
        shown.append(counted)
    rows = sql("SELECT {} FROM {}", joined(", ", shown), source(place))
    found = narrowed(rows, selection, compiler, place)
    return found if selection.lock is None else locked(found, place.alias, selection.lock, dialect)


def narrowed(
    rows: SQL, selection: Selection, compiler: ConditionCompiler, place: Place, group: SQL | None = None
) -> SQL:
    """Return a SELECT of a place's rows with what a selection says of them: which, and in which order.

    `group` is by what rows are grouped.
    """
    parts = [rows]
    if selection.where is not None:
        parts.append(sql("WHERE {}", compiler.condition(selection.where, place)))
    if group is not None:
        parts.append(sql("GROUP BY {}", group))
    if selection.order:
        parts.append(sql("ORDER BY {}", ordering(compiler, selection.order, place)))
    parts.extend(_window(selection, compiler.words.dialect))
    return joined(" ", parts)


def _plain(compiler: ConditionCompiler, scalar: ScalarNode, place: Place) -> SQL:
    return (
        compiler.value(scalar.path, place)
        if isinstance(scalar, ColumnRef)
        else compiler.scalar(scalar, place)
    )


def ordering(compiler: ConditionCompiler, order: Sequence[Key], place: Place) -> SQL:
    """Return the keys of an order, with their directions."""
    return joined(
        ", ",
        [sql(DIRECTIONS[key.descending, key.nulls], compiler.scalar(key.scalar, place)) for key in order],
    )


def _window(selection: Selection, dialect: Dialect) -> list[SQL]:
    parts: list[SQL] = []
    if selection.limit is not None:
        parts.append(sql("LIMIT {}", Bind(selection.limit)))
    elif selection.offset != 0 and dialect == "sqlite":
        parts.append(sql("LIMIT -1"))  # SQLite knows no offset without a limit
    if selection.offset != 0:
        parts.append(sql("OFFSET {}", Bind(selection.offset)))
    return parts


def source(place: Place) -> SQL:
    """Return what the rows of a place are selected from."""
    return sql("{} AS {}", name(place.mapper.table), name(place.alias))


def counting(
    mapper: Mapper[Any],
    where: Condition | None,
    dialect: Dialect,
    text: TextRules | None = None,
    most: int | None = None,
) -> SQL:
    """Return the query that counts the rows of a condition, up to one more than `most`."""
    compiler = ConditionCompiler(words_of(dialect, text))
    # Another alias than that of the rows around it, with which this may stand in one statement.
    place = Place("counted", mapper)
    rows = sql("SELECT 1 FROM {}", source(place))
    if where is not None:
        rows = sql("{} WHERE {}", rows, compiler.condition(where, place))
    if most is not None:
        rows = sql("{} LIMIT {}", rows, Bind(most + 1))
    return sql('SELECT COUNT(*) FROM ({}) AS "rows"', rows)


def count_of(mapper: Mapper[Any], where: Condition | None, dialect: Dialect) -> Statement:
    """Return the statement that counts the rows of a condition."""
    return Statement.of(counting(mapper, where, dialect), dialect)


def exists_of(mapper: Mapper[Any], where: Condition | None, dialect: Dialect) -> Statement:
    """Return the statement that tells whether there is a row of a condition."""
    compiler = ConditionCompiler(words_of(dialect))
    place = Place("qe", mapper)
    rows = sql("SELECT 1 FROM {}", source(place))
    if where is not None:
        rows = sql("{} WHERE {}", rows, compiler.condition(where, place))
    return Statement.of(sql("SELECT EXISTS ({})", rows), dialect)
