"""Explain: MongoDB's plan of the very query, without running it and without its values."""

from __future__ import annotations

import json
from typing import Any

import pytest
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult, explain
from queryengine_beanie.plans import read_plan

from queryengine import ConfigurationError, FilterAST, Processor, SecurityPolicy, field
from queryengine.cost import CostWeights
from queryengine.explain import Explanation
from queryengine.request import encode
from tests.beanie.conftest import Shop
from tests.beanie.shop import Order

ORDERS = BeanieQueryEngine(Order)
PROCESSOR = Processor(ORDERS, policy=SecurityPolicy(relations=True))
FOUND: dict[str, Any] = {"where": {"number": {"gt": 40417}}, "offset": 3, "limit": 5}
JOINED: dict[str, Any] = {"where": {"number": {"gt": 40417}, "customer.name": {"contains": "Kirkwall"}}}
VALUES = ("40417", "Kirkwall", "77053")


def result(filter: dict[str, Any]) -> BeanieQueryResult[Order]:
    return ORDERS.build_query(PROCESSOR.process(encode(filter), scope=field("number") != 77053))


def explained(shop: Shop, filter: dict[str, Any], **options: Any) -> Explanation:
    return shop.runner.run(explain(result(filter), **options))


@pytest.mark.parametrize("filter", [FOUND, JOINED], ids=["find", "aggregate"])
def test_plan_and_query_are_those_of_the_result_with_its_scope_and_show_no_values(
    shop: Shop, filter: dict[str, Any]
) -> None:
    found = explained(shop, filter)
    assert json.loads(found.filter)["where"] == filter["where"]
    assert found.query is not None
    assert '{"number": {"$gt": "?"}}' in found.query
    assert found.query.count('"?"') == len(filter["where"]) + 1
    assert "COLLSCAN" in json.dumps(found.plan)
    shown = f"{found.query} {json.dumps(found.plan)} {found!r}"
    for value in VALUES:
        assert value not in shown


def test_an_index_is_named(shop: Shop) -> None:
    orders = shop.database["shop_orders"]
    by_number = ORDERS.build_query(PROCESSOR.process(encode({"where": {"number": 5}})))
    shop.runner.run(orders.create_index("number"))
    try:
        plan = json.dumps(shop.runner.run(explain(by_number)).plan)
    finally:
        shop.runner.run(orders.drop_index("number_1"))
    assert '"stage": "IXSCAN"' in plan
    assert '"indexName": "number_1"' in plan


def test_values_are_shown_when_asked(shop: Shop) -> None:
    found = explained(shop, JOINED, values=True)
    assert found.query is not None
    for value in VALUES:
        assert value in found.query
    assert "40417" in json.dumps(found.plan)


def test_the_weights_of_a_policy_give_its_figures(shop: Shop) -> None:
    plain, heavy = explained(shop, JOINED), explained(shop, JOINED, weights=CostWeights(relation=100))
    assert heavy.cost - plain.cost == 100 - CostWeights().relation
    assert heavy.backend == "beanie"


def test_nothing_is_run(shop: Shop) -> None:
    shop.commands.queries.clear()
    explained(shop, JOINED)
    assert not shop.commands.queries


def test_the_query_of_a_filter_without_a_shape_is_shown_with_its_values_only(shop: Shop) -> None:
    by_hand = ORDERS.build_query(FilterAST(PROCESSOR.process(encode(FOUND)).condition))
    assert shop.runner.run(explain(by_hand)).query is None
    assert "40417" in (shop.runner.run(explain(by_hand, values=True)).query or "")


def test_a_server_without_explain_is_an_error_that_says_so(java_shop: Shop) -> None:
    with pytest.raises(ConfigurationError, match="the server does not have this command"):
        explained(java_shop, FOUND)


SCAN = {
    "stage": "FETCH",
    "filter": {"name": {"$eq": "Kirkwall"}},
    "inputStage": {
        "stage": "IXSCAN",
        "keyPattern": {"number": 1},
        "indexName": "number_1",
        "indexBounds": {"number": ["(40417, inf.0]"]},
    },
}
OUTLINE = {
    "stage": "FETCH",
    "inputStage": {"stage": "IXSCAN", "keyPattern": {"number": 1}, "indexName": "number_1"},
}
PLANNER = {"parsedQuery": {"number": {"$gt": 40417}}, "winningPlan": SCAN, "rejectedPlans": [SCAN]}


def test_of_a_plan_of_mongodb_8_the_stages_and_indexes_are_shown() -> None:
    slots = {"queryPlan": SCAN, "slotBasedPlan": {"stages": "filter {s1 == 40417}"}}
    assert read_plan({"queryPlanner": PLANNER, "serverInfo": {"host": "db"}}, values=False) == {
        "winningPlan": OUTLINE,
        "rejectedPlans": [OUTLINE],
    }
    assert read_plan({"queryPlanner": {"winningPlan": slots}}, values=False) == {
        "winningPlan": {"queryPlan": OUTLINE}
    }


def test_of_the_stages_of_a_pipeline_what_they_join_and_sort_by_is_shown() -> None:
    lookup = {
        "from": "people",
        "as": "_qe0",
        "let": {"x": 40417},
        "pipeline": [{"$match": {"from": "Kirkwall"}}],
    }
    stages = [
        {"$cursor": {"queryPlanner": PLANNER}},
        {"$lookup": lookup},
        {"$match": {"stage": "Kirkwall"}, "nReturned": 5},
        {"$sort": {"sortKey": {"number": 1}}},
    ]
    assert read_plan({"stages": stages}, values=False) == {
        "stages": [
            {"$cursor": {"winningPlan": OUTLINE, "rejectedPlans": [OUTLINE]}},
            {"$lookup": {"from": "people", "as": "_qe0"}},
            {"$match": {}},
            {"$sort": {"sortKey": {"number": 1}}},
        ]
    }


def test_with_values_all_but_what_is_about_the_server_is_shown() -> None:
    answer = {"queryPlanner": PLANNER, "command": {}, "serverInfo": {"host": "db"}, "ok": 1.0}
    assert read_plan(answer, values=True) == {"queryPlanner": PLANNER}
