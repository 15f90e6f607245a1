"""Estimates of cost: every part adds its weight, and a budget refuses with the figures."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from queryengine.config import QueryConfig
from queryengine.cost import CostWeights, estimate
from queryengine.errors import ConfigurationError, ErrorCode, FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import field
from tests.shop import bind

ALONE = CostWeights(row=0)


def parts(document: Mapping[str, object]) -> dict[str, float]:
    return dict(estimate(bind(dict(document)), ALONE).parts)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"stock": 5}, {"comparison": 1}),
        ({"stock": {"ne": 5}}, {"comparison": 1}),
        ({"stock": {"between": [1, 5]}}, {"comparison": 2}),
        ({"stock": {"in": [1, 2, 3, 4]}}, {"comparison": 1, "value": 0.4}),
        ({"or": [{"stock": 1}, {"not": {"stock": 2}}]}, {"comparison": 2}),
        ({"name": {"contains": "a"}}, {"comparison": 1, "unanchored": 20}),
        ({"name": {"startsWith": "a"}}, {"comparison": 1}),
        ({"name": {"istartsWith": "a"}}, {"comparison": 1, "unanchored": 20}),
        ({"name": {"like": "a%"}}, {"comparison": 1}),
        ({"name": {"like": "%a"}}, {"comparison": 1, "unanchored": 20}),
        ({"name": {"like": "_a"}}, {"comparison": 1, "unanchored": 20}),
        ({"maker.name": "a"}, {"comparison": 1, "relation": 10}),
        ({"reviews": {"some": {"stars": 5}}}, {"comparison": 1, "relation": 10}),
    ],
)
def test_each_part_of_a_condition_adds_its_weight(
    where: dict[str, object], expected: dict[str, float]
) -> None:
    assert parts({"where": where}) == expected


def test_orders_includes_and_windows_add_theirs() -> None:
    document = {"order": "-stock,maker.name", "include": "maker", "limit": 100, "offset": 1_000}
    cost = estimate(bind(document))
    assert cost.parts == {"order": 4, "relation": 10, "include": 20, "row": 5, "skipped": 50}
    assert cost.total == 89


def test_an_include_adds_what_its_own_filter_costs() -> None:
    document = {"include": [{"relation": "reviews", "scope": {"where": {"stars": {"gt": 3}}}}]}
    assert parts(document) == {"include": 20, "comparison": 1}


def test_row_scopes_are_not_the_callers_cost() -> None:
    scoped = bind({"where": {"stock": 1}}, scope=field("name").contains("x"))
    assert estimate(scoped, ALONE).parts == {"comparison": 1}


def budget(most: float) -> SecurityPolicy:
    return SecurityPolicy(relations=True, max_cost=most, weights=ALONE)


def test_a_budget_refuses_with_the_figures() -> None:
    document = {"where": {"maker.name": {"contains": "a"}}}
    assert bind(document, policy=budget(31)).where is not None
    with pytest.raises(FilterError, match=r"costs 31 of at most 30\.5: ") as caught:
        bind(document, policy=budget(30.5))
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    for figure in ("relation 10", "comparison 1", "unanchored 20"):
        assert figure in str(caught.value)
    assert caught.value.expected == ("max_cost 30.5",)


def test_a_budget_counts_the_values_of_each_request() -> None:
    policy = SecurityPolicy(max_cost=6)
    for limit, fits in ((100, True), (121, False), (100, True)):
        try:
            bind({"limit": limit}, policy=policy, config=QueryConfig())
        except FilterError:
            assert not fits
        else:
            assert fits


@pytest.mark.parametrize("weight", [-1, True, "5", float("nan")])
def test_a_weight_that_means_nothing_is_an_error(weight: float) -> None:
    with pytest.raises(ConfigurationError, match=r"CostWeights\.order"):
        CostWeights(order=weight)
