"""Included rows come in order and so many for each row, by as many statements for many rows as for one."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from queryengine_tortoise import TortoiseQueryEngine
from tortoise.context import TortoiseContext
from tortoise.models import Model

from queryengine import SecurityPolicy
from queryengine.parsed import Source
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from tests.tortoise.models import Brand, Category, Member, Product, Tag

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document

pytestmark = pytest.mark.usefixtures("shop")


def query(model: type[Model], document: Document, scope: Scope | None = None) -> Any:
    """Return the query set of a filter. Any: each model has attributes of its own."""
    engine = TortoiseQueryEngine(model)
    ast = Processor(engine, policy=POLICY).process(Source(json.dumps(document)), scope=scope)
    return engine.build_query(ast).query


def including(relation: str, **scope: object) -> Document:
    return {"include": [{"relation": relation, "scope": scope}]}


async def related(
    model: type[Model], relation: str, scope: Scope | None = None, **asked: object
) -> list[list[object]]:
    """Return the keys of the related rows of each row."""
    rows = await query(model, including(relation, **asked), scope)
    return [[one.pk for one in getattr(row, relation)] for row in rows]


@pytest.fixture
async def tags(shop: TortoiseContext) -> None:
    """Give each product three tags of its own and one that all have."""
    assert shop.inited
    everywhere = await Tag.create(id=100, word="everywhere")
    for product in await Product.all().order_by("id"):
        await product.tags.clear()
        own = [await Tag.create(id=10 * product.id + n, word=word) for n, word in enumerate("cab")]
        await product.tags.add(*own, everywhere)


@pytest.mark.usefixtures("tags")
async def test_related_rows_come_in_order_and_so_many_for_each_row() -> None:
    assert await related(Product, "tags", order="-word", limit=2) == [[100, 10], [100, 20], [100, 30]]
    assert await related(Product, "tags", order="word", limit=2, offset=1) == [[12, 10], [22, 20], [32, 30]]
    assert await related(Product, "tags", offset=3) == [[100]] * 3
    where = {"word": {"ne": "a"}}
    assert await related(Product, "tags", order="word", limit=1, where=where) == [[12], [22], [32]]


@pytest.mark.usefixtures("tags")
async def test_a_row_that_comes_early_for_one_may_come_too_late_for_another() -> None:
    (lamp,) = await Product.filter(id=1)
    await lamp.tags.remove(*await Tag.filter(id__in=[10, 11, 12]))
    assert await related(Product, "tags", order="id", limit=2) == [[100], [20, 21], [30, 31]]


async def test_the_primary_key_comes_last_in_an_order() -> None:
    for number in (6, 5, 4):
        _ = await Product.create(id=number, name="same", brand_id="A")
    assert await related(Brand, "products", order="-name", limit=3) == [[4, 5, 6], [2]]


@pytest.mark.usefixtures("tags")
async def test_what_is_outside_of_a_scope_takes_no_place() -> None:
    scope = {Tag: field("word") != "a"}
    assert await related(Product, "tags", scope, order="word", limit=1) == [[12], [22], [32]]


async def test_what_a_manager_hides_takes_no_place() -> None:
    _ = await Member.create(id=3, name="third", friend_id=2)
    _ = await Member.create(id=4, name="gone", friend_id=2, deleted=True)
    assert await related(Member, "friends", order="-id", limit=1) == [[3], []]


async def test_windows_hold_where_rows_refer_to_something_other_than_the_key() -> None:
    _ = await Category.create(id=3, slug="third", parent_id="root")
    assert await related(Category, "children", order="-id", limit=1) == [[3], [], []]
    assert await related(Category, "like", limit=1) == [[2], [], []]


@pytest.mark.usefixtures("tags")
async def test_windows_stand_in_windows() -> None:
    inner = {"relation": "tags", "scope": {"order": "word", "limit": 1}}
    document = including("products", order="-id", limit=1, include=[inner])
    rows = await query(Brand, document)
    found = [[(product.id, [tag.id for tag in product.tags]) for product in row.products] for row in rows]
    assert found == [[(1, [11])], [(2, [21])]]


@pytest.mark.parametrize(("offset", "expected"), [(0, ["A", "B", None]), (1, [None, None, None])])
async def test_an_offset_leaves_out_the_one_related_row(offset: int, expected: list[str | None]) -> None:
    rows = await query(Product, including("brand", offset=offset, limit=1))
    assert [row.brand and row.brand.code for row in rows] == expected
    assert [vars(row)["brand_id"] for row in rows] == ["A", "B", None]


@pytest.mark.usefixtures("tags")
async def test_what_is_made_of_a_query_keeps_the_window() -> None:
    made = query(Product, including("tags", order="-id", limit=1)).filter(id__gt=1)
    rows = await made.prefetch_related("tags__products", "brand")
    assert [[tag.id for tag in row.tags] for row in rows] == [[100], [100]]
    assert [product.id for product in rows[0].tags[0].products] == [2, 1, 3]  # by Product's own ordering


# -- how many statements, how many rows and columns


@pytest.fixture
async def brands(shop: TortoiseContext) -> None:
    """Give fifty brands, each with three products."""
    assert shop.inited
    for number in range(50):
        brand = await Brand.create(code=f"x{number}", name="x")
        await Product.bulk_create(
            Product(id=100 + 10 * number + n, name=str(n), brand=brand) for n in range(3)
        )


@pytest.mark.usefixtures("brands")
@pytest.mark.parametrize(("relation", "expected"), [("products", 2), ("products.tags", 4)])
@pytest.mark.parametrize("scope", [{}, {"order": "-name", "limit": 2}])
async def test_the_number_of_statements_is_the_same_for_one_row_and_for_fifty(
    caplog: pytest.LogCaptureFixture, relation: str, expected: int, scope: Document
) -> None:
    counts: list[int] = []
    first, _, second = relation.partition(".")
    below = {"include": [{"relation": second, "scope": {"limit": 1}}]} if second else {}
    for limit in (1, 50):
        document = including(first, **scope, **below) | {"limit": limit, "where": {"name": "x"}}
        with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
            caplog.clear()
            rows = await query(Brand, document)
        assert [len(row.products) for row in rows] == [scope.get("limit", 3)] * limit
        counts.append(len(caplog.messages))
    # A table in between is read by a statement of its own, and here leads nowhere.
    assert counts == [expected - bool(second)] * 2


@pytest.mark.usefixtures("brands")
async def test_no_more_columns_are_sent_than_the_fields_need(caplog: pytest.LogCaptureFixture) -> None:
    document = {"fields": ["code"], **including("products", fields=["stock"], limit=1), "limit": 1}
    with caplog.at_level(logging.DEBUG, "tortoise.db_client"):
        caplog.clear()
        _ = await query(Brand, document)
    selected = [message.partition(" FROM ")[0] for message in caplog.messages]
    # The keys stay, by which a handler finds related rows.
    keys = '"brand_id" "brand_id","made_by" "maker_id"'
    assert selected == ['SELECT "code" "code"', f'SELECT "id" "id","stock" "stock",{keys}']
