"""The bound on related rows: whatever loads many of them with each row has to say how many."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from queryengine import Limits, SecurityPolicy
from queryengine.errors import ErrorCode
from tests.shop import bind, refused

BOUNDED = SecurityPolicy(relations=True, limits=Limits(max_related=5))


def include(limit: int | None = None, relation: str = "reviews") -> dict[str, Any]:
    return {"relation": relation, "scope": {"where": {"id": 1}} | ({} if limit is None else {"limit": limit})}


class ReviewShown(BaseModel):
    stars: int


class Always(BaseModel):
    id: int
    reviews: list[ReviewShown]


class OnRequest(BaseModel):
    id: int
    reviews: list[ReviewShown] = []


def test_without_the_limit_an_include_loads_all() -> None:
    (loaded,) = bind({"include": ["reviews"]}).include
    assert loaded.filter.window.limit is None


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"include": "reviews"}, ("include",)),
        ({"include": ["maker", "reviews"]}, ("include", 1)),
        ({"include": [include()]}, ("include", 0)),
        ({"include": [{"relation": "parent", "scope": {"include": "reviews"}}]}, None),
        ({"fields": ["id", "reviews.stars"]}, ("fields", 1)),
        ({"fields": ["reviews"]}, ("fields", 0)),
        ({"fields": {"parent.reviews.stars": True}}, None),
        ({"fields": ["parent.reviews"], "include": [include(5)]}, None),
    ],
)
def test_what_loads_many_without_a_limit_is_refused_at_its_place(
    document: dict[str, Any], path: tuple[str | int, ...] | None
) -> None:
    error = refused(document, policy=BOUNDED)
    assert error.code is ErrorCode.LIMIT_EXCEEDED
    assert error.expected == ("max_related 5",)
    assert "'reviews' may be many rows for each row" in str(error)
    assert error.span is not None
    if path is not None:
        assert error.path == path


@pytest.mark.parametrize(
    "document",
    [
        {"include": [include(5)]},
        {"include": ["maker", include(1)]},
        {"include": [include(relation="parent")]},
        {"include": [{"relation": "parent", "scope": {"include": [include(2)]}}]},
        {"fields": ["id", "reviews.stars"], "include": [include(5)]},
        {"fields": ["maker.name", "tags"]},
        {"fields": {"name": False}},
        {"where": {"reviews": {"some": {"stars": 1}}}},
    ],
)
def test_what_has_a_limit_or_is_one_row_is_taken(document: dict[str, Any]) -> None:
    bind(document, policy=BOUNDED)


def test_the_limit_of_an_include_is_within_the_bound_and_that_of_all_rows() -> None:
    assert refused({"include": [include(6)]}, policy=BOUNDED).code is ErrorCode.OUT_OF_RANGE
    wide = SecurityPolicy(relations=True, limits=Limits(max_related=2_000))
    assert refused({"include": [include(1_001)]}, policy=wide).code is ErrorCode.OUT_OF_RANGE
    assert bind({"limit": 1_000, "include": [include(5)]}, policy=BOUNDED).window.limit == 1_000


def test_what_the_response_model_always_shows_is_the_service_s_own_choice() -> None:
    always = SecurityPolicy(expose=Always, limits=Limits(max_related=5))
    bind({"fields": ["reviews.stars"]}, policy=always)
    assert refused({"include": ["reviews"]}, policy=always).code is ErrorCode.LIMIT_EXCEEDED
    on_request = SecurityPolicy(expose=OnRequest, limits=Limits(max_related=5))
    assert refused({"fields": ["reviews.stars"]}, policy=on_request).code is ErrorCode.LIMIT_EXCEEDED
    bind({}, policy=on_request)


def test_a_relation_that_is_hidden_is_unknown_all_the_same() -> None:
    policy = SecurityPolicy(paths={"reviews": None}, relations=True, limits=Limits(max_related=5))
    for document in ({"include": ["reviews"]}, {"fields": ["reviews.stars"]}):
        assert refused(document, policy=policy).code is ErrorCode.UNKNOWN_FIELD
