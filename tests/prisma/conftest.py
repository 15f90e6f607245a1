"""The kit's world behind Prisma, with random rows in it; and what is read without any database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from types import ModuleType

import pytest

from queryengine.testing import Adapter, Stage
from queryengine.testing.rows import make_items
from tests.conformance.prisma import SQLITE_MODELS, open_postgresql, open_sqlite
from tests.prisma.models import EVERY_TYPE
from tests.servers.prisma_client import generated

Opener = Callable[[pytest.FixtureRequest, asyncio.Runner], AbstractContextManager[Adapter]]


@pytest.fixture(scope="session")
def every_type() -> ModuleType:
    """A client for PostgreSQL whose models have fields of every type."""
    return generated(EVERY_TYPE, "postgresql")


@pytest.fixture(scope="session")
def world() -> ModuleType:
    """The client of the kit's world on SQLite, unconnected."""
    return generated(SQLITE_MODELS, "sqlite")


def filled(opener: Opener, request: pytest.FixtureRequest) -> Generator[Stage]:
    with asyncio.Runner() as runner, opener(request, runner) as adapter:
        stage = Stage(adapter, runner)
        items = make_items(stage.world, 5, stage.entities, lambda name: [stage.engine(name).schema.fields])
        stage.store(items)
        yield stage


@pytest.fixture(scope="session")
def on_sqlite(request: pytest.FixtureRequest) -> Generator[Stage]:
    yield from filled(open_sqlite, request)


@pytest.fixture(scope="session")
def on_postgresql(request: pytest.FixtureRequest) -> Generator[Stage]:
    yield from filled(open_postgresql, request)


@pytest.fixture(params=["on_sqlite", "on_postgresql"])
def stage(request: pytest.FixtureRequest) -> Stage:
    """The world on each database in turn."""
    found: Stage = request.getfixturevalue(request.param)
    return found
