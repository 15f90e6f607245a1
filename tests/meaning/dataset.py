"""Random rows for the models, made from a seed, and the same rows as plain objects with their relations."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Final, TypeAlias, cast, get_type_hints

from sqlalchemy import Column, Table
from sqlalchemy import inspect as inspect_model
from sqlalchemy.orm import Mapper

from queryengine.schema import Field, ModelSchema
from queryengine.testing.samples import LETTERS, Sample, pools
from tests.meaning.models import Bag, Details, Inner, Label, Maker, Part, Phrase, Region, Thing, thing_labels

__all__ = [
    "Item",
    "Mirror",
    "Mirrors",
    "consistent",
    "make_items",
    "mirror",
    "plain",
    "seen_values",
]

Record: TypeAlias = dict[str, Sample]
"""The values of a row by attribute name."""

SchemaOf: TypeAlias = Callable[[type[object]], ModelSchema[object]]
"""Gives a model's schema, which knows what its columns hold exactly."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row of a model, or of the table between two."""

    model: type[object] | Table
    values: Record


COUNTS: Final[Mapping[type[object], int]] = {
    Region: 5,
    Maker: 5,
    Label: 6,
    Thing: 24,
    Part: 30,
    Bag: 30,
    Phrase: 40,
}
LINKS: Final = 30
NULL_SHARE: Final = 0.25

# Which attributes refer to which rows, and whether a row can be without.
REFERENCES: Final[Mapping[type[object] | Table, Mapping[str, tuple[type[object], bool]]]] = {
    Region: {"parent_id": (Region, True)},
    Maker: {"region_id": (Region, True)},
    Label: {},
    Thing: {"owner_id": (Maker, False), "maker_id": (Maker, True), "parent_id": (Thing, True)},
    Part: {"thing_id": (Thing, False), "maker_id": (Maker, True)},
    thing_labels: {"thing_id": (Thing, False), "label_id": (Label, False)},
    Bag: {},
    Phrase: {},
}

# What a JSON column with declared members may hold: the declared, the missing, the wrong.
DETAILS: Final[Sequence[object]] = (
    *(None, {}, [], "text", 5, {"width": 1}, {"width": None}, {"width": "1"}, {"width": True}, {"width": -1}),
    {"width": 2, "label": "a", "ratio": 0.5, "on": True, "inner": {"code": "x", "level": 1}},
    {"width": 3, "label": "É", "ratio": -1.5, "on": False, "inner": {"code": "X", "level": 2}},
    {"width": 2, "label": "A", "ratio": 2, "on": None, "inner": {}},
    {"label": 'quo"te', "ratio": 0.1, "on": 1, "inner": None},
    {"label": ["a"], "ratio": "0.1", "on": "true", "inner": []},
    {"label": "\u212a", "ratio": True, "inner": {"code": "", "level": "2"}},
    {"label": "", "ratio": 1e22, "inner": {"code": None, "level": -(2**31)}},
)


# -- rows


def make_items(seed: int, models: Sequence[type[object]], schema_of: SchemaOf) -> list[Item]:
    """Make the rows of these models; the same seed and schemas give the same rows."""
    choose = random.Random(seed)
    keys: dict[type[object], list[int]] = {}
    items: list[Item] = []
    for model in models:
        keys[model] = choose.sample(range(1, 200), COUNTS[model])
        fields = {name: field for name, field in schema_of(model).fields.items() if _is_column(model, name)}
        values = pools(fields, choose)
        for key in keys[model]:
            record = {name: choose.choice(pool) for name, pool in values.items()}
            items.append(Item(model, record | _special(model, key, choose)))
    items = [_referring(item, keys, choose) for item in items]
    if Label in keys:
        pairs = [(thing, label) for thing in keys[Thing] for label in keys[Label]]
        linked = choose.sample(pairs, LINKS)
        items += [Item(thing_labels, {"thing_id": thing, "label_id": label}) for thing, label in linked]
    return items


def _is_column(model: type[object], name: str) -> bool:
    mapper = cast("Mapper[object]", inspect_model(model))
    return name in mapper.column_attrs and isinstance(mapper.column_attrs[name].columns[0], Column)


def _special(model: type[object], key: int, choose: random.Random) -> Record:
    """The values that are not just any of their type: keys, codes, documents."""
    if model is Part:
        return {"number": key}
    if model is Region:
        return {"id": key, "code": f"R{key % 10}{key}"}
    if model is Thing:
        return {"id": key, "details": choose.choice(DETAILS), "region_code": None}
    if model is Phrase:
        mixed = ["".join(choose.choices(LETTERS, k=choose.randrange(1, 5))) for _ in range(2)]
        names = choose.choice([(), ("text",), ("text", "note")])
        return {"id": key, **dict(zip(names, mixed, strict=False))}
    return {"id": key}


def _referring(item: Item, keys: Mapping[type[object], Sequence[int]], choose: random.Random) -> Item:
    """Let a row refer to others, and a thing now and then to a region that is not there."""
    values = dict(item.values)
    for name, (target, nullable) in REFERENCES[item.model].items():
        missing = nullable and choose.random() < NULL_SHARE
        values[name] = None if missing else choose.choice(keys[target])
    if item.model is Thing and choose.random() > NULL_SHARE:
        key = choose.choice([*keys[Region], 0])
        values["region_code"] = f"R{key % 10}{key}"
    return replace(item, values=values)


def consistent(items: Iterable[Item]) -> list[Item]:
    """Mend what refers to rows that are not among the items: a null, or the row goes too."""
    left = list(items)
    while True:
        keys: set[tuple[object, Sample]] = {
            (item.model, item.values["id"]) for item in left if "id" in item.values
        }
        mended = [fixed for item in left if (fixed := _mended(item, keys)) is not None]
        if mended == left:
            return left
        left = mended


def _mended(item: Item, keys: AbstractSet[tuple[object, Sample]]) -> Item | None:
    values = dict(item.values)
    for name, (target, nullable) in REFERENCES[item.model].items():
        if values[name] is not None and (target, values[name]) not in keys:
            if not nullable:
                return None
            values[name] = None
    return item if values == item.values else replace(item, values=values)


# -- plain objects


class Mirror:
    """A row as a plain object: its values by attribute name, and its related rows."""

    def __init__(self, key: tuple[Sample, ...], values: Record) -> None:
        self.__dict__.update(values)
        self.key = key

    def __repr__(self) -> str:
        return repr(self.key)

    def link(self, **related: Mirror | list[Mirror] | None) -> None:
        """Set related rows."""
        self.__dict__.update(related)

    def value(self, name: str) -> Sample:
        """Return a value by its name."""
        return cast("Sample", self.__dict__[name])


Mirrors: TypeAlias = Mapping[type[object], Sequence[Mirror]]
"""The rows of each model."""


def mirror(items: Sequence[Item]) -> Mirrors:
    """Return the rows as plain objects that refer to one another."""
    rows = {model: [plain(item) for item in items if item.model is model] for model in COUNTS}
    regions = {row.value("id"): row for row in rows[Region]}
    codes = {row.value("code"): row for row in rows[Region]}
    makers = {row.value("id"): row for row in rows[Maker]}
    things = {row.value("id"): row for row in rows[Thing]}
    labels = {row.value("id"): row for row in rows[Label]}
    links = [
        (item.values["thing_id"], item.values["label_id"]) for item in items if item.model is thing_labels
    ]
    for region in rows[Region]:
        region.link(parent=regions.get(region.value("parent_id")))
    for maker in rows[Maker]:
        made = [row for row in rows[Thing] if row.value("maker_id") == maker.value("id")]
        maker.link(region=regions.get(maker.value("region_id")), things=made)
    for label in rows[Label]:
        label.link(things=[things[thing] for thing, other in links if other == label.value("id")])
    for part in rows[Part]:
        part.link(thing=things[part.value("thing_id")], maker=makers.get(part.value("maker_id")))
    for thing in rows[Thing]:
        thing.link(
            owner=makers[thing.value("owner_id")],
            maker=makers.get(thing.value("maker_id")),
            parent=things.get(thing.value("parent_id")),
            region=codes.get(thing.value("region_code")),
            children=[row for row in rows[Thing] if row.value("parent_id") == thing.value("id")],
            parts=[row for row in rows[Part] if row.value("thing_id") == thing.value("id")],
            labels=[labels[label] for other, label in links if other == thing.value("id")],
        )
    return rows


def plain(item: Item) -> Mirror:
    """Return one row as a plain object, with what the database computes, without related rows."""
    values = item.values
    if item.model is Part:
        return Mirror((values["thing_id"], values["number"]), values)
    if item.model is Thing:
        share = cast("float | None", values["share"])
        computed = {
            "details": _declared(values["details"], Details),
            "noted": values["note"] is not None,
            "half": None if share is None else share / 2,
        }
        return Mirror((values["id"],), values | computed)
    return Mirror((values["id"],), values)


def _declared(value: object, declared: type[object]) -> Record | None:
    """Return a document as its class declares it: what is missing or of another type is null."""
    if not isinstance(value, dict):
        return None
    document = cast("dict[str, object]", value)
    return {name: _member(document.get(name), kind) for name, kind in get_type_hints(declared).items()}


def _member(value: object, kind: type[object]) -> object:
    if kind is Inner:
        return _declared(value, Inner)
    if kind is float and type(value) is int:
        return float(value)
    return value if type(value) is kind else None


def seen_values(mirrors: Mirrors, schema_of: SchemaOf) -> Mapping[Field, Sequence[Sample]]:
    """Return the values that each field has in the rows."""
    return dict(_seen(mirrors, schema_of))


def _seen(mirrors: Mirrors, schema_of: SchemaOf) -> Iterator[tuple[Field, Sequence[Sample]]]:
    for model, rows in mirrors.items():
        if rows:
            for name, field in schema_of(model).fields.items():
                yield field, [row.value(name) for row in rows]
