"""Objects made of rows: without their constructor, in slots or a dict, the collector as it was before."""

from __future__ import annotations

import gc
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import pytest
from queryengine_orm._native import ModelShape, Rows
from queryengine_orm.errors import DataError, UsageError
from queryengine_orm.sqlite import create_pool

pytestmark = pytest.mark.anyio


@dataclass
class Plain:
    id: int
    name: str | None = None


@dataclass(slots=True)
class Slotted:
    id: int
    name: str | None = None


class Mixed(Slotted):
    extra: Decimal | None


class Guarded:
    """Says no to all that a row does not do."""

    id: int
    made: ClassVar[int] = 0

    def __init__(self) -> None:
        raise AssertionError

    def __setattr__(self, name: str, value: object) -> None:
        raise AssertionError

    @property
    def name(self) -> str:
        return f"<{vars(self)['name']}>"


async def rows(sql: str = "SELECT 1, 'Ann' UNION ALL SELECT 2, NULL") -> Rows:
    async with create_pool() as pool:
        return await pool.query(sql)


async def test_models_are_filled_in_their_dict_or_their_slots() -> None:
    answer = await rows()
    assert answer.to_models(ModelShape(Plain, ["id", "name"])) == [Plain(1, "Ann"), Plain(2)]
    assert answer.to_models(ModelShape(Slotted, ["id", "name"])) == [Slotted(1, "Ann"), Slotted(2)]
    (mixed, _) = answer.to_models(ModelShape(Mixed, ["id", "extra"]))
    assert (type(mixed), mixed.id, vars(mixed)) == (Mixed, 1, {"extra": "Ann"})


async def test_no_code_of_the_class_runs() -> None:
    one, two = (await rows()).to_models(ModelShape(Guarded, ["id", "name"]))
    assert (one.id, one.name, two.name) == (1, "<Ann>", "<None>")
    assert vars(two) == {"id": 2, "name": None}


async def test_converters_see_what_is_not_null_and_columns_without_a_name_are_left() -> None:
    answer = await rows("SELECT 1, '2.50', 3 UNION ALL SELECT 2, NULL, 4")
    shape = ModelShape(Plain, ["id", "name"], [None, Decimal])
    assert [vars(one) for one in answer.to_models(shape)] == [
        {"id": 1, "name": Decimal("2.50")},
        {"id": 2, "name": None},
    ]


@pytest.fixture(params=[True, False], ids=["collecting", "paused"])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    before = gc.isenabled()
    wanted: bool = request.param
    (gc.enable if wanted else gc.disable)()
    yield wanted
    (gc.enable if before else gc.disable)()


async def test_the_collector_is_as_it_was_also_after_an_error(collecting: bool) -> None:
    answer = await rows()
    seen: list[bool] = []

    def fail(value: object) -> object:
        seen.append(gc.isenabled())
        raise ZeroDivisionError(value)

    with pytest.raises(ZeroDivisionError):
        answer.to_models(ModelShape(Plain, ["id", "name"], [fail, None]))
    assert (seen, gc.isenabled()) == ([False], collecting)


async def test_a_shape_that_cannot_be_is_refused() -> None:
    with pytest.raises(TypeError, match="__new__"):
        ModelShape(Decimal, ["id"])
    with pytest.raises(UsageError):
        ModelShape(Plain, ["id", "name"], [None])
    with pytest.raises(UsageError):
        (await rows()).to_models(ModelShape(Plain, ["id", "name", "more"]))


async def test_a_column_of_numbers_is_a_buffer() -> None:
    async with create_pool() as pool:
        answer = await pool.query(
            "SELECT 1 AS i, 1.5 AS f, 'x' AS t, NULL AS n UNION ALL SELECT -2, 3, 'y', NULL",
            result=("int", "float", "text", "int"),
        )
    assert answer.buffer("i") == array("q", [1, -2])
    assert memoryview(answer.buffer(1)).tolist() == [1.5, 3.0]
    with pytest.raises(UsageError):
        answer.buffer("t")
    with pytest.raises(DataError):
        answer.buffer("n")
