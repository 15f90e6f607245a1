"""The entities of the conformance kit as mapped classes, and what only SQLAlchemy has.

Beside the world they have a computed column, a hybrid, a relation without a constraint, and an entity whose
primary key has two columns.
"""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import TypedDict

from queryengine_sqlalchemy import UTCDateTime, json_fields
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Date,
    Double,
    ForeignKey,
    Integer,
    Interval,
    LargeBinary,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from queryengine.testing.world import Color


class DeclaredInner(TypedDict):
    """A document in a document."""

    code: str
    level: int


class Declared(TypedDict):
    """What the JSON column `details` declares; rows may hold something else, which is then null."""

    width: int
    label: str
    ratio: float
    on: bool
    inner: DeclaredInner


class Base(DeclarativeBase):
    """The models that every database holds."""


thing_labels = Table(
    "thing_labels",
    Base.metadata,
    Column("thing_id", Integer, ForeignKey("thing.id"), primary_key=True),
    Column("label_id", Integer, ForeignKey("label.id"), primary_key=True),
)


class Region(Base):
    """The far end of ways over two and three to-one relations; a tree."""

    __tablename__ = "region"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[str | None]
    rank: Mapped[int | None]
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("region.id", deferrable=True, initially="DEFERRED")
    )

    parent: Mapped[Region | None] = relationship(remote_side=id)


class Maker(Base):
    """One of two ways from a thing to the same model."""

    __tablename__ = "maker"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    alias: Mapped[str | None]
    since: Mapped[dt.date | None]
    region_id: Mapped[int | None] = mapped_column(ForeignKey("region.id"))

    region: Mapped[Region | None] = relationship()
    things: Mapped[list[Thing]] = relationship(foreign_keys="Thing.maker_id", back_populates="maker")


class Label(Base):
    """The other end of the many-to-many relation."""

    __tablename__ = "label"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    weight: Mapped[float | None] = mapped_column(Double)

    things: Mapped[list[Thing]] = relationship(secondary=thing_labels, back_populates="labels")


class Part(Base):
    """What a thing has many of."""

    __tablename__ = "part"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    size: Mapped[int | None]
    cost: Mapped[Decimal | None] = mapped_column(Numeric(8, 2))
    thing_id: Mapped[int] = mapped_column(ForeignKey("thing.id"))
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("maker.id"))

    thing: Mapped[Thing] = relationship(back_populates="parts")
    maker: Mapped[Maker | None] = relationship()


class Seat(Base):
    """A row of a thing, with a primary key of two columns."""

    __tablename__ = "seat"

    thing_id: Mapped[int] = mapped_column(ForeignKey("thing.id"), primary_key=True)
    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    name: Mapped[str]
    width: Mapped[int | None]
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("maker.id"))

    thing: Mapped[Thing] = relationship(back_populates="seats")
    maker: Mapped[Maker | None] = relationship()


class Phrase(Base):
    """Text and nothing else, for the many ways to ask for it."""

    __tablename__ = "phrase"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None]


class Thing(Base):
    """The root: every type, once nullable and once not."""

    __tablename__ = "thing"

    id: Mapped[int] = mapped_column(primary_key=True)

    # The column's name is not the attribute's: a filter knows the attribute.
    count: Mapped[int] = mapped_column("n_items", SmallInteger)
    big: Mapped[int | None] = mapped_column(BigInteger)
    ratio: Mapped[float] = mapped_column(Double)
    share: Mapped[float | None] = mapped_column(Double)
    price: Mapped[Decimal] = mapped_column(Numeric(10, 2))
    fee: Mapped[Decimal | None] = mapped_column(Numeric(15, 5))
    active: Mapped[bool]
    tested: Mapped[bool | None]
    name: Mapped[str] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    day: Mapped[dt.date]
    until: Mapped[dt.date | None]
    made: Mapped[dt.datetime]
    sold: Mapped[dt.datetime | None]
    seen: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    gone: Mapped[dt.datetime | None] = mapped_column(UTCDateTime)
    clock: Mapped[dt.time]
    alarm: Mapped[dt.time | None]
    length: Mapped[dt.timedelta] = mapped_column(Interval)
    delay: Mapped[dt.timedelta | None] = mapped_column(Interval)
    uid: Mapped[uuid.UUID]
    other_uid: Mapped[uuid.UUID | None]
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    seal: Mapped[bytes | None] = mapped_column(LargeBinary)
    color: Mapped[Color]
    shade: Mapped[Color | None]
    data: Mapped[object] = mapped_column(JSON)
    extra: Mapped[object | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[object | None] = mapped_column(JSON, info=dict(json_fields(Declared)))

    noted: Mapped[bool] = column_property(note.is_not(None))

    owner_id: Mapped[int] = mapped_column(ForeignKey("maker.id"))
    maker_id: Mapped[int | None] = mapped_column(ForeignKey("maker.id"))
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("thing.id", deferrable=True, initially="DEFERRED")
    )
    # No constraint: the code can name a region that is not there.
    region_code: Mapped[str | None]

    owner: Mapped[Maker] = relationship(foreign_keys=owner_id)
    maker: Mapped[Maker | None] = relationship(foreign_keys=maker_id, back_populates="things")
    parent: Mapped[Thing | None] = relationship(remote_side=id, back_populates="children")
    region: Mapped[Region | None] = relationship(
        primaryjoin="foreign(Thing.region_code) == Region.code", viewonly=True
    )
    children: Mapped[list[Thing]] = relationship(back_populates="parent")
    parts: Mapped[list[Part]] = relationship(back_populates="thing")
    seats: Mapped[list[Seat]] = relationship(back_populates="thing")
    labels: Mapped[list[Label]] = relationship(secondary=thing_labels, back_populates="things")

    @hybrid_property
    def half(self) -> float | None:
        """A value that the database computes."""
        return None if self.share is None else self.share / 2

    @half.inplace.expression
    @classmethod
    def _half(cls) -> ColumnElement[float | None]:
        return cls.share / 2.0


class ArrayBase(DeclarativeBase):
    """The models that only PostgreSQL holds."""


class Bag(ArrayBase):
    """Arrays of several element types."""

    __tablename__ = "bag"

    id: Mapped[int] = mapped_column(primary_key=True)
    numbers: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    scores: Mapped[list[float] | None] = mapped_column(ARRAY(Double))
    words: Mapped[list[str]] = mapped_column(ARRAY(Text))
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    days: Mapped[list[dt.date] | None] = mapped_column(ARRAY(Date))
    uids: Mapped[list[uuid.UUID] | None] = mapped_column(ARRAY(Uuid))
    flags: Mapped[list[bool] | None] = mapped_column(ARRAY(Boolean))
