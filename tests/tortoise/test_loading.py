"""What query sets load with each row: columns, related rows, and never a row outside of its scope."""

from __future__ import annotations

from typing import Any

import pytest
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult
from tortoise.context import TortoiseContext
from tortoise.exceptions import FieldError
from tortoise.query_utils import Prefetch
from tortoise.transactions import in_transaction

from queryengine import ConfigurationError, SecurityPolicy, process_filter_to_ast
from queryengine.parsed import Source
from queryengine.predicate import field
from queryengine.process import Processor
from tests.tortoise.models import Brand, Category, Product, Tag

POLICY = SecurityPolicy(relations=True)

pytestmark = pytest.mark.usefixtures("shop")

NO_BOLT = {Brand: field("name") != "Bolt"}
NO_BIG = {Tag: field("word") == "small"}


def build(text: str, scope: Any = None) -> TortoiseQueryResult[Product]:
    engine = TortoiseQueryEngine(Product)
    return engine.build_query(Processor(engine, policy=POLICY).process(Source(text), scope=scope))


async def shown(result: TortoiseQueryResult[Product]) -> list[dict[str, Any]]:
    """Return the rows as the caller sees them."""
    model = result.projection_model
    assert model is not None
    return [model.model_validate(row).model_dump() for row in await result.query]


async def test_fields_load_just_their_columns_and_the_key() -> None:
    result = build('{"fields": ["name", "size"]}')
    (row, *_) = await result.query
    assert row.name == "Lamp"
    with pytest.raises(AttributeError):
        _ = row.stock
    assert (await shown(result))[0] == {"name": "Lamp", "size": {"width": 5, "unit": None}}


async def test_fields_of_related_rows_load_these() -> None:
    result = build('{"fields": ["name", "brand.name", "tags.word", "passport.number"], "order": "id"}')
    assert await shown(result) == [
        {"name": "Lamp", "brand": {"name": "Acme"}, "tags": [{"word": "small"}], "passport": None},
        {
            "name": "knife",
            "brand": {"name": "Bolt"},
            "tags": [{"word": "small"}, {"word": "sharp"}],
            "passport": {"number": "K-1"},
        },
        {"name": "%\\_'", "brand": None, "tags": [], "passport": None},
    ]


async def test_an_include_loads_the_related_rows_that_meet_its_filter() -> None:
    text = '{"fields": ["id"], "include": {"relation": "tags", "scope": {"where": {"word": "sharp"}}}}'
    assert await shown(build(text)) == [
        {"id": 1, "tags": []},
        {"id": 2, "tags": [{"id": 2, "word": "sharp"}]},
        {"id": 3, "tags": []},
    ]


async def test_includes_go_on_from_related_rows() -> None:
    inner = '{"fields": ["name"], "include": {"relation": "products", "scope": {"fields": ["name"]}}}'
    text = f'{{"fields": ["id"], "include": {{"relation": "brand", "scope": {inner}}}}}'
    (first, _, last) = await shown(build(text))
    assert first == {"id": 1, "brand": {"name": "Acme", "products": [{"name": "Lamp"}]}}
    assert last == {"id": 3, "brand": None}


async def test_an_include_by_another_column_than_the_key_finds_its_rows() -> None:
    engine = TortoiseQueryEngine(Category)
    text = '{"fields": ["id"], "include": ["children", "parent"]}'
    result = engine.build_query(process_filter_to_ast(text, engine, policy=POLICY))
    assert result.projection_model is not None
    found = [result.projection_model.model_validate(row).model_dump() for row in await result.query]
    assert [[child["id"] for child in row["children"]] for row in found] == [[2], []]
    assert [row["parent"] and row["parent"]["slug"] for row in found] == [None, "root"]


# -- scopes


async def test_related_rows_outside_of_their_scope_are_not_loaded() -> None:
    result = build('{"fields": ["id", "brand.name"], "include": "tags"}', NO_BOLT | NO_BIG)
    assert await shown(result) == [
        {"id": 1, "brand": {"name": "Acme"}, "tags": [{"id": 1, "word": "small"}]},
        {"id": 2, "brand": None, "tags": [{"id": 1, "word": "small"}]},
        {"id": 3, "brand": None, "tags": []},
    ]


async def test_what_a_handler_prefetches_is_within_its_scope_too() -> None:
    query = build("{}", NO_BOLT | NO_BIG).query
    rows = await query.prefetch_related("brand__products", "tags")
    assert [row.brand and row.brand.name for row in rows] == ["Acme", None, None]
    assert [[tag.word for tag in row.tags] for row in rows] == [["small"], ["small"], []]
    assert rows[0].brand is not None
    assert [product.name for product in rows[0].brand.products] == ["Lamp"]


async def test_nested_relations_are_prefetched_within_their_scopes() -> None:
    (row, *_) = await build("{}", NO_BIG).query.prefetch_related(
        "brand__products__tags", "maker__products__tags"
    )
    assert row.maker is not None
    assert [[tag.word for tag in product.tags] for product in row.maker.products] == [["small"]]


async def test_a_handlers_own_prefetch_is_narrowed_by_the_scope() -> None:
    query = build("{}", NO_BIG).query
    sorted_tags = Prefetch("tags", Tag.all().order_by("-id"), to_attr="words")
    rows: list[Any] = [*await query.prefetch_related(sorted_tags)]
    assert [[tag.word for tag in row.words] for row in rows] == [["small"], ["small"], []]
    deeper = Prefetch("brand__products", Product.filter(id__lt=3), to_attr="few")
    rows = [*await build("{}", NO_BOLT).query.prefetch_related(deeper)]
    assert [row.brand and [product.id for product in row.brand.few] for row in rows] == [[1], None, None]


async def test_a_join_that_would_not_hold_a_scope_is_refused() -> None:
    query = build("{}", NO_BOLT).query
    with pytest.raises(ConfigurationError, match="rows of Brand that are outside of their scope"):
        _ = query.select_related("brand")
    (row, *_) = await build("{}").query.select_related("brand")
    assert row.brand is not None


async def test_without_scopes_tortoise_prefetches_as_always() -> None:
    rows = await build("{}").query.prefetch_related("tags", "brand")
    assert [len(row.tags) for row in rows] == [1, 2, 0]


@pytest.mark.parametrize("scope", [None, NO_BIG])
async def test_a_name_that_is_no_relation_is_refused_by_tortoise(scope: Any) -> None:
    with pytest.raises(FieldError):
        _ = build("{}", scope).query.prefetch_related("nothing")


async def test_the_scope_stays_with_what_is_made_of_the_query() -> None:
    rows = await build("{}", NO_BIG).query.filter(id__gt=1).limit(1).prefetch_related("tags")
    assert [[tag.word for tag in row.tags] for row in rows] == [["small"]]


@pytest.mark.parametrize("scope", [None, NO_BOLT])
async def test_a_handler_may_prefetch_what_the_filter_loads_too(scope: Any) -> None:
    inner = '{"relation": "tags", "scope": {"where": {"word": "sharp"}}}'
    query = build(f'{{"fields": ["id"], "include": {inner}}}', scope).query
    rows = await query.prefetch_related("tags", "tags__products", "brand")
    assert [[tag.word for tag in row.tags] for row in rows] == [[], ["sharp"], []]
    assert [[product.id for product in tag.products] for tag in rows[1].tags] == [[2]]
    assert (rows[1].brand is None) is (scope is not None)


async def test_fields_leave_the_keys_by_which_a_handler_finds_related_rows() -> None:
    (row, *_) = await build('{"fields": ["name"]}').query
    brand = await Brand.get(code=vars(row)["brand_id"])
    assert brand.name == "Acme"
    assert [tag.word for tag in await row.tags.all()] == ["small"]


async def test_a_key_stays_where_the_row_that_it_names_is_not_loaded() -> None:
    inner = '{"relation": "brand", "scope": {"where": {"name": "Acme"}, "fields": ["name"]}}'
    text = f'{{"fields": ["brand_id"], "include": {inner}}}'
    expected = [("A", {"name": "Acme"}), ("B", None), (None, None)]
    assert [(row["brand_id"], row["brand"]) for row in await shown(build(text))] == expected
    first = await build(text).query.filter(id=2).first()
    assert first is not None
    assert (vars(first)["brand_id"], first.brand) == ("B", None)
    assert await build(text).query.filter(id=9).first() is None


async def test_related_rows_come_from_the_connection_that_the_rows_come_from(shop: TortoiseContext) -> None:
    async with in_transaction() as connection:
        _ = await Brand.create(code="C", name="Core", using_db=connection)
        _ = await Product.create(id=4, name="Crate", brand_id="C", using_db=connection)
        query = build('{"where": {"id": 4}, "include": "brand"}').query.using_db(connection)
        (row,) = await query.prefetch_related("tags")
        assert row.brand is not None
        assert row.brand.name == "Core"
    assert shop.inited
