"""What every test run shares: how async tests run, and Hypothesis' profiles."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

pytest_plugins = ["tests.branch_coverage", "queryengine.testing.plugin"]

# Chosen by `--hypothesis-profile`. No test is a matter of time: on two shared cores an example may be slow.
settings.register_profile("any", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("check", settings.get_profile("any"), max_examples=50)
settings.register_profile("test", settings.get_profile("any"), max_examples=200)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Async tests run on asyncio, the loop of the drivers."""
    return "asyncio"
