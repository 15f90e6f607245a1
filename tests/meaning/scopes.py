"""Row scopes on plain objects: the world as a scope shows it, and other worlds that differ outside of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias, cast

from sqlalchemy import Table

from queryengine.memory import matches
from queryengine.parsed import Source
from queryengine.predicate import Predicate
from tests.meaning.databases import Database
from tests.meaning.dataset import Item, Mirror, Mirrors, Record, plain
from tests.meaning.models import Label, Maker, Part, Region, Thing

__all__ = ["Inside", "ModelScope", "changed_outside", "inside_of", "restricted"]

ModelScope: TypeAlias = Mapping[type[object], Predicate]
"""For each model which of its rows exist."""

Inside: TypeAlias = Callable[[type[object], Mirror], bool]


def inside_of(database: Database, scope: ModelScope) -> Inside:
    """Return the function that tells whether a row of a model is inside of the scope."""
    bound = {
        model: database.differential(model).processor.process(Source("{}"), scope={model: predicate}).scope
        for model, predicate in scope.items()
    }
    return lambda model, row: matches(bound.get(model), row)


def restricted(mirrors: Mirrors, inside: Inside) -> Mirrors:
    """Return the rows inside as if there were no others: related rows outside are gone from them."""
    kept = {model: [row for row in rows if inside(model, row)] for model, rows in mirrors.items()}
    copies = {id(row): Mirror(row.key, vars(row)) for rows in kept.values() for row in rows}
    for copy in copies.values():
        for name, value in vars(copy).items():
            if isinstance(value, Mirror):
                copy.link(**{name: copies.get(id(value))})
            elif isinstance(value, list):
                related = [row for row in cast("list[object]", value) if isinstance(row, Mirror)]
                if related:
                    copy.link(**{name: [copies[id(row)] for row in related if id(row) in copies]})
    return {model: [copies[id(row)] for row in rows] for model, rows in kept.items()}


def changed_outside(items: Sequence[Item], inside: Inside, choose: random.Random) -> list[Item]:
    """Return the rows with those outside changed, and others added to them that are outside too.

    `inside` may look at a row's own values only; the rows inside stay as they are.
    """
    changed: list[Item] = []
    for item in items:
        model = item.model
        if isinstance(model, Table) or inside(model, plain(item)):
            changed.append(item)
            continue
        donor = choose.choice([other for other in items if other.model is model])
        other = replace(item, values=donor.values | {name: item.values[name] for name in KEYS[model]})
        changed.append(item if inside(model, plain(other)) else other)
        added = replace(item, values=item.values | _new_key(item))
        changed += [] if inside(model, plain(added)) else [added]
    return changed


KEYS: Mapping[type[object], Sequence[str]] = {
    **dict.fromkeys([Maker, Label, Thing], ("id",)),
    Region: ("id", "code"),
    Part: ("thing_id", "number"),
}


def _new_key(item: Item) -> Record:
    name = "number" if item.model is Part else "id"
    key: Record = {name: cast("int", item.values[name]) + 1_000}
    return key | {"code": f"new {item.values['code']}"} if item.model is Region else key
