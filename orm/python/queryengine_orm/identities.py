"""The objects that a session knows, by class and primary key: each row is one object."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, TypeAlias, cast
from uuid import UUID

from queryengine_orm._native import IdentityMap, value_of
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.errors import UsageError
from queryengine_orm.mapping import Mapper, mapper_of
from queryengine_orm.relating import values_of
from queryengine_orm.tracking import MISSING

__all__ = ["Identities", "Key", "Known"]

Key: TypeAlias = tuple[object, ...]
Known: TypeAlias = dict[type[object], IdentityMap]
ORDERED: Final = (int, float, Decimal, str, bytes, date, time, timedelta, UUID)
"""classes of which any two values have an order; others (addresses, ranges) go by their texts"""


class Identities:
    """The objects of a session by class and primary key: each row is one object."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: Known = {}

    def _map(self, mapper: Mapper[Any]) -> IdentityMap:
        known = self._known.get(mapper.model)
        if known is None:
            names = [key.attribute for key in mapper.primary_key]
            known = self._known[mapper.model] = IdentityMap(mapper.model, names)
        return known

    def get(self, model: type[object], key: Key) -> DeclarativeBase | None:
        """Return the object of a row, if there is one."""
        known = self._known.get(model)
        return None if known is None else cast("DeclarativeBase | None", known.get(key))

    def of(self, model: type[object]) -> list[DeclarativeBase]:
        """Return the objects of a class."""
        known = self._known.get(model)
        return [] if known is None else known.values()

    def all(self) -> list[DeclarativeBase]:
        """Return all objects."""
        return [each for known in self._known.values() for each in known.values()]

    def put(self, mapper: Mapper[Any], instance: DeclarativeBase) -> None:
        """Keep an object under its key."""
        self._map(mapper).put(instance)

    def drop(self, mapper: Mapper[Any], instance: DeclarativeBase) -> None:
        """Forget an object."""
        self._map(mapper).drop(instance)

    def copy(self) -> Known:
        """Return which objects there are now."""
        return {model: known.copy() for model, known in self._known.items()}

    def restore(self, known: Known) -> None:
        """Know these objects, and no others."""
        self._known = known

    def clear(self) -> None:
        """Forget all."""
        self._known.clear()

    def keep(self, mapper: Mapper[Any], instance: Any) -> Any:
        """Return an object that was just read, or the one of its row that is known."""
        return self.adopt(mapper, [instance])[0]

    def adopt(self, mapper: Mapper[Any], objects: list[Any]) -> list[Any]:
        """Return objects that were just read, or in their places those that are known."""
        return self._map(mapper).adopt(objects)

    def changed(self) -> Iterator[DeclarativeBase]:
        """Yield the objects of which something was noted: they may have changed.

        Those of a class come in the order of their keys, so that transactions lock the rows in one order.
        """
        for known in self._known.values():
            yield from sorted(cast("list[DeclarativeBase]", known.changed()), key=_place)

    def has(self, instance: DeclarativeBase) -> bool:
        """Tell whether the object is the one of its row."""
        mapper = mapper_of(type(instance))
        if any(value_of(instance, key.attribute, MISSING) is MISSING for key in mapper.primary_key):
            return False
        return self.get(mapper.model, _stored_key(mapper, instance)) is instance

    def attach(self, instance: DeclarativeBase) -> None:
        """Keep an object of a row that is there. Raises UsageError where there is another one of the row."""
        mapper = mapper_of(type(instance))
        if self.get(mapper.model, _stored_key(mapper, instance)) is not None:
            raise UsageError(f"the session has another object of the row of {instance!r}: merge it")
        self.put(mapper, instance)


def _place(instance: DeclarativeBase) -> tuple[Any, ...]:  # Any: values that have an order
    """Return what objects of a class are sorted by: their keys, of which enumerations go by their names."""
    return tuple(map(_ordered, _stored_key(mapper_of(type(instance)), instance)))


def _ordered(part: object) -> object:
    if isinstance(part, Enum):
        return part.name
    return part if isinstance(part, ORDERED) else str(part)


def _stored_key(mapper: Mapper[Any], instance: DeclarativeBase) -> Key:
    """Return the key that an object's row has: what it was before it was changed."""
    return values_of(instance, mapper.primary_key, before=True)
