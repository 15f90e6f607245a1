"""Who refers to whom among objects: by what they hold, and by the lists that they are in. Knows mappers."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, cast

from queryengine_orm._native import value_of
from queryengine_orm.constraints import OnDelete
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.errors import UsageError
from queryengine_orm.mapping import Column, Mapper, Reference, Relationship, mapper_of, mappers_of
from queryengine_orm.tracking import MISSING, changes_of, is_new, put_back

__all__ = [
    "CASCADE",
    "Edge",
    "Link",
    "References",
    "backs_of",
    "check_related",
    "dependents",
    "inverse_of",
    "is_given",
    "is_stored",
    "lists_of",
    "next_to",
    "spreading",
    "values_of",
]

Key: TypeAlias = tuple[object, ...]

CASCADE: Final[tuple[OnDelete, ...]] = ("cascade",)
SPREADING: Final[tuple[OnDelete, ...]] = ("cascade", "set null")
"""what the database does to rows that refer to a deleted one, so that they are not what they were"""


@dataclass(frozen=True, slots=True)
class Edge:
    """An object refers to another: by which key, and which columns of the other are in it."""

    reference: Reference
    columns: tuple[Column, ...]
    related: DeclarativeBase


class Link:
    """Two objects that a table between relates."""

    __slots__ = ("one", "other", "relation")

    def __init__(self, relation: Relationship, one: DeclarativeBase, other: DeclarativeBase) -> None:
        self.relation: Relationship = relation
        self.one: DeclarativeBase = one
        self.other: DeclarativeBase = other

    @property
    def key(self) -> object:
        """What is the same for the two ways in which the link may be said."""
        assert self.relation.secondary is not None, "only relations by a table between have links"
        ends = zip(self.relation.links, (id(self.one), id(self.other)), strict=True)
        return self.relation.secondary.table, frozenset(ends)

    def values(self, *, before: bool) -> list[object]:
        """The keys of both, those that their rows had before, or have once they are updated."""
        return [
            *values_of(self.one, self.relation.own, before=before),
            *values_of(self.other, self.relation.other, before=before),
        ]


class References:
    """Which object refers to which in one flush. What an object is put into a list of counts most."""

    def __init__(self) -> None:
        self._owners: dict[int, dict[Reference, tuple[Relationship, DeclarativeBase]]] = {}
        self.owned: dict[int, DeclarativeBase] = {}
        self._given: list[tuple[DeclarativeBase, str, object, bool]] = []

    def own(self, instance: DeclarativeBase, relation: Relationship, owner: DeclarativeBase) -> None:
        """Note that an object was put into a list of another one, and tell it."""
        assert relation.reference is not None, "a list by keys is by a foreign key"
        self._owners.setdefault(id(instance), {})[relation.reference] = relation, owner
        self.owned[id(instance)] = instance
        for name in to_one_by(relation.reference, relation.target):
            self.give(instance, name, owner)

    def owner(self, instance: DeclarativeBase, reference: Reference) -> DeclarativeBase | None:
        """Return the object in whose list another was put, by a key."""
        found = self._owners.get(id(instance), {}).get(reference)
        return None if found is None else found[1]

    def of(self, instance: DeclarativeBase) -> Iterator[Edge]:
        """Yield what an object refers to."""
        owners = self._owners.get(id(instance), {})
        for reference, (relation, owner) in owners.items():
            yield Edge(reference, relation.own, owner)
        mapper, values = mapper_of(type(instance)), vars(instance)
        for name in mapper.declared:
            relation = mapper.relationship(name)
            related: object = None if relation.many else values.get(name)
            if related is not None:
                related = check_related(relation, related)
                if relation.reference is not None and relation.reference not in owners:
                    yield Edge(relation.reference, relation.other, related)

    def take_keys(self, instance: DeclarativeBase, but: frozenset[Reference] = frozenset()) -> None:
        """Give an object the keys of what it refers to; not those that are given it later."""
        owners = self._owners.get(id(instance), {})
        for key, (relation, owner) in owners.items():
            if key not in but:
                self.set_key(instance, key, relation.own, owner)
        mapper, values, changes = mapper_of(type(instance)), vars(instance), changes_of(instance)
        for name in [name for name in mapper.declared if name in values]:
            relation = mapper.relationship(name)
            reference = relation.reference
            if relation.many or reference is None or reference in owners or reference in but:
                continue
            found: object = values[name]
            related = None if found is None else check_related(relation, found)
            is_given = changes.get(name, related) is not related
            by_hand = any(column.attribute in changes for column in relation.own)
            if name in changes and by_hand:
                _check_agreed(instance, relation, related)
            if not is_given and (by_hand or related is None):
                continue
            self.set_key(instance, reference, relation.other, related)

    def set_key(
        self,
        instance: DeclarativeBase,
        reference: Reference,
        columns: Sequence[Column],
        related: DeclarativeBase | None,
    ) -> None:
        """Give an object the key of another one, or none. Raises UsageError where the other has no key."""
        values = vars(instance)
        for column, other in zip(reference.columns, columns, strict=True):
            if related is None and reference.nullable and not column.nullable:
                continue  # a part of the key that is null is enough
            key = None if related is None else vars(related).get(other.attribute)
            if related is not None and key is None:
                raise UsageError(
                    f"{type(instance).__name__}.{column.attribute}: the {type(related).__name__} has no key"
                )
            if values.get(column.attribute) != key:
                self.give(instance, column.attribute, key)

    def let_go(self, instance: DeclarativeBase, reference: Reference) -> None:
        """Let an object refer to none by a key."""
        self.set_key(instance, reference, reference.columns, None)
        for name in to_one_by(reference, mapper_of(type(instance))):
            self.give(instance, name, None)

    def give(self, instance: DeclarativeBase, name: str, value: object) -> None:
        """Give an attribute a value that was not asked for in so many words."""
        is_noted = name in changes_of(instance)
        self._given.append((instance, name, vars(instance).get(name, MISSING), is_noted))
        setattr(instance, name, value)

    def take_back(self) -> None:
        """Let objects be what they were before they were given anything."""
        while self._given:
            instance, name, before, is_noted = self._given.pop()
            put_back(instance, {name: before})
            if not is_noted:
                changes_of(instance).pop(name, None)


def _check_agreed(instance: DeclarativeBase, relation: Relationship, related: DeclarativeBase | None) -> None:
    """Refuse an object that was told to refer to one row by a relation, and to another by its key."""
    keys = values_of(instance, relation.own)
    if keys == values_of(instance, relation.own, before=True):
        return
    if (None not in keys) if related is None else keys != values_of(related, relation.other):
        names = ", ".join([column.attribute for column in relation.own])
        raise UsageError(f"{instance!r}: {relation.name} and {names} were set to different rows")


def to_one_by(reference: Reference, mapper: Mapper[Any]) -> Iterator[str]:
    """Yield the relations to one row that go by a key."""
    for name in mapper.declared:
        relation = mapper.relationship(name)
        if not relation.many and relation.reference is reference:
            yield name


def backs_of(reference: Reference, base: type[DeclarativeBase]) -> Sequence[Relationship]:
    """Return the relations to many rows that go by a key."""
    known = base.__registry__.backs
    if known is None:
        known = base.__registry__.backs = {}
        for mapper in mappers_of(base):
            for name, declared in mapper.declared.items():
                relation = mapper.relationship(name) if declared.many else None
                if relation is not None and relation.reference is not None:
                    known.setdefault(relation.reference, []).append(relation)
    return cast("Sequence[Relationship]", known.get(reference, ()))


def lists_of(mapper: Mapper[Any]) -> Iterator[Relationship]:
    """Yield the relations to many rows of a class."""
    for other in mappers_of(mapper.model):
        for name, declared in other.declared.items():
            if declared.many and other.relationship(name).target is mapper:
                yield other.relationship(name)


def inverse_of(relation: Relationship) -> Iterator[Relationship]:
    """Yield the relations that go the other way through the same table between."""
    assert relation.secondary is not None, "only a table between goes both ways"
    for name, declared in relation.target.declared.items():
        other = relation.target.relationship(name) if declared.many else None
        if other is None or other.secondary is None or other.target is not relation.mapper:
            continue
        if other.secondary.table == relation.secondary.table and other.links == relation.links[::-1]:
            yield other


def dependents(
    model: type[DeclarativeBase], actions: Collection[OnDelete] = SPREADING
) -> set[type[DeclarativeBase]]:
    """Return the classes whose rows the database changes when rows of a class are deleted: itself perhaps."""
    found: set[type[DeclarativeBase]] = set()
    waiting = [model]
    while waiting:
        for near in next_to(waiting.pop(), actions):
            if near not in found:
                found.add(near)
                waiting.append(near)
    return found


def next_to(
    model: type[DeclarativeBase], actions: Collection[OnDelete] = SPREADING
) -> Iterator[type[DeclarativeBase]]:
    """Yield the classes whose rows refer to those of a class, so that the database changes them."""
    table = mapper_of(model).table
    for mapper in mappers_of(model):
        if any(reference.table == table for reference in spreading(mapper, actions)):
            yield mapper.model


def spreading(mapper: Mapper[Any], actions: Collection[OnDelete] = SPREADING) -> Iterator[Reference]:
    """Yield the foreign keys by which the database changes rows of a class when others are deleted."""
    for reference in mapper.references:
        if reference.enforced and reference.on_delete in actions:
            yield reference


def is_stored(instance: DeclarativeBase) -> bool:
    """Tell whether an object was read or stored, so that it has a row. UsageError where it lacks its key."""
    if is_new(instance):
        return False
    mapper = mapper_of(type(instance))
    keys = [value_of(instance, key.attribute, MISSING) for key in mapper.primary_key]
    if any(key is MISSING for key in keys):
        raise UsageError(f"{instance!r} was read without its key")
    return None not in keys


def is_given(edge: Edge, instance: DeclarativeBase) -> bool:
    """Tell whether an object was told to refer to another, which it did not when it was read or stored."""
    if is_new(instance):
        return True
    changes = changes_of(instance)
    names = to_one_by(edge.reference, mapper_of(type(instance)))
    return any(changes.get(name, edge.related) is not edge.related for name in names)


def check_related(relation: Relationship, related: object) -> DeclarativeBase:
    """Return an object, unless it is not of the class that a relation leads to: UsageError."""
    if not isinstance(related, relation.target.model):
        place = f"{relation.mapper.model.__name__}.{relation.name}"
        raise UsageError(f"{place}: {relation.target.model.__name__} expected, not {type(related).__name__}")
    return cast("DeclarativeBase", related)


def values_of(instance: object, columns: Sequence[Column], *, before: bool = False) -> Key:
    """Return the values of columns, or those that they had before; None for what is missing."""
    values, changes = vars(instance), changes_of(instance) if before else {}
    found = [changes.get(each.attribute, values.get(each.attribute)) for each in columns]
    return tuple([None if value is MISSING else value for value in found])
