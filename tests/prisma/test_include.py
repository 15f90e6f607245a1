"""What is loaded with each row: includes, the relations of fields, and what a response model shows."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict
from queryengine_prisma import PrismaQueryEngine

from queryengine import Processor, SecurityPolicy, field
from queryengine.errors import ErrorCode, FilterError
from queryengine.predicate import Predicate
from queryengine.request import encode
from queryengine.testing import Stage

OPEN = SecurityPolicy(relations=True)


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class MakerOut(Shown):
    name: str


class PartOut(Shown):
    id: int
    maker: MakerOut | None


class ThingOut(Shown):
    id: int
    owner: MakerOut
    parts: list[PartOut]


class ThingTree(Shown):
    id: int
    children: list[ThingTree] | None


def include(
    model: type[Any],
    document: dict[str, Any],
    policy: SecurityPolicy = OPEN,
    scope: dict[type[object], Predicate] | None = None,
) -> object:
    engine = PrismaQueryEngine(model)
    bound = Processor(engine, policy=policy).process(encode(document), scope=scope)
    return engine.build_query(bound).query.get("include")


def test_an_include_carries_its_own_condition_order_and_window(world: ModuleType) -> None:
    scope = {"where": {"size": {"gt": 3}}, "order": "-size", "limit": 2, "offset": 1}
    assert include(world.models.Thing, {"include": [{"relation": "parts", "scope": scope}, "maker"]}) == {
        "parts": {
            "where": {"size": {"gt": 3}},
            "order_by": [{"size": "desc"}, {"id": "asc"}],
            "take": 2,
            "skip": 1,
        },
        "maker": True,
    }


def test_includes_stand_in_includes(world: ModuleType) -> None:
    document = {"include": {"relation": "parts", "scope": {"include": "maker"}}}
    assert include(world.models.Thing, document) == {"parts": {"include": {"maker": True}}}


def test_fields_of_related_rows_are_loaded(world: ModuleType) -> None:
    document = {"fields": ["id", "maker.name", "parts"]}
    assert include(world.models.Thing, document) == {"maker": True, "parts": True}


def test_what_the_response_model_shows_is_loaded(world: ModuleType) -> None:
    found = include(world.models.Thing, {}, SecurityPolicy(expose=ThingOut))
    assert found == {"owner": True, "parts": {"include": {"maker": True}}}


def test_a_response_model_within_itself_is_loaded_once(world: ModuleType) -> None:
    assert include(world.models.Thing, {}, SecurityPolicy(expose=ThingTree)) == {"children": True}


def test_row_scopes_hold_in_all_that_is_loaded(world: ModuleType) -> None:
    scope: dict[type[object], Predicate] = {world.models.Maker: field("name") == "a"}
    assert include(world.models.Thing, {"include": "maker"}, scope=scope) == {
        "maker": {"where": {"name": "a"}}
    }
    shown = include(world.models.Part, {}, SecurityPolicy(expose=PartOut), scope)
    assert shown == {"maker": {"where": {"name": "a"}}}


@pytest.mark.parametrize(
    "document",
    [
        {"include": "owner"},
        {"fields": ["owner.name"]},
        {"include": {"relation": "owner", "scope": {"where": {"id": 1}}}},
    ],
)
def test_a_required_row_that_might_be_left_out_is_refused(
    world: ModuleType, document: dict[str, Any]
) -> None:
    scope: dict[type[object], Predicate] = {world.models.Maker: field("name") == "a"}
    with pytest.raises(FilterError) as caught:
        include(world.models.Thing, document, scope=scope)
    assert caught.value.code is ErrorCode.UNSUPPORTED_BY_BACKEND
    assert caught.value.hint == "Prisma takes no condition on a related row that is required"


def related(
    stage: Stage, document: dict[str, Any], scope: dict[type[object], Predicate] | None = None
) -> Any:
    """The rows that a filter gives, with what is loaded of them."""
    bound = stage.processor("Thing").process(encode(document), scope=scope)
    return stage.rows("Thing", bound)


def test_the_related_rows_are_those_of_the_reference(stage: Stage) -> None:
    parts: list[Any] = list(stage.objects["Part"])
    large = sorted(
        (part for part in parts if part.size is not None and part.size > 0), key=lambda part: part.id
    )
    expected = {
        stage.key("Thing", thing): [part.id for part in large if part.thing is thing][1:3]
        for thing in stage.objects["Thing"]
    }
    scope = {"where": {"size": {"gt": 0}}, "limit": 2, "offset": 1}
    rows = related(stage, {"include": {"relation": "parts", "scope": scope}})
    assert {row.id: [part.id for part in row.parts] for row in rows} == expected
    assert any(expected.values())


def test_a_related_row_outside_of_its_scope_is_not_loaded(stage: Stage) -> None:
    rows: list[Any] = list(stage.objects["Maker"])
    makers: list[int] = sorted(row.id for row in rows)
    scope: dict[type[object], Predicate] = {stage.schemas("Thing")["Maker"].model: field("id") > makers[2]}
    things = related(stage, {"include": ["maker"]}, scope)
    seen = {row.maker.id for row in things if row.maker is not None}
    assert seen == {row.maker_id for row in things if row.maker_id is not None and row.maker_id > makers[2]}
    assert len(things) == len(stage.objects["Thing"])
