"""Printing a bound filter gives the canonical document; binding that gives the same filter."""

from __future__ import annotations

import enum
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings

from queryengine.ast import FilterAST
from queryengine.engine import Capabilities
from queryengine.limits import Limits
from queryengine.parsed import Source
from queryengine.policy import SecurityPolicy
from queryengine.predicate import field as named
from queryengine.printer import to_document, to_text
from queryengine.process import Processor
from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    Field,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    ModelSchema,
    Relation,
    TextType,
    TimeType,
    UUIDType,
)
from queryengine.testing.strategies import Document, Ground, filters


class Size(enum.Enum):
    SMALL = 1
    LARGE = 2


class Shop:
    """A stand-in for a model: schemas only name it."""


TYPES: dict[str, FieldType] = {
    "count": IntegerType(),
    "ratio": FloatType(),
    "price": DecimalType(),
    "open": BooleanType(),
    "name": TextType(),
    "day": DateType(),
    "made": DateTimeType(aware=True),
    "clock": TimeType(),
    "length": DurationType(),
    "uid": UUIDType(),
    "blob": BytesType(),
    "kind": EnumType(Size),
    "data": JSONType(),
    "words": ArrayType(TextType()),
    "numbers": ArrayType(IntegerType()),
}
IDENTITY = Field("id", IntegerType(), nullable=False)
FIELDS = {"id": IDENTITY, **{name: Field(name, type_) for name, type_ in TYPES.items()}}
RELATIONS = {
    "owner": Relation("owner", lambda: SHOP),
    "town": Relation("town", lambda: SHOP, nullable=False),
    "goods": Relation("goods", lambda: SHOP, many=True),
}
SHOP: ModelSchema[Shop] = ModelSchema("Shop", Shop, FIELDS, RELATIONS, (IDENTITY,))


@dataclass(frozen=True)
class PrintingEngine:
    """An engine that compiles nothing."""

    model: type[Shop] = Shop
    schema: ModelSchema[Shop] = field(default=SHOP)
    capabilities: Capabilities = field(default=Capabilities(backend="none"))

    def build_query(self, ast: FilterAST) -> FilterAST:
        return ast

    execute_query = build_query


WIDE = Limits(max_depth=64, max_conditions=500, max_relation_depth=64, max_relation_steps=500)
PROCESSOR = Processor(PrintingEngine(), policy=SecurityPolicy(relations=True, regex=True, limits=WIDE))
GROUND = Ground(PROCESSOR.view, PrintingEngine().capabilities)


def bind(document: Mapping[str, object]) -> FilterAST:
    return PROCESSOR.process(Source(json.dumps(document)))


def where(condition: Document) -> object:
    return to_document(bind({"where": condition}))["where"]


@pytest.mark.long
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(filters(GROUND))
def test_binding_what_was_printed_gives_the_same_filter(document: Document) -> None:
    ast = bind(document)
    text = to_text(ast)
    again = PROCESSOR.process(Source(text))
    assert again == ast
    assert to_text(again) == text


@pytest.mark.parametrize(
    ("written", "printed"),
    [
        ({"count": 5}, {"count": {"eq": 5}}),
        ({"count": {"$neq": 5}}, {"count": {"ne": 5}}),
        ({"count": {"between": [1, 9]}}, {"count": {"gte": 1, "lte": 9}}),
        ({"count": {"inq": [1, 2]}}, {"count": {"in": [1, 2]}}),
        ({"count": {"nin": []}}, {"count": {"nin": []}}),
        ({"count": None}, {"count": {"isNull": True}}),
        ({"count": {"ne": None}}, {"count": {"isNull": False}}),
        ({"count": {"exists": True}}, {"count": {"isNull": False}}),
        ({"count": {"in": [1, None]}}, {"or": [{"count": {"in": [1]}}, {"count": {"isNull": True}}]}),
        ({"not": {"count": {"gt": 5}}}, {"not": {"count": {"gt": 5}}}),
        ({"not": {"name": {"like": "a%"}}}, {"name": {"nlike": "a%"}}),
        ({"name": {"notIcontains": "x"}}, {"name": {"notIcontains": "x"}}),
        ({"not": {"name": {"regex": "a"}}}, {"not": {"name": {"regex": "a"}}}),
        ({"not": {"words": {"isEmpty": True}}}, {"words": {"isEmpty": False}}),
        ({"words": ["a", "b"]}, {"words": {"eq": ["a", "b"]}}),
        ({"words": {"hasAll": []}}, {"words": {"hasAll": []}}),
        ({"numbers": {"size": 2, "has": 1}}, {"numbers": {"size": 2, "has": 1}}),
        ({"data": {"eq": {"b": 1.0, "a": [True, None]}}}, {"data": {"eq": {"a": [True, None], "b": 1}}}),
        ({"kind": 2}, {"kind": {"eq": 2}}),
        ({"price": 1.5}, {"price": {"eq": "1.5"}}),
        ({"made": "2024-05-01T02:00:00+02:00"}, {"made": {"eq": "2024-05-01T00:00:00Z"}}),
        ({"owner": {"town": {"name": "x"}}}, {"owner.town.name": {"eq": "x"}}),
        ({"owner": {"isNull": True}}, {"owner": {"isNull": True}}),
        ({"goods": {"elemMatch": {"count": 1}}}, {"goods": {"some": {"count": {"eq": 1}}}}),
        ({"not": {"goods": {"some": {"count": 1}}}}, {"goods": {"none": {"count": {"eq": 1}}}}),
        ({"owner": {"goods": {"every": {"count": 1}}}}, {"owner.goods": {"every": {"count": {"eq": 1}}}}),
        (
            {"nor": [{"count": 1}, {"count": 2}]},
            {"not": {"or": [{"count": {"eq": 1}}, {"count": {"eq": 2}}]}},
        ),
        ({"count": 1, "or": [{"id": 2}]}, {"count": {"eq": 1}, "id": {"eq": 2}}),
        ({"and": [{"count": 1}, {"name": "a"}]}, {"count": {"eq": 1}, "name": {"eq": "a"}}),
        ({"and": [{"count": 1}, {"count": 2}]}, {"and": [{"count": {"eq": 1}}, {"count": {"eq": 2}}]}),
        (
            {"and": [{"count": {"gt": 1}}, {"name": "a"}, {"count": {"lt": 9}}]},
            {"and": [{"count": {"gt": 1}}, {"name": {"eq": "a"}}, {"count": {"lt": 9}}]},
        ),
        (
            {"and": [{"not": {"count": {"gt": 1}}}, {"not": {"id": {"gt": 2}}}]},
            {"and": [{"not": {"count": {"gt": 1}}}, {"not": {"id": {"gt": 2}}}]},
        ),
    ],
)
def test_a_condition_has_one_canonical_form(written: Document, printed: Document) -> None:
    assert where(written) == printed


def test_an_order_says_where_nulls_stand_unless_there_can_be_none() -> None:
    document = to_document(bind({"order": ["id", "-count", "owner.name ASC NULLS LAST"]}))
    assert document["order"] == "id,count DESC NULLS LAST,owner.name ASC NULLS LAST"


def test_a_descending_key_that_cannot_be_null_has_a_sign() -> None:
    assert to_document(bind({"order": "town.id desc"}))["order"] == "-town.id"


def test_the_tie_breaker_is_not_printed() -> None:
    ast = bind({})
    assert [str(key.path) for key in ast.order] == ["id"]
    assert "order" not in to_document(ast)


def test_fields_include_and_window_are_printed() -> None:
    document = {
        "fields": ["id", "name"],
        "include": ["owner", {"relation": "goods", "scope": {"where": {"count": 1}, "limit": 2}}],
        "limit": 5,
        "skip": 2,
    }
    assert to_document(bind(document)) == {
        "fields": ["id", "name"],
        "include": ["owner", {"relation": "goods", "scope": {"where": {"count": {"eq": 1}}, "limit": 2}}],
        "limit": 5,
        "offset": 2,
    }
    assert bind(to_document(bind(document))) == bind(document)


def test_a_window_that_only_puts_included_rows_in_order_is_printed() -> None:
    document = {"include": [{"relation": "goods", "scope": {"offset": 0}}]}
    assert to_document(bind(document))["include"] == document["include"]
    assert bind(to_document(bind(document))) == bind(document)


def test_the_scope_of_the_service_is_not_printed() -> None:
    ast = PROCESSOR.process(Source('{"where":{"count":1}}'), scope=named("name") == "mine")
    assert to_text(ast) == '{"where":{"count":{"eq":1}},"limit":100}'


def test_text_keeps_characters_as_they_are() -> None:
    assert to_text(bind({"where": {"name": 'É"\U0001f600'}})).startswith(
        '{"where":{"name":{"eq":"É\\"\U0001f600"}}'
    )


def test_a_template_has_nothing_to_print() -> None:
    shape = bind({"where": {"count": 1}, "limit": 3}).shape
    assert shape is not None
    with pytest.raises(TypeError, match="template"):
        to_document(shape.template)
    window_only = bind({"limit": 3}).shape
    assert window_only is not None
    with pytest.raises(TypeError, match="template"):
        to_document(window_only.template)
