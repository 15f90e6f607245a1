"""The servers that tests of several modules share; marks what asks a server, and what coverage leaves out."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

import pytest

from tests.servers.mongo import MongoServer, running_mongo
from tests.servers.postgres import PostgresServer, running_postgres

STARTS_A_SERVER: Final = frozenset({"postgres", "mongo", "java_shop", "stage", "on_sqlite"})
"""fixtures that start PostgreSQL, a MongoDB, or Prisma's engine"""
ON_A_SERVER: Final = frozenset({"postgresql", "PostgreSQL", "asyncpg"})
"""parameters by which a fixture asks for one of these"""
NOT_OF_THE_CORE: Final = frozenset({"conformance", "examples", "orm"})
"""folders whose tests do not count for the core's coverage, and run faster without its being measured"""
COUNTED: Final = ("test_kit", "test_memory")
"""beginnings of the modules in these that do count: the kit itself, and the core's own engine"""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Mark what asks a server, so that `make check` can leave it out, and what is not of the core."""
    for item in items:
        if not item.path.name.startswith(COUNTED) and (
            item.get_closest_marker("fuzz") or NOT_OF_THE_CORE.intersection(item.nodeid.split("/"))
        ):
            item.add_marker(pytest.mark.no_cover)
        if isinstance(item, pytest.Function) and _asks_a_server(item):
            item.add_marker(pytest.mark.servers)


def _asks_a_server(test: pytest.Function) -> bool:
    parameters: dict[str, object] = test.callspec.params if hasattr(test, "callspec") else {}
    words = {value for value in parameters.values() if isinstance(value, str)}
    return not STARTS_A_SERVER.isdisjoint(test.fixturenames) or not ON_A_SERVER.isdisjoint(words)


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
