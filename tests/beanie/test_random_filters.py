"""Random filters over arrays of documents and ObjectIds give what the reference evaluator gives.

The kit's world has neither; all else is compared there.
"""

from __future__ import annotations

import random
from collections.abc import Generator
from decimal import Decimal
from typing import cast

import pytest
from beanie import PydanticObjectId
from beanie.odm.utils.encoder import Encoder
from hypothesis import HealthCheck, Phase, given, settings
from queryengine_beanie import BeanieQueryEngine
from queryengine_beanie.projection import DocumentView

from queryengine.ast import FilterAST
from queryengine.limits import Limits
from queryengine.policy import SecurityPolicy
from queryengine.process import Processor
from queryengine.testing.differential import Differential
from queryengine.testing.strategies import Document, Ground, filters
from tests.beanie.conftest import Shop
from tests.beanie.shop import Address, Line, Order, Place, Record, object_id

ENGINE = BeanieQueryEngine(Order)
LIMITS = Limits(max_depth=100, max_conditions=1_000, max_relation_depth=100, max_relation_steps=1_000)
PROCESSOR = Processor(ENGINE, policy=SecurityPolicy(limits=LIMITS))
GROUND = Ground(PROCESSOR.view, ENGINE.capabilities)


def random_orders(choose: random.Random) -> list[Record]:
    return [_order(number, choose) for number in range(40)]


def _order(number: int, choose: random.Random) -> Record:
    lines = [_line(choose) for _ in range(choose.randrange(4))]
    places = [Place(city=choose.choice(["a", "É", None]), floor=choose.choice([0, 1, None])), None]
    address = Address.model_validate(
        {"street": choose.choice(["a", "A", "", "%"]), "p": choose.choice(places)}
    )
    record: Record = {
        "_id": object_id(choose.randrange(2**64) * 16 + number % 16),
        "number": choose.choice([0, 1, 2]),
        "lines": lines,
        "addr": choose.choice([address, None]),
        "batches": [object_id(choose.randrange(3)) for _ in range(choose.randrange(3))],
    }
    encoded: Record = Encoder(keep_nulls=choose.random() < 0.5).encode(record)
    return encoded


def _line(choose: random.Random) -> Line:
    return Line.model_validate(
        {
            "s": choose.choice(["a", "A", "", "%", "é"]),
            "quantity": choose.choice([0, 1, 5, None]),
            "price": choose.choice([Decimal("1.5"), Decimal("0.10"), None]),
            "tags": choose.choice([None, [], ["a"], ["a", "b"], ["b", "a", "a"]]),
            "size": choose.choice([None, {"width": choose.choice([1, 2]), "unit": "cm"}]),
            "origin": choose.choice([None, PydanticObjectId(object_id(5))]),
        }
    )


@pytest.fixture
def differential(shop: Shop, request: pytest.FixtureRequest) -> Generator[Differential]:
    seed = cast("int", request.param)
    shop.runner.run(_replace(shop, random_orders(random.Random(seed))))
    rows = shop.runner.run(Order.find_all().to_list())

    def run(ast: FilterAST) -> list[str]:
        return [str(order.id) for order in shop.runner.run(ENGINE.build_query(ast).query.to_list())]

    views = [DocumentView(row, ENGINE.schema) for row in rows]
    yield Differential(PROCESSOR, run, views, key=lambda row: cast("DocumentView", row).id)
    shop.runner.run(shop.load())


async def _replace(shop: Shop, orders: list[Record]) -> None:
    await shop.database["shop_orders"].delete_many({})
    await shop.database["shop_orders"].insert_many(orders)


@pytest.mark.fuzz
@pytest.mark.parametrize("differential", range(4), indirect=True)
def test_random_filters_over_arrays_of_documents(differential: Differential) -> None:
    @settings(
        max_examples=100,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    @given(filters(GROUND))
    def compare(document: Document) -> None:
        differential.check(document)
        differential.check_partition(cast("Document", document["where"]))

    compare()
