"""The rows of the shop as they are stored, by collection. What is null is now null and now missing."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence

from bson import Binary, DBRef, Decimal128

from tests.beanie.shop import Record, object_id

__all__ = ["BASKET_IDS", "ROWS"]


def customer(number: int) -> DBRef:
    return DBRef("Customer", object_id(number))


NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
BASKET_IDS = [uuid.UUID(int=number) for number in (1, 2, 3)]

ROWS: Mapping[str, Sequence[Record]] = {
    "Customer": [
        {"_id": object_id(1), "name": "Ada", "email": "ada@shop", "level": 3},
        {"_id": object_id(2), "name": "Ben", "email": "ben@shop", "level": None},
        {"_id": object_id(0xABC), "name": "Éva", "email": "eva@shop"},
    ],
    "shop_orders": [
        {
            "_id": object_id(11),
            "number": 1,
            "placed": NOON,
            "lines": [
                {"s": "a", "quantity": 1, "price": Decimal128("1.50"), "tags": ["x", "y"]},
                {"s": "b", "quantity": 5, "size": {"width": 2, "unit": "cm"}, "origin": object_id(5)},
            ],
            "addr": {"street": "Main", "p": {"city": "Bergen", "floor": 2}},
            "customer": customer(1),
            "watchers": [customer(1), customer(2)],
            "batches": [object_id(1), object_id(2)],
            "wait": 90.5,
            "token": Binary.from_uuid(uuid.UUID(int=7)),
        },
        {
            "_id": object_id(12),
            "number": 2,
            "placed": None,
            "lines": [{"s": "a", "quantity": None, "tags": []}, {"s": "A"}],
            "addr": {"street": "Side"},
            "customer": customer(2),
            "watchers": [],
            "batches": [],
        },
        {"_id": object_id(13), "number": 3, "lines": [], "customer": None, "watchers": None, "batches": []},
        {
            "_id": object_id(14),
            "number": 4,
            "lines": [{"s": "$gt", "quantity": 5, "price": Decimal128("0.10"), "tags": ["y"]}],
            "addr": None,
            "customer": customer(99),  # who is gone
            "watchers": [customer(99), customer(0xABC)],
            "batches": [object_id(2)],
        },
    ],
    "Article": [
        {"_id": object_id(21), "kind": "Article", "title": "Lamp", "customers": [customer(1)]},
        {"_id": object_id(22), "kind": "Article.Book", "title": "Novel", "pages": 300},
    ],
    "Basket": [
        {
            "_id": Binary.from_uuid(BASKET_IDS[0]),
            "best": DBRef("Article", object_id(22)),
            "any_article": DBRef("Article", object_id(21)),
        },
        {
            "_id": Binary.from_uuid(BASKET_IDS[1]),
            "best": DBRef("Article", object_id(21)),  # which is no book
            "any_article": DBRef("Article", object_id(22)),
        },
        {"_id": Binary.from_uuid(BASKET_IDS[2])},
    ],
}
