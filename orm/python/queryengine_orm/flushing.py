"""One flush: what lists say becomes keys and links, then rows are inserted, updated and deleted in order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, cast

from queryengine_orm._native import put_value
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.differences import differing
from queryengine_orm.driver import Dialect, Executor, Kind
from queryengine_orm.errors import StaleRow, UniqueViolation, UsageError
from queryengine_orm.identities import Identities
from queryengine_orm.mapping import Mapper, Reference, Relationship, mapper_of
from queryengine_orm.ordering import Edges, groups, ordered
from queryengine_orm.relating import (
    CASCADE,
    Edge,
    Link,
    References,
    check_related,
    dependents,
    is_given,
    is_stored,
    to_one_by,
    values_of,
)
from queryengine_orm.sql import Statement
from queryengine_orm.tracking import NEW, changes_of, forget_changes, is_new
from queryengine_orm.writes import delete_row_of, insert_of, link_of, lock_row_of, unlink_of, update_row_of

__all__ = ["Flush", "complete"]

Objects: TypeAlias = dict[int, DeclarativeBase]
Given: TypeAlias = list[tuple[DeclarativeBase, str, object]]
"""values that objects have once all is written"""

NONE: frozenset[Reference] = frozenset()
# A driver knows the kinds of a statement again by the object that says them: these are constants.
FOUND: Final = ("int",)
KEY: Final[Mapping[Dialect, tuple[Kind | None]]] = {"postgresql": (None,), "sqlite": ("int",)}
"""of the key that a database gives to a new row"""


class Flush:
    """What one flush writes. It is thrown away when that fails."""

    def __init__(self, identities: Identities, new: Objects, deleted: Objects) -> None:
        self._identities = identities
        self.new: dict[int, DeclarativeBase] = dict(new)
        self.deleted: dict[int, DeclarativeBase] = dict(deleted)
        self.changed: Objects = {}
        self.linked: dict[object, Link] = {}
        self.unlinked: dict[object, Link] = {}
        self.given: Given = []
        self.made: list[tuple[DeclarativeBase, str]] = []
        self.references: References = References()

    # -- what there is to write

    def gather(self) -> None:
        """Find out what is to be written, from what objects hold and what was put into lists."""
        lost: list[tuple[Relationship, DeclarativeBase, DeclarativeBase]] = []
        # Those that are deleted as well: what was put into their lists, or taken out of them, has its row.
        waiting = deque([*self.new.values(), *self._identities.changed()])
        while waiting:
            instance = waiting.popleft()
            met: list[DeclarativeBase] = []
            for relation, added, removed in _lists(instance):
                met.extend(added)
                if relation.secondary is not None:
                    self._relate(relation, instance, added, removed)
                    continue
                for other in added:
                    self.references.own(other, relation, instance)
                lost.extend((relation, instance, other) for other in removed)
            edges = [*self.references.of(instance)]
            met.extend(edge.related for edge in edges if is_new(edge.related) or is_given(edge, instance))
            waiting.extend(related for related in met if self._take_in(related))
        for relation, owner, other in lost:
            self._let_go(relation, owner, other)

    def _take_in(self, related: DeclarativeBase) -> bool:
        """Make an object one of the session's; tell whether there may be something of it to write.

        What was read or stored elsewhere has a row, and is not inserted again.
        """
        if id(related) in self.new or self._identities.has(related):
            return False
        if is_stored(related):
            self._identities.attach(related)
            return bool(changes_of(related))
        put_value(related, NEW, True)
        self.new[id(related)] = related
        return True

    def _relate(
        self,
        relation: Relationship,
        instance: DeclarativeBase,
        added: Iterable[DeclarativeBase],
        removed: Iterable[DeclarativeBase],
    ) -> None:
        for other in added:
            link = Link(relation, instance, other)
            self.linked[link.key] = link
        for other in removed:
            link = Link(relation, instance, other)
            self.unlinked[link.key] = link

    def _let_go(self, relation: Relationship, owner: DeclarativeBase, other: DeclarativeBase) -> None:
        """Take the key off what was taken out of a list, unless it has another one or goes itself."""
        reference = relation.reference
        assert reference is not None, "a list by keys is by a foreign key"
        if id(other) in self.deleted or not self._identities.has(other):
            return
        names = {*to_one_by(reference, relation.target), *(column.attribute for column in reference.columns)}
        differ = differing(mapper_of(type(other)), other)
        if self.references.owner(other, reference) is not None or not names.isdisjoint(differ):
            return
        options = cast("Any", relation.mapper.declared[relation.name].attribute).options
        if options.orphans == "delete":
            self.deleted[id(other)] = other
        elif reference.nullable:
            self.references.let_go(other, reference)
        elif id(owner) not in self.deleted:
            raise UsageError(
                f"{owner!r} lost {other!r}, whose key may not be null: delete it, give it to another, or say"
                ' orphans="delete"'
            )

    # -- writing

    async def write(self, executor: Executor) -> None:
        """Write all of it. Where that fails, or is undone, `take_back` has to follow."""
        try:
            await self._write(executor)
        except UniqueViolation as error:
            if any(mapper_of(type(each)).table == error.table for each in self.deleted.values()):
                error.add_note(f"rows of {error.table} are deleted last: flush in between")
            raise

    async def _write(self, executor: Executor) -> None:
        edges: Edges = self.references.of
        new, later = ordered(self.new.values(), edges)
        for group in groups(new, edges):
            put_off = [frozenset(later.get(id(each), NONE)) for each in group]
            pairs = zip(group, put_off, strict=True)
            await _together([self._insert(executor, each, but) for each, but in pairs])
        await self._link(executor, self.unlinked, unlink_of, before=True)
        await self._update_all(executor, [self.new[place] for place in later])
        await self._link(executor, self.linked, link_of, before=False)
        await self._delete_all(executor)

    def take_back(self) -> None:
        """Take off objects what they got by being written: nothing of it is in a table."""
        self.references.take_back()
        for instance, name in self.made:
            vars(instance).pop(name, None)

    async def _insert(
        self,
        executor: Executor,
        instance: DeclarativeBase,
        put_off: frozenset[Reference],
    ) -> None:
        mapper = mapper_of(type(instance))
        self.references.take_keys(instance, put_off)
        _first_version(mapper, instance)
        values = vars(instance)
        generated = mapper.generated
        if generated is not None and values.get(generated.attribute) is None:
            values.pop(generated.attribute, None)
        columns = [column for name, column in mapper.columns.items() if name in values]
        missing = [name for name in mapper.columns if name not in values]
        returned = [generated] if generated is not None and generated.attribute in missing else []
        dialect = executor.dialect
        statement = _known(
            mapper,
            ("insert", dialect, tuple(columns)),
            lambda: insert_of(mapper, columns, dialect, returned),
        )
        text, parameters = statement.bound([values[column.attribute] for column in columns])
        rows = await executor.query(text, parameters, result=KEY[dialect] if returned else None, clean=True)
        forget_changes(instance)
        for name in missing:
            values[name] = rows[0][0] if returned and name == returned[0].attribute else None
            self.made.append((instance, name))

    async def _update_all(self, executor: Executor, late: Sequence[DeclarativeBase]) -> None:
        """Update what changed, new objects too that get a key only now."""
        for instance in late:
            self.references.take_keys(instance)
        owned = [each for each in self.references.owned.values() if id(each) not in self.new]
        found = [each for each in [*self._identities.changed(), *owned] if id(each) not in self.deleted]
        self.changed = {id(each): each for each in found}
        for group in groups([*self.changed.values(), *late], self.references.of):
            await _together([self._update(executor, each) for each in group])

    async def _update(self, executor: Executor, instance: DeclarativeBase) -> None:
        """Write the columns that have another value than they had. Raises StaleRow for another's row."""
        mapper = mapper_of(type(instance))
        self.references.take_keys(instance)
        changes, values = changes_of(instance), vars(instance)
        names = set(differing(mapper, instance))
        columns = [column for name, column in mapper.columns.items() if name in names]
        if not columns:
            return
        parameters = [values[column.attribute] for column in columns]
        version = mapper.version
        if version is not None and version not in columns:
            columns.append(version)
            parameters.append(values[version.attribute] + 1)
            self.given.append((instance, version.attribute, parameters[-1]))
        parameters.extend(values_of(instance, mapper.primary_key, before=True))
        if version is not None:
            parameters.append(changes.get(version.attribute, values[version.attribute]))
        dialect = executor.dialect
        statement = _known(
            mapper,
            ("update", dialect, tuple(columns)),
            lambda: update_row_of(mapper, columns, dialect),
        )
        text, bound = statement.bound(parameters)
        if (await executor.query(text, bound, clean=True)).affected != 1:
            raise stale(instance)

    async def _link(
        self, executor: Executor, links: Mapping[object, Link], statement_of: Any, *, before: bool
    ) -> None:
        """Run the statement of links, those of one relation together."""
        by_relation: dict[Relationship, list[list[object]]] = {}
        for link in links.values():
            if id(link.one) not in self.deleted and id(link.other) not in self.deleted:
                by_relation.setdefault(link.relation, []).append(link.values(before=before))
        for relation, rows in by_relation.items():
            statement: Statement = statement_of(relation, executor.dialect)
            bound = [statement.bound(row) for row in rows]
            await executor.execute_many(bound[0][0], [parameters for _, parameters in bound], clean=True)

    async def _delete_all(self, executor: Executor) -> None:
        """Delete rows before those that they refer to, others in turn; keys of a ring are taken off first."""
        by_key = {_row_of(each): each for each in self.deleted.values()}

        def edges(instance: DeclarativeBase) -> Iterator[Edge]:
            return _stored_edges(instance, by_key)

        found, later = ordered([*self.deleted.values()][::-1], edges)
        in_turn = found[::-1]
        for place, references in later.items():
            for reference in references:
                self.references.let_go(self.deleted[place], reference)
            await self._update(executor, self.deleted[place])
        # Rows that may go along with others before it is their turn: whether they are there is asked now.
        along = {id(each): each for each in _along(in_turn)}
        for group in groups([*along.values()], lambda _: ()):
            await _together([self._lock(executor, each) for each in group])
        for group in groups(in_turn, edges):
            await _together([self._delete(executor, each, may_be_gone=id(each) in along) for each in group])

    async def _lock(self, executor: Executor, instance: DeclarativeBase) -> None:
        """See to it that a row is there, and stays. Raises StaleRow."""
        mapper, dialect = mapper_of(type(instance)), executor.dialect
        statement = _known(mapper, ("lock", dialect), lambda: lock_row_of(mapper, dialect))
        text, parameters = statement.bound(self._row(instance))
        if not len(await executor.query(text, parameters, result=FOUND, clean=True)):
            raise stale(instance)

    async def _delete(
        self, executor: Executor, instance: DeclarativeBase, *, may_be_gone: bool = False
    ) -> None:
        mapper, dialect = mapper_of(type(instance)), executor.dialect
        statement = _known(mapper, ("delete", dialect), lambda: delete_row_of(mapper, dialect))
        text, parameters = statement.bound(self._row(instance))
        rows = await executor.query(text, parameters, clean=True)
        if rows.affected != 1 and not may_be_gone:
            raise stale(instance)

    def _row(self, instance: DeclarativeBase) -> list[object]:
        """Return the key of an object's row, and its version if it has one, as they are in the table now."""
        mapper = mapper_of(type(instance))
        values, version = list(values_of(instance, mapper.primary_key, before=True)), mapper.version
        if version is not None:
            written = [value for each, _, value in self.given if each is instance]
            stored = changes_of(instance).get(version.attribute, vars(instance)[version.attribute])
            values.append(written[-1] if written else stored)
        return values


def complete(mapper: Mapper[Any], instances: Iterable[DeclarativeBase]) -> None:
    """Give new objects what their rows need besides: the keys of what they refer to, their first version.

    Raises UsageError for what was put into their lists, which only a session writes.
    """
    if mapper.version is None and not mapper.declared:
        return
    lists = [name for name, declared in mapper.declared.items() if declared.many]
    for instance in instances:
        values = vars(instance)
        for relation, _, _ in _lists(instance) if any(name in values for name in lists) else ():
            place = f"{mapper.model.__name__}.{relation.name}"
            raise UsageError(f"{place}: a list is written with an object that is added, by nothing else")
        References().take_keys(instance)
        _first_version(mapper, instance)


def _first_version(mapper: Mapper[Any], instance: DeclarativeBase) -> None:
    if mapper.version is not None:
        vars(instance).setdefault(mapper.version.attribute, 1)


def _lists(
    instance: DeclarativeBase,
) -> Iterator[tuple[Relationship, list[DeclarativeBase], list[DeclarativeBase]]]:
    """Yield what was put into an object's lists, and what was taken out of them."""
    mapper, values, changes = mapper_of(type(instance)), vars(instance), changes_of(instance)
    for name, declared in mapper.declared.items():
        if not declared.many or name not in values:
            continue
        if not is_new(instance) and name not in changes:
            continue
        before = [] if is_new(instance) else cast("list[DeclarativeBase]", changes[name])
        relation = mapper.relationship(name)
        now = [check_related(relation, each) for each in cast("list[object]", values[name])]
        were, are = set(map(id, before)), set(map(id, now))
        added = [each for each in now if id(each) not in were]
        removed = [each for each in before if id(each) not in are]
        if added or removed:
            yield relation, added, removed


def _stored_edges(instance: DeclarativeBase, by_key: Mapping[object, DeclarativeBase]) -> Iterator[Edge]:
    """Yield the objects, of some by their keys, that an object's row refers to."""
    for reference in mapper_of(type(instance)).references:
        values = values_of(instance, reference.columns, before=True)
        related = by_key.get((reference.table, frozenset(zip(reference.names, values, strict=True))))
        if related is not None and related is not instance:
            yield Edge(reference, mapper_of(type(related)).primary_key, related)


def _along(in_turn: Sequence[DeclarativeBase]) -> Iterator[DeclarativeBase]:
    """Yield the objects whose rows the database may delete along with those of objects before them."""
    before: set[type[DeclarativeBase]] = set()
    reached: set[type[DeclarativeBase]] = set()
    for instance in in_turn:
        model = type(instance)
        if model in reached:
            yield instance
        if model not in before:
            before.add(model)
            reached |= dependents(model, CASCADE)


def _row_of(instance: DeclarativeBase) -> object:
    """Return the table and the key of an object's row."""
    mapper = mapper_of(type(instance))
    names = [column.name for column in mapper.primary_key]
    values = values_of(instance, mapper.primary_key, before=True)
    return mapper.table, frozenset(zip(names, values, strict=True))


def _known(mapper: Mapper[Any], key: Hashable, make: Callable[[], Statement]) -> Statement:
    """Return a statement that is the same for many rows, made once."""
    statements = mapper.model.__registry__.statements
    statement: Statement | None = statements.get((mapper.model, key))
    if statement is None:
        statement = make()
        statements.put((mapper.model, key), statement)
    return statement


def stale(instance: DeclarativeBase) -> StaleRow:
    """Return the error of a row that is not what it was."""
    return StaleRow(f"{instance!r} was changed or deleted by another since it was read")


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Send statements that do not wait for one another; the first error is raised when all are answered."""
    for answer in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer
