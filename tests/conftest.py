"""The servers that tests of several modules share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.servers.mongo import MongoServer, running_mongo
from tests.servers.postgres import PostgresServer, running_postgres


@pytest.fixture(scope="session")
def postgres() -> Generator[PostgresServer]:
    """Give a real PostgreSQL with an ICU collation; one for each test process, started at first use."""
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def mongo() -> Generator[MongoServer]:
    """Give a MongoDB; one for each test process, started at first use."""
    with running_mongo() as server:
        yield server
