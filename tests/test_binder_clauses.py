"""Binding under a policy: its rights and limits, order, window, include."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from queryengine.ast import Comparison, Nulls
from queryengine.config import QueryConfig
from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode
from queryengine.limits import Limits
from queryengine.policy import Access, SecurityPolicy
from tests.shop import ProductOut, bind, only, refused

CODE = ErrorCode


def test_a_field_may_have_some_operators_only() -> None:
    policy = SecurityPolicy(paths={"name": Access(filter={"eq", "in"}, sort=False, select=False)})
    assert only({"name": "x"}, policy=policy).value == "x"
    assert refused({"where": {"name": {"contains": "x"}}}, policy=policy).code is CODE.NOT_ALLOWED
    assert refused({"order": "name"}, policy=policy).code is CODE.NOT_ALLOWED
    assert refused({"fields": ["name"]}, policy=policy).code is CODE.NOT_ALLOWED


def test_a_relation_may_be_closed_to_filters_and_includes() -> None:
    policy = SecurityPolicy(paths={"maker": Access(filter=False, include=False)})
    for where in ({"maker": {"name": "x"}}, {"maker.name": "x"}, {"maker": None}):
        assert refused({"where": where}, policy=policy).code is CODE.NOT_ALLOWED
    closed = SecurityPolicy(paths={"maker": Access(sort=False, select=False)})
    assert refused({"order": "maker.name"}, policy=closed).code is CODE.NOT_ALLOWED
    assert refused({"fields": ["maker.name"]}, policy=closed).code is CODE.NOT_ALLOWED
    assert refused({"include": "maker"}, policy=policy).code is CODE.NOT_ALLOWED


def test_lenient_policies_read_numbers_from_text() -> None:
    assert only({"stock": "5"}, policy=SecurityPolicy(lenient=True)).value == 5


def test_a_policy_may_name_the_zone_of_date_times() -> None:
    zone = dt.timezone(dt.timedelta(hours=2))
    value = only({"made_at": "2013-01-01T10:00:00"}, policy=SecurityPolicy(timezone=zone)).value
    assert value == dt.datetime(2013, 1, 1, 8, tzinfo=dt.UTC)


def test_regexes_are_checked_when_they_are_allowed() -> None:
    policy = SecurityPolicy(regex=True)
    assert only({"name": {"regex": "^a+b$"}}, policy=policy).value == "^a+b$"
    assert refused({"where": {"name": {"regex": "(a+)+"}}}, policy=policy).code is CODE.INVALID_REGEX


def test_names_are_those_of_the_response_model() -> None:
    policy = SecurityPolicy(expose=ProductOut)
    comparison = only({"inStock": 4}, policy=policy)
    assert comparison.path.names == ("inStock",)
    assert comparison.path.field is not None
    assert comparison.path.field.name == "stock"
    assert refused({"where": {"stock": 4}}, policy=policy).code is CODE.UNKNOWN_FIELD
    assert refused({"where": {"secret_cost": 4}}, policy=policy).code is CODE.UNKNOWN_FIELD


@pytest.mark.parametrize(
    ("limits", "document", "name"),
    [
        (Limits(max_conditions=2), {"where": {"or": [{"stock": i} for i in range(3)]}}, "max_conditions"),
        (Limits(max_list_length=2), {"where": {"stock": {"in": [1, 2, 3]}}}, "max_list_length"),
        (Limits(max_list_length=2), {"where": {"stock": {"in": [1, 2, None]}}}, "max_list_length"),
        (Limits(max_string_length=2), {"where": {"name": "abc"}}, "max_string_length"),
        (Limits(max_order_keys=1), {"order": "id,name"}, "max_order_keys"),
        (
            Limits(max_include_depth=1),
            {"include": {"relation": "maker", "scope": {"include": "products"}}},
            "max_include_depth",
        ),
        (Limits(max_depth=3), {"where": {"not": {"not": {"not": {"stock": 1}}}}}, "max_depth"),
    ],
)
def test_a_breached_limit_is_named(limits: Limits, document: dict[str, Any], name: str) -> None:
    error = refused(document, policy=SecurityPolicy(relations=True, limits=limits))
    assert error.code is CODE.LIMIT_EXCEEDED
    assert any(name in expected for expected in error.expected)


# -- order, window, include


def test_nulls_are_the_smallest_and_only_named_where_there_can_be_some() -> None:
    order = bind({"order": "stock,-price"}).order
    assert [(str(key.path), key.descending, key.nulls) for key in order] == [
        ("stock", False, Nulls.FIRST),
        ("price", True, None),
        ("id", False, None),
    ]
    assert bind({"order": "-stock"}).order[0].nulls is Nulls.LAST
    assert bind({"order": "-stock NULLS FIRST"}).order[0].nulls is Nulls.FIRST
    assert bind({"order": "price NULLS FIRST"}).order[0].nulls is None
    assert bind({"order": "maker.name"}).order[0].nulls is Nulls.FIRST


def test_an_engine_may_have_nulls_the_largest() -> None:
    largest = Capabilities(backend="shop", null_order="largest")
    assert bind({"order": "stock"}, capabilities=largest).order[0].nulls is Nulls.LAST
    assert bind({"order": "-stock"}, capabilities=largest).order[0].nulls is Nulls.FIRST


def test_the_primary_key_ends_every_order_once() -> None:
    assert [(str(key.path), key.implied) for key in bind({}).order] == [("id", True)]
    assert [(str(key.path), key.implied) for key in bind({"order": "-id"}).order] == [("id", False)]


@pytest.mark.parametrize(
    ("order", "code"),
    [
        ("nope", CODE.UNKNOWN_FIELD),
        ("maker", CODE.NOT_ALLOWED),
        ("color", CODE.OPERATOR_NOT_APPLICABLE),
        ("tags", CODE.OPERATOR_NOT_APPLICABLE),
        ("id,-id", CODE.DUPLICATE_KEY),
        ("reviews.stars", CODE.QUANTIFIER_REQUIRED),
    ],
)
def test_orders_that_mean_nothing_are_refused(order: str, code: ErrorCode) -> None:
    assert refused({"order": order}).code is code


def test_an_order_through_many_rows_is_not_told_to_write_what_no_order_can() -> None:
    error = refused({"order": "reviews.stars"})
    assert (error.message, error.expected, error.hint) == (
        "'reviews' has many rows: no order goes through it",
        (),
        None,
    )


def test_the_window_has_the_policy_s_bounds() -> None:
    assert bind({}).window.limit == 100
    assert bind({"limit": 5, "skip": 7}).window.limit == 5
    assert bind({"limit": 5, "offset": 7}).window.offset == 7
    for limit in (0, -1, 1.5, "10", 10**9, True):
        assert refused({"limit": limit}).code in (
            CODE.OUT_OF_RANGE,
            CODE.TYPE_MISMATCH,
            CODE.SYNTAX_ERROR,
            CODE.LIMIT_EXCEEDED,
        )
    assert refused({"offset": -1}).code is CODE.OUT_OF_RANGE


def test_external_paging_refuses_the_window_and_sets_none() -> None:
    external = QueryConfig(paging="external")
    assert bind({}, config=external).window.limit is None
    for word in ("limit", "offset", "skip"):
        assert refused({word: 5}, config=external).code is CODE.NOT_ALLOWED


def test_includes_have_filters_of_their_own() -> None:
    document = {
        "include": [{"relation": "reviews", "scope": {"where": {"stars": 5}, "order": "-stars"}}, "maker"]
    }
    reviews, maker = bind(document).include
    assert isinstance(reviews.filter.condition, Comparison)
    assert reviews.filter.window.limit is None
    assert [str(key.path) for key in reviews.filter.order] == ["stars", "id"]
    assert maker.filter.condition is None
    assert [
        str(key.path)
        for key in bind({"include": {"relation": "reviews", "scope": {"limit": 3}}}).include[0].filter.order
    ] == ["id"]


@pytest.mark.parametrize(
    ("include", "code"),
    [
        ("nope", CODE.UNKNOWN_FIELD),
        ("name", CODE.NOT_ALLOWED),
        (["maker", "maker"], CODE.DUPLICATE_KEY),
        ({"relation": "maker", "scope": {"where": {"nope": 1}}}, CODE.UNKNOWN_FIELD),
    ],
)
def test_includes_that_mean_nothing_are_refused(include: object, code: ErrorCode) -> None:
    assert refused({"include": include}).code is code
