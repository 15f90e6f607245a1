"""Aggregates on Tortoise: one statement, values of the fields' own types, gaps, and which rows there are."""

from __future__ import annotations

import datetime as dt
import logging
from copy import copy
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, create_model
from queryengine_tortoise import (
    TortoiseAggregateQuery,
    TortoiseAggregateResult,
    TortoiseQueryEngine,
    fetch_groups,
)
from queryengine_tortoise.reading import decoder
from starlette.requests import Request
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

from queryengine import (
    ConfigurationError,
    FilterError,
    SecurityPolicy,
    create_qe_aggregate_dependency,
    field,
)
from queryengine.aggregate_process import AggregateProcessor
from queryengine.ast import Path
from queryengine.parsed import Source
from queryengine.predicate import Scope
from tests.tortoise.models import Brand, Member, Moment, Passport, Product

pytestmark = pytest.mark.usefixtures("shop")


REQUEST = Request({"type": "http", "query_string": b""})


def ask(
    engine: TortoiseQueryEngine[Any], text: str, *names: str, scope: Scope | None = None
) -> TortoiseAggregateQuery:
    of: dict[str, Any] = dict.fromkeys(names, (Any, None))
    row: type[BaseModel] = create_model("Row", **of)
    processor = AggregateProcessor(engine, row, policy=SecurityPolicy(relations=True))
    return engine.build_aggregate(processor.process(Source(text), scope=scope))


class Stocks(BaseModel):
    """What a handler answers."""

    brand_name: str | None = None
    count: int = 0
    sum_stock: int | None = None


async def test_a_handler_awaits_the_query_and_gets_its_rows() -> None:
    dependency = create_qe_aggregate_dependency(
        TortoiseQueryEngine(Product), row=Stocks, policy=SecurityPolicy(relations=True)
    )
    result: TortoiseAggregateResult[Stocks] = dependency.build(
        REQUEST,
        '{"groupBy": "brand.name", "count": true, "sum": "stock", "order": "-brand_name"}',
    )
    assert await fetch_groups(result) == [
        Stocks(brand_name="Bolt", count=1),
        Stocks(brand_name="Acme", count=1, sum_stock=3),
        Stocks(count=1, sum_stock=0),
    ]


async def test_it_is_one_statement_that_can_be_shown(caplog: pytest.LogCaptureFixture) -> None:
    query = ask(TortoiseQueryEngine(Product), '{"max": "name", "where": {"stock": {"gt": 1}}}', "max_name")
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        assert await query == [("Lamp",)]
    assert len(caplog.records) == 1
    assert "> ?" in query.sql()
    assert "> 1" in query.sql(params_inline=True)
    assert [group async for group in query] == [("Lamp",)]


async def test_having_order_and_window_are_of_the_groups() -> None:
    text = '{"groupBy": "stock", "count": true, "having": {"or": [{"stock": null}, {"count": {"lt": 5}}]}, '
    found = await ask(TortoiseQueryEngine(Product), text + '"order": "-stock", "limit": 2}', "stock", "count")
    assert found == [(3, 1), (0, 1)]
    found = await ask(TortoiseQueryEngine(Product), text + '"offset": 2}', "stock", "count")
    assert found == [(3, 1)]


async def test_rows_that_a_manager_does_not_show_are_not_counted() -> None:
    engine = TortoiseQueryEngine(Member)
    assert await ask(engine, '{"count": true}', "count") == [(1,)]
    text = '{"groupBy": "friend.name", "count": true, "where": {"name": {"ne": "x"}}}'
    assert await ask(engine, text, "friend_name", "count") == [("gone", 1)]


async def test_a_key_that_is_a_foreign_key_is_counted() -> None:
    text = '{"groupBy": "product.name", "countDistinct": "product_id"}'
    found = await ask(TortoiseQueryEngine(Passport), text, "product_name", "count_distinct_product_id")
    assert found == [("knife", 1)]


async def test_rows_and_related_rows_out_of_scope_are_not_counted() -> None:
    scope = {Product: field("name") != "Lamp", Brand: field("name") == "Acme"}
    text = '{"groupBy": "brand.name", "count": true}'
    found = await ask(TortoiseQueryEngine(Product), text, "brand_name", "count", scope=scope)
    assert found == [(None, 2)]


async def test_instants_of_several_offsets_are_one_group() -> None:
    moment = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)
    for key, hours in enumerate((0, 2, -5)):
        _ = await Moment.create(id=key)
        await Moment.filter(id=key).update(at=moment.astimezone(dt.timezone(dt.timedelta(hours=hours))))
    found = await ask(TortoiseQueryEngine(Moment), '{"groupBy": "at", "count": true}', "at", "count")
    assert found == [(moment, 3)]
    assert await ask(TortoiseQueryEngine(Moment), '{"min": "at"}', "min_at") == [(moment,)]


async def test_a_query_runs_on_the_connection_that_it_is_given_and_in_transactions(
    shop: TortoiseContext,
) -> None:
    query = ask(TortoiseQueryEngine(Product), '{"count": true}', "count")
    async with in_transaction() as transaction:
        await Product.filter(id=3).delete()
        assert await query.using_db(transaction) == [(2,)]
        await transaction.rollback()
    assert await query.using_db(shop.db()) == [(3,)]
    assert await query.using_db(None) == [(3,)]


async def test_groups_are_fetched_on_the_connection_that_their_query_was_given(shop: TortoiseContext) -> None:
    dependency = create_qe_aggregate_dependency(
        TortoiseQueryEngine(Product), row=Stocks, policy=SecurityPolicy(relations=True)
    )
    result, other = dependency.build(REQUEST, '{"count": true}'), copy(shop.db())
    query: Any = result.query.using_db(other)  # Any: Tortoise does not show its connection
    assert await fetch_groups(result) == [Stocks(count=3)]
    assert query._db is other
    assert await fetch_groups(result, using_db=shop.db()) == [Stocks(count=3)]
    assert query._db is shop.db()


async def test_an_engine_for_another_database_is_refused() -> None:
    query = ask(TortoiseQueryEngine(Product, dialect="postgresql"), '{"count": true}', "count")
    with pytest.raises(ConfigurationError, match="is for postgresql, the connection for sqlite"):
        await query


class Fortune(Model):
    """A model with decimals of many digits."""

    id = fields.IntField(primary_key=True)
    gold = fields.DecimalField(40, 2)
    iron = fields.DecimalField(8, 2)


@pytest.mark.parametrize("function", ["sum", "avg"])
async def test_where_the_database_may_be_sqlite_sums_of_decimals_are_a_gap(function: str) -> None:
    with pytest.raises(FilterError) as caught:
        await ask(TortoiseQueryEngine(Fortune), f'{{"{function}": "iron"}}', f"{function}_iron")
    assert (caught.value.code, caught.value.path) == ("unsupported_by_backend", (function,))
    assert caught.value.hint == "SQLite adds decimals as doubles, which is not exact; PostgreSQL has it"
    of = ask(TortoiseQueryEngine(Fortune, dialect="postgresql"), '{"sum": "iron"}', "sum_iron")
    assert isinstance(of, TortoiseAggregateQuery)


async def test_members_of_documents_are_a_gap() -> None:
    with pytest.raises(FilterError) as caught:
        await ask(TortoiseQueryEngine(Product), '{"groupBy": "size.width"}', "size_width")
    assert caught.value.code == "unsupported_by_backend"


async def test_decimals_of_a_driver_keep_all_their_digits() -> None:
    gold = TortoiseQueryEngine(Fortune, dialect="postgresql").schema.fields["gold"]
    stored = Decimal("1" * 38 + ".25")
    assert decoder(Fortune, Path(("gold",), (), gold))(stored) == stored
