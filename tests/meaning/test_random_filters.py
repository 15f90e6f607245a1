"""Random filters give the same rows in the same order on every database and in the reference evaluator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.meaning.campaign import BAGS, THINGS, run_campaign
from tests.meaning.databases import Database
from tests.meaning.models import Bag, Label, Maker, Part, Region, Thing

pytestmark = pytest.mark.fuzz

RecordProperty: TypeAlias = Callable[[str, object], None]

DATASETS = range(20)
ROOTS = (Thing, Thing, Thing, Thing, Maker, Part, Region, Label)
PAIRS = 54
"""of filters over each dataset"""
LEAST = 2_000 // len(DATASETS)
"""different filters over each dataset, which makes 2,000 for each database"""


@pytest.mark.parametrize("number", DATASETS)
def test_sqlite_gives_what_the_reference_gives(
    number: int, sqlite: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(sqlite, THINGS, ROOTS, number, PAIRS)
    record_property("filters on SQLite", compared)
    assert compared >= LEAST


@pytest.mark.parametrize("number", DATASETS)
def test_postgresql_gives_what_the_reference_gives(
    number: int, postgresql: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(postgresql, THINGS, ROOTS, number, PAIRS)
    record_property("filters on PostgreSQL", compared)
    assert compared >= LEAST


@pytest.mark.parametrize("number", range(5))
def test_arrays_on_postgresql_mean_what_the_reference_says(
    number: int, postgresql: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(postgresql, BAGS, (Bag,), number, PAIRS)
    record_property("filters on PostgreSQL", compared)
    assert compared >= LEAST
