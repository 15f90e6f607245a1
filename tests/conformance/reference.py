"""The reference evaluator as a back-end that can be made wrong, for the tests of the kit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from queryengine.ast import FilterAST
from queryengine.engine import Capabilities
from queryengine.memory import evaluate
from queryengine.schema import Field, ModelSchema
from queryengine.testing import WORLD, Adapter, Item, ReferenceEngine, Stage
from queryengine.testing.reference import narrowed, reference_schema
from queryengine.testing.rows import Objects, make_objects
from queryengine.testing.world import Row

__all__ = ["Reference", "changed", "stage_of"]

Answer = Callable[[FilterAST, Sequence[object]], Sequence[object]]


@dataclass
class Reference:
    """A back-end over objects; `answer` says how it evaluates filters, `schemas` where it differs."""

    name: str = "reference"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(backend="reference"))
    absent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    schemas: Mapping[str, ModelSchema[object]] = field(default_factory=lambda: MappingProxyType({}))
    answer: Answer = evaluate
    objects: Objects = field(default_factory=lambda: MappingProxyType({}))
    loaded: Sequence[Item] = ()

    def load(self, items: Sequence[Item]) -> None:
        self.loaded = items
        self.objects = make_objects(WORLD, items)

    def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        rows = self.answer(ast, self.objects[entity])
        return [narrowed(ast, row) if isinstance(row, Row) else row for row in rows]

    def adapter(self) -> Adapter:
        engines = {
            name: ReferenceEngine(model, self.capabilities, self.schemas.get(name))
            for name, model in WORLD.models.items()
            if name not in self.absent
        }
        return Adapter(name=self.name, engines=engines, load=self.load, run=self.run, absent=self.absent)

    def adapter_of_coroutines(self) -> Adapter:
        """Return the same with functions that have to be awaited."""

        async def load(items: Sequence[Item]) -> None:
            self.load(items)

        def run(entity: str, ast: FilterAST) -> Awaitable[Sequence[object]]:
            async def later() -> Sequence[object]:
                return self.run(entity, ast)

            return later()

        return replace(self.adapter(), load=load, run=run)


@contextmanager
def stage_of(adapter: Adapter) -> Generator[Stage]:
    """Give the stage of an adapter."""
    with asyncio.Runner() as runner:
        yield Stage(adapter, runner)


def changed(entity: str, name: str, change: Callable[[Field], Field]) -> Mapping[str, ModelSchema[object]]:
    """Return the schema of an entity, in which one field is another."""
    schema = reference_schema(WORLD.models[entity])
    fields = MappingProxyType(dict(schema.fields) | {name: change(schema.fields[name])})
    return {entity: replace(schema, fields=fields)}
