"""The kit's world as Beanie documents. Links have their place in the documents, and no key of their own."""

from __future__ import annotations

import datetime as dt
import uuid
import warnings
from typing import Annotated

from beanie import BackLink, DecimalAnnotation, Document, Link
from pydantic import BaseModel, Field
from queryengine_beanie import UTCDateTime

from queryengine.schema import DecimalType, IntegerType
from queryengine.testing.world import Color

__all__ = ["DOCUMENTS", "Bag", "Label", "Maker", "Part", "Phrase", "Region", "Thing"]


class Inner(BaseModel):
    """A document in a document."""

    code: str | None = None
    level: int | None = None


class Details(BaseModel):
    """A document in a row; its keys are not the attributes' names."""

    width: int | None = Field(default=None, alias="w")
    label: str | None = None
    ratio: float | None = None
    on: bool | None = None
    inner: Inner | None = Field(default=None, alias="in")


class Numbered(Document):
    """Documents whose ids are numbers."""

    # Each document may say of which type its ids are; to type checkers the base class has said it.
    id: int  # type: ignore[assignment]


class Region(Numbered):
    """The far end of ways over two and three links; a tree."""

    code: str
    name: str | None = None
    rank: int | None = None
    parent: Link[Region] | None = None


class Maker(Numbered):
    """A thing leads to makers on two ways."""

    name: str
    alias: str | None = None
    since: dt.date | None = None
    region: Link[Region] | None = None
    things: list[BackLink[Thing]] = Field(json_schema_extra={"original_field": "maker"})


class Label(Numbered):
    """The other end of a list of links."""

    name: str | None = None
    weight: float | None = None
    things: list[BackLink[Thing]] = Field(json_schema_extra={"original_field": "labels"})


with warnings.catch_warnings():
    # Pydantic warns that documents have a method `count`.
    warnings.simplefilter("ignore", UserWarning)

    class Thing(Numbered):
        """The root: every type, once nullable and once not."""

        count: Annotated[int, IntegerType(-(2**15), 2**15 - 1)] = Field(alias="n_items")  # type: ignore[assignment]
        big: int | None = None
        ratio: float
        share: float | None = None
        price: Annotated[DecimalAnnotation, DecimalType(10, 2)]
        fee: Annotated[DecimalAnnotation, DecimalType(15, 5)] | None = None
        active: bool
        tested: bool | None = None
        name: str
        note: str | None = None
        day: dt.date
        until: dt.date | None = None
        made: dt.datetime
        sold: dt.datetime | None = None
        seen: UTCDateTime
        gone: UTCDateTime | None = None
        length: dt.timedelta
        delay: dt.timedelta | None = None
        uid: uuid.UUID
        other_uid: uuid.UUID | None = None
        blob: bytes
        seal: bytes | None = None
        color: Color
        shade: Color | None = None
        data: object
        extra: object | None = None
        details: Details | None = None
        owner: Link[Maker]
        maker: Link[Maker] | None = None
        parent: Link[Thing] | None = None
        children: list[BackLink[Thing]] = Field(json_schema_extra={"original_field": "parent"})
        parts: list[BackLink[Part]] = Field(json_schema_extra={"original_field": "thing"})
        labels: list[Link[Label]] = Field(default_factory=list[Link[Label]])


class Part(Numbered):
    """What a thing has many of."""

    name: str
    size: int | None = None
    cost: Annotated[DecimalAnnotation, DecimalType(8, 2)] | None = None
    thing: Link[Thing]
    maker: Link[Maker] | None = None


class Phrase(Numbered):
    """Text and nothing else, for the many ways to ask for it."""

    text: str
    note: str | None = None


class Bag(Numbered):
    """Arrays of several element types."""

    numbers: list[int]
    scores: list[float] | None = None
    words: list[str]
    tags: list[str] | None = None
    days: list[dt.date] | None = None
    uids: list[uuid.UUID] | None = None
    flags: list[bool] | None = None


DOCUMENTS: tuple[type[Document], ...] = (Region, Maker, Label, Thing, Part, Phrase, Bag)
