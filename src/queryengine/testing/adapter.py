"""A back-end under test: what its author gives the kit, and the stage on which the kit's tests use it."""

from __future__ import annotations

import asyncio
import enum
from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from inspect import isawaitable
from types import MappingProxyType
from typing import Any, Final, TypeAlias, TypeVar, cast

from queryengine.aggregates import AggregateAST, AggregateEngine
from queryengine.ast import FilterAST, Value
from queryengine.config import QueryConfig
from queryengine.engine import Engine
from queryengine.limits import Limits
from queryengine.memory import value_at
from queryengine.pages import Page, Total, make_page, page_size
from queryengine.policy import SecurityPolicy
from queryengine.process import Processor
from queryengine.schema import ArrayType, EnumType, Field, ModelSchema
from queryengine.testing.differential import Differential
from queryengine.testing.reference import reference_schema
from queryengine.testing.rows import Objects, make_objects, plain
from queryengine.testing.strategies import Ground
from queryengine.testing.world import LINK, REFERENCES, WORLD, Item, World

__all__ = [
    "POLICY",
    "Adapter",
    "Aggregate",
    "Engines",
    "FetchPage",
    "Load",
    "Run",
    "RunAggregate",
    "Stage",
    "sample_of",
    "value_of",
]

V = TypeVar("V")

Engines: TypeAlias = Mapping[str, Engine[object, object]]
"""The engine of each entity, by the entity's name; always the same engine object."""

Load: TypeAlias = Callable[[Sequence[Item]], Awaitable[None] | None]
"""Replaces all rows by these."""

Run: TypeAlias = Callable[[str, FilterAST], Awaitable[Sequence[object]] | Sequence[object]]
"""Builds and runs the query of a bound filter over an entity, and returns its rows in order.

The rows are what a handler has in hands before `projection_model.model_validate(row)`: the back-end's own
objects, or mappings; each as often as the query gives it.
"""

# Any: a page of one class of rows is no page of another.
FetchPage: TypeAlias = Callable[[str, FilterAST, Total], Awaitable[Page[Any]] | Page[Any]]
"""Fetches one page of what a bound filter over an entity gives, with its total, as a handler would."""

RunAggregate: TypeAlias = Callable[
    [str, AggregateAST], Awaitable[Sequence[Sequence[object]]] | Sequence[Sequence[object]]
]
"""Builds and runs the query of a bound aggregate over an entity, and returns a tuple for each group."""

# Random filters are deep; limits are for strangers, and have tests of their own.
LIMITS: Final = Limits(
    max_depth=100,
    max_conditions=1_000,
    max_relation_depth=100,
    max_relation_steps=1_000,
    max_include_depth=4,
    max_url_bytes=1_000_000,
    default_limit=1_000,
)
POLICY: Final = SecurityPolicy(relations=True, regex=True, limits=LIMITS)
"""The policy of the kit's filters: all fields and relations."""
CONFIG: Final = QueryConfig(cursor_secret="a secret of the tests")  # noqa: S106  # guards nothing


@dataclass(frozen=True, kw_only=True)
class Aggregate:
    """What the author of a back-end with aggregates gives too: the same engines, and how to ask."""

    engines: Mapping[str, AggregateEngine[object]]
    run: RunAggregate


@dataclass(frozen=True, kw_only=True)
class Adapter:
    """What the author of a back-end gives the kit.

    `absent` says which entities, fields and relations the back-end's models do not have, and why:
    `{"Thing.clock": "BSON has no time of day", "Bag": "there are no arrays"}`. Items come without them.
    `load` and `run` may be plain functions or coroutine functions: the kit has one event loop for all calls.
    `page` is for a back-end that fetches pages itself; without it the kit makes pages of what `run` gives.
    """

    name: str
    engines: Engines
    load: Load
    run: Run
    absent: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    world: World = WORLD
    page: FetchPage | None = None
    aggregate: Aggregate | None = None
    """for a back-end that has aggregates"""


class Stage:
    """An adapter with rows in it: asks it, and compares it with the reference."""

    def __init__(self, adapter: Adapter, runner: asyncio.Runner) -> None:
        self.adapter = adapter
        self.world: World = adapter.world
        self.entities: tuple[str, ...] = tuple(
            name for name in self.world.models if name not in adapter.absent
        )
        self.items: Sequence[Item] = ()
        self.objects: Objects = {}
        self._runner = runner
        self._processors: dict[str, Processor] = {}

    @cached_property
    def left_out(self) -> frozenset[str]:
        """The names that not all rows have: the attributes of references, what is absent, what is more."""
        schemas = [engine.schema for engine in self.adapter.engines.values()]
        own = {name for schema in schemas for name in (*schema.fields, *schema.relations)}
        absent = {name.partition(".")[2] for name in self.adapter.absent}
        return REFERENCES | absent | (own - _names())

    # -- rows

    def store(self, items: Sequence[Item]) -> None:
        """Replace all rows by these; what the back-end does not have is left out."""
        self.items = items
        self.objects = make_objects(self.world, items)
        for entity in self.entities:
            self._use_own_enums(entity, self.objects[entity])
        self.wait(self.adapter.load([self._present(item) for item in items if self._has(item)]))

    def plain(self, item: Item) -> object:
        """Return one row as a plain object, without related rows."""
        row = plain(self.world, item)
        self._use_own_enums(item.entity, [row])
        return row

    def rows(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the rows that the back-end gives for a filter, in its order."""
        return self.wait(self.adapter.run(entity, ast))

    def keys(self, entity: str, ast: FilterAST) -> list[Hashable]:
        """Return the primary keys of the rows that the back-end gives for a filter."""
        return [self.key(entity, row) for row in self.rows(entity, ast)]

    def page(self, entity: str, ast: FilterAST, total: Total = "exact") -> Page[object]:
        """Return the page that the back-end gives; where it has none, a page of its rows, without a total."""
        if self.adapter.page is not None:
            return self.wait(self.adapter.page(entity, ast, total))
        window = replace(ast.window, limit=page_size(ast) + 1)
        known = {self.key(entity, row): row for row in self.objects[entity]}
        rows: list[tuple[object, Sequence[Value]]] = []
        for row in self.rows(entity, replace(ast, window=window, shape=None, values=())):
            own = known[self.key(entity, row)]
            rows.append((row, [cast("Value", value_at(key.path, own)) for key in ast.order]))
        return make_page(ast, rows)

    def key(self, entity: str, row: object) -> Hashable:
        """Return the primary key of a row: its value, or a tuple where it has several fields."""
        values = [value_of(row, name) for name in self.world.key_of(entity)]
        return values[0] if len(values) == 1 else tuple(values)

    # -- filters

    def engine(self, entity: str) -> Engine[object, object]:
        """Return the engine of an entity."""
        return self.adapter.engines[entity]

    def processor(self, entity: str) -> Processor:
        """Return what binds filters over an entity, for callers who may see all fields and relations."""
        if entity not in self._processors:
            self._processors[entity] = Processor(self.engine(entity), policy=POLICY, config=CONFIG)
        return self._processors[entity]

    def differential(self, entity: str) -> Differential:
        """Return the comparison of the back-end's answers over an entity with the reference evaluator's."""
        return Differential(
            self.processor(entity),
            lambda ast: self.keys(entity, ast),
            self.objects[entity],
            lambda row: self.key(entity, row),
            lambda ast: self.rows(entity, ast),
        )

    def ground(self, entity: str) -> Ground:
        """Return what random filters over an entity are drawn for."""
        return Ground(self.processor(entity).view, self.engine(entity).capabilities, dict(self._seen(entity)))

    def schemas(self, entity: str) -> Mapping[str, ModelSchema[object]]:
        """Return the schemas of the entities that an entity's relations lead to, its own among them."""
        names = {id(engine.model): name for name, engine in self.adapter.engines.items()}
        found = {entity: self.engine(entity).schema}
        waiting = [self.engine(entity).schema]
        while waiting:
            for relation in waiting.pop().relations.values():
                name = None if relation.embedded else names[id(relation.target.model)]
                if name is not None and name not in found:
                    found[name] = relation.target
                    waiting.append(relation.target)
        return found

    def _seen(self, entity: str) -> Iterator[tuple[Field, Sequence[object]]]:
        for name, schema in self.schemas(entity).items():
            for each in schema.fields.values():
                yield each, [sample_of(each, getattr(row, each.name)) for row in self.objects[name]]

    # -- what the back-end has

    def _use_own_enums(self, entity: str, rows: Sequence[object]) -> None:
        """Give the reference's rows the members that filters of this back-end are bound to."""
        for each in self.engine(entity).schema.fields.values():
            if isinstance(each.type, EnumType):
                for row in rows:
                    setattr(row, each.name, sample_of(each, getattr(row, each.name)))

    def _has(self, item: Item) -> bool:
        if item.entity != LINK:
            return item.entity in self.entities
        return "Label" in self.entities and not {"Thing.labels", "Label.things"} <= self.adapter.absent.keys()

    def _present(self, item: Item) -> Item:
        absent = self.adapter.absent
        values = {name: value for name, value in item.values.items() if f"{item.entity}.{name}" not in absent}
        return Item(item.entity, values)

    def wait(self, result: Awaitable[V] | V) -> V:
        """Return a result, once it is there."""
        return self._runner.run(_awaited(result)) if isawaitable(result) else result


@cache
def _names() -> frozenset[str]:
    """The names of all members of the world."""
    schemas = [reference_schema(model) for model in WORLD.models.values()]
    return frozenset(name for schema in schemas for name in (*schema.fields, *schema.relations))


async def _awaited(result: Awaitable[V]) -> V:
    return await result


def value_of(row: object, name: str) -> object:
    """Return a value of a row, which is an object or a mapping."""
    return cast("Mapping[str, object]", row)[name] if isinstance(row, Mapping) else getattr(row, name)


def sample_of(field: Field, value: object) -> object:
    """Return a row's value as filters have it: arrays are tuples, enums the back-end's own."""
    match field.type:
        case ArrayType() if isinstance(value, list):
            return tuple(cast("list[object]", value))
        case EnumType() if isinstance(value, enum.Enum):
            return field.type.enum(value.value)
        case _:
            return value
