"""The JSON Schema of filters: what it refuses, what a policy and a back-end leave of it, and its names."""

from __future__ import annotations

import datetime as dt
import enum
import json
from dataclasses import make_dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias

import jsonschema
import pytest
from pydantic import BaseModel
from pydantic import Field as ResponseField

from queryengine import Access, Capabilities, FilterError, Limits, Processor, SecurityPolicy
from queryengine.ast import Quantifier
from queryengine.config import QueryConfig
from queryengine.json_schema import FilterSchema, filter_schema
from queryengine.memory import MemoryQueryEngine
from queryengine.parsed import Source
from tests.harbour import ships
from tests.shop import ProductOut, ShopEngine

JSON: TypeAlias = "bool | float | str | list[JSON] | dict[str, JSON] | None"
OPEN = SecurityPolicy(relations=True)
SHOP = ShopEngine()


class Subject:
    """A processor, and the validator of the schema of its filters."""

    def __init__(self, engine: Any, policy: SecurityPolicy, config: QueryConfig | None = None) -> None:
        self.processor = Processor(engine, policy=policy, config=config)
        self.capabilities: Capabilities = engine.capabilities
        windowed = config is None or config.paging == "internal"
        self.schema = filter_schema(self.processor.view, self.capabilities, policy, windowed=windowed)

    @cached_property
    def validator(self) -> Any:  # Any: its stubs are not whole
        return validator(self.schema)

    def accepts(self, document: object) -> bool:
        return bool(self.validator.is_valid(document))

    def error(self, document: object) -> FilterError | None:
        try:
            self.processor.process(Source(json.dumps(document)))
        except FilterError as error:
            return error
        return None


def validator(schema: FilterSchema) -> jsonschema.Draft202012Validator:
    document: dict[str, Any] = {
        "$ref": f"#/components/schemas/{schema.root}",
        "components": {"schemas": dict(schema.components)},
    }
    jsonschema.Draft202012Validator.check_schema(document)
    for component in schema.components.values():
        jsonschema.Draft202012Validator.check_schema(component)
    return jsonschema.Draft202012Validator(document)


SUBJECTS = {
    "shop": Subject(SHOP, OPEN),
    "shop, as its response model": Subject(SHOP, SecurityPolicy(expose=ProductOut)),
    "harbour, with regex and a time zone": Subject(ships(), replace(OPEN, regex=True, timezone=dt.UTC)),
}


@pytest.fixture(params=list(SUBJECTS))
def subject(request: pytest.FixtureRequest) -> Subject:
    return SUBJECTS[request.param]


REFUSED: list[object] = [
    {"were": {}},
    {"where": {}},
    {"where": None},
    {"where": {"price": {}}},
    {"where": {"or": []}},
    {"where": {"nothing": 1}},
    {"where": {"password_hash": "x"}},
    {"where": {"cost": 1}},
    {"where": {"price": "x"}},
    {"where": {"stock": "5"}},
    {"where": {"price": {"gtt": 5}}},
    {"where": {"price": {"contains": "5"}}},
    {"where": {"price": {"between": [1]}}},
    {"where": {"stock": 5.5}},
    {"where": {"stock": 2**31}},
    {"where": {"stock": True}},
    {"where": {"active": 1}},
    {"where": {"color": "green"}},
    {"where": {"color": {"gt": "red"}}},
    {"where": {"made_at": "2024-01-01T00:00:00"}},
    {"where": {"made_at": "2024-01-01"}},
    {"where": {"code": "xyz"}},
    {"where": {"tags": "a"}},
    {"where": {"tags": ["a", None]}},
    {"where": {"tags": {"has": ["a"]}}},
    {"where": {"tags": {"size": -1}}},
    {"where": {"label": "x"}},
    {"where": {"name": {"regex": "a"}}},
    {"where": {"name": {"like": "a\\"}}},
    {"where": {"name": "x" * 1025}},
    {"where": {"reviews": {"stars": 1}}},
    {"where": {"reviews.stars": 1}},
    {"where": {"reviews": None}},
    {"where": {"reviews": {"some": {}}}},
    {"where": {"maker": 1}},
    {"where": {"maker": {"some": {"name": "a"}}}},
    {"where": {"maker.api_key": "x"}},
    {"order": "nothing"},
    {"order": "tags"},
    {"order": "price,"},
    {"order": ["price", "price"]},
    {"order": "-price DESC"},
    {"order": "maker"},
    {"fields": []},
    {"fields": ["password_hash"]},
    {"fields": {"id": True, "name": False}},
    {"include": ["nothing"]},
    {"include": [{"scope": {}}]},
    {"limit": 0},
    {"limit": "10"},
    {"limit": 1001},
    {"limit": 1.5},
    {"offset": -1},
    {"after": "abc"},
    [],
    "price",
    None,
]


@pytest.mark.parametrize("document", REFUSED, ids=json.dumps)
def test_the_schema_refuses_what_does_not_bind(document: object) -> None:
    subject = SUBJECTS["shop"]
    assert subject.error(document) is not None
    assert not subject.accepts(document)


def test_without_projections_there_is_no_clause_fields() -> None:
    subject = Subject(ShopEngine(Capabilities(backend="few", projection=False)), OPEN)
    assert subject.accepts({"limit": 1})
    assert not subject.accepts({"limit": 1, "fields": ["id"]})


def test_with_an_external_paginator_filters_have_no_limit_but_includes_do() -> None:
    subject = Subject(SHOP, OPEN, QueryConfig(paging="external"))
    assert not subject.accepts({"limit": 1})
    assert subject.error({"limit": 1}) is not None
    included = {"include": [{"relation": "reviews", "scope": {"limit": 1}}]}
    assert subject.accepts(included)
    assert subject.error(included) is None


def test_what_a_backend_lacks_is_not_in_the_schema() -> None:
    words = {kind: frozenset({"eq", "isNull"}) for kind in Capabilities(backend="x").operators}
    poor = Capabilities(
        backend="poor",
        operators=words,
        sortable=frozenset(),
        quantifiers=frozenset({Quantifier.SOME}),
        include=False,
    )
    subject = Subject(ShopEngine(poor), OPEN)
    assert subject.accepts({"where": {"price": {"eq": 1}, "reviews": {"some": {"stars": 1}}}})
    for document in (
        {"where": {"price": {"gt": 1}}},
        {"where": {"reviews": {"every": {"stars": 1}}}},
        {"where": {"maker": {"exists": True}}},
        {"order": "price"},
        {"include": ["maker"]},
    ):
        assert subject.error(document) is not None
        assert not subject.accepts(document)


def test_a_policy_that_limits_one_field_gives_it_operators_of_its_own() -> None:
    subject = Subject(SHOP, SecurityPolicy(paths={"name": Access(filter={"eq"}, sort=False)}))
    words = {"eq", "and", "or", "nor", "not"}
    assert set(subject.schema.components["ProductNameOperators"]["properties"]) == words
    assert subject.accepts({"where": {"name": {"eq": "x"}}})
    assert not subject.accepts({"where": {"name": {"contains": "x"}}})
    assert not subject.accepts({"order": "name"})
    assert subject.accepts({"order": "price"})


def test_names_behind_a_relation_need_its_right() -> None:
    paths = {"maker": Access(select=False), "parent": Access(sort=False)}
    subject = Subject(SHOP, SecurityPolicy(relations=True, paths=paths))
    refused: tuple[JSON, ...] = (
        {"fields": ["maker.name"]},
        {"fields": {"maker.name": True}},
        {"fields": {"maker.name": False}},
        {"order": "parent.price"},
    )
    for document in refused:
        assert subject.error(document) is not None
        assert not subject.accepts(document)
    for taken in ({"fields": ["parent.price"]}, {"fields": {"parent.price": False}}, {"order": "maker.name"}):
        assert subject.error(taken) is None
        assert subject.accepts(taken)


def test_where_a_limit_allows_no_relation_none_is_named() -> None:
    limits = Limits(max_relation_depth=0, max_include_depth=0)
    subject = Subject(SHOP, SecurityPolicy(relations=True, limits=limits))
    for document in (
        {"where": {"maker": None}},
        {"where": {"maker.name": "x"}},
        {"where": {"reviews": {"some": {"stars": 1}}}},
        {"order": "maker.name"},
        {"fields": ["maker"]},
        {"include": ["maker"]},
    ):
        assert subject.error(document) is not None
        assert not subject.accepts(document)


def test_names_that_no_filter_can_hold_are_left_out() -> None:
    class Odd(BaseModel):
        id: int
        dotted: int = ResponseField(serialization_alias="a.b")
        logical: int = ResponseField(serialization_alias="not")
        dollar: int = ResponseField(serialization_alias="$eq")
        dashed: int = ResponseField(serialization_alias="a-b")

    class Row(BaseModel):
        id: int
        dotted: int
        logical: int
        dollar: int
        dashed: int

    subject = Subject(MemoryQueryEngine(Row), SecurityPolicy(expose=Odd))
    assert subject.accepts({"where": {"id": 1, "a-b": 1}, "order": "id", "fields": ["not", "$eq", "a-b"]})
    for where in ({"a.b": 1}, {"not": 1}, {"$eq": 1}):
        assert subject.error({"where": where}) is not None
        assert not subject.accepts({"where": where})


def test_a_model_that_shows_nothing_has_a_filter_of_bounds_only() -> None:
    subject = Subject(SHOP, SecurityPolicy(others=None, paths={"stock": Access(select=False, sort=False)}))
    properties = subject.schema.components["ProductFilter"]["properties"]
    assert set(properties) == {"where", "limit", "offset"}


def test_types_of_one_name_and_different_values_have_components_of_their_own() -> None:
    kind: Any = enum.Enum  # Any: as a function it makes classes
    one, two, three = (kind("Kind", {value: value}) for value in "abb")
    fields = [("id", int), ("one", one), ("two", two), ("three", three)]
    subject = Subject(MemoryQueryEngine(make_dataclass("Row", fields)), OPEN)
    assert {"KindOperators", "RowTwoOperators"} <= set(subject.schema.components)
    assert subject.accepts({"where": {"one": {"eq": "a"}, "two": {"eq": "b"}, "three": {"eq": "b"}}})
    assert not subject.accepts({"where": {"two": {"eq": "a"}}})


def test_models_of_one_name_have_components_of_their_own() -> None:
    inner = make_dataclass("Node", [("id", int), ("leaf", bool)])
    middle = make_dataclass("Node", [("id", int), ("next", inner)])
    outer = make_dataclass("Node", [("id", int), ("next", middle), ("other", inner)])
    subject = Subject(MemoryQueryEngine(outer), OPEN)
    nodes = {name for name in subject.schema.components if name.endswith("Nested")}
    assert len(nodes) == 2
    assert subject.accepts({"where": {"next": {"next": {"leaf": True}}, "other": {"leaf": True}}})
    assert not subject.accepts({"where": {"next": {"leaf": True}}})


def test_a_field_that_may_not_be_compared_with_null_takes_no_null() -> None:
    subject = Subject(SHOP, SecurityPolicy(paths={"stock": Access(filter={"eq", "ne"})}))
    for document in ({"where": {"stock": None}}, {"where": {"stock": {"ne": None}}}):
        assert subject.error(document) is not None
        assert not subject.accepts(document)


def test_places_with_rights_of_their_own_have_components_of_their_own() -> None:
    paths = {"parent.price": None, "parent.parent": None}
    subject = Subject(SHOP, SecurityPolicy(relations=True, paths=paths))
    assert {"ProductWhere", "ProductParentNested"} <= set(subject.schema.components)
    assert subject.accepts({"where": {"price": 1, "parent": {"stock": 1}}})
    for where in ({"parent.price": 1}, {"parent": {"price": 1}}, {"parent": {"parent": {"stock": 1}}}):
        assert subject.error({"where": where}) is not None
        assert not subject.accepts({"where": where})


def test_tests_of_one_field_or_relation_may_be_joined_where_they_stand() -> None:
    subject = SUBJECTS["shop"]
    for where in (
        {"price": {"or": [{"lt": 5}, {"not": {"lt": 9}}], "gt": 1}},
        {"maker": {"isNull": False, "or": [{"isNull": True}, {"name": "x"}], "not": {"country": "x"}}},
        {"reviews": {"or": [{"some": {"stars": 1}}, {"none": {"stars": 5}}]}},
        {"maker": {"nor": [{"products": {"some": {"price": {"and": [{"gt": 1}]}}}}]}},
    ):
        assert subject.error({"where": where}) is None, where
        assert subject.accepts({"where": where}), where
    refused: list[JSON] = [
        {"price": {"or": []}},
        {"price": {"or": [{"id": 1}]}},
        {"maker": {"or": [{"eq": 1}]}},
    ]
    for bad in refused:
        assert subject.error({"where": bad}) is not None
        assert not subject.accepts({"where": bad})


def test_names_that_are_words_of_the_language_stand_where_they_are_names() -> None:
    inner = make_dataclass("Inner", [("size", int), ("other", int)])
    outer = make_dataclass("Outer", [("id", int), ("size", int), ("inner", inner)])
    subject = Subject(MemoryQueryEngine(outer), OPEN)
    for where in ({"size": 1}, {"inner.size": 1}, {"inner": {"other": 1}}, {"inner": {"or": [{"other": 1}]}}):
        assert subject.error({"where": where}) is None, where
        assert subject.accepts({"where": where}), where
    nested = {"where": {"inner": {"size": 1}}}
    assert subject.error(nested) is not None
    assert not subject.accepts(nested)


def test_components_are_named_after_models_types_and_places() -> None:
    names = set(SUBJECTS["harbour, with regex and a time zone"].schema.components)
    assert {"ShipFilter", "ShipWhere", "PortNested", "ContainerQuantifiers", "ContainerWhere"} <= names
    assert {
        "Int64Operators",
        "TextOperators",
        "KindOperators",
        "TextListOperators",
        "DateTimeOperators",
    } <= names


def test_a_name_can_be_given_to_the_filter_of_one_dependency() -> None:
    view = Processor(ships(), policy=OPEN).view
    schema = filter_schema(view, ships().capabilities, OPEN, name="Admin ship")
    assert schema.root == "Admin_shipFilter"
    assert "Admin_shipWhere" in schema.components


def test_every_reference_leads_to_a_component(subject: Subject) -> None:
    text = json.dumps(subject.schema.components)
    targets = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert targets <= set(subject.schema.components)
    assert set(subject.schema.components) - targets <= {subject.schema.root}


def test_large_models_in_long_chains_need_no_deep_stack() -> None:
    model: type[object] = make_dataclass("M0", [("id", int)])
    for number in range(1, 400):
        model = make_dataclass(f"M{number}", [("id", int), ("next", model)])
    engine = MemoryQueryEngine(model)
    schema = filter_schema(Processor(engine, policy=OPEN).view, engine.capabilities, OPEN)
    assert "M0Nested" in schema.components


def test_where_related_rows_are_bounded_an_include_of_many_has_a_limit() -> None:
    limits = Limits(max_related=5)
    subject = Subject(SHOP, SecurityPolicy(relations=True, limits=limits))
    for scope in ({}, {"limit": 6}, {"where": {"stars": 1}}):
        for document in ({"include": ["reviews"]}, {"include": [{"relation": "reviews", "scope": scope}]}):
            assert subject.error(document) is not None
            assert not subject.accepts(document)
    for taken in ({"include": ["maker"]}, {"include": [{"relation": "reviews", "scope": {"limit": 5}}]}):
        assert subject.error(taken) is None
        assert subject.accepts(taken)
