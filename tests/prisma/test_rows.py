"""Prisma's rows beside the reference evaluator's, on each database: scopes, and what once went wrong."""

from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryengine import field
from queryengine.predicate import Predicate, Scope
from queryengine.testing import Stage, conditions, filters, predicates

REAL = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@REAL
@given(data=st.data())
def test_a_filter_within_random_row_scopes_gives_the_rows_of_the_reference(
    stage: Stage, data: st.DataObject
) -> None:
    ground = stage.ground("Thing")
    scope = {
        schema.model: data.draw(predicates(ground, schema), label=name)
        for name, schema in stage.schemas("Thing").items()
        if data.draw(st.booleans())
    }
    document = data.draw(filters(ground))
    if scope:
        stage.differential("Thing").check(document, cast("Scope", scope))


@REAL
@given(data=st.data())
def test_a_condition_and_its_negation_give_all_rows_once_each(stage: Stage, data: st.DataObject) -> None:
    stage.differential("Thing").check_partition(data.draw(conditions(stage.ground("Thing"))))


ONCE: list[dict[str, Any]] = [
    {"where": {"tested": {"nin": []}}},
    {"where": {"tested": {"in": []}}},
    {"where": {"tested": {"in": [True, False, None]}}},
    {"where": {"active": {"in": [True, False]}}},
    {"where": {"not": {"tested": {"in": [True, False]}}}},
    {"where": {"or": [{"id": {"between": [0, 0]}}, {"tested": {"exists": False, "in": []}}]}},
    {"where": {"maker.things": {"some": {"tested": {"nin": []}}}}},
    {"where": {"children": {"every": {"id": {"exists": True}}}}},
    {"where": {"maker.region.parent.name": {"ne": "a"}}},
    {"where": {"not": {"maker.region.parent": None}}},
    {"where": {"fee": {"lt": "0.00001"}}, "order": "-fee"},
    {"where": {"price": "1E+3"}},
    {"order": "-owner.id,gone NULLS LAST,-maker.region_id"},
    {"order": "-blob"},
]


@pytest.mark.parametrize("document", ONCE)
def test_what_once_went_wrong_or_might_have(stage: Stage, document: dict[str, Any]) -> None:
    stage.differential("Thing").check(document)


def test_texts_that_order_otherwise_in_utf16_start_with_what_they_start_with(stage: Stage) -> None:
    comparison = stage.differential("Phrase")
    for text in ("\uffff", "\U00010000", "\ud7ff", "\U0010ffff", "a\U0010ffff", "", "e\u0301", "A"):
        comparison.check({"where": {"text": {"startsWith": text}}})
        comparison.check_partition({"note": {"startsWith": text}})


def test_a_row_outside_of_its_scope_does_not_exist_behind_a_path_either(stage: Stage) -> None:
    maker = stage.schemas("Thing")["Maker"].model
    scope: dict[type[object], Predicate] = {maker: field("id") > 100}
    documents: list[dict[str, Any]] = [
        {"where": {"maker": None}},
        {"where": {"maker.name": {"ne": "a"}}},
        {"where": {"not": {"owner.region.name": {"exists": True}}}},
        {"where": {"parts": {"none": {"maker.id": {"gt": 0}}}}},
    ]
    for document in documents:
        stage.differential("Thing").check(document, scope)
