"""Tortoise passes the conformance kit, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, ConformanceSuite
from tests.conformance.tortoise import open_postgresql, open_sqlite


class TestTortoiseOnSQLite(ConformanceSuite):
    """The kit on SQLite, through aiosqlite."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        with open_sqlite(request, runner) as adapter:
            yield adapter


class TestTortoiseOnPostgreSQL(ConformanceSuite):
    """The kit on PostgreSQL, through asyncpg."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        with open_postgresql(request, runner) as adapter:
            yield adapter
