"""Documents of a shop: ObjectIds, arrays of documents, typed dicts, links, inheritance; and their rows."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Annotated, Any

from beanie import BackLink, DecimalAnnotation, Document, Link, PydanticObjectId
from bson import ObjectId
from pydantic import BaseModel, Field
from queryengine_beanie import UTCDateTime
from typing_extensions import TypedDict

from queryengine.model_schema import Hidden

__all__ = ["DOCUMENTS", "Article", "Basket", "Book", "Customer", "Order"]

Record = dict[str, Any]  # Any: values of all types


class Size(TypedDict):
    width: int
    unit: str


class Line(BaseModel):
    sku: str = Field(alias="s")
    quantity: int | None = None
    price: DecimalAnnotation | None = None
    tags: list[str] | None = None
    size: Size | None = None
    origin: PydanticObjectId | None = None


class Place(BaseModel):
    city: str | None = None
    floor: int | None = None


class Address(BaseModel):
    street: str
    place: Place | None = Field(default=None, alias="p")


class Customer(Document):
    name: str
    email: Annotated[str, Hidden()] = ""
    level: int | None = None
    orders: list[BackLink[Order]] = Field(json_schema_extra={"original_field": "customer"})
    favourite: BackLink[Article] | None = Field(
        default=None, json_schema_extra={"original_field": "customers"}
    )


class Order(Document):
    number: int
    placed: UTCDateTime | None = None
    lines: list[Line] = Field(default_factory=list[Line])
    address: Address | None = Field(default=None, alias="addr")
    customer: Link[Customer] | None = None
    watchers: list[Link[Customer]] | None = None
    batches: list[PydanticObjectId] = Field(default_factory=list[PydanticObjectId])
    wait: dt.timedelta | None = None
    token: Annotated[uuid.UUID | None, Hidden()] = None

    class Settings:
        name = "shop_orders"


class Article(Document):
    """The root of a family that shares a collection."""

    title: str
    price: Annotated[Decimal, Field(max_digits=8)] | None = None
    customers: list[Link[Customer]] | None = None

    class Settings:
        is_root = True
        class_id = "kind"


class Book(Article):
    pages: int | None = None


class Basket(Document):
    """A document without anything to hide."""

    id: uuid.UUID = Field(default_factory=uuid.uuid4)  # type: ignore[assignment]
    best: Link[Book] | None = None
    any_article: Link[Article] | None = None


# Beanie sees no link in the name of a class that comes later, unless the model is told to look again.
Customer.model_rebuild()

DOCUMENTS: tuple[type[Document], ...] = (Customer, Order, Article, Book, Basket)


def object_id(number: int) -> ObjectId:
    """Return an ObjectId by its number."""
    return ObjectId(f"{number:024x}")
