"""SQLAlchemy passes the conformance kit on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, ConformanceSuite
from tests.conformance.sqlalchemy import on_postgresql, on_sqlite


class TestSQLite(ConformanceSuite):
    """SQLAlchemy on a SQLite in memory."""

    datasets = 3

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        """Give SQLite."""
        with on_sqlite(request, runner) as adapter:
            yield adapter


class TestPostgreSQL(ConformanceSuite):
    """SQLAlchemy on a PostgreSQL whose own collation is not the contract's."""

    datasets = 3

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        """Give PostgreSQL."""
        with on_postgresql(request, runner) as adapter:
            yield adapter
