"""Date-times on SQLite are instants, whichever offset their text was written with."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Sequence
from types import ModuleType

import pytest
from queryengine_tortoise import TortoiseQueryEngine
from tortoise.context import TortoiseContext

from queryengine import process_filter_to_ast
from tests.tortoise.models import Moment

OFFSETS = [
    dt.timedelta(0),
    dt.timedelta(hours=2),
    dt.timedelta(hours=-5, minutes=-30),
    dt.timedelta(minutes=19, seconds=32),  # Amsterdam, until 1937
    -dt.timedelta(minutes=25, seconds=21),
    dt.timedelta(hours=23, minutes=59),
]
INSTANTS = [
    dt.datetime.fromisoformat(f"{text}+00:00")
    for text in (
        "0001-01-02T00:00:00",
        "1582-10-10T12:00:00",
        "1969-12-31T23:59:59.999999",
        "1970-01-01T00:00:00",
        "2024-02-29T12:30:00",
        "2024-02-29T12:30:00.000001",
        "2024-02-29T12:30:00.1",
        "2024-02-29T12:30:59.999999",
        "2024-02-29T12:31:00",
        "9999-12-30T23:59:59.999999",
    )
]
COMPARISONS: dict[str, Callable[[dt.datetime, dt.datetime], bool]] = {
    "eq": operator.eq,
    "gt": operator.gt,
    "lte": operator.le,
}


async def store(moments: Sequence[dt.datetime]) -> None:
    for key, moment in enumerate(moments, start=1):
        _ = await Moment.create(id=key)
        # Tortoise turns what it creates to its own zone, but not what it updates.
        await Moment.filter(id=key).update(at=moment)


async def ask(text: str, *, use_tz: bool = True) -> list[int]:
    engine = TortoiseQueryEngine(Moment, dialect="sqlite", use_tz=use_tz)
    query = engine.build_query(process_filter_to_ast(text, engine)).query
    return [int(key) for (key,) in await query.values_list("id")]  # Tortoise reads no offsets with seconds


@pytest.mark.usefixtures("shop")
async def test_they_compare_and_sort_as_instants() -> None:
    zones = [dt.timezone(offset) for offset in OFFSETS]
    stored = [instant.astimezone(zones[n % len(zones)]) for n, instant in enumerate(INSTANTS * 2)]
    await store(stored)
    keys = range(1, len(stored) + 1)
    for wanted in INSTANTS:
        for word, holds in COMPARISONS.items():
            found = await ask(f'{{"where": {{"at": {{"{word}": "{wanted.isoformat()}"}}}}}}')
            assert found == [key for key in keys if holds(stored[key - 1], wanted)]
    expected = sorted(keys, key=lambda key: (stored[key - 1], -key), reverse=True)
    assert await ask('{"order": "-at"}') == expected


async def test_without_zones_they_compare_and_sort_as_clocks_show_them() -> None:
    async with TortoiseContext() as context:
        modules: dict[str, Iterable[str | ModuleType]] = {"shop": ["tests.tortoise.models"]}
        await context.init(db_url="sqlite://:memory:", modules=modules, use_tz=False)
        await context.generate_schemas()
        stored = [instant.replace(tzinfo=None) for instant in reversed(INSTANTS)]
        await store(stored)
        wanted = stored[4]
        found = await ask(f'{{"where": {{"at": {{"lte": "{wanted.isoformat()}"}}}}}}', use_tz=False)
        assert found == [5, 6, 7, 8, 9, 10]
        assert await ask('{"order": "at", "limit": 3}', use_tz=False) == [10, 9, 8]
