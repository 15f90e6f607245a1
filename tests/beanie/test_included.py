"""Included documents come in order and so many for each document, by one command for many as for one."""

from __future__ import annotations

from typing import Any

import pytest
from bson import DBRef
from queryengine_beanie import BeanieQueryEngine

from queryengine.predicate import Scope, field
from tests.beanie.conftest import Shop
from tests.beanie.shop import Customer, Order, Record

CUSTOMERS = BeanieQueryEngine(Customer)
MANY = 50


@pytest.fixture(scope="module")
def crowd(shop: Shop) -> Shop:
    """Give fifty customers more, each with three orders."""

    async def fill() -> None:
        for number in range(MANY):
            crowd = {"name": "crowd", "email": "", "level": number}
            customer = await shop.database["Customer"].insert_one(crowd)
            link = DBRef("Customer", customer.inserted_id)
            for n in (2, 3, 1):
                order: Record = {
                    "number": 1000 + 10 * number + n,
                    "customer": link,
                    "lines": [],
                    "batches": [],
                }
                _ = await shop.database["shop_orders"].insert_one(order)

    shop.runner.run(fill())
    return shop


def numbers(
    shop: Shop, limit: int, asked: dict[str, Any], scope: Scope | None = None
) -> list[list[int]]:  # Any: parts of a JSON document
    """Return the numbers of the orders of as many customers."""
    include = {"relation": "orders", "scope": asked}
    document = {"where": {"name": "crowd"}, "order": "level", "limit": limit, "include": [include]}
    rows: Any = shop.rows(CUSTOMERS, document, scope=scope)
    return [[order.number for order in row.orders] for row in rows]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"order": "number"}, [1, 2, 3]),
        ({"order": "-number", "limit": 2}, [3, 2]),
        ({"order": "number", "offset": 1, "limit": 1}, [2]),
        ({"where": {"number": {"ne": 1001}}, "order": "number", "limit": 1}, [2]),
    ],
)
def test_an_order_and_a_window_are_those_of_each_document(
    crowd: Shop, asked: dict[str, Any], expected: list[int]
) -> None:
    found = numbers(crowd, 1, asked)
    assert found == [[1000 + number for number in expected]]


def test_what_is_outside_of_a_scope_takes_no_place(crowd: Shop) -> None:
    scope = {Order: field("number") != 1003}
    assert numbers(crowd, 2, {"order": "-number", "limit": 1}, scope) == [[1002], [1013]]


def test_one_command_is_sent_for_one_document_and_for_fifty(crowd: Shop) -> None:
    for limit in (1, MANY):
        crowd.commands.queries.clear()
        found = numbers(crowd, limit, {"order": "number", "limit": 2})
        assert [len(orders) for orders in found] == [2] * limit
        assert len(crowd.commands.queries) == 1
