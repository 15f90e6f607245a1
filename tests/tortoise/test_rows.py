"""What query sets of filters give on SQLite, and what of a filter is kept in all that is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, TypeVar

import pytest
from queryengine_tortoise import TortoiseQueryEngine
from tortoise.expressions import Q
from tortoise.models import Model
from tortoise.queryset import QuerySet

from queryengine import ConfigurationError, SecurityPolicy, process_filter_to_ast
from queryengine.ast import FilterAST, Window
from tests.tortoise.models import Category, Member, Passport, Product

ModelT = TypeVar("ModelT", bound=Model)

POLICY = SecurityPolicy(relations=True)

pytestmark = pytest.mark.usefixtures("shop")


def query(model: type[ModelT], text: str) -> QuerySet[ModelT]:
    engine = TortoiseQueryEngine(model)
    return engine.build_query(process_filter_to_ast(text, engine, policy=POLICY)).query


def bound(text: str) -> FilterAST:
    return process_filter_to_ast(text, TortoiseQueryEngine(Product), policy=POLICY)


async def keys(model: type[Model], text: str) -> list[Any]:  # Any: keys of all types
    return [row.pk for row in await query(model, text)]


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ('{"stock": {"ne": 3}}', [2, 3]),
        ('{"name": {"contains": "%\\\\_"}}', [3]),
        ('{"name": {"startsWith": "k"}}', [2]),
        ('{"name": {"istartsWith": "K"}}', [2]),
        ('{"name": {"startsWith": "K"}}', []),
        ('{"brand.name": "Bolt"}', [2]),
        ('{"brand.name": {"ne": "Bolt"}}', [1, 3]),
        ('{"maker.name": "Bolt"}', [1]),
        ('{"brand_id": "A"}', [1]),
        ('{"maker_id": "B"}', [1]),
        ('{"brand": null}', [3]),
        ('{"tags": {"some": {"word": "small"}}}', [1, 2]),
        ('{"tags": {"every": {"word": "small"}}}', [1, 3]),
        ('{"tags": {"none": {"products": {"some": {"name": "knife"}}}}}', [3]),
        ('{"brand": {"products": {"some": {"name": "Lamp"}}}}', [1]),
        ('{"passport.number": "K-1"}', [2]),
        ('{"passport": {"isNull": true}}', [1, 3]),
        ('{"size.width": {"gt": 1}}', [1]),
        ('{"size.unit": null}', [1, 3]),
        ('{"size": {"isNull": true}}', [3]),
    ],
)
async def test_a_condition_gives_its_rows(where: str, expected: list[int]) -> None:
    assert await keys(Product, f'{{"where": {where}}}') == expected
    negated = await keys(Product, f'{{"where": {{"not": {where}}}}}')
    assert sorted([*expected, *negated]) == [1, 2, 3]


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("name", [3, 1, 2]),  # by code point, and not as Meta.ordering says
        ("-stock", [1, 3, 2]),
        ("stock NULLS LAST", [3, 1, 2]),
        ("brand.name", [3, 1, 2]),
        ("-brand.name NULLS FIRST", [3, 2, 1]),
        ("size.width,-id", [3, 2, 1]),
        ("passport.number,-name", [1, 3, 2]),
    ],
)
async def test_an_order_is_that_of_the_filter_whatever_is_made_of_the_query(
    order: str, expected: list[int]
) -> None:
    ordered = query(Product, f'{{"order": "{order}"}}')
    assert [row.id for row in await ordered] == expected
    assert [*map(list, await ordered.values_list("id"))] == [[key] for key in expected]
    assert await ordered.values("id") == [{"id": key} for key in expected]
    assert [row["id"] for row in await ordered.values()] == expected
    assert [row.id for row in await ordered.filter(id__gte=1).limit(2)] == expected[:2]
    first, last = await ordered.first(), await ordered.last()
    assert (first and first.id, last and last.id) == (expected[0], expected[-1])


async def test_another_order_takes_the_place_of_the_filters() -> None:
    ordered = query(Product, '{"order": "name"}')
    assert [row.id for row in await ordered.order_by("-id")] == [3, 2, 1]


async def test_an_order_leaves_nothing_on_the_rows() -> None:
    (row, *_) = await query(Product, '{"order": "brand.name"}')
    assert not [name for name in vars(row) if "order" in name]


async def test_a_filter_without_an_order_has_that_of_the_key() -> None:
    assert await keys(Product, "{}") == [1, 2, 3]


async def test_a_window_is_cut_out_of_the_order() -> None:
    assert await keys(Product, '{"order": "-id", "limit": 1, "offset": 1}') == [2]


async def test_an_offset_alone_gives_all_the_rest() -> None:
    rest = replace(bound("{}"), window=Window(offset=1), shape=None)
    assert [row.id for row in await TortoiseQueryEngine(Product).build_query(rest).query] == [2, 3]


async def test_a_count_is_of_the_condition_and_a_total_needs_the_window_taken_off() -> None:
    found = query(Product, '{"where": {"stock": {"isNull": false}}, "limit": 1}')
    assert await found.count() == 1
    assert await found.limit(1_000_000).offset(0).count() == 2
    assert await found.exists()


async def test_a_handlers_own_conditions_come_on_top() -> None:
    stocked = query(Product, '{"where": {"stock": {"ne": 3}}}')
    assert [row.id for row in await stocked.filter(Q(name="knife") | Q(brand__name="Acme"))] == [2]
    assert [row.id for row in await stocked.exclude(name="knife")] == [3]


async def test_rows_can_be_changed_and_deleted_by_a_filter() -> None:
    assert await query(Product, '{"where": {"brand.name": "Bolt"}}').update(stock=9) == 1
    assert await keys(Product, '{"where": {"stock": 9}}') == [2]
    assert await query(Product, '{"where": {"passport": null, "stock": 0}}').delete() == 1
    assert await keys(Product, "{}") == [1, 2]


async def test_a_row_whose_key_is_another_row_can_be_asked_and_sorted() -> None:
    assert await keys(Passport, '{"where": {"product.name": "knife"}, "order": "-product_id"}') == [2]
    assert await keys(Passport, '{"where": {"product_id": {"lt": 2}}}') == []


async def test_relations_by_other_columns_than_the_key_are_followed() -> None:
    assert await keys(Category, '{"where": {"parent.id": 1}}') == [2]
    assert await keys(Category, '{"where": {"parent_id": "root"}}') == [2]
    assert await keys(Category, '{"where": {"children": {"some": {"slug": "leaf"}}}}') == [1]
    assert await keys(Category, '{"where": {"like": {"some": {"parent.slug": "root"}}}}') == [1]
    assert await keys(Category, '{"where": {"liked_by": {"some": {"id": 1}}}}') == [2]


async def test_what_a_default_manager_hides_stays_hidden_and_its_class_is_kept() -> None:
    members = query(Member, "{}")
    assert [row.name for row in await members] == ["here"]
    assert [row.name for row in await members.named("here")] == ["here"]  # type: ignore[attr-defined]  # the manager's own
    # As with Tortoise's own lookups, a condition on related rows looks at all of them: a scope narrows it.
    assert await keys(Member, '{"where": {"friend.name": "gone"}}') == [2]


async def test_a_list_may_be_empty_and_hold_null() -> None:
    assert await keys(Product, '{"where": {"stock": {"in": []}}}') == []
    assert await keys(Product, '{"where": {"stock": {"nin": []}}}') == [1, 2, 3]
    assert await keys(Product, '{"where": {"stock": {"in": [0, null]}}}') == [2, 3]


# -- what does not fit


async def test_an_engine_for_another_database_does_not_answer() -> None:
    engine = TortoiseQueryEngine(Product, dialect="postgresql")
    result = engine.build_query(process_filter_to_ast('{"where": {"id": 1}}', engine))
    with pytest.raises(ConfigurationError, match="is for postgresql, the connection for sqlite"):
        await result.query


async def test_an_engine_that_takes_date_times_otherwise_than_tortoise_does_not_answer() -> None:
    engine = TortoiseQueryEngine(Product, use_tz=False)
    result = engine.build_query(process_filter_to_ast('{"where": {"id": 1}}', engine))
    with pytest.raises(ConfigurationError, match="use_tz=False, and Tortoise was initialised with True"):
        await result.query


async def test_the_template_of_a_shape_is_no_query() -> None:
    engine = TortoiseQueryEngine(Product)
    shape = process_filter_to_ast('{"limit": 5}', engine).shape
    assert shape is not None
    with pytest.raises(TypeError, match="has no values"):
        engine.build_query(shape.template)
