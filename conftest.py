"""What every test run shares: how async tests run, and Hypothesis' profiles."""

from __future__ import annotations

import pytest
from hypothesis import settings

pytest_plugins = ["tests.branch_coverage", "queryengine.testing.plugin"]

# Chosen by `--hypothesis-profile`. No deadlines: on two shared cores a single example may be slow.
settings.register_profile("check", max_examples=50, deadline=None)
settings.register_profile("test", max_examples=200, deadline=None, print_blob=True)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop of the drivers."""
    return "asyncio"
