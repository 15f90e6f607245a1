"""Explain: the plan of the very query, on its own connection, without running it and without its values."""

from __future__ import annotations

import json
import logging

import pytest
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult, explain
from tortoise.context import TortoiseContext

from queryengine import Processor, SecurityPolicy, field
from queryengine.cost import CostWeights
from queryengine.request import encode
from tests.servers.postgres import PostgresServer
from tests.tortoise.models import Product

products = TortoiseQueryEngine(Product)
processor = Processor(products, policy=SecurityPolicy(relations=True))
FILTER: dict[str, object] = {"where": {"id": {"gt": 40417}, "brand.name": "Kirkwall"}, "limit": 5}
VALUES = ("40417", "Kirkwall", "Nobody-in-scope")


def result() -> TortoiseQueryResult[Product]:
    scope = field("name") != "Nobody-in-scope"
    return products.build_query(processor.process(encode(FILTER), scope=scope))


@pytest.mark.usefixtures("shop")
async def test_the_plan_is_that_of_the_query_with_its_scope_and_shows_no_values() -> None:
    found = await explain(result())
    assert json.loads(found.filter)["where"] == {"id": {"gt": 40417}, "brand.name": {"eq": "Kirkwall"}}
    assert found.query is not None
    assert '"product_name"' in found.query
    assert "SEARCH goods USING INTEGER PRIMARY KEY (rowid>?)" in json.dumps(found.plan)
    shown = f"{found.query} {json.dumps(found.plan)} {found!r}"
    for value in VALUES:
        assert value not in shown
    assert (found.backend, found.cost) == ("tortoise", 12.25)


@pytest.mark.usefixtures("shop")
async def test_values_are_shown_when_asked() -> None:
    found = await explain(result(), values=True)
    assert found.query is not None
    for value in VALUES:
        assert value in found.query


@pytest.mark.usefixtures("shop")
async def test_the_weights_of_a_policy_give_its_figures() -> None:
    assert (await explain(result(), weights=CostWeights(relation=100))).cost == 102.25


@pytest.mark.usefixtures("shop")
async def test_nothing_is_run_but_one_explain(caplog: pytest.LogCaptureFixture) -> None:
    asked = result()
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        _ = await explain(asked)
    (record,) = caplog.records
    assert record.getMessage().startswith("EXPLAIN QUERY PLAN SELECT")
    assert await asked.query == []  # and the result is as it was


async def test_it_asks_the_connection_that_is_named(shop: TortoiseContext) -> None:
    async with TortoiseContext() as other:
        await other.init(db_url="sqlite://:memory:", modules={"shop": ["tests.tortoise.models"]})
        await other.generate_schemas()
        await other.db().execute_script('CREATE INDEX "of_names" ON "goods" ("product_name")')
        with shop:
            by_name = processor.process(encode({"where": {"name": "x"}, "fields": ["name"]}))
            asked = products.build_query(by_name)
            here, there = await explain(asked), await explain(asked, using_db=other.db())
    assert "of_names" not in str(here.plan)
    assert "of_names" in str(there.plan)


async def test_postgresql_s_plan_shows_values_only_when_asked(postgres: PostgresServer) -> None:
    async with TortoiseContext() as context:
        url = f"asyncpg{postgres.url().partition('postgresql')[2]}?schema=explained"
        await context.init(db_url=url, modules={"shop": ["tests.tortoise.models"]})
        await context.db().execute_script('CREATE SCHEMA "explained"')
        await context.generate_schemas()
        found, open_found = await explain(result()), await explain(result(), values=True)
        await context.db().execute_script('DROP SCHEMA "explained" CASCADE')
    plan = json.dumps(found.plan)
    assert '"Node Type"' in plan
    for value in VALUES:
        assert value not in plan
    assert "40417" in json.dumps(open_found.plan)
