"""Prisma passes the conformance kit, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, ConformanceSuite
from tests.conformance.prisma import open_postgresql, open_sqlite


class TestPrismaOnSQLite(ConformanceSuite):
    """The kit on SQLite, through the query engine."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        with open_sqlite(request, runner) as adapter:
            yield adapter


class TestPrismaOnPostgreSQL(ConformanceSuite):
    """The kit on PostgreSQL, through the query engine."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        with open_postgresql(request, runner) as adapter:
            yield adapter
