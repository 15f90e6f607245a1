"""An order as MongoDB's `$sort`, whose nulls are the smallest value. Knows paths by way of the compiler."""

from __future__ import annotations

from functools import cached_property
from typing import Final

from beanie.odm.enums import SortDirection

from queryengine.ast import Nulls, OrderKey
from queryengine_beanie.compiler import ConditionCompiler
from queryengine_beanie.lookups import Condition, Place, Stage
from queryengine_beanie.schema import RESERVED

__all__ = ["Order"]

ASCENDING: Final = 1
DESCENDING: Final = -1


class Order:
    """The keys of an order; `computed` are those that documents do not have: whether a value is null."""

    def __init__(self, compiler: ConditionCompiler, place: Place) -> None:
        self._compiler = compiler
        self._place = place
        self.paths: list[str] = []
        """where the value of each key stands"""
        self.keys: dict[str, int] = {}
        self.computed: Condition = {}

    def add(self, key: OrderKey) -> None:
        """Add a key. Null is MongoDB's smallest value; to be the largest it has a computed key before it."""
        path = self._compiler.stored(key.path, self._place, negated=False).path
        self.paths.append(path)
        direction = DESCENDING if key.descending else ASCENDING
        if key.nulls is (Nulls.FIRST if key.descending else Nulls.LAST):
            name = f"{RESERVED}null{len(self.computed)}"
            self.computed[name] = {"$lte": [f"${path}", None]}
            self.keys.setdefault(name, direction)
        self.keys.setdefault(path, direction)

    @cached_property
    def directions(self) -> list[tuple[str, SortDirection]]:
        """The keys as Beanie has them."""
        return [(path, SortDirection(direction)) for path, direction in self.keys.items()]

    def stages(self) -> list[Stage]:
        """Return the stages that sort."""
        stages: list[Stage] = [{"$addFields": self.computed}] if self.computed else []
        return [*stages, {"$sort": self.keys}] if self.keys else stages
