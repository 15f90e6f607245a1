"""One case of the kit: a filter over known rows and what it gives; and short ways to write many of them."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Final, TypeAlias

from queryengine.errors import ErrorCode
from queryengine.predicate import Predicate
from queryengine.testing.world import LINK, Color, Item, Record

__all__ = [
    "MAKER",
    "Answer",
    "Case",
    "cases",
    "label",
    "labelled",
    "maker",
    "number",
    "part",
    "phrase",
    "region",
    "tests",
    "thing",
    "wheres",
]

Answer: TypeAlias = Sequence[int] | ErrorCode
"""The primary keys of the rows in their order, or the code of the error that every back-end answers with."""


@dataclass(frozen=True, slots=True)
class Case:
    """A filter over an entity, the rows that are there, and what the contract says that it gives.

    `name` is unique among all cases. `scope` has the row scopes, by entity. `shows` is what a caller sees of
    the rows, as `projection_model` dumps them; None where the case is not about that.
    """

    name: str
    entity: str
    items: Sequence[Item]
    filter: str
    answer: Answer
    scope: Mapping[str, Predicate] | None = None
    shows: Sequence[Record] | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.entity} {self.filter}"


def cases(
    name: str,
    entity: str,
    items: Sequence[Item],
    asked: Mapping[str, Answer],
    *,
    scope: Mapping[str, Predicate] | None = None,
) -> Iterator[Case]:
    """Yield a case for each filter, given as JSON text."""
    for place, (text, answer) in enumerate(asked.items(), start=1):
        yield Case(f"{name} {place}", entity, items, text, answer, scope)


def wheres(
    name: str,
    entity: str,
    items: Sequence[Item],
    asked: Mapping[str, Answer],
    *,
    scope: Mapping[str, Predicate] | None = None,
) -> Iterator[Case]:
    """Yield a case for each condition, given as JSON text."""
    texts = {f'{{"where": {text}}}': answer for text, answer in asked.items()}
    return cases(name, entity, items, texts, scope=scope)


def tests(
    name: str, entity: str, field: str, items: Sequence[Item], asked: Mapping[str, Mapping[object, Answer]]
) -> Iterator[Case]:
    """Yield a case for each operand of each operator on a field; an operand that is a tuple is a list."""
    for operator, operands in asked.items():
        texts = {
            json.dumps({"where": {field: {operator: operand}}}, ensure_ascii=False): answer
            for operand, answer in operands.items()
        }
        yield from cases(f"{name} {operator}", entity, items, texts)


# -- items, with mild values where none is given


def number(items: Iterable[Item]) -> list[Item]:
    """Return the items with the keys 1, 2, 3 and so on."""
    return [replace(item, values=item.values | {"id": key}) for key, item in enumerate(items, start=1)]


def region(id: int, **values: object) -> Item:
    """Return a region."""
    return Item(
        "Region", {"id": id, "code": f"R{id}", "name": None, "rank": None, "parent_id": None} | values
    )


def maker(id: int, **values: object) -> Item:
    """Return a maker."""
    return Item("Maker", {"id": id, "name": "", "alias": None, "since": None, "region_id": None} | values)


def label(id: int, **values: object) -> Item:
    """Return a label."""
    return Item("Label", {"id": id, "name": None, "weight": None} | values)


def thing(id: int, **values: object) -> Item:
    """Return a thing; its owner is the maker 1 unless it is said."""
    return Item("Thing", {"id": id} | MILD | values)


def part(id: int, **values: object) -> Item:
    """Return a part of the thing 1, unless it is said."""
    mild: Record = {"id": id, "name": "", "size": None, "cost": None, "thing_id": 1, "maker_id": None}
    return Item("Part", mild | values)


def phrase(id: int, text: str = "", note: str | None = None) -> Item:
    """Return a phrase."""
    return Item("Phrase", {"id": id, "text": text, "note": note})


def labelled(thing: int, *labels: int) -> list[Item]:
    """Return what joins a thing and labels."""
    return [Item(LINK, {"thing_id": thing, "label_id": each}) for each in labels]


MAKER: Final = maker(1, name="m")
"""whom things belong to where it does not matter"""

MILD: Final[Record] = {
    "count": 0,
    "big": None,
    "ratio": 0.0,
    "share": None,
    "price": Decimal(0),
    "fee": None,
    "active": False,
    "tested": None,
    "name": "",
    "note": None,
    "day": dt.date(2000, 1, 1),
    "until": None,
    "made": dt.datetime(2000, 1, 1),  # noqa: DTZ001  # this one is on a wall
    "sold": None,
    "seen": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
    "gone": None,
    "clock": dt.time(0),
    "alarm": None,
    "length": dt.timedelta(0),
    "delay": None,
    "uid": uuid.UUID(int=1),
    "other_uid": None,
    "blob": b"",
    "seal": None,
    "color": Color.RED,
    "shade": None,
    "data": {},
    "extra": None,
    "details": None,
    "owner_id": 1,
    "maker_id": None,
    "parent_id": None,
}
