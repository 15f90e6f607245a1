"""Narrowed response models: they read what was asked for and nothing else, whatever the names."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, cast

import pytest
from pydantic import (
    AliasChoices,
    AliasGenerator,
    BaseModel,
    ConfigDict,
    Field,
    computed_field,
    field_validator,
)
from pydantic.alias_generators import to_camel

from queryengine.engine import Capabilities
from queryengine.memory import MemoryQueryEngine
from queryengine.policy import Access, SecurityPolicy
from queryengine.process import process_filter_to_ast
from queryengine.response_model import written_as
from queryengine.view import build_view
from tests.shop import REVIEW, MakerOut, ProductOut, bind

Document = dict[str, Any]  # Any: a JSON document


class Row:
    """A row that knows which of its attributes were read."""

    def __init__(self, **values: object) -> None:
        self._values = values
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> object:
        if name not in self._values:
            raise AttributeError(name)
        self.read.add(name)
        return self._values[name]


def narrowed(expose: type[BaseModel], document: Document, **policy: Any) -> type[BaseModel]:
    """The projection model of a filter. Any: the policy's settings."""
    model = bind(document, policy=SecurityPolicy(expose=expose, **policy)).projection
    assert model is not None
    return model


def shown(expose: type[BaseModel], document: Document, row: Row, **policy: Any) -> Document:
    """What a filter shows of a row. Any: the policy's settings."""
    model = narrowed(expose, document, **policy)
    return model.model_validate(row, from_attributes=True).model_dump(by_alias=True)


# -- names

NAMINGS: dict[str, Document] = {
    "by its name": {},
    "alias": {"alias": "{}1"},
    "validation_alias": {"validation_alias": "{}1"},
    "choices": {"validation_alias": AliasChoices("{}1", "{}2")},
    "serialization_alias": {"serialization_alias": "{}Out"},
    "both": {"validation_alias": "{}1", "serialization_alias": "{}Out"},
}
CONFIGS: dict[str, ConfigDict] = {
    "by alias": ConfigDict(),
    "populate_by_name": ConfigDict(populate_by_name=True),
    "validate_by_name": ConfigDict(validate_by_name=True),
    "by name only": ConfigDict(validate_by_name=True, validate_by_alias=False),
    "defaults are validated": ConfigDict(populate_by_name=True, validate_default=True),
}
GENERATORS: dict[str, Any] = {  # Any: functions, objects and nothing
    "no generator": None,
    "to_camel": to_camel,
    "written only": AliasGenerator(serialization_alias=to_camel),
}
ATTRIBUTES = {
    field: {field, to_camel(field), f"{field}1", f"{field}2"} for field in ("made_at", "label", "active")
}


def naming(settings: Document, field: str) -> Any:  # Any: what pydantic's Field gives
    def filled(alias: object) -> object:
        if isinstance(alias, AliasChoices):
            return AliasChoices(*(str(choice).format(field) for choice in alias.choices))
        return str(alias).format(field)

    filled_in: Document = {name: filled(alias) for name, alias in settings.items()}
    return Field(**filled_in)


@pytest.mark.parametrize(("names", "config", "generator"), list(product(NAMINGS, CONFIGS, GENERATORS)))
def test_what_is_not_asked_for_is_not_read_whatever_its_names(
    names: str, config: str, generator: str
) -> None:
    class Named(BaseModel):
        model_config = cast("ConfigDict", {**CONFIGS[config], "alias_generator": GENERATORS[generator]})

        made_at: str = naming(NAMINGS[names], "made_at")
        label: str = naming(NAMINGS[names], "label")
        active: str = naming(NAMINGS[names], "active")

        @field_validator("made_at", "active")
        @classmethod
        def is_text(cls, text: str) -> str:
            assert isinstance(text, str)
            return text

    values = {name: name for attributes in ATTRIBUTES.values() for name in attributes}
    whole = Named.model_validate(Row(**values), from_attributes=True).model_dump(by_alias=True)
    written = written_as("label", Named.model_fields["label"])
    for fields in (
        [written],
        {written_as(name, Named.model_fields[name]): False for name in ("made_at", "active")},
    ):
        row = Row(**values)
        assert shown(Named, {"fields": fields}, row) == {written: whole[written]}
        assert row.read <= ATTRIBUTES["label"]


# -- what the policy withholds


@pytest.mark.parametrize(
    "document",
    [
        {"fields": ["maker"]},
        {"fields": ["id"], "include": ["maker"]},
        {"include": ["maker"]},
        {"include": [{"relation": "maker", "scope": {"fields": {"name": True}}}]},
        {"fields": {"id": False}},
        {},
    ],
)
def test_what_a_policy_withholds_of_a_relation_is_not_shown_where_the_relation_is_asked_for(
    document: Document,
) -> None:
    maker = Row(name="Acme", country="CH")
    row = Row(id=1, name="Lamp", price=1, stock=2, maker=maker)
    assert shown(ProductOut, document, row, paths={"maker.country": None})["maker"] == {"name": "Acme"}
    assert maker.read == {"name"}


# -- the fields of includes


class ReviewOut(BaseModel):
    """A review; its product leads back."""

    id: int
    stars: int
    text: str | None
    product: ReviewedOut | None = None

    @computed_field
    def half(self) -> float:
        return self.stars / 2


class ReviewedOut(BaseModel):
    """A product whose maker is always shown, and whose reviews are shown to who asks for them."""

    id: int
    title: str = Field(validation_alias="name", serialization_alias="title")
    maker: MakerOut | None
    reviews: list[ReviewOut] = Field(default=[], alias="reviewsOfIt", validation_alias="reviews")

    @computed_field
    def shout(self) -> str:
        return self.title.upper()


def lamp(**more: object) -> Row:
    return Row(id=1, name="Lamp", maker=Row(name="Acme", country="CH"), **more)


LAMP = {"id": 1, "title": "Lamp", "maker": {"name": "Acme", "country": "CH"}, "shout": "LAMP"}


def test_a_class_in_quotes_is_known_when_the_first_filter_comes() -> None:
    policy = SecurityPolicy(expose=ReviewOut)
    assert list(build_view(REVIEW, Capabilities(backend="toy"), policy).relations) == ["product"]


@pytest.mark.parametrize("fields", [["stars"], {"id": False, "text": False, "product": False}])
def test_the_fields_of_an_include_hold_without_fields_of_its_own_rows(fields: object) -> None:
    review = Row(id=5, stars=4, text="bright")
    include = {"include": [{"relation": "reviewsOfIt", "scope": {"fields": fields}}]}
    row = lamp(reviews=[review])
    assert shown(ReviewedOut, include, row) == LAMP | {"reviewsOfIt": [{"stars": 4}]}
    assert review.read == {"stars"}


def test_the_fields_of_an_include_within_an_include_hold() -> None:
    inner = Row(id=1, name="Lamp")
    review = Row(id=5, stars=4, text="bright", product=inner)
    scope = {"include": [{"relation": "product", "scope": {"fields": ["title"]}}]}
    include = {"include": [{"relation": "reviewsOfIt", "scope": scope}]}
    found = {"id": 5, "stars": 4, "text": "bright", "half": 2.0, "product": {"title": "Lamp"}}
    assert shown(ReviewedOut, include, lamp(reviews=[review])) == LAMP | {"reviewsOfIt": [found]}
    assert inner.read == {"name"}


# -- relations for who asks


def test_a_relation_with_a_default_is_read_where_it_is_asked_for_only() -> None:
    row = lamp(reviews=[Row(id=5, stars=4, text=None, product=lamp())])
    assert shown(ReviewedOut, {}, row) == LAMP | {"reviewsOfIt": []}
    assert "reviews" not in row.read
    shows = LAMP | {"reviewsOfIt": [{"id": 5, "stars": 4, "text": None, "product": None, "half": 2.0}]}
    assert shown(ReviewedOut, {"include": ["reviewsOfIt"]}, row) == shows
    assert shown(ReviewedOut, {"fields": ["reviewsOfIt"]}, row) == {"reviewsOfIt": shows["reviewsOfIt"]}
    assert shown(ReviewedOut, {"fields": ["reviewsOfIt.stars"]}, row) == {"reviewsOfIt": [{"stars": 4}]}


def test_fields_that_do_not_name_it_leave_it_out_and_those_that_leave_out_others_its_default() -> None:
    row = lamp(reviews=[])
    assert shown(ReviewedOut, {"fields": ["id"]}, row) == {"id": 1}
    assert shown(ReviewedOut, {"fields": {"maker": False, "title": False}}, row) == {
        "id": 1,
        "reviewsOfIt": [],
    }
    assert shown(ReviewedOut, {"fields": {"maker": False, "reviewsOfIt": False}}, row) == {
        "id": 1,
        "title": "Lamp",
    }
    assert shown(ReviewedOut, {"fields": {"maker": False, "title": False, "reviewsOfIt.id": False}}, row) == {
        "id": 1,
        "reviewsOfIt": [],
    }
    assert "reviews" not in row.read


def test_fields_load_no_relation_that_is_left_at_its_default() -> None:
    fields = bind({"fields": {"title": False}}, policy=SecurityPolicy(expose=ReviewedOut)).fields
    assert fields is not None
    assert [str(path) for path in fields] == ["id", "maker"]


def test_a_default_may_be_null_or_be_made() -> None:
    class Nothing(BaseModel):
        id: int
        reviews: list[ReviewOut] | None = None

    class Made(BaseModel):
        id: int
        reviews: list[ReviewOut] = Field(default_factory=list[ReviewOut])

    assert shown(Nothing, {}, Row(id=1, reviews=[])) == {"id": 1, "reviews": None}
    assert shown(Made, {}, Row(id=1, reviews=[])) == {"id": 1, "reviews": []}


def test_a_field_with_a_default_is_shown_in_any_case_as_is_a_relation_without_one() -> None:
    class Plain(BaseModel):
        id: int
        stock: int | None = None
        maker: MakerOut | None

    assert narrowed(Plain, {}) is Plain
    assert narrowed(Plain, {"include": ["maker"]}) is Plain


def test_it_holds_in_related_rows_that_are_always_shown() -> None:
    class Child(BaseModel):
        id: int
        reviews: list[ReviewOut] | None = None

    class Parent(BaseModel):
        id: int
        parent: Child | None

    parent = Row(id=2, reviews=[Row(id=5, stars=4, text=None)])
    for document in ({}, {"fields": ["id", "parent"]}, {"include": ["parent"]}):
        assert shown(Parent, document, Row(id=1, parent=parent)) == {
            "id": 1,
            "parent": {"id": 2, "reviews": None},
        }
    assert "reviews" not in parent.read


@dataclass
class Box:
    """An object in memory, that carries what it nests."""

    id: int
    sides: list[Side]


@dataclass
class Side:
    """What a box carries."""

    length: int


class SideOut(BaseModel):
    length: int


class BoxOut(BaseModel):
    id: int
    sides: list[SideOut] = []


def test_what_objects_carry_is_shown_in_any_case_as_embedded_documents_are() -> None:
    engine = MemoryQueryEngine(Box)
    bound = process_filter_to_ast({}, engine, policy=SecurityPolicy(expose=BoxOut))
    query, projection_model, _ = engine.build_query(bound)
    assert projection_model is BoxOut
    boxes = [
        projection_model.model_validate(box, from_attributes=True) for box in query.all([Box(1, [Side(2)])])
    ]
    assert [box.model_dump() for box in boxes] == [{"id": 1, "sides": [{"length": 2}]}]


class NodeOut(BaseModel):
    """A product that nests itself without end, with something to ask for on each level."""

    id: int
    parent: NodeOut | None
    reviews: list[ReviewOut] = []


def test_it_holds_in_models_that_nest_themselves() -> None:
    rows = Row(
        id=1, reviews=None, parent=Row(id=2, reviews=None, parent=Row(id=3, reviews=None, parent=None))
    )
    leaf: Document = {"id": 3, "parent": None, "reviews": []}
    assert shown(NodeOut, {}, rows) == {
        "id": 1,
        "reviews": [],
        "parent": {"id": 2, "parent": leaf, "reviews": []},
    }
    asked = {"include": [{"relation": "parent", "scope": {"fields": ["parent"]}}]}
    assert shown(NodeOut, asked, rows) == {"id": 1, "reviews": [], "parent": {"parent": leaf}}


def test_a_relation_that_a_policy_withholds_does_not_show_its_default() -> None:
    paths = {"reviewsOfIt": Access(select=False)}
    assert "reviewsOfIt" not in shown(ReviewedOut, {}, lamp(), paths=paths)


def test_the_schema_of_a_narrowed_model_can_be_told() -> None:
    schema = narrowed(NodeOut, {}).model_json_schema(mode="serialization")
    nodes = [one for name, one in schema["$defs"].items() if name.startswith("NodeOut")]
    assert [set(node["properties"]) for node in nodes] == [{"id", "parent", "reviews"}]
