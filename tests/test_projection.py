"""Projections: the model of what a caller may see and asked for."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TypedDict

import pytest
from pydantic import BaseModel, computed_field, field_serializer

from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode, FilterError, Span
from queryengine.memory import MemoryQueryEngine
from queryengine.model_schema import read_schema
from queryengine.parsed import ParsedFields, ParsedFilter
from queryengine.policy import Access, SecurityPolicy
from queryengine.process import Processor
from queryengine.projection import Projector
from queryengine.request import encode
from queryengine.resolver import Place, unscoped
from queryengine.schema import ModelSchema, Relation
from queryengine.view import build_view
from tests.shop import OPEN, REVIEW, ProductOut, ShopEngine, bind

EXPOSE = SecurityPolicy(expose=ProductOut)


def projection(fields: object, policy: SecurityPolicy = OPEN) -> type[BaseModel]:
    document: dict[str, Any] = {} if fields is None else {"fields": fields}
    model = bind(document, policy=policy).projection
    assert model is not None
    return model


def shown(model: type[BaseModel], row: object) -> dict[str, Any]:
    return model.model_validate(row, from_attributes=True).model_dump(by_alias=True)


class Row:
    """A row whose other attributes must not be read."""

    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> object:
        if name in {"price", "stock", "maker", "name", "id"}:
            pytest.fail(f"{name} was read")
        raise AttributeError(name)


def test_without_fields_and_with_nothing_hidden_there_is_none() -> None:
    policy = SecurityPolicy(paths={"cost": Access(), "password_hash": Access()})
    assert bind({}, policy=policy).projection is None
    assert bind({}, policy=policy).fields is None


def test_without_fields_it_shows_what_the_policy_does() -> None:
    model = projection(None)
    assert "cost" not in model.model_fields
    assert "password_hash" not in model.model_fields
    assert "maker" not in model.model_fields


def test_the_response_model_is_the_projection_where_nothing_is_asked() -> None:
    assert bind({}, policy=EXPOSE).projection is ProductOut


def test_it_shows_just_the_fields_that_were_asked_for() -> None:
    ast = bind({"fields": ["id", "price"]})
    assert ast.fields is not None
    assert [str(path) for path in ast.fields] == ["id", "price"]
    assert shown(projection(["id", "price"]), Row(id=1, price=Decimal(2))) == {"id": 1, "price": Decimal(2)}
    assert projection({"id": True, "price": True}) is not None


def test_fields_can_be_left_out() -> None:
    model = projection({"price": False, "stock": False})
    assert not {"price", "stock", "cost"} & set(model.model_fields)
    assert {"id", "name"} <= set(model.model_fields)


def test_nullable_fields_are_optional() -> None:
    assert shown(projection(["stock"]), Row(stock=None)) == {"stock": None}


def test_related_fields_nest() -> None:
    row = Row(id=1, maker=SimpleNamespace(name="x", country="CH"))
    assert shown(projection(["id", "maker.name"]), row) == {"id": 1, "maker": {"name": "x"}}
    assert shown(projection(["maker.name"]), Row(maker=None)) == {"maker": None}
    reviews = [SimpleNamespace(stars=5, id=1, text=None)]
    assert shown(projection(["reviews.stars"]), Row(reviews=reviews)) == {"reviews": [{"stars": 5}]}
    assert set(
        shown(projection(["maker"]), Row(maker=SimpleNamespace(id=1, name="x", country="CH")))["maker"]
    ) == {
        "id",
        "name",
        "country",
    }


def test_a_required_relation_may_be_null_as_its_row_may_lie_outside_of_a_scope() -> None:
    class Reviews(ShopEngine):
        @property
        def schema(self) -> ModelSchema[object]:
            return REVIEW

    model = Processor(Reviews(), policy=OPEN).process(encode({"fields": ["id", "product.name"]})).projection
    assert model is not None
    assert shown(model, Row(id=1, product=None)) == {"id": 1, "product": None}


@dataclass
class Node:
    id: int
    name: str
    parent: Node | None
    size: Size


@dataclass
class Size:
    width: int


def test_what_nests_without_end_is_shown_where_it_is_asked_for_only() -> None:
    processor = Processor(MemoryQueryEngine(Node), policy=OPEN)
    root = Node(1, "root", None, Size(5))
    row = Node(2, "leaf", root, Size(6))
    without = processor.process(encode({"fields": {"name": False}})).projection
    assert without is not None
    assert shown(without, row) == {"id": 2, "size": {"width": 6}}
    asked = processor.process(encode({"fields": ["id", "parent"]})).projection
    assert asked is not None
    assert shown(asked, row) == {"id": 2, "parent": {"id": 1, "name": "root", "size": {"width": 5}}}


def test_the_response_model_is_narrowed_without_reading_the_rest() -> None:
    row = Row(id=1, name="x")
    assert shown(projection(["id", "title"], EXPOSE), row) == {"id": 1, "title": "x"}
    row = Row(maker=SimpleNamespace(name="x", country="CH"))
    assert shown(projection(["maker.name"], EXPOSE), row) == {"maker": {"name": "x"}}
    assert shown(
        projection({"maker.country": False, "price": False, "inStock": False}, EXPOSE),
        Row(id=1, name="x", maker=SimpleNamespace(name="y", country="CH")),
    ) == {"id": 1, "title": "x", "maker": {"name": "y"}}


def test_serializers_of_the_response_model_hold_and_what_it_computes_is_not_shown() -> None:
    class Masked(BaseModel):
        id: int
        name: str

        @field_serializer("name")
        def mask(self, name: str) -> str:
            return name[0] + "***"

        @computed_field
        def shout(self) -> str:
            return self.name.upper()

    model = projection(["name"], SecurityPolicy(expose=Masked))
    assert shown(model, Row(name="abc")) == {"name": "a***"}
    assert "shout" not in shown(projection(["id"], SecurityPolicy(expose=Masked)), Row(id=1))


def test_a_policy_prunes_the_response_model() -> None:
    policy = SecurityPolicy(expose=ProductOut, paths={"maker.country": None, "price": Access(select=False)})
    model = projection(None, policy)
    row = Row(id=1, name="x", stock=2, maker=SimpleNamespace(name="y", country="CH"))
    assert shown(model, row) == {"id": 1, "title": "x", "inStock": 2, "maker": {"name": "y"}}


def test_the_schema_of_a_projection_tells_the_truth() -> None:
    schema = projection(["id", "maker.name"], EXPOSE).model_json_schema(mode="serialization")
    assert set(schema["properties"]) == {"id", "maker"}


def test_projections_are_made_once() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    first = processor.process(encode({"fields": ["id"], "limit": 1})).projection
    assert processor.process(encode({"fields": ["id"], "where": {"id": 2}})).projection is first


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (["nope"], ErrorCode.UNKNOWN_FIELD),
        (["cost"], ErrorCode.UNKNOWN_FIELD),
        (["maker.api_key"], ErrorCode.UNKNOWN_FIELD),
        ({"nope": False}, ErrorCode.UNKNOWN_FIELD),
    ],
)
def test_names_that_cannot_be_seen_are_refused(fields: object, code: ErrorCode) -> None:
    with pytest.raises(FilterError) as caught:
        bind({"fields": fields})
    assert caught.value.code is code


def test_leaving_out_everything_is_refused() -> None:
    policy = SecurityPolicy(paths={"id": Access()}, others=None)
    with pytest.raises(FilterError) as caught:
        bind({"fields": {"id": False}}, policy=policy)
    assert caught.value.code is ErrorCode.EMPTY_CONDITION


def test_leaving_out_below_a_relation_that_is_not_shown_shows_none_of_it() -> None:
    assert "maker" not in projection({"maker.name": False}).model_fields


def test_a_relation_that_is_left_out_is_not_brought_back_by_a_path_below_it() -> None:
    asked = projection({"maker": False, "maker.country": False}, EXPOSE)
    row = Row(id=1, name="Lamp", price=Decimal(5), stock=3)
    assert "maker" not in shown(asked, row)


class Facts(TypedDict, total=False):
    """What a column of JSON is declared to hold."""

    text: str
    whole: int
    number: float
    flag: bool
    inner: Inner


class Inner(TypedDict):
    """A document in the document."""

    whole: int


def unchecked(model: type[object]) -> ModelSchema[object]:
    """The schema of documents that nothing holds to their types."""
    schema = read_schema(model)
    relations = {
        name: replace(relation, load=lambda: unchecked(Inner), unchecked=True)
        for name, relation in schema.relations.items()
    }
    fields = {name: replace(field, nullable=True) for name, field in schema.fields.items()}
    return replace(schema, fields=fields, relations=relations)


def facts(document: object) -> object:
    """What the projection shows of a document."""
    facts = Relation("facts", lambda: unchecked(Facts), embedded=True, unchecked=True)
    schema = ModelSchema("Row", Row, relations={"facts": facts})
    view = build_view(schema, Capabilities(backend="toy"), SecurityPolicy())
    asked = ParsedFilter(fields=ParsedFields((("facts", Span(0, 0)),), False, Span(0, 0)))
    _, model = Projector(1).project(Place(view), asked, unscoped, ())
    assert model is not None
    return shown_as_json(model, Row(facts=document))


def shown_as_json(model: type[BaseModel], row: object) -> object:
    shown: dict[str, object] = json.loads(model.model_validate(row, from_attributes=True).model_dump_json())
    return shown["facts"]


NOTHING: dict[str, object] = {"text": None, "whole": None, "number": None, "flag": None, "inner": None}


@pytest.mark.parametrize("document", [None, [], [{"text": "a"}], "{}", "", 5, 1.5, True])
def test_a_document_that_is_no_object_is_null(document: object) -> None:
    assert facts(document) is None


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ({}, {}),
        ({"text": "a", "other": 1}, {"text": "a"}),
        ({"text": 1, "whole": "3", "number": "1.5", "flag": 1, "inner": []}, {}),
        ({"text": True, "whole": True, "number": False, "flag": "yes", "inner": "x"}, {}),
        ({"whole": 3.0, "number": 3, "flag": False}, {"whole": 3, "number": 3.0, "flag": False}),
        ({"whole": 3.5, "number": 10**400}, {}),
        ({"text": "\ud800", "number": math.nan, "whole": math.inf}, {}),
        ({"inner": {"whole": "3"}}, {"inner": {"whole": None}}),
        ({"inner": {"whole": 3}}, {"inner": {"whole": 3}}),
    ],
)
def test_a_member_that_is_not_as_declared_is_null(
    document: dict[str, object], expected: dict[str, object]
) -> None:
    assert facts(document) == NOTHING | expected
