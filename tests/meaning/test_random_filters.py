"""Random filters give the same rows in the same order on every database and in the reference evaluator."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.meaning.campaign import BAGS, PHRASES, THINGS, run_campaign
from tests.meaning.databases import Database, open_database, with_async_driver
from tests.meaning.models import Bag, Label, Maker, Part, Region, Thing
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.fuzz

RecordProperty: TypeAlias = Callable[[str, object], None]

DATASETS = range(20)
ROOTS = (Thing, Thing, Thing, Thing, Maker, Part, Region, Label)
PAIRS = 60
"""of filters over each dataset"""
LEAST = 2_000 // len(DATASETS)
"""different filters over each dataset, which makes 2,000 for each database"""


@pytest.mark.parametrize("number", DATASETS)
def test_a_database_gives_what_the_reference_gives(
    number: int, database: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(database, THINGS, ROOTS, number, PAIRS)
    record_property(f"filters on {database.name}", compared)
    assert compared >= LEAST


@pytest.mark.parametrize("number", range(2))
def test_text_means_the_same_on_every_database(
    number: int, database: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(database, PHRASES, PHRASES, number, 3 * PAIRS)
    record_property(f"filters on {database.name}", compared)
    assert compared >= 3 * LEAST


@pytest.mark.parametrize("number", range(4))
def test_arrays_on_postgresql_mean_what_the_reference_says(
    number: int, postgresql: Database, record_property: RecordProperty
) -> None:
    compared = run_campaign(postgresql, BAGS, (Bag,), number, PAIRS)
    record_property("filters on PostgreSQL", compared)
    assert compared >= LEAST


@pytest.mark.parametrize("number", range(30, 32))
def test_an_engine_without_a_dialect_is_right_on_every_database(
    number: int, postgres: PostgresServer, record_property: RecordProperty
) -> None:
    for url in ("sqlite://", postgres.psycopg_url):
        with open_database(url, arrays=False, named=False) as database:
            compared = run_campaign(database, THINGS, ROOTS, number, PAIRS)
            record_property(f"filters on {database.name} without its name", compared)
            assert compared >= LEAST


@pytest.mark.parametrize("number", range(40, 42))
def test_asyncpg_gives_what_the_reference_gives(
    number: int, postgres: PostgresServer, record_property: RecordProperty
) -> None:
    """It asks the server for the type of each parameter, where psycopg tells it."""

    def compare(database: Database) -> int:
        arrays = run_campaign(database, BAGS, (Bag,), number, PAIRS)
        return arrays + run_campaign(database, THINGS, ROOTS, number, PAIRS)

    compared = with_async_driver(postgres.asyncpg_url, compare, arrays=True)
    record_property("filters on PostgreSQL through asyncpg", compared)
    assert compared >= 2 * LEAST


def test_aiosqlite_gives_what_the_reference_gives(record_property: RecordProperty) -> None:
    compared = with_async_driver(
        "sqlite+aiosqlite://", lambda database: run_campaign(database, THINGS, ROOTS, 50, PAIRS), arrays=False
    )
    record_property("filters on SQLite through aiosqlite", compared)
    assert compared >= LEAST
