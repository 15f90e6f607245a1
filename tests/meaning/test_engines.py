"""Engines without a dialect or with large nulls, and asynchronous drivers, give what the reference gives."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, Stage
from queryengine.testing.campaign import PAIRS, run_campaign
from queryengine.testing.results import Report, report_filters
from tests.conformance.sqlalchemy import opened, opened_async
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.fuzz


@pytest.fixture
def runner() -> Generator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


def compare(adapter: Adapter, runner: asyncio.Runner, number: int, report: Report) -> None:
    """Compare random filters over the rows of a dataset, and over arrays where there are any."""
    stage = Stage(adapter, runner)
    for group in ("Thing", "Bag"):
        compared = run_campaign(stage, group, number)
        report_filters(report, adapter.name, compared)
        assert compared >= PAIRS or group in adapter.absent


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("number", [30])
def test_an_engine_without_a_dialect_is_right_on_every_database(
    number: int, database: str, postgres: PostgresServer, runner: asyncio.Runner, record_property: Report
) -> None:
    url = "sqlite://" if database == "SQLite" else postgres.psycopg_url
    with opened(url, f"SQLAlchemy on {database} without its name", named=False) as adapter:
        compare(adapter, runner, number, record_property)


@pytest.mark.parametrize("database", ["SQLite", "PostgreSQL"])
@pytest.mark.parametrize("number", [35])
def test_null_is_the_largest_value_where_the_engine_says_so(
    number: int, database: str, postgres: PostgresServer, runner: asyncio.Runner, record_property: Report
) -> None:
    url = "sqlite://" if database == "SQLite" else postgres.psycopg_url
    with opened(url, f"SQLAlchemy on {database} with large nulls", null_order="largest") as adapter:
        compare(adapter, runner, number, record_property)


@pytest.mark.parametrize("number", [40])
def test_asyncpg_gives_what_the_reference_gives(
    number: int, postgres: PostgresServer, runner: asyncio.Runner, record_property: Report
) -> None:
    """It asks the server for the type of each parameter, where psycopg tells it."""
    with opened_async(postgres.asyncpg_url, "SQLAlchemy on PostgreSQL by asyncpg", runner) as adapter:
        compare(adapter, runner, number, record_property)


def test_aiosqlite_gives_what_the_reference_gives(runner: asyncio.Runner, record_property: Report) -> None:
    with opened_async("sqlite+aiosqlite://", "SQLAlchemy on SQLite by aiosqlite", runner) as adapter:
        compare(adapter, runner, 50, record_property)
