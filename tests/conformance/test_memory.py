"""Objects in memory pass the conformance kit."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from queryengine.testing import Adapter, ConformanceSuite
from tests.conformance.memory import in_memory


class TestMemory(ConformanceSuite):
    """The reference itself, by way of its own engine."""

    datasets = 2

    @pytest.fixture(scope="class")
    @classmethod
    def adapter(cls, request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
        """Give objects in memory."""
        with in_memory(request, runner) as adapter:
            yield adapter
