"""Pages of rows: their keys and their number come with them, and nothing of either stays on the rows."""

from __future__ import annotations

import logging
from typing import Annotated, Generic, TypeVar

import pytest
from fastapi import Depends, FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel, ConfigDict
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult, fetch_page
from tortoise.context import TortoiseContext
from tortoise.models import Model

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
from tests.tortoise.models import Member, Product

ModelT = TypeVar("ModelT", bound=Model)

CONFIG = QueryConfig(cursor_secret="a secret of the tests")  # guards nothing

pytestmark = pytest.mark.usefixtures("shop")


class Pages(Generic[ModelT]):
    """Fetches pages of one engine's filters."""

    def __init__(self, engine: TortoiseQueryEngine[ModelT]) -> None:
        self._engine = engine
        self._processor = Processor(engine, policy=SecurityPolicy(relations=True), config=CONFIG)

    async def fetch(self, filter: str, total: Total = "none") -> Page[ModelT]:
        return await fetch_page(self.result(filter), total=total)

    def result(self, filter: str) -> TortoiseQueryResult[ModelT]:
        return self._engine.build_query(self._processor.process(Source(filter)))


@pytest.fixture
def products() -> Pages[Product]:
    return Pages(TortoiseQueryEngine(Product))


def keys(page: Page[ModelT]) -> list[object]:
    return [row.pk for row in page.items]


async def test_pages_go_on_over_a_null_behind_a_relation(products: Pages[Product]) -> None:
    first = await products.fetch('{"order": "-brand.name", "limit": 2}', "exact")
    assert (keys(first), first.total, first.previous) == ([2, 1], 3, None)
    second = await products.fetch(f'{{"order": "-brand.name", "limit": 2, "after": "{first.next}"}}')
    assert (keys(second), second.next) == ([3], None)
    again = await products.fetch(f'{{"order": "-brand.name", "limit": 2, "before": "{second.previous}"}}')
    assert (keys(again), again.previous) == ([2, 1], None)


async def test_a_page_with_its_total_is_one_statement(
    products: Pages[Product], caplog: pytest.LogCaptureFixture
) -> None:
    result = products.result('{"where": {"name": {"ne": "Lamp"}}, "order": "size.width", "limit": 1}')
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        page = await fetch_page(result, total="exact")
    assert (keys(page), page.total) == ([3], 2)
    assert len(caplog.records) == 1


async def test_an_empty_page_has_its_total(products: Pages[Product]) -> None:
    page = await products.fetch('{"order": "name", "offset": 5}', "exact")
    assert (page.items, page.total, page.capped) == ([], 3, False)
    capped = await products.fetch('{"order": "name", "offset": 5}', 2)
    assert (capped.total, capped.capped) == (2, True)


async def test_rows_have_what_was_asked_for_and_nothing_else(products: Pages[Product]) -> None:
    page = await products.fetch('{"fields": ["id", "name"], "order": "stock", "limit": 1}', 10)
    (row,) = page.items
    assert not [name for name in vars(row) if name.startswith("_qe")]
    assert "stock" not in vars(row)
    assert page.next is not None


async def test_rows_that_a_manager_does_not_show_are_not_counted() -> None:
    page = await Pages(TortoiseQueryEngine(Member)).fetch("{}", "exact")
    assert (keys(page), page.total) == ([2], 1)


async def test_a_connection_may_be_named(products: Pages[Product], shop: TortoiseContext) -> None:
    page = await fetch_page(products.result('{"limit": 1}'), total="exact", using_db=shop.db())
    assert (keys(page), page.total) == ([1], 3)


async def test_results_that_cannot_be_paged_are_refused() -> None:
    config = QueryConfig(paging="external", cursor_secret=CONFIG.cursor_secret)
    external = Processor(TortoiseQueryEngine(Product), config=config)
    result = TortoiseQueryEngine(Product).build_query(external.process(Source("{}")))
    with pytest.raises(ConfigurationError, match="pages need a limit"):
        await fetch_page(result)
    limited = TortoiseQueryEngine(Product).build_query(
        Processor(TortoiseQueryEngine(Product), config=CONFIG).process(Source("{}"))
    )
    with pytest.raises(ConfigurationError, match="not made by an engine"):
        await fetch_page(TortoiseQueryResult(Product.all(), None, (), filter=limited.filter))


async def test_an_order_by_the_databases_collation_has_no_cursors() -> None:
    engine = TortoiseQueryEngine(Product, text_order="database")
    with pytest.raises(FilterError, match="cursor") as caught:
        Processor(engine, config=CONFIG).process(Source('{"after": "x"}'))
    assert caught.value.code == "unsupported_by_backend"


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


listed = create_qe_dependency(
    TortoiseQueryEngine(Product), policy=SecurityPolicy(expose=ProductOut), config=CONFIG, required=True
)


async def list_products(
    result: Annotated[TortoiseQueryResult[Product], Depends(listed)],
) -> Page[ProductOut]:
    return (await fetch_page(result)).shown(ProductOut)


async def test_a_row_too_long_for_a_cursor_is_an_error_of_the_request(
    products: Pages[Product], shop: TortoiseContext
) -> None:
    await shop.db().execute_script(f"UPDATE goods SET product_name = '{'x' * 5_000}'")
    app = FastAPI()
    app.get("/products")(list_products)
    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/products", params={"filter": '{"order": "name", "limit": 1}'})
    (detail,) = answer.json()["detail"]
    assert (answer.status_code, detail["type"]) == (422, "limit_exceeded")
    assert detail["loc"] == ["query", "filter", "order", "name"]
    with pytest.raises(FilterError, match="too long for a cursor"):
        await products.fetch('{"order": "name", "limit": 1}')
