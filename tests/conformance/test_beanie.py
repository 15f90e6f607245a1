"""Beanie passes the kit, on the MongoDB of the tests."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, ConformanceSuite
from tests.conformance.beanie import on_mongodb


class TestBeanie(ConformanceSuite):
    """The kit on MongoDB, or on what stands in for it."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        with on_mongodb(request, runner) as adapter:
            yield adapter
