"""The unit of work: which objects are known, new, changed or deleted, and what they are after a flush."""

from __future__ import annotations

from collections.abc import Collection
from copy import deepcopy
from typing import Any, cast
from weakref import WeakValueDictionary

from queryengine.ast import And, Comparison, Op, Path, Slot
from queryengine_orm._native import put_value, value_of
from queryengine_orm.conditions import Condition
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.differences import differing
from queryengine_orm.errors import UsageError
from queryengine_orm.flushing import Flush
from queryengine_orm.identities import Identities, Key, Known
from queryengine_orm.mapped import Watched
from queryengine_orm.mapping import Mapper, Reference, mapper_of
from queryengine_orm.relating import (
    Link,
    References,
    backs_of,
    inverse_of,
    is_stored,
    lists_of,
    to_one_by,
    values_of,
)
from queryengine_orm.tracking import (
    MISSING,
    NEW,
    Changes,
    changes_of,
    forget_changes,
    is_made_here,
    is_new,
    note,
    put_back,
)

__all__ = ["Unit", "key_of"]


def key_of(mapper: Mapper[Any]) -> Condition:
    """Return the condition on the primary key, with slots for its values."""
    comparisons = tuple(
        Comparison(Path((key.attribute,), (), mapper.schema.fields[key.attribute]), Op.EQ, Slot(place))
        for place, key in enumerate(mapper.primary_key)
    )
    return comparisons[0] if len(comparisons) == 1 else And(comparisons)


class Undo:
    """What a savepoint's roll-back has to know: which objects there were, and what they were."""

    __slots__ = ("before", "known", "stored")

    def __init__(self, known: Known) -> None:
        self.known: Known = known
        self.before: dict[int, tuple[DeclarativeBase, Changes]] = {}
        self.stored: list[DeclarativeBase] = []

    def note(self, instance: DeclarativeBase, changes: Changes) -> None:
        """Keep what an object was; what was kept first stays."""
        kept = self.before.get(id(instance), (instance, {}))[1]
        self.before[id(instance)] = instance, {**changes, **kept}


class Unit:
    """What a session has to write, and what has to be undone with a savepoint."""

    __slots__ = ("_deleted", "_forgotten", "_identities", "_new", "_undo")

    def __init__(self, identities: Identities) -> None:
        self._identities = identities
        self._new: dict[int, DeclarativeBase] = {}
        self._deleted: dict[int, DeclarativeBase] = {}
        self._undo: list[Undo] = []
        self._forgotten: WeakValueDictionary[int, DeclarativeBase] | None = None
        """objects that nobody told the session to forget: a roll-back did; made for the first of them"""

    def has(self, instance: DeclarativeBase) -> bool:
        """Tell whether an object is known, or new here."""
        return id(instance) in self._new or self._identities.has(instance)

    def add(self, instance: DeclarativeBase) -> None:
        """Take in an object that is new, or of a row that is there; one that is known stays."""
        self._deleted.pop(id(instance), None)
        if self.has(instance):
            return
        if is_stored(instance):
            self._identities.attach(instance)
        else:
            self.add_new(instance)

    def add_new(self, instance: DeclarativeBase) -> None:
        """Take in an object that has no row."""
        put_value(instance, NEW, True)
        self._new[id(instance)] = instance

    def delete(self, instance: DeclarativeBase) -> None:
        """Note an object whose row is to go. Raises UsageError for one that the session does not have."""
        if self._new.pop(id(instance), None) is not None:
            return
        if not self._identities.has(instance):
            raise UsageError(f"{instance!r} is not of this session")
        self._deleted[id(instance)] = instance

    def expunge(self, instance: DeclarativeBase) -> None:
        """Forget an object, and what was to be written of it."""
        self._new.pop(id(instance), None)
        self._deleted.pop(id(instance), None)
        if self._forgotten:
            self._forgotten.pop(id(instance), None)
        if self._identities.has(instance):
            self._identities.drop(mapper_of(type(instance)), instance)

    def clear(self) -> None:
        """Forget what is to be written, and what savepoints would give back."""
        self._new.clear()
        self._deleted.clear()
        self._forgotten = None
        for undo in self._undo:
            undo.known = {}

    def check_forgotten(self) -> None:
        """Raise UsageError where an object was changed that a roll-back took out of the session."""
        forgotten = self._forgotten
        if not forgotten:
            return
        for instance in [each for each in forgotten.values() if changes_of(each)]:
            if is_new(instance) or self._identities.has(instance):
                del forgotten[id(instance)]
            elif next(differing(mapper_of(type(instance)), instance), None) is not None:
                raise UsageError(
                    f"{instance!r} was changed after a roll-back, by which the session forgot it: add it to"
                    " have that written, or expunge it"
                )

    def has_work(self) -> bool:
        """Tell whether there is something to write."""
        if self._new or self._deleted:
            return True
        return any(
            next(differing(mapper_of(type(each)), each), None) is not None
            for each in self._identities.changed()
        )

    def flush(self) -> Flush:
        """Return what there is to write now."""
        flush = Flush(self._identities, self._new, self._deleted)
        try:
            flush.gather()
        except BaseException:
            flush.take_back()
            raise
        return flush

    def settle(self, flush: Flush) -> None:
        """Let objects be what their rows are after a flush."""
        for instance, name, value in flush.given:
            self.remember(instance, {name: vars(instance)[name]})
            vars(instance)[name] = value
        for link in flush.unlinked.values():
            self._follow_link(link, is_there=False)
        for link in flush.linked.values():
            self._follow_link(link, is_there=True)
        self._drop(flush.deleted.values())
        stored: list[tuple[DeclarativeBase, Changes | None]] = []
        for instance in flush.changed.values():
            self._identities.drop(mapper_of(type(instance)), instance)
            stored.append((instance, forget_changes(instance)))
        for instance in flush.new.values():
            vars(instance)[NEW] = False
            forget_changes(instance)
            stored.append((instance, None))
        # Each is found by its new key before any list is told of any.
        for instance, _ in stored:
            self._identities.put(mapper_of(type(instance)), instance)
        for instance, changes in stored:
            self._stored(instance, changes, flush.references)
        for undo in self._undo[-1:]:
            undo.stored.extend(flush.new.values())
        self._leave_lists(flush.deleted.values())
        self._new.clear()
        self._deleted.clear()

    def _stored(self, instance: DeclarativeBase, changes: Changes | None, references: References) -> None:
        """Tell lists of an object that was stored, and note anew what may change inside.

        Without changes the object is new.
        """
        mapper, values = mapper_of(type(instance)), vars(instance)
        if changes is not None:
            self.remember(instance, changes)
        self._moved(instance, changes, references)
        for name in values.keys() & mapper.columns.keys() if changes is None else changes.keys():
            if name in mapper.columns and isinstance(vars(mapper.model).get(name), Watched):
                note(instance, name, deepcopy(values[name]))
        for name, declared in mapper.declared.items():
            if declared.many and name in values and (changes is None or name in changes):
                note(instance, name, list(values[name]))

    # -- what others hold

    def _moved(
        self, instance: DeclarativeBase, changes: Changes | None, references: References | None = None
    ) -> None:
        """Let lists follow an object whose keys changed; let go of an object that it is no longer related to.

        Without changes the object is new. Those that were put into a list by hand are in it.
        """
        mapper = mapper_of(type(instance))
        for reference in mapper.references:
            names = [column.attribute for column in reference.columns]
            if changes is not None and not any(name in changes for name in names):
                continue
            now = values_of(instance, reference.columns)
            is_owned = references is not None and references.owner(instance, reference) is not None
            before = (
                None
                if changes is None
                else tuple(changes.get(*pair) for pair in zip(names, now, strict=True))
            )
            self._follow(instance, reference, before, None if is_owned else now)
            for name in to_one_by(reference, mapper):
                related: object = vars(instance).get(name)
                columns = mapper.relationship(name).other
                if related is not None and values_of(related, columns) != now:
                    self.remember(instance, {name: vars(instance).pop(name)})

    def removed(self, instances: Collection[DeclarativeBase]) -> None:
        """Forget objects whose rows are gone, in lists too."""
        self._drop(instances)
        self._leave_lists(instances)

    def _drop(self, instances: Collection[DeclarativeBase]) -> None:
        for instance in instances:
            self._identities.drop(mapper_of(type(instance)), instance)
            self.remember(instance, {NEW: value_of(instance, NEW, MISSING)})
            put_value(instance, NEW, True)

    def _leave_lists(self, instances: Collection[DeclarativeBase]) -> None:
        """Take objects out of all lists, those too that they were put into with the same flush."""
        gone = {id(each) for each in instances}
        for model in {type(each) for each in instances}:
            for relation in lists_of(mapper_of(model)):
                for owner in self._identities.of(relation.mapper.model):
                    held: list[DeclarativeBase] = value_of(owner, relation.name, None) or []
                    for each in [each for each in held if id(each) in gone]:
                        self._list(owner, relation.name, each, is_there=False)

    def _follow(
        self, instance: DeclarativeBase, reference: Reference, before: Key | None, now: Key | None
    ) -> None:
        """Take an object out of the list of the one that it referred to, and put it into that of another."""
        if before == now:
            return
        for relation in backs_of(reference, type(instance)):
            if relation.own != relation.mapper.primary_key:
                continue
            for key, is_there in ((before, False), (now, True)):
                owner = None if key is None else self._identities.get(relation.mapper.model, key)
                if owner is not None:
                    self._list(owner, relation.name, instance, is_there=is_there)

    def _follow_link(self, link: Link, *, is_there: bool) -> None:
        for relation in inverse_of(link.relation):
            self._list(link.other, relation.name, link.one, is_there=is_there)

    def _list(self, owner: DeclarativeBase, name: str, instance: DeclarativeBase, *, is_there: bool) -> None:
        """Put an object into a list that is loaded, or take it out of it."""
        found: list[object] | None = vars(owner).get(name)
        if found is None and is_there and is_made_here(owner):
            self.remember(owner, {name: MISSING})
            found = vars(owner)[name] = []
        if found is None or any(each is instance for each in found) is is_there:
            return
        changes = changes_of(owner)
        self.remember(owner, {name: list(found)})
        noted = cast("list[object] | None", changes.get(name))
        for each in [found] if noted is None else [found, noted]:
            each[:] = [one for one in each if one is not instance]
            if is_there:
                each.append(instance)

    # -- savepoints

    def mark(self, *, forgets: bool = False) -> None:
        """Begin a savepoint; or a transaction, whose roll-back forgets all objects."""
        self._undo.append(Undo({} if forgets else self._identities.copy()))

    def remember(self, instance: DeclarativeBase, before: Changes) -> None:
        """Keep what an object was, for the savepoint that is open."""
        for undo in self._undo[-1:]:
            undo.note(instance, before)

    def release(self) -> None:
        """End a savepoint that lasts; what it would undo, the one around it has to."""
        inner = self._undo.pop()
        for outer in self._undo[-1:]:
            for instance, changes in inner.before.values():
                outer.note(instance, changes)
            outer.stored.extend(inner.stored)

    def renewed(self, instance: DeclarativeBase, fresh: Changes) -> None:
        """Give an object what its row holds now; what was changed and is not written yet stays."""
        mapper, values = mapper_of(type(instance)), vars(instance)
        pending = set(differing(mapper, instance))
        before: Changes = {}
        for name in mapper.columns:
            if name in pending:
                changes_of(instance)[name] = fresh[name]
                continue
            if name in changes_of(instance):
                del changes_of(instance)[name]
            if name not in values or values[name] is not fresh[name]:
                before[name] = values.get(name, MISSING)
                values[name] = fresh[name]
        self.remember(instance, before)
        self._moved(instance, {name: old for name, old in before.items() if old != values[name]})

    def roll_back(self) -> None:
        """Let objects be what they were at the savepoint: those that came since are not of the session."""
        undo = self._undo.pop()
        self._new.clear()
        self._deleted.clear()
        for instance in [*self._identities.changed()]:
            undo.note(instance, forget_changes(instance))
        for known in undo.known.values():
            for instance in known.values():
                undo.note(instance, forget_changes(instance))
        for instance, changes in undo.before.values():
            put_back(instance, changes)
        for instance in undo.stored:
            values, generated = vars(instance), mapper_of(type(instance)).generated
            values[NEW] = True
            if generated is not None:
                values.pop(generated.attribute, None)
        before = self._identities.all()
        self._identities.restore(undo.known)
        forgotten = {id(each): each for each in before if not self.has(each)}
        if self._forgotten is None:
            self._forgotten = WeakValueDictionary(forgotten)
        else:
            self._forgotten.update(forgotten)
