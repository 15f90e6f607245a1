"""The databases of the differential tests, and how many filters each one answered."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.meaning.databases import Database, open_database
from tests.servers.postgres import PostgresServer


@pytest.fixture(scope="session")
def sqlite() -> Generator[Database]:
    with open_database("sqlite://", arrays=False) as database:
        yield database


@pytest.fixture(scope="session")
def postgresql(postgres: PostgresServer) -> Generator[Database]:
    with open_database(postgres.psycopg_url, arrays=True) as database:
        yield database


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give each database in turn."""
    found: object = request.getfixturevalue(request.param)
    assert isinstance(found, Database)
    return found
