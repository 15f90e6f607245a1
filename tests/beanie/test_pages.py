"""Pages of documents, ours and fastapi-pagination's: whole documents in order, and totals of all of them."""

from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi_pagination import Page as NumberedPage
from fastapi_pagination import Params, set_page
from fastapi_pagination.ext.beanie import apaginate
from httpx2 import ASGITransport, AsyncClient, Response
from pydantic import BaseModel, ConfigDict
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult, fetch_page
from queryengine_beanie.statement import KEYS

from queryengine import (
    ConfigurationError,
    FilterError,
    Page,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
)
from queryengine.pages import Total
from queryengine.parsed import Source
from queryengine.process import Processor
from tests.beanie.conftest import Shop
from tests.beanie.shop import Customer, Order


class Brief(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    number: int


Filter = dict[str, Any]  # Any: values as JSON has them

ENGINE = BeanieQueryEngine(Order)
POLICY = SecurityPolicy(relations=True)
CONFIG = QueryConfig(cursor_secret="a secret of the tests")  # guards nothing
OURS = Processor(ENGINE, policy=POLICY, config=CONFIG)
EXTERNAL = Processor(ENGINE, policy=POLICY, config=QueryConfig(paging="external"))

BY_CUSTOMER = {"order": "-customer.name,number", "limit": 2}


def result(filter: Filter, processor: Processor = OURS) -> BeanieQueryResult[Order]:
    return ENGINE.build_query(processor.process(Source(json.dumps(filter))))


def page_of(shop: Shop, filter: Filter, total: Total = "none") -> Page[Order]:
    shop.commands.queries.clear()
    return shop.runner.run(fetch_page(result(filter), total=total))


def numbers(page: Page[Order]) -> list[int]:
    return [order.number for order in page.items]


def test_pages_give_all_documents_in_order_both_ways(shop: Shop) -> None:
    everything = shop.rows(ENGINE, {"order": BY_CUSTOMER["order"]})
    page = page_of(shop, BY_CUSTOMER, "exact")
    pages = [page]
    while page.next is not None:
        page = page_of(shop, BY_CUSTOMER | {"after": page.next}, "exact")
        pages.append(page)
    assert [row.id for page in pages for row in page.items] == [row.id for row in everything]
    assert {page.total for page in pages} == {len(everything)}
    assert len(pages) > 1
    before = page_of(shop, BY_CUSTOMER | {"before": page.previous})
    assert numbers(before) == numbers(pages[-2])


def test_a_page_is_one_command_and_its_total_one_more(shop: Shop) -> None:
    page = page_of(shop, BY_CUSTOMER)
    assert (len(shop.commands.queries), page.total) == (1, None)
    capped = page_of(shop, BY_CUSTOMER, 1)
    assert (len(shop.commands.queries), capped.total, capped.capped) == (2, 1, True)


def test_documents_are_whole_and_have_nothing_of_ours(shop: Shop) -> None:
    (first, *_) = page_of(shop, {"fields": ["number"], "order": "number", "limit": 2}).items
    assert isinstance(first, Order)
    assert first.lines
    assert not [name for name in first.model_dump() if name.startswith("_qe")]


@pytest.mark.parametrize(
    "filter",
    [
        {"fields": ["number"], "order": "-customer.name,number", "limit": 2},
        {"fields": ["number", "address.place.city", "customer.name"], "order": "-placed", "limit": 2},
        {"include": ["customer"], "fields": ["number"], "order": "address.street", "limit": 2},
        {"order": "-customer.name,number", "limit": 2},
    ],
    ids=["one", "paths", "include", "all"],
)
def test_projected_pages_show_the_same_and_go_on_by_the_same_keys(shop: Shop, filter: Filter) -> None:
    after: Filter = {}
    while True:
        made = result(filter | after)
        page = shop.runner.run(fetch_page(made, project=True, total="exact"))
        whole = shop.runner.run(fetch_page(made, total="exact"))
        shown = whole if made.projection_model is None else whole.shown(made.projection_model)
        assert page.model_dump(exclude={"next", "previous"}) == shown.model_dump(exclude={"next", "previous"})
        assert (page.next is None, page.previous is None) == (whole.next is None, whole.previous is None)
        if page.next is None:
            break
        after = {"after": page.next}


def test_a_projected_page_asks_for_nothing_else(shop: Shop) -> None:
    made = result({"fields": ["number"], "order": "-customer.name", "limit": 2})
    shop.commands.queries.clear()
    page = shop.runner.run(fetch_page(made, project=True))
    (command,) = shop.commands.queries
    assert command["pipeline"][-1] == {"$project": {"_id": 1, "number": 1, KEYS: 1}}
    expected = shop.runner.run(fetch_page(made)).items
    assert [item.model_dump() for item in page.items] == [{"number": order.number} for order in expected]


def test_what_a_policy_hides_is_not_sent_in_a_projected_page(shop: Shop) -> None:
    processor = Processor(ENGINE, policy=SecurityPolicy(expose=Brief), config=CONFIG)
    shop.commands.queries.clear()
    page = shop.runner.run(fetch_page(result({"order": "number", "limit": 1}, processor), project=True))
    (command,) = shop.commands.queries
    assert command["pipeline"][-1]["$project"].keys() == {"_id", "number", KEYS}
    assert isinstance(page.items[0], Brief)


def test_a_page_behind_the_last_document_is_empty(shop: Shop) -> None:
    page = page_of(shop, {"order": "number", "offset": 50, "where": {"number": {"gt": 10_000}}}, "exact")
    assert (page.items, page.total, page.next, page.previous) == ([], 0, None, None)


def test_a_page_needs_a_limit_and_an_engines_result(shop: Shop) -> None:
    with pytest.raises(ConfigurationError, match="pages need a limit"):
        shop.runner.run(fetch_page(result({}, EXTERNAL)))
    made = BeanieQueryResult(Order.find_all(), None, (), filter=result({}).filter)
    with pytest.raises(ConfigurationError, match="not made by an engine"):
        shop.runner.run(fetch_page(made))


@pytest.mark.parametrize(
    "filter",
    [
        {"order": "-number"},
        {"where": {"number": {"gt": 1}}, "order": "-number"},
        {"order": "-customer.name,number"},
    ],
)
def test_fastapi_pagination_pages_results_and_counts_all_documents(shop: Shop, filter: Filter) -> None:
    everything = shop.rows(ENGINE, filter)

    async def numbered() -> Any:  # Any: what it gives has the class of the page that is asked for
        with set_page(NumberedPage[Any]):
            return await apaginate(result(filter, EXTERNAL).query, Params(page=2, size=2))

    page = shop.runner.run(numbered())
    assert page.total == len(everything)
    found = [row.number if isinstance(row, Order) else row["number"] for row in page.items]
    assert found == [getattr(row, "number") for row in everything[2:4]]  # noqa: B009  # a document's


class CustomerOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


listed = create_qe_dependency(
    BeanieQueryEngine(Customer), policy=SecurityPolicy(expose=CustomerOut), config=CONFIG, required=True
)


async def list_customers(
    result: Annotated[BeanieQueryResult[Customer], Depends(listed)],
) -> Page[CustomerOut]:
    return (await fetch_page(result)).shown(CustomerOut)


async def answer_of_service(filter: Filter) -> Response:
    app = FastAPI()
    app.get("/customers")(list_customers)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        return await client.get("/customers", params={"filter": json.dumps(filter)})


async def insert_long_names() -> None:
    for _ in range(2):
        await Customer(name="~" * 5_000, orders=[]).insert()


def test_a_document_too_long_for_a_cursor_is_an_error_of_the_request(shop: Shop) -> None:
    shop.runner.run(insert_long_names())
    filter: Filter = {"where": {"name": {"startsWith": "~"}}, "order": "name", "limit": 1}
    answer = shop.runner.run(answer_of_service(filter))
    (detail,) = answer.json()["detail"]
    assert (answer.status_code, detail["type"]) == (422, "limit_exceeded")
    assert detail["loc"] == ["query", "filter", "order", "name"]
    engine = BeanieQueryEngine(Customer)
    made = engine.build_query(Processor(engine, config=CONFIG).process(Source(json.dumps(filter))))
    with pytest.raises(FilterError, match="too long for a cursor"):
        shop.runner.run(fetch_page(made))
    shop.runner.run(shop.load())
