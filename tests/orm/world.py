"""The kit's world as mapped classes: on one base what both databases hold, on the other arrays as well."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    Many,
    Mapped,
    Maybe,
    One,
    Secondary,
    String,
    mapped_column,
    relationship,
)

from queryengine.schema import DateTimeType, DecimalType, IntegerType
from queryengine.testing import world
from queryengine.testing.world import Color

__all__ = ["MODELS", "ArrayBase", "Bag", "Base", "Label", "Maker", "Part", "Phrase", "Region", "Thing"]

SMALL = IntegerType(-(2**15), 2**15 - 1)
INTEGER = IntegerType(-(2**31), 2**31 - 1)
AWARE = DateTimeType(aware=True)


class Base(DeclarativeBase):
    """The base of what both databases hold."""


class ArrayBase(DeclarativeBase):
    """The base of what PostgreSQL alone holds."""


class Region(Base):
    """A tree; its keys are not enforced, so that a parent may be missing."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    code: Mapped[str] = mapped_column(String(10), unique=True)
    name: Mapped[str | None]
    rank: Mapped[int | None] = mapped_column(INTEGER)
    parent_id: Mapped[int | None] = mapped_column(INTEGER, ForeignKey("region.id", enforced=False))
    parent: Maybe[Region] = relationship()


class Maker(Base):
    """A thing leads to makers on two ways."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    alias: Mapped[str | None] = mapped_column(String(100))
    since: Mapped[dt.date | None]
    region_id: Mapped[int | None] = mapped_column(INTEGER, ForeignKey("region.id"))
    region: Maybe[Region] = relationship()
    things: Many[Thing] = relationship(foreign_key="maker_id")


class Label(Base):
    """The other end of the many-to-many relation."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    name: Mapped[str | None] = mapped_column(String(100))
    weight: Mapped[float | None]
    things: Many[Thing] = relationship(secondary=Secondary("thing_labels", "label_id", "thing_id"))


class Thing(Base):
    """The root: every type, once nullable and once not."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    # The column's name is not the attribute's: a filter knows the attribute.
    count: Mapped[int] = mapped_column(SMALL, name="n_items")
    big: Mapped[int | None]
    ratio: Mapped[float]
    share: Mapped[float | None]
    price: Mapped[Decimal] = mapped_column(DecimalType(10, 2))
    fee: Mapped[Decimal | None] = mapped_column(DecimalType(15, 5))
    active: Mapped[bool]
    tested: Mapped[bool | None]
    name: Mapped[str]
    note: Mapped[str | None]
    day: Mapped[dt.date]
    until: Mapped[dt.date | None]
    made: Mapped[dt.datetime]
    sold: Mapped[dt.datetime | None]
    seen: Mapped[dt.datetime] = mapped_column(AWARE)
    gone: Mapped[dt.datetime | None] = mapped_column(AWARE)
    clock: Mapped[dt.time]
    alarm: Mapped[dt.time | None]
    length: Mapped[dt.timedelta]
    delay: Mapped[dt.timedelta | None]
    uid: Mapped[uuid.UUID]
    other_uid: Mapped[uuid.UUID | None]
    blob: Mapped[bytes]
    seal: Mapped[bytes | None]
    color: Mapped[Color]
    shade: Mapped[Color | None]
    data: Mapped[object]
    extra: Mapped[object | None]
    details: Mapped[dict[str, object] | None] = mapped_column(document=world.Details)
    owner_id: Mapped[int] = mapped_column(INTEGER, ForeignKey("maker.id"))
    maker_id: Mapped[int | None] = mapped_column(INTEGER, ForeignKey("maker.id"))
    parent_id: Mapped[int | None] = mapped_column(INTEGER, ForeignKey("thing.id", enforced=False))
    owner: One[Maker] = relationship()
    maker: Maybe[Maker] = relationship()
    parent: Maybe[Thing] = relationship()
    children: Many[Thing] = relationship(foreign_key="parent_id")
    parts: Many[Part] = relationship()
    labels: Many[Label] = relationship(secondary=Secondary("thing_labels", "thing_id", "label_id"))


class Part(Base):
    """What a thing has many of."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    size: Mapped[int | None] = mapped_column(INTEGER)
    cost: Mapped[Decimal | None] = mapped_column(DecimalType(8, 2))
    thing_id: Mapped[int] = mapped_column(INTEGER, ForeignKey("thing.id"))
    maker_id: Mapped[int | None] = mapped_column(INTEGER, ForeignKey("maker.id"))
    thing: One[Thing] = relationship()
    maker: Maybe[Maker] = relationship()


class Phrase(Base):
    """Text and nothing else."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    text: Mapped[str]
    note: Mapped[str | None] = mapped_column(String(100))


class Bag(ArrayBase):
    """Arrays of several element types."""

    id: Mapped[int] = mapped_column(INTEGER, primary_key=True)
    numbers: Mapped[list[int]]
    scores: Mapped[list[float] | None]
    words: Mapped[list[str]]
    tags: Mapped[list[str] | None]
    days: Mapped[list[dt.date] | None]
    uids: Mapped[list[uuid.UUID] | None]
    flags: Mapped[list[bool] | None]


MODELS: tuple[type[DeclarativeBase], ...] = (Region, Maker, Label, Thing, Part, Phrase, Bag)
"""what is referred to first"""
