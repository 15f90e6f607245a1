"""The reference as an engine: plain classes, all of the language, and what a caller sees of their rows."""

from __future__ import annotations

from collections.abc import Hashable
from copy import copy
from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, Generic, TypeVar, cast, get_type_hints

from queryengine.ast import FilterAST, Step
from queryengine.engine import Capabilities
from queryengine.memory import MemoryQuery, MemoryQueryResult, evaluate, matches
from queryengine.model_schema import read_schema
from queryengine.schema import ModelSchema, Relation
from queryengine.testing.world import Details, Inner

__all__ = ["ReferenceEngine", "narrowed", "reference_schema", "shown"]

T = TypeVar("T")

EVERYTHING: Final = Capabilities(backend="reference")


class ReferenceEngine(Generic[T]):
    """An engine that refuses nothing, over rows that are plain objects: it says what a filter means.

    It differs from `MemoryQueryEngine` in that related objects are rows of their own, as they are in a
    database, so that `include` may name them. `capabilities` and `schema` may be narrower.

    >>> from queryengine.testing.world import Thing
    >>> ReferenceEngine(Thing).schema.relations["owner"].embedded
    False
    """

    def __init__(
        self,
        model: type[T],
        capabilities: Capabilities = EVERYTHING,
        schema: ModelSchema[T] | None = None,
    ) -> None:
        self._model = model
        self._capabilities = capabilities
        self._schema = schema or reference_schema(model)

    @property
    def model(self) -> type[T]:
        """The class whose objects are the rows."""
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        """The class as filters see it."""
        return self._schema

    @property
    def capabilities(self) -> Capabilities:
        """All of the language, unless it was made with less."""
        return self._capabilities

    def build_query(self, ast: FilterAST) -> MemoryQueryResult[T]:
        """Return the filter as a query over objects."""
        return MemoryQueryResult(MemoryQuery[T](ast, self.schema), ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> MemoryQueryResult[T]:
        """Return the same as `build_query`."""
        return self.build_query(ast)


def reference_schema(model: type[T]) -> ModelSchema[T]:
    """Return the schema of a class of the world, in which only documents are embedded."""
    schema: ModelSchema[T] = _schema(cast("Hashable", model))
    return schema


@lru_cache(maxsize=64)
def _schema(model: Any) -> ModelSchema[Any]:  # Any: the cache keeps the schemas of all classes
    schema = read_schema(model)
    hints = get_type_hints(model)
    # The reader takes any JSON for nullable; a row of the world has null only where its class says so.
    fields = {
        name: replace(field, nullable=False) if hints.get(name) is object else field
        for name, field in schema.fields.items()
    }
    relations = {name: _relation(relation) for name, relation in schema.relations.items()}
    return replace(
        schema,
        fields=MappingProxyType(fields),
        relations=MappingProxyType(relations),
        primary_key=tuple(fields[field.name] for field in schema.primary_key),
    )


def _relation(relation: Relation) -> Relation:
    model = relation.target.model
    embedded = issubclass(model, (Details, Inner))
    return replace(relation, load=lambda: reference_schema(model), embedded=embedded)


# -- what a row shows


def shown(ast: FilterAST, row: object) -> dict[str, object] | None:
    """Return what a caller sees of a row, with related rows as far as they exist for the caller.

    None where the filter has no projection.
    """
    return None if ast.projection is None else ast.projection.model_validate(narrowed(ast, row)).model_dump()


def narrowed(ast: FilterAST, row: object) -> object:
    """Return a copy of a row with those related rows that its scopes and the filters of includes leave."""
    narrow = copy(row)
    included = {include.path.names[0] for include in ast.include}
    for path in ast.fields or ():
        if path.steps and path.names[0] not in included:
            _keep(narrow, path.steps[0], None)
    for include in ast.include:
        _keep(narrow, include.path.steps[0], include.filter)
    return narrow


def _keep(row: object, step: Step, ast: FilterAST | None) -> None:
    """Leave those related rows that are in scope, and that a filter gives; they are narrowed in turn."""
    name = step.relation.name
    related: object = getattr(row, name)
    rows = (
        cast("list[object]", related) if isinstance(related, list) else [] if related is None else [related]
    )
    rows = [other for other in rows if matches(step.scope, other)]
    kept = rows if ast is None else [narrowed(ast, other) for other in evaluate(ast, rows)]
    setattr(row, name, kept if step.relation.many else kept[0] if kept else None)
