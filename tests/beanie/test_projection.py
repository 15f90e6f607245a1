"""Projection models read documents and raw documents alike; links become what the scopes let them be."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from beanie import Document, Link, PydanticObjectId
from beanie.odm.queries.find import FindMany
from pydantic import BaseModel, ConfigDict, Field
from queryengine_beanie import BeanieQueryEngine
from queryengine_beanie.projection import Projections

from queryengine import Scope, SecurityPolicy, field, process_filter_to_ast
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.conftest import Shop
from tests.beanie.shop import Customer, Order, object_id

ORDERS = BeanieQueryEngine(Order)
FIRST = str(object_id(11))


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class CustomerOut(Shown):
    id: PydanticObjectId
    name: str


class LineOut(Shown):
    sku: str
    price: Decimal | None


class OrderOut(Shown):
    number: int
    when: dt.datetime | None = Field(validation_alias="placed", serialization_alias="when")
    lines: list[LineOut]
    customer: CustomerOut | None
    watchers: list[CustomerOut]


def shown(
    shop: Shop, text: str, policy: SecurityPolicy, scope: Scope | None = None, *, raw: bool = False
) -> list[dict[str, Any]]:  # Any: values of all types
    bound = Processor(ORDERS, policy=policy).process(Source(text), scope=scope)
    query, model, _ = ORDERS.build_query(bound)
    assert model is not None
    if raw:
        assert isinstance(query, FindMany)
        rows = shop.runner.run(query.project(model).to_list())
    else:
        rows = [model.model_validate(row) for row in shop.runner.run(query.to_list())]
    return [row.model_dump(mode="json", by_alias=True) for row in rows]


@pytest.mark.parametrize("raw", [False, True])
def test_a_default_policy_shows_what_is_not_hidden(shop: Shop, raw: bool) -> None:
    (row,) = shown(shop, '{"where": {"number": 1}}', SecurityPolicy(), raw=raw)
    assert row == {
        "id": FIRST,
        "number": 1,
        "placed": "2024-02-29T12:00:00Z",
        "batches": [str(object_id(1)), str(object_id(2))],
        "wait": "PT1M30.5S",
        "lines": row["lines"],
        "address": {"street": "Main", "place": {"city": "Bergen", "floor": 2}},
    }
    assert row["lines"][0] == {
        "sku": "a", "quantity": 1, "price": "1.50", "tags": ["x", "y"], "origin": None, "size": None,
    }  # fmt: skip
    assert row["lines"][1]["origin"] == str(object_id(5))


@pytest.mark.parametrize("raw", [False, True])
def test_fields_narrow_what_is_shown_and_read(shop: Shop, raw: bool) -> None:
    text = '{"where": {"number": {"lt": 3}}, "fields": ["number", "address.place.city"], "order": "number"}'
    rows = shown(shop, text, SecurityPolicy(), raw=raw)
    assert rows == [
        {"number": 1, "address": {"place": {"city": "Bergen"}}},
        {"number": 2, "address": {"place": None}},
    ]


@pytest.mark.usefixtures("shop")
def test_beanie_fetches_only_the_keys_that_are_shown() -> None:
    bound = Processor(ORDERS).process(Source('{"fields": ["number", "address.street"]}'))
    model: Any = ORDERS.build_query(bound).projection_model
    assert model.Settings.projection == {"_id": 1, "number": 1, "addr.street": 1}
    bound = Processor(ORDERS).process(Source('{"fields": ["lines.size.unit", "address.place"]}'))
    model = ORDERS.build_query(bound).projection_model
    keys = {"lines.size.unit", "addr.p.city", "addr.p.floor"}
    assert model.Settings.projection == {"_id": 1} | dict.fromkeys(keys, 1)


@pytest.mark.usefixtures("shop")
def test_beanie_fetches_links_as_a_whole_and_of_documents_what_a_response_model_shows() -> None:
    bound = Processor(ORDERS, policy=SecurityPolicy(expose=OrderOut)).process(Source("{}"))
    model: Any = ORDERS.build_query(bound).projection_model
    assert model.Settings.projection["customer"] == 1
    assert set(model.Settings.projection) >= {"lines.s", "lines.price"}


class StreetOut(Shown):
    street: str


class TwiceOut(Shown):
    number: int
    address: StreetOut | None
    whole: Any = Field(validation_alias="address")


def test_a_document_that_is_read_twice_is_fetched_as_a_whole(shop: Shop) -> None:
    policy = SecurityPolicy(expose=TwiceOut)
    bound = Processor(ORDERS, policy=policy).process(Source("{}"))
    query, model, _ = ORDERS.build_query(bound)
    projection: Any = model
    assert isinstance(query, FindMany)
    assert projection.Settings.projection == {"_id": 1, "number": 1, "addr": 1}
    rows: Any = shop.runner.run(query.project(projection).to_list())
    assert rows[0].address.street == rows[0].whole.street == "Main"


def test_a_response_model_shows_the_documents_that_are_linked(shop: Shop) -> None:
    policy = SecurityPolicy(expose=OrderOut)
    rows = shown(shop, '{"order": "number"}', policy)
    assert [row["customer"] and row["customer"]["name"] for row in rows] == ["Ada", "Ben", None, None]
    assert [[one["name"] for one in row["watchers"]] for row in rows] == [["Ada", "Ben"], [], [], ["Éva"]]
    assert rows[0]["when"] == "2024-02-29T12:00:00Z"


def test_a_response_model_shows_no_document_outside_of_its_scope(shop: Shop) -> None:
    policy = SecurityPolicy(expose=OrderOut)
    rows = shown(shop, '{"order": "number"}', policy, {Customer: field("name") != "Ada"})
    assert [row["customer"] and row["customer"]["name"] for row in rows] == [None, "Ben", None, None]
    assert [[one["name"] for one in row["watchers"]] for row in rows] == [["Ben"], [], [], ["Éva"]]


def test_an_included_document_is_within_its_filter(shop: Shop) -> None:
    include = '[{"relation": "watchers", "scope": {"order": "-name", "limit": 1, "fields": ["name"]}}]'
    text = f'{{"order": "number", "fields": ["number"], "include": {include}}}'
    rows = shown(shop, text, SecurityPolicy(relations=True))
    assert [[one["name"] for one in row["watchers"]] for row in rows] == [["Ben"], [], [], ["Éva"]]


def test_selected_members_of_linked_documents_are_there(shop: Shop) -> None:
    rows = shown(shop, '{"order": "number", "fields": ["customer.name"]}', SecurityPolicy(relations=True))
    assert rows == [
        {"customer": {"name": "Ada"}},
        {"customer": {"name": "Ben"}},
        {"customer": None},
        {"customer": None},
    ]


@pytest.mark.usefixtures("shop")
def test_a_model_that_is_projected_is_made_once() -> None:
    processor = Processor(ORDERS)
    one, other = (
        ORDERS.build_query(processor.process(Source(text))) for text in ("{}", '{"where": {"number": 1}}')
    )
    assert one.projection_model is other.projection_model


class NumberOut(Shown):
    number: int


class BuyerOut(Shown):
    name: str
    orders: list[NumberOut]


class DeepOut(Shown):
    number: int
    customer: BuyerOut | None


def test_what_a_response_model_nests_deeper_is_there_with_and_without_an_include(shop: Shop) -> None:
    policy = SecurityPolicy(expose=DeepOut)
    whole = shown(shop, '{"where": {"number": {"lt": 3}}, "order": "number"}', policy)
    assert whole == [
        {"number": 1, "customer": {"name": "Ada", "orders": [{"number": 1}]}},
        {"number": 2, "customer": {"name": "Ben", "orders": [{"number": 2}]}},
    ]
    include = '{"relation": "customer", "scope": {"where": {"name": "Ben"}}}'
    text = f'{{"where": {{"number": {{"lt": 3}}}}, "order": "number", "include": {include}}}'
    assert shown(shop, text, policy) == [{"number": 1, "customer": None}, whole[1]]
    fields = shown(shop, '{"where": {"number": 1}, "fields": ["customer.orders.number"]}', policy)
    assert fields == [{"customer": {"orders": [{"number": 1}]}}]
    scoped = shown(shop, '{"where": {"number": 1}}', policy, {Customer: field("name") == "Ben"})
    assert scoped == [{"number": 1, "customer": None}]


class Owned(Document):
    owner: Link[Customer] | None = Field(default=None, alias="own")


class OwnerOut(Shown):
    name: str


class OwnedOut(Shown):
    owner: OwnerOut | None = None


def test_a_whole_document_in_the_place_of_a_link_under_an_alias_is_not_shown() -> None:
    engine = BeanieQueryEngine(Owned)
    bound = process_filter_to_ast("{}", engine, policy=SecurityPolicy(expose=OwnedOut))
    assert bound.projection is not None
    shown = Projections().of(bound.projection, engine.schema)
    assert shown.model_validate({"own": {"name": "Ada"}}).model_dump() == {"owner": None}
