"""The world of the conformance kit: entities with a field of every type and relations of every kind.

The classes are plain: their objects are the rows of the reference evaluator. A back-end has models with the
same attribute names.
"""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Annotated, Final, TypeAlias

from queryengine.schema import DateTimeType, DecimalType, IntegerType

__all__ = [
    "LINK",
    "REFERENCES",
    "WORLD",
    "Bag",
    "Color",
    "Details",
    "Inner",
    "Item",
    "Label",
    "Maker",
    "Part",
    "Phrase",
    "Record",
    "Reference",
    "Region",
    "Row",
    "Thing",
    "World",
]

Small: TypeAlias = Annotated[int, IntegerType(-(2**15), 2**15 - 1)]
Price: TypeAlias = Annotated[Decimal, DecimalType(10, 2)]
Fee: TypeAlias = Annotated[Decimal, DecimalType(15, 5)]
Cost: TypeAlias = Annotated[Decimal, DecimalType(8, 2)]
Moment: TypeAlias = Annotated[dt.datetime, DateTimeType(aware=False)]
Instant: TypeAlias = Annotated[dt.datetime, DateTimeType(aware=True)]

Record: TypeAlias = dict[str, object]
"""The values of a row by attribute name."""


class Color(enum.Enum):
    """An enum whose names sort otherwise than its values."""

    RED = "z"
    GREEN = "a"
    BLUE = "É"


@dataclass(eq=False)
class Inner:
    """A document in a document."""

    code: str | None = None
    level: int | None = None


@dataclass(eq=False)
class Details:
    """A document in a row; what it does not have is null."""

    width: int | None = None
    label: str | None = None
    ratio: float | None = None
    on: bool | None = None
    inner: Inner | None = None


class Row:
    """What the rows have in common: rows refer to one another in circles, so they show their keys only."""

    id: int

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id})"


@dataclass(eq=False, repr=False, kw_only=True)
class Region(Row):
    """The far end of ways over two and three to-one relations; a tree."""

    id: int
    code: str
    name: str | None = None
    rank: int | None = None
    parent_id: int | None = None

    parent: Region | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class Maker(Row):
    """A thing leads to makers on two ways."""

    id: int
    name: str
    alias: str | None = None
    since: dt.date | None = None
    region_id: int | None = None

    region: Region | None = None
    things: list[Thing] = field(default_factory=list["Thing"])


@dataclass(eq=False, repr=False, kw_only=True)
class Label(Row):
    """The other end of the many-to-many relation."""

    id: int
    name: str | None = None
    weight: float | None = None

    things: list[Thing] = field(default_factory=list["Thing"])


@dataclass(eq=False, repr=False, kw_only=True)
class Thing(Row):
    """The root: every type, once nullable and once not."""

    id: int

    count: Small
    big: int | None
    ratio: float
    share: float | None
    price: Price
    fee: Fee | None
    active: bool
    tested: bool | None
    name: str
    note: str | None
    day: dt.date
    until: dt.date | None
    made: Moment
    sold: Moment | None
    seen: Instant
    gone: Instant | None
    clock: dt.time
    alarm: dt.time | None
    length: dt.timedelta
    delay: dt.timedelta | None
    uid: uuid.UUID
    other_uid: uuid.UUID | None
    blob: bytes
    seal: bytes | None
    color: Color
    shade: Color | None
    data: object
    extra: object | None
    details: Details | None

    owner_id: int
    maker_id: int | None
    parent_id: int | None

    owner: Maker
    maker: Maker | None = None
    parent: Thing | None = None
    children: list[Thing] = field(default_factory=list["Thing"])
    parts: list[Part] = field(default_factory=list["Part"])
    labels: list[Label] = field(default_factory=list[Label])


@dataclass(eq=False, repr=False, kw_only=True)
class Part(Row):
    """What a thing has many of."""

    id: int
    name: str
    size: int | None
    cost: Cost | None
    thing_id: int
    maker_id: int | None

    thing: Thing
    maker: Maker | None = None


@dataclass(eq=False, repr=False, kw_only=True)
class Phrase(Row):
    """Text and nothing else, for the many ways to ask for it."""

    id: int
    text: str
    note: str | None


@dataclass(eq=False, repr=False, kw_only=True)
class Bag(Row):
    """Arrays of several element types."""

    id: int
    numbers: list[int]
    scores: list[float] | None
    words: list[str]
    tags: list[str] | None
    days: list[dt.date] | None
    uids: list[uuid.UUID] | None
    flags: list[bool] | None


# -- the world as a whole


@dataclass(frozen=True, slots=True)
class Item:
    """A row to load: values by attribute name; references stand under their `..._id` names.

    The entity `thing_labels` is the table between things and labels: `thing_id` and `label_id`. A document
    is a plain dict, or None, and may lack members; an array is a list; an enum's value is a `Color`.
    """

    entity: str
    values: Record


LINK: Final = "thing_labels"
"""the entity of items that join a thing and a label"""


@dataclass(frozen=True, slots=True)
class Reference:
    """A to-one relation `name` by a key in `attribute`, and the relation `back` of the other side.

    `key` is the attribute at the other end. A `dangling` reference may name a row that is not there.
    """

    name: str
    attribute: str
    target: str
    nullable: bool = True
    back: str | None = None
    key: str = "id"
    dangling: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """Entities by name, what they refer to, and how many rows of each a random dataset has.

    A back-end's own tests may have a larger one: `dataclasses.replace(WORLD, models=...)`.
    """

    models: Mapping[str, type[object]]
    references: Mapping[str, Sequence[Reference]]
    counts: Mapping[str, int]
    groups: Mapping[str, Sequence[str]]
    """the entities whose rows refer to one another, what is referred to first, under the one that matters"""
    documents: Sequence[object]
    """what `Thing.details` holds"""
    keys: Mapping[str, Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))
    """the primary keys that are not `id`"""

    def key_of(self, entity: str) -> Sequence[str]:
        """Return the attributes of an entity's primary key."""
        return self.keys.get(entity, ("id",))

    def identity_of(self, entity: str) -> Sequence[str]:
        """Return the attributes that no two rows of an entity share."""
        return (*self.key_of(entity), *(("code",) if entity == "Region" else ()))

    def references_of(self, entity: str) -> Sequence[Reference]:
        """Return what an item refers to."""
        return LINKS if entity == LINK else self.references.get(entity, ())


LINKS: Final = (
    Reference("thing", "thing_id", "Thing", nullable=False, back="labels"),
    Reference("label", "label_id", "Label", nullable=False, back="things"),
)

DOCUMENTS: Final[Sequence[object]] = (
    *(None, {}, {"width": 1}, {"width": None}, {"width": -1}, {"label": 'quo"te'}, {"inner": None}),
    {"width": 2, "label": "a", "ratio": 0.5, "on": True, "inner": {"code": "x", "level": 1}},
    {"width": 3, "label": "É", "ratio": -1.5, "on": False, "inner": {"code": "X", "level": 2}},
    {"width": 2, "label": "A", "ratio": 2.0, "on": None, "inner": {}},
    {"label": "\u212a", "ratio": 0.1, "inner": {"code": "", "level": -(2**31)}},
    {"label": "", "ratio": 1e22, "on": True, "inner": {"code": None, "level": 2**31 - 1}},
)

WORLD: Final = World(
    models=MappingProxyType(
        {
            "Region": Region,
            "Maker": Maker,
            "Label": Label,
            "Thing": Thing,
            "Part": Part,
            "Phrase": Phrase,
            "Bag": Bag,
        }
    ),
    references=MappingProxyType(
        {
            "Region": (Reference("parent", "parent_id", "Region"),),
            "Maker": (Reference("region", "region_id", "Region"),),
            "Thing": (
                Reference("owner", "owner_id", "Maker", nullable=False),
                Reference("maker", "maker_id", "Maker", back="things"),
                Reference("parent", "parent_id", "Thing", back="children"),
            ),
            "Part": (
                Reference("thing", "thing_id", "Thing", nullable=False, back="parts"),
                Reference("maker", "maker_id", "Maker"),
            ),
        }
    ),
    counts=MappingProxyType(
        {"Region": 5, "Maker": 5, "Label": 6, "Thing": 24, "Part": 30, "Phrase": 40, "Bag": 30}
    ),
    groups=MappingProxyType(
        {
            "Thing": ("Region", "Maker", "Label", "Thing", "Part"),
            "Phrase": ("Phrase",),
            "Bag": ("Bag",),
        }
    ),
    documents=DOCUMENTS,
)
"""The entities that every back-end is asked for."""

REFERENCES: Final = frozenset(
    each.attribute for entity in WORLD.models for each in WORLD.references_of(entity)
)
"""the attributes that hold the keys of other rows; the models of some back-ends have none"""
