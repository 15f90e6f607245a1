"""Rows of the kit's world: random ones, made from a seed, and what items are as plain objects."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final, TypeAlias, cast

from queryengine.schema import Field, python_type
from queryengine.testing.reference import reference_schema
from queryengine.testing.samples import LETTERS, pools
from queryengine.testing.world import LINK, Details, Inner, Item, Record, World

__all__ = ["Objects", "consistent", "make_items", "make_objects", "plain"]

Objects: TypeAlias = Mapping[str, Sequence[object]]
"""The rows of each entity as plain objects, in the order of the items."""

FieldsOf: TypeAlias = Callable[[str], Sequence[Mapping[str, Field]]]
"""The fields that each back-end has of an entity: rows lie in what all of them hold exactly."""

LINKED: Final = 30
NULL_SHARE: Final = 0.25


# -- random rows


def make_items(world: World, seed: int, entities: Sequence[str], fields_of: FieldsOf) -> list[Item]:
    """Make the rows of these entities; the same seed and fields give the same rows."""
    choose = random.Random(seed)  # noqa: S311  # the same numbers for the same seed is what is wanted
    keys: dict[str, list[int]] = {}
    items: list[Item] = []
    for entity in entities:
        keys[entity] = choose.sample(range(1, 200), world.counts[entity])
        values = pools(_columns(world, entity), choose, fields_of(entity))
        for key in keys[entity]:
            record = {name: _stored(choose.choice(pool)) for name, pool in values.items()}
            items.append(Item(entity, record | _special(world, entity, key, choose)))
    items = [_referring(world, item, keys, choose) for item in items]
    if "Label" in keys:
        pairs = [(thing, label) for thing in keys["Thing"] for label in keys["Label"]]
        linked = choose.sample(pairs, LINKED)
        items += [Item(LINK, {"thing_id": thing, "label_id": label}) for thing, label in linked]
    return items


def _stored(value: object) -> object:
    """Arrays are tuples in filters, and lists in rows."""
    return list(cast("tuple[object, ...]", value)) if isinstance(value, tuple) else value


def _columns(world: World, entity: str) -> Mapping[str, Field]:
    """The fields whose values are just any of their type: no keys, no references."""
    schema = reference_schema(world.models[entity])
    others = {*world.key_of(entity), *(each.attribute for each in world.references_of(entity))}
    return {name: field for name, field in schema.fields.items() if name not in others}


def _special(world: World, entity: str, key: int, choose: random.Random) -> Record:
    """The values that are not just any of their type: keys, codes, documents, mixed texts."""
    special: Record = {world.key_of(entity)[-1]: key}
    if entity == "Region":
        special["code"] = f"R{key % 10}{key}"
    elif entity == "Thing":
        special["details"] = choose.choice(world.documents)
    elif entity == "Phrase":
        mixed = ["".join(choose.choices(LETTERS, k=choose.randrange(1, 5))) for _ in range(2)]
        names = choose.choice([(), ("text",), ("text", "note")])
        special |= dict(zip(names, mixed, strict=False))
    return special


def _referring(world: World, item: Item, keys: Mapping[str, Sequence[int]], choose: random.Random) -> Item:
    values = dict(item.values)
    for reference in world.references_of(item.entity):
        missing = reference.nullable and choose.random() < NULL_SHARE
        known = [*keys[reference.target], 0] if reference.dangling else keys[reference.target]
        chosen = choose.choice(known)
        found = chosen if reference.key == "id" else f"R{chosen % 10}{chosen}"
        values[reference.attribute] = None if missing else found
    return replace(item, values=values)


def consistent(world: World, items: Iterable[Item]) -> list[Item]:
    """Mend what refers to rows that are not among the items: a null, or the row goes too."""
    left = list(items)
    while True:
        keys = {(item.entity, item.values["id"]) for item in left if "id" in item.values}
        mended = [fixed for item in left if (fixed := _mended(world, item, keys)) is not None]
        if mended == left:
            return left
        left = mended


def _mended(world: World, item: Item, keys: AbstractSet[tuple[str, object]]) -> Item | None:
    values = dict(item.values)
    for reference in world.references_of(item.entity):
        key = values[reference.attribute]
        if key is not None and not reference.dangling and (reference.target, key) not in keys:
            if not reference.nullable:
                return None
            values[reference.attribute] = None
    return item if values == item.values else replace(item, values=values)


# -- plain objects


def make_objects(world: World, items: Sequence[Item]) -> Objects:
    """Return the rows as plain objects that refer to one another."""
    made = [(item, plain(world, item)) for item in items if item.entity != LINK]
    objects: dict[str, list[object]] = {entity: [] for entity in world.models}
    for item, row in made:
        objects[item.entity].append(row)
    for item, row in made:
        for reference in world.references_of(item.entity):
            others = objects[reference.target]
            other = _find(others, reference.key, item.values.get(reference.attribute))
            setattr(row, reference.name, other)
            if reference.back is not None and other is not None:
                _many(other, reference.back).append(row)
    for item in items:
        if item.entity == LINK:
            thing = _find(objects["Thing"], "id", item.values["thing_id"])
            label = _find(objects["Label"], "id", item.values["label_id"])
            _many(thing, "labels").append(label)
            _many(label, "things").append(thing)
    return objects


def _find(rows: Sequence[object], name: str, value: object) -> object:
    return None if value is None else next((row for row in rows if getattr(row, name) == value), None)


def _many(row: object, name: str) -> list[object]:
    return cast("list[object]", getattr(row, name))


def plain(world: World, item: Item) -> object:
    """Return one row as a plain object, without related rows; what the item lacks is null."""
    model = world.models[item.entity]
    schema = reference_schema(model)
    relations = schema.relations
    values: Record = {name: list[object]() if each.many else None for name, each in relations.items()}
    values |= dict.fromkeys(schema.fields) | item.values
    if "details" in relations:
        values["details"] = _document(Details, item.values.get("details"))
    return model(**values)


def _document(model: type[Details | Inner], value: object) -> Details | Inner | None:
    """Return a document as its class declares it: what is missing or of another type is null."""
    if not isinstance(value, dict):
        return None
    document = cast("dict[str, object]", value)
    schema = reference_schema(model)
    members = {
        name: _member(document.get(name), python_type(field.type)) for name, field in schema.fields.items()
    }
    if model is Details:
        members["inner"] = _document(Inner, document.get("inner"))
    return model(**members)


def _member(value: object, kind: type[object]) -> Any:  # Any: of the kind that the class declares
    if kind is float and type(value) is int:
        return float(value)
    return value if type(value) is kind else None
