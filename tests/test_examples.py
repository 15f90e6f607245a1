"""The examples that documents show: each binds, and the first one tells most."""

from __future__ import annotations

import enum
import json
from dataclasses import make_dataclass
from typing import Any

import pytest

from queryengine import Access, Capabilities, Limits, MemoryQueryEngine, Processor, SecurityPolicy
from queryengine.examples import Example, examples
from queryengine.parsed import Source
from tests.harbour import ships
from tests.shop import ProductOut, ShopEngine

OPEN = SecurityPolicy(relations=True)


def made(engine: Any, policy: SecurityPolicy = OPEN, **settings: bool) -> dict[str, Example]:
    """Make the examples of an engine's model, after a look whether they bind."""
    processor = Processor(engine, policy=policy)
    found = examples(processor.view, engine.capabilities, policy.limits, **settings)
    for example in found.values():
        processor.process(Source(json.dumps(example.filter)))
    return found


def first(engine: Any, policy: SecurityPolicy = OPEN) -> dict[str, object]:
    return next(iter(made(engine, policy).values())).filter


def of(**fields: Any) -> MemoryQueryEngine[Any]:
    return MemoryQueryEngine(make_dataclass("Row", list(fields.items())))


@pytest.mark.parametrize("policy", [OPEN, SecurityPolicy(), SecurityPolicy(expose=ProductOut)])
def test_every_example_binds(policy: SecurityPolicy) -> None:
    assert len(made(ShopEngine(), policy)) >= 3


def test_the_first_asks_a_number_orders_and_limits() -> None:
    assert first(ships()) == {"where": {"length": {"gte": 0}}, "order": "-length", "limit": 10}


def test_there_are_four_kinds() -> None:
    assert list(made(ships())) == ["condition", "either", "relation", "order"]


@pytest.mark.parametrize(
    ("type_", "condition"),
    [
        (str, {"icontains": "a"}),
        (bool, {"eq": True}),
        (enum.Enum("Kind", {"ONE": "1"}), {"isNull": False}),
        (list[str], {"isNull": False}),
    ],
    ids=["text", "boolean", "enum", "list"],
)
def test_a_condition_is_one_that_most_rows_meet(type_: Any, condition: dict[str, object]) -> None:
    assert first(of(id=int, value=type_))["where"] == {"value": condition}


def test_a_limit_is_within_the_policy_s_or_left_to_the_paginator() -> None:
    assert first(ships(), SecurityPolicy(limits=Limits(max_limit=3, default_limit=3)))["limit"] == 3
    assert all("limit" not in example.filter for example in made(ships(), windowed=False).values())


def test_what_may_not_be_asked_is_not_in_an_example() -> None:
    only = SecurityPolicy(others=None, paths={"crew": Access(filter=False, sort=True)})
    assert list(made(ships(), only)) == ["order"]
    nothing = SecurityPolicy(others=None, paths={"crew": Access(filter=False, sort=False)})
    assert [example.filter for example in made(ships(), nothing).values()] == [{"limit": 10}]
    isolated = SecurityPolicy(paths={"maker": Access(filter=False), "reviews": Access(filter=False)})
    assert "relation" not in made(ShopEngine(), isolated)


def test_what_the_backend_lacks_is_not_in_an_example() -> None:
    poor = ShopEngine(Capabilities(backend="poor", quantifiers=frozenset()))
    policy = SecurityPolicy(paths={"reviews": Access()})
    assert "relation" not in made(poor, policy)
    assert made(ShopEngine(), policy)["relation"].filter["where"] == {
        "reviews": {"some": {"stars": {"isNull": False}}}
    }


def test_names_that_are_words_of_the_language_are_passed_over() -> None:
    assert first(of(nor=int, id=int))["where"] == {"id": {"gte": 0}}
    assert "relation" not in made(of(id=int, nor=of(id=int).model))
