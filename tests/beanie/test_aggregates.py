"""Aggregates on MongoDB: groups over links and embedded documents, sums that are right or fail, gaps, scopes.

Each answer is asked of two servers that were written by different people.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeAlias

import pytest
from beanie import DecimalAnnotation, Document, init_beanie  # pyright: ignore[reportUnknownVariableType]
from bson import Decimal128, Int64
from fastapi import Depends, FastAPI, Request
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, Field
from pymongo.errors import OperationFailure
from queryengine_beanie import BeanieAggregateResult, BeanieQueryEngine, fetch_groups

from queryengine import FilterError, SecurityPolicy, create_qe_aggregate_dependency, field
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import AggregateResult
from queryengine.parsed import Source
from queryengine.predicate import Scope
from queryengine.schema import DecimalType
from queryengine.testing.aggregating import answer_of
from tests.beanie.conftest import Shop
from tests.beanie.rows import NOON
from tests.beanie.shop import Article, Book, Customer, Order, Record, object_id

Asked: TypeAlias = Mapping[str, Any]  # Any: values as JSON has them


ABC = str(object_id(0xABC))


class Crate(Document):
    """What is weighed."""

    id: int  # type: ignore[assignment]
    kind: str | None = None
    weight: int | None = None
    price: Annotated[DecimalAnnotation, DecimalType(19, 2)] | None = None
    fine: Annotated[DecimalAnnotation, DecimalType(20, 2)] | None = None
    loose: Annotated[Decimal, Field(max_digits=8)] | None = None


CRATES: list[Record] = [
    {"_id": 1, "kind": "b", "weight": Int64(2**62), "price": Decimal128("99999999999999999.99")},
    {"_id": 2, "kind": "b", "weight": Int64(2**62), "price": Decimal128("99999999999999999.99")},
    {"_id": 3, "kind": "B", "weight": Int64(2**53), "price": Decimal128("0.01")},
    {"_id": 4, "kind": "B", "weight": 1, "price": None},
    {"_id": 5, "kind": "É", "weight": -7, "price": Decimal128("-0.10")},
    {"_id": 6, "kind": None, "weight": None},
    {"_id": 7},
]


Rows: TypeAlias = list[tuple[object, ...]]

ANSWERS: list[tuple[type[Document], Asked, Rows]] = [
    # Null and missing are one group, the smallest; text is by code point.
    (Crate, {"groupBy": "kind", "count": True}, [(None, 2), ("B", 2), ("b", 2), ("É", 1)]),
    (
        Crate,
        {"groupBy": "kind", "count": True, "order": "kind DESC NULLS FIRST", "limit": 2},
        [(None, 2), ("É", 1)],
    ),
    (
        Crate,
        {"groupBy": "kind", "count": True, "order": "kind NULLS LAST", "offset": 2},
        [("É", 1), (None, 2)],
    ),
    # Functions pass over nulls; of no values there is null, and 0 for counts.
    (
        Crate,
        {"groupBy": "kind", "countDistinct": "weight", "sum": "weight", "where": {"id": {"gt": 3}}},
        [(None, 0, None), ("B", 1, 1), ("É", 1, -7)],
    ),
    (
        Crate,
        {
            "count": True,
            "countDistinct": "kind",
            "sum": "weight",
            "avg": "price",
            "min": "kind",
            "max": "price",
            "where": {"id": 99},
        },
        [(0, 0, None, None, None, None)],
    ),
    (Crate, {"min": ["loose", "fine"], "countDistinct": "loose"}, [(None, None, 0)]),
    (Crate, {"count": True, "countDistinct": ["kind", "weight"]}, [(7, 3, 4)]),
    (Crate, {"count": True, "having": {"count": {"gt": 7}}}, []),
    (Crate, {"groupBy": "id", "count": True, "where": {"id": 99}}, []),
    # Sums are exact; an average is the quotient of two doubles.
    (Crate, {"sum": "price"}, [(Decimal("199999999999999999.89"),)]),
    (Crate, {"sum": "price", "having": {"sum_price": "199999999999999999.89"}, "where": {"price": None}}, []),
    (Crate, {"groupBy": "kind", "avg": "price", "having": {"avg_price": {"lt": 0.01}}}, [("É", -0.1)]),
    (Crate, {"sum": "weight", "where": {"kind": "B"}}, [(2**53 + 1,)]),
    (Crate, {"groupBy": "kind", "avg": "weight", "where": {"kind": "B"}}, [("B", float(2**53 + 1) / 2)]),
    # Links, one that leads nowhere, embedded documents, ids, durations and instants.
    (
        Order,
        {"groupBy": "customer.name", "count": True, "max": "customer.level"},
        [(None, 2, None), ("Ada", 1, 3), ("Ben", 1, None)],
    ),
    (Order, {"groupBy": "address.place.floor", "count": True}, [(None, 3), (2, 1)]),
    (
        Order,
        {"groupBy": "customer.id", "having": {"customer_id": {"gt": "0"}}, "order": "-customer_id"},
        [(str(object_id(2)),), (str(object_id(1)),)],
    ),
    (Customer, {"max": "id", "having": {"max_id": {"gte": ABC}}}, [(ABC,)]),
    (Customer, {"max": "id", "having": {"max_id": {"endsWith": "b"}}}, []),
    (Order, {"max": ["placed", "wait"]}, [(NOON, dt.timedelta(seconds=90.5))]),
    # Documents of one class in the collection of another.
    (Article, {"count": True, "max": "title"}, [(1, "Lamp")]),
    (Book, {"count": True, "max": ["title", "pages"]}, [(1, "Novel", 300)]),
    # Nothing that a value says is an operator, a path or a variable.
    (Crate, {"count": True, "where": {"kind": "$kind"}}, [(0,)]),
    (Crate, {"groupBy": "kind", "count": True, "having": {"kind": "$value0"}}, []),
]
FAULTS = {
    str(2**53 + 1): "$toLong keeps 32 bits of a decimal",
    str(float(2**53 + 1) / 2): "$toLong keeps 32 bits of a decimal",
    "endsWith": "there is no $regexMatch",
}
"""what a mongo-java-server does not do, by what the case has"""


def ask(shop: Shop, model: type[Document], document: Asked, scope: Scope | None = None) -> Rows:
    """Return the values of each group that an aggregate gives, as `fetch_groups` has them."""
    engine, row = BeanieQueryEngine(model), answer_of(document)
    processor = AggregateProcessor(engine, row, policy=SecurityPolicy(relations=True))
    ast = processor.process(Source(json.dumps(document)), scope=scope)
    result: BeanieAggregateResult[BaseModel] = AggregateResult(engine.build_aggregate(ast), row, ast)
    found = shop.runner.run(fetch_groups(result))
    return [tuple(vars(each)[name] for name in ast.names) for each in found]


async def load(shop: Shop) -> None:
    """Bring the crates."""
    await shop.load()
    await init_beanie(shop.database, document_models=[Crate], skip_indexes=True)
    await shop.database["Crate"].delete_many({})
    await shop.database["Crate"].insert_many(CRATES)


@pytest.fixture
def first(shop: Shop) -> Shop:
    """Give the shop and its crates on the MongoDB of the tests."""
    shop.runner.run(load(shop))
    return shop


@pytest.fixture
def second(java_shop: Shop) -> Shop:
    """Give them on a server that was written by other people."""
    java_shop.runner.run(load(java_shop))
    return java_shop


def with_faults() -> list[Any]:  # Any: what pytest makes of parameters
    return [pytest.param(*answer, marks=_marks(answer)) for answer in ANSWERS]


def _marks(answer: tuple[type[Document], Asked, Rows]) -> list[pytest.MarkDecorator]:
    fault = next((fault for word, fault in FAULTS.items() if word in str(answer)), None)
    raises = (AssertionError, OperationFailure)
    return [] if fault is None else [pytest.mark.xfail(reason=fault, raises=raises, strict=True)]


@pytest.mark.parametrize(("model", "document", "expected"), ANSWERS, ids=lambda value: str(value)[:70])
def test_groups_are_what_the_contract_says(
    first: Shop, model: type[Document], document: Asked, expected: Rows
) -> None:
    assert ask(first, model, document) == expected


@pytest.mark.parametrize(("model", "document", "expected"), with_faults(), ids=lambda value: str(value)[:70])
def test_the_other_server_gives_the_same_groups(
    second: Shop, model: type[Document], document: Asked, expected: Rows
) -> None:
    assert ask(second, model, document) == expected


def test_rows_and_linked_rows_out_of_scope_are_not_counted(first: Shop) -> None:
    scope = {Order: field("number") > 1, Customer: field("name") != "Ben"}
    assert ask(first, Order, {"groupBy": "customer.name", "count": True}, scope) == [(None, 3)]


def test_the_other_server_does_not_count_rows_out_of_scope(second: Shop) -> None:
    scope = {Order: field("number") > 1}
    assert ask(second, Order, {"groupBy": "customer.name", "count": True}, scope) == [(None, 2), ("Ben", 1)]


class Weights(BaseModel):
    sum_weight: int | None = None
    avg_weight: float | None = None


weights = create_qe_aggregate_dependency(BeanieQueryEngine(Crate), row=Weights)


async def read_weights(result: Annotated[BeanieAggregateResult[Weights], Depends(weights)]) -> list[Weights]:
    return await fetch_groups(result)


async def answer_of_service(aggregate: str) -> Response:
    app = FastAPI()
    app.get("/items")(read_weights)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        return await client.get("/items", params={"aggregate": aggregate})


@pytest.mark.parametrize("function", ["sum", "avg"])
def test_a_sum_beyond_64_bits_is_answered_as_an_error_of_the_request(first: Shop, function: str) -> None:
    narrow = first.runner.run(answer_of_service(f'{{"{function}": "weight", "where": {{"id": 5}}}}'))
    assert narrow.json()[0][f"{function}_weight"] == -7
    answer = first.runner.run(answer_of_service(f'{{"{function}": "weight"}}'))
    assert answer.status_code == 422
    assert answer.json()["detail"] == [
        {
            "type": "out_of_range",
            "loc": ["query", "aggregate", function],
            "msg": "a sum is no integer of 64 bits (`where` narrows the rows)",
            "ctx": {"hint": "`where` narrows the rows"},
        }
    ]


def test_other_errors_of_the_server_stay_what_they_are(first: Shop) -> None:
    request = Request({"type": "http", "query_string": b""})
    result = weights.build(request, '{"sum": "weight"}')
    result.query.aggregation_pipeline.insert(0, {"$noSuchStage": 1})
    with pytest.raises(OperationFailure, match="noSuchStage"):
        first.runner.run(fetch_groups(result))


@pytest.mark.parametrize("name", ["fine", "loose"])
@pytest.mark.parametrize("function", ["sum", "avg"])
def test_decimals_whose_sum_may_have_more_than_34_digits_are_a_gap(name: str, function: str) -> None:
    engine = BeanieQueryEngine(Crate)
    document: Asked = {function: name}
    with pytest.raises(FilterError) as caught:
        AggregateProcessor(engine, answer_of(document)).process(Source(json.dumps(document)))
    assert caught.value.code == "unsupported_by_backend"
    assert caught.value.path == (function,)
    assert caught.value.hint == (
        "Decimal128 has 34 digits: it adds up decimals that declare a scale and 19 digits at most"
    )


def test_a_group_is_compared_with_decimals_that_the_server_holds() -> None:
    engine = BeanieQueryEngine(Crate)
    document: Asked = {"sum": "price", "having": {"sum_price": "1" * 35}}
    with pytest.raises(FilterError) as caught:
        AggregateProcessor(engine, answer_of(document)).process(Source(json.dumps(document)))
    assert caught.value.code == "out_of_range"
