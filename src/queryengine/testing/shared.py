"""What several back-ends have in common: the members that all have, the values that all hold, no gap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from queryengine.ast import Op, Quantifier
from queryengine.engine import FULL, Capabilities
from queryengine.operators import SORTABLE
from queryengine.schema import Field, FieldType, ModelSchema, Relation, TypeKind
from queryengine.testing.adapter import Adapter
from queryengine.testing.declared import Declared
from queryengine.testing.needs import FEATURES
from queryengine.testing.reference import reference_schema
from queryengine.testing.samples import holds, samples
from queryengine.testing.world import REFERENCES

__all__ = ["Shared", "narrowest"]


class Shared:
    """The world as all of some adapters have it; without an adapter it is the whole world.

    The attributes of references are left out of both, as not every model has them.
    """

    def __init__(self, adapters: Sequence[Adapter]) -> None:
        self._adapters = adapters
        self._declared = [Declared(adapter) for adapter in adapters]
        self._schemas: dict[str, ModelSchema[object]] = {}

    @property
    def capabilities(self) -> Capabilities:
        """What all of the back-ends can do."""
        able = [engine.capabilities for adapter in self._adapters for engine in adapter.engines.values()]
        operators = {
            kind: FULL[kind].intersection(*(_words(each, kind) for each in able)) for kind in TypeKind
        }
        features = {feature: all(getattr(each, feature) for each in able) for feature in FEATURES}
        changes: Any = features  # Any: each is the flag of that name
        return Capabilities(
            backend="shared",
            operators=MappingProxyType(operators),
            sortable=SORTABLE.intersection(*(each.sortable for each in able)),
            quantifiers=frozenset(Quantifier).intersection(*(each.quantifiers for each in able)),
            unescaped=frozenset[Op]().union(*(each.unescaped for each in able)),
            **changes,
        )

    def has(self, place: str) -> bool:
        """Tell whether all of the back-ends have an entity, or a member of one."""
        return not any(place in adapter.absent for adapter in self._adapters)

    def schema(self, model: type[object]) -> ModelSchema[object]:
        """Return the schema of a class of the world, always the same one."""
        world = reference_schema(model)
        if world.name not in self._schemas:
            fields = {
                name: self._field(world.name, field)
                for name, field in world.fields.items()
                if name not in REFERENCES and self.has(f"{world.name}.{name}")
            }
            relations = {
                name: self._relation(world.name, relation)
                for name, relation in world.relations.items()
                if self.has(f"{world.name}.{name}") and self.has(relation.target.name)
            }
            self._schemas[world.name] = replace(
                world,
                fields=MappingProxyType(fields),
                relations=MappingProxyType(relations),
                primary_key=tuple(fields[field.name] for field in world.primary_key),
            )
        return self._schemas[world.name]

    def _field(self, entity: str, field: Field) -> Field:
        found = [
            each for declared in self._declared if (each := declared.field(entity, field.name)) is not None
        ]
        gaps = [each.gap for each in found if each.gap is not None]
        nullable = field.nullable or any(each.nullable for each in found)
        type_ = narrowest([field.type, *(each.type for each in found)])
        return replace(field, type=type_, nullable=nullable, gap=gaps[0] if gaps else None)

    def _relation(self, entity: str, relation: Relation) -> Relation:
        schemas = [declared.schemas[entity] for declared in self._declared if entity in declared.schemas]
        found = [schema.relations[relation.name] for schema in schemas]
        gaps = [each.gap for each in found if each.gap is not None]
        nullable = relation.nullable or any(each.nullable for each in found)
        load = partial(self.schema, relation.target.model)
        return replace(relation, load=load, nullable=nullable, gap=gaps[0] if gaps else None)


def _words(able: Capabilities, kind: TypeKind) -> frozenset[str]:
    return able.operators.get(kind, frozenset())


def narrowest(types: Sequence[FieldType]) -> FieldType:
    """Return the type whose values most of the others hold too; of equals the first.

    >>> from queryengine.schema import IntegerType
    >>> narrowest([IntegerType(), IntegerType(-9, 9)])
    IntegerType(minimum=-9, maximum=9)
    """
    return min(
        types, key=lambda one: sum(not holds(other, value) for other in types for value in samples(one))
    )
