"""A small model for the tests of the core, as a schema by hand: products, their makers and reviews."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic import Field as ResponseField

from queryengine.ast import Comparison, FilterAST
from queryengine.config import QueryConfig
from queryengine.engine import Capabilities, QueryResult
from queryengine.errors import FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.schema import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DecimalType,
    EnumType,
    Field,
    IntegerType,
    JSONType,
    ModelSchema,
    Relation,
    TextType,
    UUIDType,
)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Maker:
    id: int
    name: str
    country: str | None
    api_key: str


class Review:
    id: int
    stars: int
    text: str | None


class Product:
    id: int
    name: str
    price: Decimal
    stock: int | None
    active: bool
    color: Color | None
    made_at: dt.datetime | None
    code: uuid.UUID | None
    tags: list[str] | None
    extra: dict[str, Any] | None
    label: str | None
    password_hash: str
    cost: Decimal
    maker: Maker | None
    reviews: list[Review]
    parent: Product | None


def _maker() -> ModelSchema[object]:
    id_ = Field("id", IntegerType(), nullable=False)
    fields = [
        id_,
        Field("name", TextType(), nullable=False),
        Field("country", TextType()),
        Field("api_key", TextType()),
    ]
    reverse = Relation("products", lambda: PRODUCT, many=True)
    return ModelSchema(
        "Maker", Maker, _named(fields), MappingProxyType({"products": reverse}), primary_key=(id_,)
    )


def _review() -> ModelSchema[object]:
    id_ = Field("id", IntegerType(), nullable=False)
    fields = [
        id_,
        Field("stars", IntegerType(1, 5), nullable=False),
        Field("text", TextType()),
        Field("extra", TextType()),
    ]
    author = Relation("product", lambda: PRODUCT, nullable=False)
    return ModelSchema(
        "Review", Review, _named(fields), MappingProxyType({"product": author}), primary_key=(id_,)
    )


def _product() -> ModelSchema[object]:
    id_ = Field("id", IntegerType(), nullable=False)
    fields = [
        id_,
        Field("name", TextType(), nullable=False),
        Field("price", DecimalType(15), nullable=False),
        Field("stock", IntegerType(-(2**31), 2**31 - 1)),
        Field("active", BooleanType(), nullable=False),
        Field("color", EnumType(Color)),
        Field("made_at", DateTimeType(aware=True)),
        Field("code", UUIDType()),
        Field("tags", ArrayType(TextType())),
        Field("extra", JSONType()),
        Field("label", TextType(), gap="its collation folds case"),
        Field("password_hash", TextType(), nullable=False),
        Field("cost", DecimalType(15), nullable=False, hidden=True),
    ]
    relations = {
        "maker": Relation("maker", lambda: MAKER),
        "reviews": Relation("reviews", lambda: REVIEW, many=True),
        "parent": Relation("parent", lambda: PRODUCT),
    }
    return ModelSchema("Product", Product, _named(fields), MappingProxyType(relations), primary_key=(id_,))


def _named(fields: list[Field]) -> MappingProxyType[str, Field]:
    return MappingProxyType({field.name: field for field in fields})


MAKER = _maker()
REVIEW = _review()
PRODUCT = _product()


class MakerOut(BaseModel):
    name: str
    country: str | None


class ProductOut(BaseModel):
    """What the shop shows: other names, a nested maker, nothing of costs."""

    id: int
    title: str = ResponseField(validation_alias="name", serialization_alias="title")
    price: Decimal
    in_stock: int | None = ResponseField(validation_alias="stock", serialization_alias="inStock")
    maker: MakerOut | None
    secret_cost: Decimal = ResponseField(validation_alias="cost", exclude=True)


class ShopEngine:
    """An engine whose query is the bound filter itself."""

    def __init__(self, capabilities: Capabilities | None = None) -> None:
        self._capabilities = capabilities or Capabilities(backend="shop")

    @property
    def model(self) -> type[object]:
        return Product

    @property
    def schema(self) -> ModelSchema[object]:
        return PRODUCT

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    def build_query(self, ast: FilterAST) -> QueryResult[FilterAST]:
        return QueryResult(ast, ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> QueryResult[FilterAST]:
        return self.build_query(ast)


OPEN = SecurityPolicy(relations=True)


def bind(
    document: dict[str, Any],
    *,
    policy: SecurityPolicy = OPEN,
    config: QueryConfig | None = None,
    capabilities: Capabilities | None = None,
    scope: Scope | None = None,
) -> FilterAST:
    """Bind a document for the shop's products."""
    return Processor(ShopEngine(capabilities), policy=policy, config=config).process(
        encode(document), scope=scope
    )


def only(where: dict[str, Any], **settings: Any) -> Comparison:
    """The one comparison that a condition becomes."""
    bound = bind({"where": where}, **settings).condition
    assert isinstance(bound, Comparison)
    return bound


def refused(document: dict[str, Any], **settings: Any) -> FilterError:
    """The error of a filter that cannot be bound."""
    with pytest.raises(FilterError) as caught:
        bind(document, **settings)
    return caught.value
