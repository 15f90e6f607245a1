"""Binding: what a back-end cannot do and what the policy does not allow, told apart and told of."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from queryengine.ast import Op
from queryengine.engine import FULL, Capabilities
from queryengine.errors import ErrorCode
from queryengine.policy import Access, SecurityPolicy
from queryengine.schema import TypeKind
from tests.shop import bind, refused

CODE = ErrorCode


@dataclass
class Gap:
    capabilities: Capabilities
    document: dict[str, Any]


GAPS = [
    Gap(
        Capabilities(backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq"})}),
        {"where": {"name": {"like": "x"}}},
    ),
    Gap(
        Capabilities(backend="few", operators={**FULL, TypeKind.RELATION: frozenset()}),
        {"where": {"maker": None}},
    ),
    Gap(Capabilities(backend="few", quantifiers=frozenset()), {"where": {"reviews": {"some": {"stars": 1}}}}),
    Gap(Capabilities(backend="few", sortable=frozenset()), {"order": "name"}),
    Gap(Capabilities(backend="few"), {"order": "label"}),
    Gap(Capabilities(backend="few", order_by_relation=False), {"order": "maker.name"}),
    Gap(Capabilities(backend="few", order_by_missing=False), {"order": "maker.id"}),
    Gap(Capabilities(backend="few", nulls_order=False), {"order": "stock"}),
    Gap(Capabilities(backend="few", projection=False), {"fields": ["name"]}),
    Gap(Capabilities(backend="few", include=False), {"include": "maker"}),
    Gap(
        Capabilities(backend="few", include_window=False),
        {"include": {"relation": "reviews", "scope": {"order": "stars"}}},
    ),
    Gap(
        Capabilities(backend="few", include_window=False),
        {"include": {"relation": "reviews", "scope": {"limit": 1}}},
    ),
    Gap(
        Capabilities(backend="few", include_missing=False),
        {
            "include": {
                "relation": "reviews",
                "scope": {"include": {"relation": "product", "scope": {"where": {"stock": 1}}}},
            }
        },
    ),
    Gap(Capabilities(backend="few"), {"after": "x"}),
    Gap(Capabilities(backend="few"), {"before": "x"}),
]


@pytest.mark.parametrize("gap", GAPS, ids=lambda gap: json.dumps(gap.document))
def test_a_gap_is_refused_with_the_name_of_the_back_end(gap: Gap) -> None:
    error = refused(gap.document, capabilities=gap.capabilities)
    assert error.code is CODE.UNSUPPORTED_BY_BACKEND
    assert "few" in error.message


def test_where_rows_may_be_missing_only_fields_order_that_can_be_null_themselves() -> None:
    few = Capabilities(backend="few", order_by_missing=False)
    bound = bind({"order": "maker.country"}, capabilities=few)
    assert [str(key.path) for key in bound.order] == ["maker.country", "id"]


@pytest.mark.parametrize("word", ["icontains", "notIcontains"])
@pytest.mark.parametrize("text", ["50%", "a_b"])
def test_a_back_end_that_cannot_escape_wildcards_takes_no_text_with_them(word: str, text: str) -> None:
    few = Capabilities(backend="few", unescaped=frozenset({Op.ICONTAINS}))
    error = refused({"where": {"name": {word: text}}}, capabilities=few)
    assert error.code is CODE.OUT_OF_RANGE
    assert error.expected == ("a text without % and _",)


def test_a_gap_gives_its_note() -> None:
    operators = {**FULL, TypeKind.TEXT: frozenset({"eq"})}
    few = Capabilities(backend="few", operators=operators, notes={"text:like": "no patterns here"})
    assert refused({"where": {"name": {"like": "x"}}}, capabilities=few).hint == "no patterns here"


ASKED_TWICE = [
    ({"name": {"regex": "x"}}, {"name": Access(filter={"eq", "in"})}),
    ({"label": {"contains": "x"}}, {"label": Access(filter={"isNull"})}),
    ({"label": "x"}, {"label": Access(filter=False)}),
]


@pytest.mark.parametrize(("where", "paths"), ASKED_TWICE)
def test_what_the_policy_does_not_allow_tells_nothing_of_the_back_end(
    where: dict[str, Any], paths: dict[str, Access]
) -> None:
    few = Capabilities(backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq", "in", "isNull"})})
    error = refused({"where": where}, capabilities=few, policy=SecurityPolicy(paths=paths, regex=True))
    assert error.code is CODE.NOT_ALLOWED
    assert error.hint is None
    assert "few" not in error.message


def test_a_regex_that_the_policy_leaves_off_tells_nothing_of_the_back_end() -> None:
    few = Capabilities(backend="few", operators={**FULL, TypeKind.TEXT: frozenset({"eq"})})
    error = refused({"where": {"name": {"regex": "x"}}}, capabilities=few, policy=SecurityPolicy())
    assert (error.code, error.message) == (CODE.NOT_ALLOWED, "regex is not allowed here")


@pytest.mark.parametrize(
    ("document", "able"),
    [
        ({"fields": ["name"]}, Capabilities(backend="few", projection=False)),
        (
            {"include": {"relation": "maker", "scope": {"order": "name"}}},
            Capabilities(backend="few", include_window=False),
        ),
    ],
)
def test_a_name_that_may_not_be_used_tells_nothing_of_the_back_end(
    document: dict[str, Any], able: Capabilities
) -> None:
    closed = Access(sort=False, select=False)
    policy = SecurityPolicy(relations=True, paths={"name": closed, "maker.name": closed, "maker": Access()})
    error = refused(document, capabilities=able, policy=policy)
    assert (error.code, error.hint) == (CODE.NOT_ALLOWED, None)


def test_an_operator_that_is_not_allowed_is_told_those_that_are() -> None:
    policy = SecurityPolicy(paths={"name": Access(filter={"eq", "in", "contains", "startsWith"})})
    error = refused({"where": {"name": {"gt": "x"}}}, policy=policy)
    assert error.expected == refused({"where": {"name": {"startWith": "x"}}}, policy=policy).expected
    assert set(error.expected) == {"eq", "in", "contains", "startsWith"}
