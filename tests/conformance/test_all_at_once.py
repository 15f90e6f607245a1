"""The same random filters on the same rows of every back-end at once: all agree, or refuse as declared."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import TypeAlias

import pytest

from queryengine.testing import Adapter
from queryengine.testing.results import Report, report_filters
from queryengine.testing.together import Together
from tests.conformance import beanie, memory, orm, prisma, sqlalchemy, tortoise

pytestmark = pytest.mark.fuzz

Opener: TypeAlias = Callable[[pytest.FixtureRequest, asyncio.Runner], AbstractContextManager[Adapter]]

ADAPTERS: Sequence[Opener] = (
    memory.in_memory,
    sqlalchemy.on_sqlite,
    sqlalchemy.on_postgresql,
    beanie.on_mongodb,
    tortoise.open_sqlite,
    tortoise.open_postgresql,
    prisma.open_sqlite,
    prisma.open_postgresql,
    orm.open_sqlite,
    orm.open_postgresql,
)
"""one line for each back-end and database"""

PAIRS = 60
LEAST = 100
"""different filters over each dataset, which makes more than 2,000 in all"""


@pytest.fixture(scope="module")
def together(request: pytest.FixtureRequest) -> Generator[Together]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        adapters = [stack.enter_context(opened(request, runner)) for opened in ADAPTERS]
        yield Together(adapters, runner)


@pytest.mark.parametrize(
    ("group", "number"),
    [*(("Thing", number) for number in range(60, 75)), ("Phrase", 60), ("Phrase", 61), ("Bag", 60)],
)
def test_all_back_ends_give_the_same_rows_or_a_declared_error(
    group: str, number: int, together: Together, record_property: Report
) -> None:
    before = together.answered.copy()
    compared = together.run_campaign(group, number, PAIRS)
    assert compared >= LEAST
    report_filters(record_property, "all back-ends at once", compared)
    for name, answered in (together.answered - before).items():
        report_filters(record_property, name, answered)
