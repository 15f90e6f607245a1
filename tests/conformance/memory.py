"""The kit's adapter for objects in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Sequence
from contextlib import contextmanager

import pytest

from queryengine.aggregates import AggregateAST
from queryengine.ast import FilterAST
from queryengine.memory import MemoryQueryEngine
from queryengine.pages import Page, Total
from queryengine.testing import WORLD, Adapter, Aggregate, Item
from queryengine.testing.rows import Objects, make_objects

__all__ = ["in_memory"]


class Memory:
    """The rows as objects of the world's own classes."""

    def __init__(self) -> None:
        self.engines = {name: MemoryQueryEngine(model) for name, model in WORLD.models.items()}
        self._objects: Objects = {}

    def load(self, items: Sequence[Item]) -> None:
        """Replace all objects by these."""
        self._objects = make_objects(WORLD, items)

    def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the objects that a filter gives."""
        return self.engines[entity].build_query(ast).query.all(self._objects[entity])

    def page(self, entity: str, ast: FilterAST, total: Total) -> Page[object]:
        """Return a page of them."""
        return self.engines[entity].build_query(ast).query.page(self._objects[entity], total=total)

    def aggregate(self, entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
        """Return the groups that an aggregate gives."""
        return self.engines[entity].build_aggregate(ast).all(self._objects[entity])


@contextmanager
def in_memory(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter."""
    del request, runner
    memory = Memory()
    yield Adapter(
        name="memory",
        engines=memory.engines,
        load=memory.load,
        run=memory.run,
        page=memory.page,
        aggregate=Aggregate(engines=memory.engines, run=memory.aggregate),
    )
