"""The unit of work: which objects are new, changed or deleted, and how that is written."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from queryengine.ast import And, Comparison, Op, Path, Slot
from queryengine_orm.declarative import CHANGES, DeclarativeBase, changes_of
from queryengine_orm.driver import Executor, Kind
from queryengine_orm.errors import StaleRow, UsageError
from queryengine_orm.expressions import Condition
from queryengine_orm.mapping import Column, Mapper, Relationship, mapper_of, mappers_of
from queryengine_orm.objects import ColumnReader
from queryengine_orm.sql import Statement
from queryengine_orm.tables import in_order
from queryengine_orm.writes import delete_row_of, insert_of, update_row_of

__all__ = ["Identities", "Unit", "complete", "key_of"]

Key: TypeAlias = tuple[object, ...]

MOST_SENT: Final = 200
"""how many statements are sent before their answers are awaited"""


def key_of(mapper: Mapper[Any]) -> Condition:
    """Return the condition on the primary key, with slots for its values."""
    comparisons = tuple(
        Comparison(Path((key.attribute,), (), mapper.schema.fields[key.attribute]), Op.EQ, Slot(place))
        for place, key in enumerate(mapper.primary_key)
    )
    return comparisons[0] if len(comparisons) == 1 else And(comparisons)


class Identities:
    """The objects of a session by class and primary key: each row is one object."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[type[object], dict[Key, DeclarativeBase]] = {}

    def get(self, model: type[object], key: Key) -> DeclarativeBase | None:
        """Return the object of a row, if there is one."""
        known = self._known.get(model)
        return None if known is None else known.get(key)

    def put(self, mapper: Mapper[Any], instance: DeclarativeBase) -> None:
        """Keep an object under its key."""
        self._known.setdefault(mapper.model, {})[_key(mapper, instance)] = instance

    def drop(self, mapper: Mapper[Any], instance: DeclarativeBase) -> None:
        """Forget an object."""
        self._known.get(mapper.model, {}).pop(_stored_key(mapper, instance), None)

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def keep(self, mapper: Mapper[Any], instance: Any) -> Any:
        """Return an object that was just read, or the one of its row that is known."""
        key = tuple([getattr(instance, key.attribute) for key in mapper.primary_key])
        return self._known.setdefault(mapper.model, {}).setdefault(key, instance)

    def adopt(self, mapper: Mapper[Any], objects: list[Any]) -> list[Any]:
        """Return objects that were just read, or in their places those that are known."""
        known = self._known.setdefault(mapper.model, {})
        keys = [key.attribute for key in mapper.primary_key]
        if len(keys) > 1:
            return [known.setdefault(_key(mapper, each), each) for each in objects]
        # By the attribute and not by `vars`, which would make a dict for each object.
        value_of = attrgetter(keys[0])
        fresh: dict[Key, DeclarativeBase] = {(value_of(each),): each for each in objects}
        if len(fresh) == len(objects) and known.keys().isdisjoint(fresh):
            known.update(fresh)
            return objects
        return [known.setdefault((value_of(each),), each) for each in objects]

    def changed(self) -> Iterator[DeclarativeBase]:
        """Yield the objects that have changes."""
        for known in self._known.values():
            for instance in known.values():
                if CHANGES in vars(instance):
                    yield instance

    def has(self, instance: DeclarativeBase) -> bool:
        """Tell whether the object is the one of its row."""
        mapper = mapper_of(type(instance))
        if any(key.attribute not in vars(instance) for key in mapper.primary_key):
            return False
        return self.get(mapper.model, _stored_key(mapper, instance)) is instance


class Unit:
    """What a session has to write."""

    __slots__ = ("_deleted", "_identities", "_new")

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._new: dict[int, DeclarativeBase] = {}
        self._deleted: dict[int, DeclarativeBase] = {}

    def add(self, instance: DeclarativeBase) -> None:
        """Note a new object; one that is known already is left as it is."""
        if not self._identities.has(instance):
            self._new[id(instance)] = instance

    def delete(self, instance: DeclarativeBase) -> None:
        """Note an object whose row is to go. Raises UsageError for one that the session does not have."""
        if self._new.pop(id(instance), None) is not None:
            return
        if not self._identities.has(instance):
            raise UsageError(f"{instance!r} is not of this session")
        self._deleted[id(instance)] = instance

    def clear(self) -> None:
        """Forget what is to be written."""
        self._new.clear()
        self._deleted.clear()

    def has_work(self) -> bool:
        """Tell whether there is something to write."""
        return bool(self._new or self._deleted) or next(self._identities.changed(), None) is not None

    async def write(self, executor: Executor) -> None:
        """Write all of it: inserts in the order of their references, updates, deletes the other way round."""
        changed = [each for each in self._identities.changed() if id(each) not in self._deleted]
        self._cascade([*self._new.values(), *changed])
        given: list[tuple[DeclarativeBase, Column]] = []
        try:
            for group in _groups(_in_order(list(self._new.values()))):
                await _together([_insert(executor, each, given) for each in group])
            for group in _groups(changed):
                await _together([_update(executor, each) for each in group])
            for group in _groups(_in_order(list(self._deleted.values()))[::-1]):
                await _together([_delete(executor, each) for each in group])
        except BaseException:
            for instance, column in given:  # they are in no table
                vars(instance).pop(column.attribute, None)
            raise
        self._settle(changed)

    def _cascade(self, instances: Iterable[DeclarativeBase]) -> None:
        """Take in new objects that others refer to."""
        waiting = deque(instances)
        while waiting:
            for _, related in _references(waiting.popleft()):
                if id(related) not in self._new and not self._identities.has(related):
                    self._new[id(related)] = related
                    waiting.append(related)

    def _settle(self, changed: Sequence[DeclarativeBase]) -> None:
        for instance in self._deleted.values():
            self._identities.drop(mapper_of(type(instance)), instance)
        for instance in changed:
            mapper = mapper_of(type(instance))
            self._identities.drop(mapper, instance)
            vars(instance).pop(CHANGES, None)
            self._identities.put(mapper, instance)
        for instance in self._new.values():
            vars(instance).pop(CHANGES, None)
            self._identities.put(mapper_of(type(instance)), instance)
        self.clear()


# -- order


def _in_order(instances: Sequence[DeclarativeBase]) -> list[DeclarativeBase]:
    """Return objects so that each comes after those that it refers to."""
    if len(instances) < 2:
        return list(instances)
    base = type(instances[0])
    places = {mapper.model: place for place, mapper in enumerate(in_order(list(mappers_of(base))))}
    waiting = {id(each): each for each in sorted(instances, key=lambda each: places[type(each)])}
    ordered: list[DeclarativeBase] = []

    def visit(instance: DeclarativeBase) -> None:
        if waiting.pop(id(instance), None) is None:
            return
        for _, related in _references(instance):
            visit(related)
        ordered.append(instance)

    for instance in list(waiting.values()):
        visit(instance)
    return ordered


def _groups(ordered: Sequence[DeclarativeBase]) -> Iterator[list[DeclarativeBase]]:
    """Cut a list into parts in which no object refers to another, nor follows one that it refers to."""
    group: list[DeclarativeBase] = []
    known: set[int] = set()
    for instance in ordered:
        ends = {id(related) for _, related in _references(instance)}
        if group and (len(group) == MOST_SENT or ends & known):
            yield group
            group, known = [], set()
        group.append(instance)
        known |= {id(instance), *ends}
    if group:
        yield group


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Send statements that do not wait for one another; the first error is raised when all are answered."""
    for answer in await asyncio.gather(*works, return_exceptions=True):
        if isinstance(answer, BaseException):
            raise answer


def _references(instance: DeclarativeBase) -> Iterator[tuple[Relationship, DeclarativeBase]]:
    """Yield the objects that an object was made to refer to."""
    mapper = mapper_of(type(instance))
    for name in mapper.declared:
        related: object = vars(instance).get(name)
        if isinstance(related, DeclarativeBase):
            yield mapper.relationship(name), related


# -- rows


async def _insert(
    executor: Executor, instance: DeclarativeBase, given: list[tuple[DeclarativeBase, Column]]
) -> None:
    mapper = mapper_of(type(instance))
    complete(mapper, instance)
    values = vars(instance)
    generated = mapper.generated
    if generated is not None and values.get(generated.attribute) is None:
        values.pop(generated.attribute, None)
    columns = [column for name, column in mapper.columns.items() if name in values]
    missing = [
        column for name, column in mapper.columns.items() if name not in values and column is not generated
    ]
    returned = [generated] if generated is not None and generated.attribute not in values else []
    statement = _known(mapper, ("insert", executor.dialect, tuple(columns)), columns, returned, executor)
    text, parameters = statement.bound([values[column.attribute] for column in columns])
    kinds: list[Kind | None] = [ColumnReader(column, executor.dialect).kind for column in returned]
    rows = await executor.query(text, parameters, result=kinds or None, clean=True)
    for column in returned:
        values[column.attribute] = rows[0][0]
        given.append((instance, column))
    for column in missing:
        values[column.attribute] = None


def _known(
    mapper: Mapper[Any], key: Any, columns: Sequence[Column], returned: Sequence[Column], executor: Executor
) -> Statement:
    statements = mapper.model.__registry__.statements
    statement: Statement | None = statements.get((mapper.model, key))
    if statement is None:
        statement = insert_of(mapper, columns, executor.dialect, returned)
        statements.put((mapper.model, key), statement)
    return statement


def complete(mapper: Mapper[Any], instance: DeclarativeBase) -> None:
    """Give a new object what its row needs besides: the keys of what it refers to, its first version."""
    _take_keys(mapper, instance)
    if mapper.version is not None:
        vars(instance).setdefault(mapper.version.attribute, 1)


def _take_keys(mapper: Mapper[Any], instance: DeclarativeBase) -> None:
    """Give an object the keys of the objects that it refers to."""
    changes = changes_of(instance)
    for name in mapper.declared:
        values = vars(instance)
        if name not in values:
            continue
        relation = mapper.relationship(name)
        own = [column.attribute for column in relation.own]
        if relation.many or (changes and name not in changes and any(each in changes for each in own)):
            continue
        related = cast("DeclarativeBase | None", values[name])
        if related is None and name not in changes:
            continue
        for attribute, other in zip(own, relation.other, strict=True):
            key = None if related is None else vars(related).get(other.attribute)
            if related is not None and key is None:
                raise UsageError(
                    f"{type(instance).__name__}.{name}: new objects refer to one another in a ring"
                )
            if values.get(attribute) != key:
                setattr(instance, attribute, key)


async def _update(executor: Executor, instance: DeclarativeBase) -> None:
    """Write the columns that have another value than they had. Raises StaleRow where the row is another."""
    mapper = mapper_of(type(instance))
    _take_keys(mapper, instance)
    changes, values = changes_of(instance), vars(instance)
    columns = [
        column
        for name, column in mapper.columns.items()
        if name in changes and (values[name] is not changes[name] and values[name] != changes[name])
    ]
    if not columns:
        return
    parameters = [values[column.attribute] for column in columns]
    version = mapper.version
    if version is not None and version not in columns:
        columns.append(version)
        parameters.append(values[version.attribute] + 1)
    parameters.extend(_stored_key(mapper, instance))
    if version is not None:
        parameters.append(changes.get(version.attribute, values[version.attribute]))
    statement = update_row_of(mapper, columns, executor.dialect, version=version)
    await _one(executor, statement, parameters, instance)
    if version is not None:
        values[version.attribute] = parameters[columns.index(version)]


async def _delete(executor: Executor, instance: DeclarativeBase) -> None:
    mapper = mapper_of(type(instance))
    parameters = list(_stored_key(mapper, instance))
    if mapper.version is not None:
        parameters.append(vars(instance)[mapper.version.attribute])
    statement = delete_row_of(mapper, executor.dialect, version=mapper.version)
    await _one(executor, statement, parameters, instance)


async def _one(
    executor: Executor, statement: Statement, values: Sequence[object], instance: DeclarativeBase
) -> None:
    text, parameters = statement.bound(values)
    rows = await executor.query(text, parameters, clean=True)
    if rows.affected != 1:
        raise StaleRow(f"{instance!r} was changed or deleted by another since it was read")


def _key(mapper: Mapper[Any], instance: DeclarativeBase) -> Key:
    return tuple(vars(instance)[key.attribute] for key in mapper.primary_key)


def _stored_key(mapper: Mapper[Any], instance: DeclarativeBase) -> Key:
    """Return the key that an object's row has: what it was before it was changed."""
    changes, values = changes_of(instance), vars(instance)
    return tuple(changes.get(key.attribute, values.get(key.attribute)) for key in mapper.primary_key)
