"""Aggregates: what they mean, what is refused and where, and that nobody counts what he may not see."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, create_model

from queryengine import (
    Access,
    FilterError,
    Limits,
    MemoryQueryEngine,
    Processor,
    SecurityPolicy,
    create_qe_aggregate_dependency,
)
from queryengine import field as attribute
from queryengine.aggregate_memory import MemoryAggregateResult, fetch_groups
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import AggregateAST, AggregateResult, SumOutOfRangeError
from queryengine.parsed import Source
from queryengine.predicate import Scope
from tests.asgi import call


class Cabin(Enum):
    ECONOMY = "economy"


@dataclass
class Carrier:
    id: int
    name: str
    country: str | None = None


@dataclass
class Flight:
    id: int
    miles: int
    delay: int | None = None
    fare: Decimal | None = None
    speed: float = 0.5
    day: dt.date = dt.date(2013, 1, 1)
    secret_code: str = "x"
    cabin: Cabin = Cabin.ECONOMY
    carrier: Carrier | None = None
    stops: list[Carrier] = field(default_factory=list[Carrier])


UA, AA = Carrier(1, "UA", "US"), Carrier(2, "AA")
FLIGHTS = [
    Flight(1, 100, 30, Decimal("10.10"), carrier=UA),
    Flight(2, 200, None, Decimal("0.05"), carrier=UA),
    Flight(3, 100, -3, carrier=AA),
    Flight(4, 300, 15, Decimal("1e-30"), day=dt.date(2013, 1, 2)),
]
ENGINE = MemoryQueryEngine(Flight)
ALL = SecurityPolicy(relations=True)
Answer = list[dict[str, object]]


def row(*names: str) -> type[BaseModel]:
    fields: dict[str, Any] = dict.fromkeys(names, (Any, None))
    return create_model("Row", **fields)


def bind(
    text: str | Mapping[str, object],
    *names: str,
    policy: SecurityPolicy = ALL,
    scope: Scope | None = None,
) -> AggregateAST:
    source = Source(text if isinstance(text, str) else json.dumps(text))
    return AggregateProcessor(ENGINE, row(*names), policy=policy).process(source, scope=scope)


def ask(
    document: Mapping[str, object],
    *names: str,
    rows: list[Flight] | None = None,
    scope: Scope | None = None,
) -> Answer:
    ast = bind(document, *names, scope=scope)
    found = ENGINE.build_aggregate(ast).all(FLIGHTS if rows is None else rows)
    return [dict(zip(ast.names, each, strict=True)) for each in found]


def refusal(text: str | Mapping[str, object], *names: str, policy: SecurityPolicy = ALL) -> FilterError:
    with pytest.raises(FilterError) as caught:
        bind(text, *names, policy=policy)
    assert caught.value.source is not None
    return caught.value


# -- what they mean


def test_functions_pass_over_nulls() -> None:
    names = ("sum_delay", "avg_delay", "min_delay", "max_delay", "count_distinct_delay", "count")
    asked = {
        "sum": "delay",
        "avg": "delay",
        "min": "delay",
        "max": "delay",
        "countDistinct": "delay",
        "count": True,
    }
    assert ask(asked, *names) == [
        {
            "sum_delay": 42,
            "avg_delay": 14.0,
            "min_delay": -3,
            "max_delay": 30,
            "count_distinct_delay": 3,
            "count": 4,
        }
    ]


def test_nulls_and_missing_related_rows_are_one_group_which_comes_first() -> None:
    found = ask({"groupBy": "carrier.country", "count": True}, "carrier_country", "count")
    assert found == [{"carrier_country": None, "count": 2}, {"carrier_country": "US", "count": 2}]


def test_without_keys_there_is_one_group_of_no_rows_too() -> None:
    assert ask({"count": True, "sum": "miles"}, "count", "sum_miles", rows=[]) == [
        {"count": 0, "sum_miles": None}
    ]


def test_with_keys_there_are_only_groups_with_rows() -> None:
    assert ask({"groupBy": "miles", "count": True}, "miles", "count", rows=[]) == []


def test_decimals_are_added_exactly() -> None:
    (found,) = ask({"sum": "fare"}, "sum_fare")
    assert found["sum_fare"] == Decimal("10.150000000000000000000000000001")


def test_a_sum_beyond_64_bits_is_an_error() -> None:
    rows = [replace(FLIGHTS[0], miles=2**63 - 1), FLIGHTS[1]]
    with pytest.raises(SumOutOfRangeError):
        ask({"sum": "miles"}, "sum_miles", rows=rows)


class Miles(BaseModel):
    sum_miles: int | None = None
    avg_miles: float | None = None
    count: int = 0


miles = create_qe_aggregate_dependency(ENGINE, row=Miles)


def read_miles(result: Annotated[MemoryAggregateResult[Miles], Depends(miles)]) -> list[Miles]:
    return fetch_groups([replace(FLIGHTS[0], miles=2**63 - 1), FLIGHTS[1]], result)


@pytest.mark.parametrize("function", ["sum", "avg"])
def test_a_sum_beyond_64_bits_is_answered_as_an_error_of_the_request(function: str) -> None:
    app = FastAPI()
    app.get("/items")(read_miles)
    answer = call(app, f'aggregate={{"count":true,"{function}":"miles"}}'.encode())
    assert answer.status == 422
    assert answer.json["detail"] == [
        {
            "type": "out_of_range",
            "loc": ["query", "aggregate", function],
            "msg": "a sum is no integer of 64 bits (`where` narrows the rows)",
            "ctx": {"hint": "`where` narrows the rows"},
        }
    ]
    narrow = call(app, f'aggregate={{"count":true,"{function}":"miles","where":{{"miles":200}}}}'.encode())
    assert narrow.json[0]["count"] == 1


def test_a_result_that_no_dependency_made_raises_the_error_itself() -> None:
    ast = bind({"sum": "miles"}, "sum_miles")
    result = AggregateResult(ENGINE.build_aggregate(ast), Miles, ast)
    with pytest.raises(SumOutOfRangeError) as caught:
        fetch_groups([replace(FLIGHTS[0], miles=2**63 - 1), FLIGHTS[1]], result)
    assert (caught.value.code, caught.value.path) == ("out_of_range", ("sum",))


def test_only_sums_of_integers_are_beyond_64_bits() -> None:
    for asked, name in (({"sum": "fare"}, "sum_fare"), ({"max": "miles"}, "max_miles")):
        ast = bind(asked, name)
        assert AggregateResult(ENGINE.build_aggregate(ast), Miles, ast).beyond_64_bits() is None


def test_having_order_and_window_are_of_the_groups() -> None:
    asked = {"groupBy": ["miles"], "count": True, "avg": ["delay"], "order": "-count"}
    names = ("miles", "count", "avg_delay")
    assert [each["miles"] for each in ask(asked, *names)] == [100, 200, 300]
    assert [each["miles"] for each in ask(asked | {"having": {"avg_delay": {"lt": 15}}}, *names)] == [100]
    assert [each["miles"] for each in ask(asked | {"having": {"avg_delay": None}}, *names)] == [200]
    assert [each["miles"] for each in ask(asked | {"limit": 1, "offset": 1}, *names)] == [200]


def test_where_says_which_rows_are_counted() -> None:
    assert ask({"count": True, "where": {"carrier.name": "UA"}}, "count") == [{"count": 2}]


def test_row_scopes_hold_for_the_rows_and_on_the_way_to_related_rows() -> None:
    scope = {Flight: attribute("miles") < 300, Carrier: attribute("name") == "UA"}
    found = ask({"groupBy": "carrier.name", "count": True}, "carrier_name", "count", scope=scope)
    assert found == [{"carrier_name": None, "count": 1}, {"carrier_name": "UA", "count": 2}]


# -- what is refused


@pytest.mark.parametrize(
    ("document", "code", "path"),
    [
        ({}, "empty_condition", ()),
        ({"count": False}, "empty_condition", ()),
        ({"groupBy": []}, "empty_condition", ("groupBy",)),
        ({"groupBy": ["miles", "miles"]}, "duplicate_key", ("groupBy", 1)),
        ({"sum": "speed"}, "operator_not_applicable", ("sum",)),
        ({"sum": "day"}, "operator_not_applicable", ("sum",)),
        ({"groupBy": ["miles", "nothing"]}, "unknown_field", ("groupBy", 1)),
        ({"groupBy": "carrier"}, "not_allowed", ("groupBy",)),
        ({"groupBy": "stops.name"}, "not_allowed", ("groupBy",)),
        ({"min": "miles"}, "not_allowed", ("min",)),
        ({"count": True, "having": {"miles": 5}}, "unknown_field", ("having", "miles")),
        ({"count": True, "having": {"count": "5"}}, "type_mismatch", ("having", "count")),
        ({"count": True, "order": "miles"}, "unknown_field", ("order",)),
        ({"count": True, "limit": 0}, "out_of_range", ("limit",)),
        ({"count": True, "fields": ["id"]}, "unknown_clause", ("fields",)),
        ({"count": True, "after": "x"}, "unknown_clause", ("after",)),
        ({"count": True, "groupby": "miles"}, "unknown_clause", ("groupby",)),
        ({"count": 5}, "syntax_error", ("count",)),
        ({"count": True, "where": {"miles": {"gt": "x"}}}, "type_mismatch", ("where", "miles", "gt")),
    ],
)
def test_a_mistake_is_an_error_that_leads_to_its_place(
    document: Mapping[str, object], code: str, path: tuple[str | int, ...]
) -> None:
    error = refusal(document, "miles", "count", "sum_miles")
    assert (error.code, error.path) == (code, path)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("count", 'it is not asked for: add "count": true'),
        ("sum_miles", 'it is not asked for: add "sum": ["miles"]'),
        ("carrier_name", 'it is not asked for: add "groupBy": ["carrier.name"]'),
        ("max_miles", None),  # the answer has no place for it
        ("min_secret_code", None),  # nobody is told of it
        ("miles", None),
    ],
)
def test_who_names_what_is_not_asked_for_is_told_how_to_ask(name: str, hint: str | None) -> None:
    places = ("count", "sum_miles", "carrier_name", "delay")
    conditions: dict[str, object] = {"having": {"or": [{"delay": 1}, {name: 1}]}}
    for clause in (conditions, {"order": ["-delay", f"-{name} NULLS LAST"]}):
        error = refusal({"groupBy": "delay", **clause}, *places)
        assert (error.code, error.hint) == ("unknown_field", hint)


def test_two_fields_of_the_answer_never_share_a_name() -> None:
    error = refusal({"groupBy": ["miles"], "sum": "miles", "min": ["miles", "miles"]}, "miles", "sum_miles")
    assert (error.code, error.path) == ("duplicate_key", ("min", 1))


def test_there_are_no_more_keys_and_functions_than_the_limits_say() -> None:
    policy = SecurityPolicy(limits=Limits(max_order_keys=1, max_conditions=1))
    keys = refusal({"groupBy": ["miles", "delay"]}, "miles", "delay", policy=policy)
    functions = refusal({"sum": ["miles", "delay"]}, "sum_miles", "sum_delay", policy=policy)
    assert (keys.code, keys.expected) == ("limit_exceeded", ("max_order_keys 1",))
    assert (functions.code, functions.expected) == ("limit_exceeded", ("max_conditions 1",))


@pytest.mark.parametrize("clause", ["groupBy", "countDistinct", "min", "max"])
@pytest.mark.parametrize("hidden", ["secret_code", "speed"])
def test_a_hidden_field_is_answered_as_one_that_does_not_exist(clause: str, hidden: str) -> None:
    policy = SecurityPolicy(paths={"speed": None})
    errors = [refusal({clause: name}, "count", policy=policy) for name in (hidden, "z" * len(hidden))]
    said = [(each.code, each.path, each.span, each.expected, each.nearest, each.hint) for each in errors]
    assert said[0] == said[1]
    assert errors[0].message.replace(hidden, "z" * len(hidden)) == errors[1].message


def test_what_may_not_be_selected_is_neither_grouped_nor_measured() -> None:
    policy = SecurityPolicy(paths={"miles": Access(select=False)})
    for document in ({"groupBy": "miles"}, {"max": "miles"}):
        assert refusal(document, "count", policy=policy).code == "not_allowed"


@pytest.mark.parametrize("clause", ["groupBy", "aggregate", "count", "having", "sum"])
def test_on_a_filter_the_clauses_of_aggregates_are_unknown(clause: str) -> None:
    processor = Processor(ENGINE)
    errors: list[FilterError] = []
    for word in (clause, "z" * len(clause)):
        with pytest.raises(FilterError) as caught:
            processor.process(Source(json.dumps({word: True})))
        errors.append(caught.value)
    assert [each.code for each in errors] == ["unknown_clause", "unknown_clause"]
    assert errors[0].expected == errors[1].expected
