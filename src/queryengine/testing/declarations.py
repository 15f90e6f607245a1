"""Holds declarations to be honest: what is absent is, all else is there, and each gap has its reason."""

from __future__ import annotations

from collections.abc import Iterator

from queryengine.ast import Quantifier
from queryengine.engine import FULL, Capabilities
from queryengine.operators import SORTABLE
from queryengine.schema import ArrayType, Field, ModelSchema, Relation, TypeKind
from queryengine.testing.adapter import Adapter
from queryengine.testing.declared import NESTED, Declared
from queryengine.testing.needs import FEATURES, ORDER
from queryengine.testing.reference import reference_schema
from queryengine.testing.world import REFERENCES, WORLD, Details, Inner

__all__ = ["model_differences", "unexplained_gaps"]


def model_differences(adapter: Adapter) -> Iterator[str]:
    """Yield where a back-end's models are otherwise than the world, and are not declared to be."""
    declared = Declared(adapter)
    known: set[str] = set()
    models: dict[str, type[object]] = {**WORLD.models, "Details": Details, "Inner": Inner}
    for entity, model in models.items():
        world, own = reference_schema(model), declared.schemas.get(entity)
        members: dict[str, Field | Relation] = {**world.fields, **world.relations}
        known |= {entity, *(f"{entity}.{name}" for name in members)}
        if own is None:
            if not _is_absent(adapter, entity):
                yield f"{entity} has no engine, or no schema"
            continue
        for name, member in members.items():
            found = own.fields.get(name) or own.relations.get(name)
            yield from _difference(adapter, f"{entity}.{name}", member, found)
    yield from (
        f"{name} is declared absent, and is nothing of the world" for name in adapter.absent.keys() - known
    )


def _is_absent(adapter: Adapter, entity: str) -> bool:
    """Whether an entity is declared absent, or the document that it is, or what this one lies in."""
    places = [place for place, document in NESTED.items() if document == entity]
    within = [_is_absent(adapter, parent) or f"{parent}.{name}" in adapter.absent for parent, name in places]
    return entity in adapter.absent or any(within)


def _difference(
    adapter: Adapter, place: str, member: Field | Relation, found: Field | Relation | None
) -> Iterator[str]:
    if place in adapter.absent:
        if found is not None:
            yield f"{place} is declared absent, and is there"
        return
    if found is None:
        reached = isinstance(member, Field) or member.target.name not in adapter.absent
        if member.name not in REFERENCES and reached:
            yield f"{place} is not there"
        return
    if isinstance(found, Relation) and found.target is not found.target:
        yield f"{place} leads to another schema each time"
    if _shape(member) != _shape(found):
        yield f"{place} is {_shape(found)}, and should be {_shape(member)}"
    if member.nullable and not found.nullable:
        yield f"{place} may be null, and the schema says that it may not"


def _shape(member: Field | Relation) -> str:
    if isinstance(member, Relation):
        return "a relation to many" if member.many else "a relation to one"
    if isinstance(member.type, ArrayType):
        return f"an array of {member.type.element.kind}"
    return f"a field of kind {member.type.kind}"


def unexplained_gaps(adapter: Adapter) -> Iterator[str]:
    """Yield the gaps for which no reason is declared, in what the back-end's models have."""
    yield from (f"{name} is absent" for name, reason in adapter.absent.items() if not reason)
    for entity, schema in Declared(adapter).schemas.items():
        able = adapter.engines["Thing" if entity in NESTED.values() else entity].capabilities
        yield from (f"{entity}: {gap}" for gap in _unexplained(able, schema))


def _unexplained(able: Capabilities, schema: ModelSchema[object]) -> Iterator[str]:
    kinds = sorted({field.type.kind for field in schema.fields.values()})
    for kind in (*kinds, *([TypeKind.RELATION] if schema.relations else [])):
        lacking = (word for word in sorted(FULL[kind]) if not able.can(word, kind))
        yield from (f"{word} on {kind} fields" for word in lacking if able.note(word, kind) is None)
        if kind in SORTABLE - able.sortable and able.note(ORDER, kind) is None:
            yield f"order by {kind} fields"
    missing = [feature for feature in FEATURES if not getattr(able, feature)]
    if not schema.relations:
        missing = [feature for feature in missing if feature in ("nulls_order", "projection")]
    elif not able.include:
        missing = [feature for feature in missing if feature not in ("include_window", "include_missing")]
    if schema.relations:
        missing += [each.value for each in Quantifier if each not in able.quantifiers]
    yield from (word for word in missing if able.note(word) is None)
