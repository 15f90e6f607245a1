"""Fetches rows as objects, with the related rows that a query loads beside them. Knows executors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Generic, TypeAlias, TypeVar

from queryengine.ast import ModelScope, Slot, Step, Where
from queryengine_orm._native import put_value
from queryengine_orm.attributes import Loadable
from queryengine_orm.compiler import ConditionCompiler, Link, Place, relationship_of
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.dialects import TextRules, words_of
from queryengine_orm.differences import differing
from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.errors import UsageError
from queryengine_orm.expressions import check_model
from queryengine_orm.mapping import Column, Mapper, Relationship
from queryengine_orm.objects import ColumnReader, ObjectReader, or_null, same_kinds
from queryengine_orm.selects import Selection, ordering, select_of
from queryengine_orm.sql import SQL, Bind, Statement, joined, name, sql
from queryengine_orm.streaming import part_of_stream
from queryengine_orm.tracking import changes_of

__all__ = ["MOST_KEYS", "Adopt", "Branch", "Prepared", "Query", "among", "branches_of", "load"]

M = TypeVar("M", bound=DeclarativeBase)

_Key: TypeAlias = tuple[object, ...]
Adopt: TypeAlias = Callable[[Mapper[Any], list[Any]], list[Any]]

MOST_KEYS: Final = 5_000
"""how many rows are asked for their related rows at once: SQLite takes some 32,000 parameters"""


@dataclass(frozen=True, slots=True)
class Branch:
    """Related rows to load with each row: by which step, which of them, and what is loaded with them.

    The window of `selection` is one for each row that the step starts from.
    """

    step: Step
    selection: Selection
    branches: tuple[Branch, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Query(Generic[M]):
    """A query for objects of a model, for either database; it is run by what runs SQL.

    ```python
    flights = await query.all(pool)
    ```
    """

    model: type[M]
    selection: Selection
    values: tuple[object, ...] = ()
    branches: tuple[Branch, ...] = ()
    text: TextRules | None = None
    prepared: Prepared | None = None
    adopt: Adopt | None = None
    """what a session makes of the objects: those that it has already, in their places"""
    scopes: tuple[ModelScope, ...] = ()
    """the row scopes of the models that rows may lead to: whatever is included has to meet them"""

    def __repr__(self) -> str:
        return f"<Query of {self.model.__name__}>"

    def include(self, *relations: Loadable[M]) -> Query[M]:
        """Return the query with these related rows as well, as far as the row scopes show them.

        `Author.books.then(Book.tags)` has more behind it. Raises UsageError where the query loads some
        columns only, and not those that lead there.
        """
        return replace(self, branches=branches_of(self.selection, relations, self.branches, self.scopes))

    def statement(self, dialect: Dialect) -> tuple[str, list[object]]:
        """Return the SQL of the rows themselves, and its parameters."""
        return self._on(dialect)[0].bound(self.values)

    def _on(self, dialect: Dialect) -> tuple[Statement, ObjectReader[M]]:
        return (self.prepared or Prepared(self.selection, self.text)).on(dialect)

    async def all(self, executor: Executor) -> list[M]:
        """Fetch all rows. They belong to no session: nothing notes what is changed."""
        statement, reader = self._on(executor.dialect)
        text, parameters = statement.bound(self.values)
        rows = await executor.query(text, parameters, result=reader.kinds, clean=True)
        objects = reader.read(rows)
        if self.adopt is not None:
            objects = self.adopt(self.selection.mapper, objects)
        await load(executor, objects, self.branches, self.text, self.adopt)
        return objects

    async def stream(self, executor: Executor, *, batch: int = 500) -> AsyncIterator[M]:
        """Fetch rows in batches, as they are taken."""
        statement, reader = self._on(executor.dialect)
        text, parameters = statement.bound(self.values)
        async for rows in executor.stream(text, parameters, result=reader.kinds, batch=batch):
            objects = reader.read(rows)
            with part_of_stream():
                await load(executor, objects, self.branches, self.text)
            for each in objects:
                yield each


def branches_of(
    selection: Selection,
    relations: Iterable[Loadable[Any]],
    known: Sequence[Branch] = (),
    scopes: Sequence[ModelScope] = (),
) -> tuple[Branch, ...]:
    """Return branches for relations of a selection's rows, beside those that are known.

    To a relation that is among these, what is to be loaded behind it is added.
    """
    found = {branch.step.relation.name: branch for branch in known}
    for relation in relations:
        check_model(selection.mapper.model, relation, Loadable)
        branch = found.get(relation.name) or _branch(selection, relation, scopes)
        behind = branches_of(branch.selection, relation.behind, branch.branches, scopes)
        found[relation.name] = replace(branch, branches=behind)
    return tuple(found.values())


def _branch(selection: Selection, relation: Loadable[Any], scopes: Sequence[ModelScope]) -> Branch:
    related = selection.mapper.relationship(relation.name)
    if not set(related.own) <= set(selection.columns):
        raise UsageError(f"{relation.name}: the query loads other columns only")
    target = related.target
    scope = next((each.where for each in scopes if each.schema.model is target.model), None)
    return Branch(Step(relation.relation, scope), Selection(target, tuple(target.columns.values())))


class Prepared:
    """The statements of a selection whose values are slots, one for each database, and their readers."""

    __slots__ = ("_known", "_text", "selection")

    def __init__(self, selection: Selection, text: TextRules | None = None) -> None:
        self.selection: Selection = selection
        self._text = text
        self._known: dict[Dialect, tuple[Statement, ObjectReader[Any]]] = {}

    def on(self, dialect: Dialect) -> tuple[Statement, ObjectReader[Any]]:
        """Return the statement for a database, and what makes objects of its rows."""
        known = self._known.get(dialect)
        if known is None:
            selection = self.selection
            reader = ObjectReader[Any](selection.mapper, selection.columns, dialect)
            known = self._known[dialect] = select_of(selection, dialect, self._text), reader
        return known


async def load(
    executor: Executor,
    objects: Sequence[Any],
    branches: Iterable[Branch],
    text: TextRules | None = None,
    adopt: Adopt | None = None,
) -> None:
    """Give objects their related rows. Those of a relation to one row without such a row get None."""
    for branch in branches:
        relation = relationship_of(branch.step)
        owns = [_key(each, relation.own) for each in objects]
        keys = [key for key in dict.fromkeys(owns) if None not in key]
        found: dict[_Key, list[Any]] = {}
        for some in _parts(keys, MOST_KEYS // len(relation.own)):
            pairs = await _fetch(executor, branch, some, text)
            rows = [row for _, row in pairs]
            rows = rows if adopt is None else adopt(relation.target, rows)
            for (key, _), row in zip(pairs, rows, strict=True):
                found.setdefault(key, []).append(row)
        for each, key in zip(objects, owns, strict=True):
            rows = found.get(key, [])
            _give(each, relation, rows if relation.many else next(iter(rows), None))
        below = {id(row): row for rows in found.values() for row in rows}
        await load(executor, list(below.values()), branch.branches, text, adopt)


def _give(instance: object, relation: Relationship, related: object) -> None:
    """Give an object its related rows, unless it was given others that are not written yet."""
    changes = changes_of(instance)
    if relation.name in changes:
        if relation.name in differing(relation.mapper, instance):
            return
        del changes[relation.name]
    put_value(instance, relation.name, related)


def _key(instance: object, columns: Sequence[Column]) -> _Key:
    return tuple([getattr(instance, column.attribute) for column in columns])


def _parts(keys: Sequence[_Key], size: int) -> Iterator[Sequence[_Key]]:
    for start in range(0, len(keys), size):
        yield keys[start : start + size]


async def _fetch(
    executor: Executor, branch: Branch, keys: Sequence[_Key], text: TextRules | None
) -> list[tuple[_Key, Any]]:
    """Fetch the related rows of those with these keys; a row that two share comes as one object."""
    relation = relationship_of(branch.step)
    dialect, columns = executor.dialect, branch.selection.columns
    reader = ObjectReader[Any](relation.target, columns, dialect)
    own = [ColumnReader(column, dialect) for column in relation.own]
    decodes = [or_null(each.decode) for each in own]
    statement = Statement.of(_related_rows(branch, relation, keys, dialect, text), dialect)
    sql_text, parameters = statement.bound()
    rows = await executor.query(
        sql_text,
        parameters,
        result=same_kinds(relation.mapper, [*reader.kinds, *(each.kind for each in own)]),
        clean=True,
    )
    primary = [columns.index(column) for column in relation.target.primary_key]
    made: dict[tuple[object, ...], Any] = {}
    found: list[tuple[_Key, Any]] = []
    for row, fresh in zip(rows, reader.read(rows), strict=True):
        one = made.setdefault(tuple(row[place] for place in primary), fresh)
        key = [row[place] for place in range(len(columns), len(columns) + len(own))]
        pairs = zip(key, decodes, strict=True)
        found.append((tuple([each if decode is None else decode(each) for each, decode in pairs]), one))
    return found


def _related_rows(
    branch: Branch, relation: Relationship, keys: Sequence[_Key], dialect: Dialect, text: TextRules | None
) -> SQL:
    """Return the related rows of those with these keys, each with the key of its own, in their order."""
    compiler = ConditionCompiler(words_of(dialect, text))
    start = Place("qe", relation.mapper)
    link = compiler.link(start, branch.step)
    where = _conditions(compiler, branch, link, among(link.own, relation.own, keys, dialect))
    shown = [link.place.column(column) for column in branch.selection.columns]
    order = branch.selection.order if relation.many else ()
    first, behind = _bounds(branch.selection)
    if not relation.many or (first == 0 and behind is None):
        if not relation.many and first > 0:
            where = sql("1 = 0")  # there is one row at most, which is left out
        rows = sql("SELECT {} FROM {} WHERE {}", joined(", ", [*shown, *link.own]), link.source, where)
        return sql("{} ORDER BY {}", rows, ordering(compiler, order, link.place)) if order else rows
    shown += link.own
    names = [name(f"c{number}") for number in range(len(shown))]
    columns = [sql("{} AS {}", column, alias) for column, alias in zip(shown, names, strict=True)]
    ranked = sql(
        "SELECT {}, ROW_NUMBER() OVER (PARTITION BY {} ORDER BY {}) AS qe_number FROM {} WHERE {}",
        joined(", ", columns),
        joined(", ", link.own),
        ordering(compiler, order, link.place),
        link.source,
        where,
    )
    last = sql("") if behind is None else sql(" AND qe_number <= {}", Bind(behind))
    return sql(
        "SELECT {} FROM ({}) AS qe_ranked WHERE qe_number > {}{} ORDER BY qe_number",
        joined(", ", names),
        ranked,
        Bind(first),
        last,
    )


def _bounds(selection: Selection) -> tuple[int, int | None]:
    limit, offset = selection.limit, selection.offset
    if isinstance(limit, Slot) or isinstance(offset, Slot):
        raise TypeError("the template of a shape has no values; build the query of a filter")
    return offset, None if limit is None else offset + limit


def _conditions(compiler: ConditionCompiler, branch: Branch, link: Link, among: SQL) -> SQL:
    scope: Where | None = branch.step.scope
    parts = [among]
    if scope is not None:
        parts.append(compiler.compile(scope, link.place))
    if branch.selection.where is not None:
        parts.append(compiler.condition(branch.selection.where, link.place))
    return joined(" AND ", parts)


def among(own: Sequence[SQL], columns: Sequence[Column], keys: Sequence[_Key], dialect: Dialect) -> SQL:
    """Return what is true where columns together hold one of the keys."""
    storages = [column.storage(dialect) for column in columns]
    values = [
        [key[place] if storage.encode is None else storage.encode(key[place]) for key in keys]
        for place, storage in enumerate(storages)
    ]
    if len(columns) == 1 and dialect == "postgresql":
        return sql("{} = ANY({})", own[0], sql(storages[0].listed, Bind(values[0])))
    if len(columns) == 1:
        return sql("{} IN ({})", own[0], Bind(values[0], each=storages[0].operand))
    if dialect == "postgresql":
        lists = [
            sql("CAST({} AS {}[])", Bind(each), SQL([storage.type.partition(" COLLATE")[0]]))
            for each, storage in zip(values, storages, strict=True)
        ]
        return sql("({}) IN (SELECT * FROM unnest({}))", joined(", ", own), joined(", ", lists))
    rows = [
        sql("({})", joined(", ", [sql(storage.operand, Bind(value)) for storage, value in pairs]))
        for pairs in ([*zip(storages, row, strict=True)] for row in zip(*values, strict=True))
    ]
    return sql("({}) IN (VALUES {})", joined(", ", own), joined(", ", rows))
