"""The cache of aggregates' shapes: what is known gives what a first sight gives, and values are checked."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest
from hypothesis import given, settings
from pydantic import BaseModel, create_model

from queryengine import ErrorCode, FilterError, QueryConfig, SecurityPolicy, field
from queryengine.aggregate_memory import MemoryAggregate
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregate_schema import aggregate_schema
from queryengine.aggregates import AggregateAST
from queryengine.parsed import Source
from queryengine.predicate import Scope
from tests.harbour import SHIPS, Port, Ship, ships
from tests.schema_samples import instances

OPEN = SecurityPolicy(relations=True)
NAMES = (
    "name",
    "active",
    "home_name",
    "count",
    "count_distinct_built",
    "sum_crew",
    "avg_tonnage",
    "max_seen_at",
)
ENGINE = ships()


def processor(policy: SecurityPolicy = OPEN, config: QueryConfig | None = None) -> AggregateProcessor:
    fields: dict[str, Any] = dict.fromkeys(NAMES, (Any, None))
    row: type[BaseModel] = create_model("Row", **fields)
    return AggregateProcessor(ENGINE, row, policy=policy, config=config)


def asked(document: object) -> Source:
    return Source(json.dumps(document))


def outcome(by: AggregateProcessor, document: object, scope: Scope | None = None) -> object:
    """Give the bound aggregate and its answer, or all that its error says."""
    try:
        ast = by.process(asked(document), scope=scope)
    except FilterError as error:
        return error.code, error.message, error.path, error.span, error.expected, error.hint
    # Fields of an answer are made when a shape is bound, and are equal to none but themselves. Spans of what
    # belongs to the shape are those of its first text.
    return re.sub(r"span=Span\([^)]*\)", "", repr(ast)), MemoryAggregate(ast).all(SHIPS)


def varied(value: Any) -> Any:
    """Give a document of the same form with other literals, which may not fit."""
    match value:
        case dict():
            return {key: varied(part) for key, part in cast("dict[str, Any]", value).items()}
        case [*parts]:
            return [varied(part) for part in parts]
        case str() if value not in NAMES and "." not in value:
            return f"{value}0"
        case int() | float() if not isinstance(value, bool):
            return value * 2 + 1
        case _:
            return value


@pytest.mark.long
def test_a_known_shape_gives_what_a_first_sight_gives() -> None:
    warm = processor()
    schema = aggregate_schema(warm.view, warm.askable, ENGINE.capabilities, OPEN)
    scopes: list[Scope | None] = [None, {Ship: field("active") == True}, {Port: field("id") > 1}]  # noqa: E712

    @settings(deadline=None, max_examples=60)
    @given(instances({"$ref": schema.root}, schema.components))
    def law(document: Any) -> None:
        narrowed = {word: part for word, part in document.items() if word in ("where", "having", "limit")}
        for each in (document, document | varied(narrowed), document):
            for scope in scopes:
                cold = outcome(processor(), each, scope)
                assert outcome(warm, each, scope) == outcome(warm, each, scope) == cold

    law()


def bound(by: AggregateProcessor, document: object, scope: Scope | None = None) -> AggregateAST:
    return by.process(asked(document), scope=scope)


def test_a_budget_is_of_the_rows_and_the_groups_together() -> None:
    both = {"where": {"name": {"contains": "a"}}, "having": {"name": {"contains": "b"}}, "limit": 1}
    policy = SecurityPolicy(relations=True, max_cost=40)
    assert bound(processor(policy), {"groupBy": "name", **both, "having": {"name": "b"}}).names == ("name",)
    with pytest.raises(
        FilterError, match=r"costs 44\.05 of at most 40: comparison 2, unanchored 40"
    ) as caught:
        bound(processor(policy), {"groupBy": "name", **both})
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED


def test_aggregates_that_differ_in_values_only_share_their_shapes() -> None:
    warm = processor()
    first, second = (
        bound(
            warm, {"groupBy": "name", "count": True, "where": {"crew": n}, "having": {"count": n}, "limit": n}
        )
        for n in (1, 2)
    )
    assert first.rows.shape is second.rows.shape
    assert first.groups.shape is second.groups.shape
    assert (first.rows.values, first.groups.values) == ((1,), (1, 1))
    assert (second.rows.values, second.groups.values) == ((2,), (2, 2))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"groupBy": "name"}, {"groupBy": "active"}),
        ({"groupBy": ["name", "active"]}, {"groupBy": ["active", "name"]}),
        ({"sum": "crew"}, {"avg": "tonnage"}),
        ({"groupBy": "name", "order": "name"}, {"groupBy": "name", "order": "-name"}),
        ({"groupBy": "name", "having": {"name": "name"}}, {"groupBy": "active", "having": {"name": "name"}}),
    ],
)
def test_names_belong_to_the_shape(one: object, other: object) -> None:
    warm = processor()
    for document in (one, other, one, other):
        assert outcome(warm, document) == outcome(processor(), document)


def test_the_values_of_a_known_shape_are_checked_every_time() -> None:
    warm = processor()
    text = '{"groupBy":"name","count":true,"where":{"crew":CREW},"having":{"count":{"gt":COUNT}}}'
    warm.process(Source(text.replace("CREW", "1").replace("COUNT", "2")))
    for crew, count, wrong in (('"x"', "2", '"x"'), ("1", '"y"', '"y"'), ("1", "1e99", "1e99")):
        sent = text.replace("CREW", crew).replace("COUNT", count)
        with pytest.raises(FilterError) as caught:
            warm.process(Source(sent))
        assert caught.value.span is not None
        assert caught.value.span.slice(sent) == wrong


def test_scopes_of_one_shape_share_a_plan_and_keep_their_values() -> None:
    warm = processor()
    first, second = (
        bound(warm, {"groupBy": "home.name", "count": True}, {Ship: field("id") == n, Port: field("id") > n})
        for n in (1, 2)
    )
    assert first.rows.shape is second.rows.shape
    assert first.rows.scope != second.rows.scope
    assert first.keys != second.keys  # the scope of ports stands on their path


def test_the_cache_is_bounded_and_keeps_no_long_texts() -> None:
    small = processor(config=QueryConfig(parameter="aggregate", cache_size=3))
    for number in range(1, 20):
        bound(small, {"count": True, "where": {"or": [{"crew": 1}] * number}})
    plans = small._plans  # pyright: ignore[reportPrivateUsage]  # its bound is what is tested
    assert (len(plans), plans.layouts) == (3, 3)
    whole = processor()
    bound(whole, {"count": True, "where": {"name": {"in": ["x" * 1_000] * 5}}})
    assert len(whole._plans) == 0  # pyright: ignore[reportPrivateUsage]  # its bound is what is tested
