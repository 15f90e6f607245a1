"""Holds declarations to be honest: what is absent is, all else is there, and each gap has its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from queryengine.ast import Quantifier
from queryengine.engine import FULL, Capabilities
from queryengine.operators import SORTABLE
from queryengine.schema import ArrayType, Field, Relation
from queryengine.testing.adapter import Adapter
from queryengine.testing.declared import Declared
from queryengine.testing.needs import FEATURES
from queryengine.testing.reference import reference_schema
from queryengine.testing.world import REFERENCES, WORLD, Details, Inner

__all__ = ["model_differences", "unexplained_gaps"]

NESTED: Mapping[str, str] = {"Details": "Thing.details", "Inner": "Details.inner"}


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
            if entity not in adapter.absent and NESTED.get(entity) not in adapter.absent:
                yield f"{entity} has no engine, or no schema"
            continue
        for name, member in members.items():
            found = own.fields.get(name) or own.relations.get(name)
            yield from _difference(adapter, f"{entity}.{name}", member, found)
    yield from (
        f"{name} is declared absent, and is nothing of the world" for name in adapter.absent.keys() - known
    )


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
    """Yield the gaps for which no reason is declared."""
    yield from (f"{name} is absent" for name, reason in adapter.absent.items() if not reason)
    for entity, engine in adapter.engines.items():
        yield from (f"{entity}: {gap}" for gap in _unexplained(engine.capabilities))


def _unexplained(able: Capabilities) -> Iterator[str]:
    for kind, words in FULL.items():
        lacking = (word for word in sorted(words) if not able.can(word, kind))
        yield from (f"{word} on {kind} fields" for word in lacking if able.note(word, kind) is None)
    yield from (
        f"order by {kind} fields"
        for kind in sorted(SORTABLE - able.sortable)
        if able.note(f"{kind}:order") is None
    )
    features = [
        word for word in FEATURES if not getattr(able, word) and (word != "include_window" or able.include)
    ]
    missing = [*features, *(each.value for each in Quantifier if each not in able.quantifiers)]
    yield from (word for word in missing if able.note(word) is None)
