"""Databases for the companion's tests: SQLite in a file and PostgreSQL, with the library's tables."""

from __future__ import annotations

import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest
from queryengine_orm import Session, create_all
from queryengine_orm.driver import Pool
from queryengine_orm.pool import create_pool as create_postgres_pool
from queryengine_orm.sqlite import create_pool

from tests.orm.library import Base
from tests.orm.postgres_world import connected
from tests.servers.postgres import PostgresServer

LOOPS: Final[Mapping[str, object]] = {"asyncio": "asyncio", "uvloop": ("asyncio", {"use_uvloop": True})}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what is marked so on both event loops."""
    marked = metafunc.definition.get_closest_marker("both_loops") is not None
    if marked and "anyio_backend" in metafunc.fixturenames:
        metafunc.parametrize("anyio_backend", LOOPS.values(), ids=LOOPS)


@asynccontextmanager
async def schema_on(server: PostgresServer) -> AsyncGenerator[Pool]:
    """Give a pool on a schema of its own."""
    schema = f"orm_{secrets.token_hex(8)}"
    async with create_postgres_pool(server.url(), options=f"-c search_path={schema}") as pool:
        await pool.script(f'CREATE SCHEMA "{schema}"')
        try:
            yield pool
        finally:
            await pool.script(f'DROP SCHEMA "{schema}" CASCADE')


@pytest.fixture(params=["sqlite", "postgresql"])
async def library(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pool]:
    """Give a pool of a database that has the library's tables, and no rows."""
    opened: AbstractAsyncContextManager[Pool]
    if request.param == "postgresql":
        server: object = request.getfixturevalue("postgres")
        assert isinstance(server, PostgresServer)
        opened = schema_on(server)
    else:
        opened = create_pool(f"sqlite:///{tmp_path / 'library.db'}")
    async with opened as pool:
        await create_all(pool, Base)
        yield pool


@pytest.fixture
async def session(library: Pool) -> AsyncIterator[Session]:
    """Give a session over the library."""
    async with Session(library) as session:
        yield session


@dataclass(frozen=True)
class Place:
    """A database: what makes a pool of it with so much patience, and whether it outlives the pool."""

    pool: Callable[[float], Pool]
    lasts: bool


@pytest.fixture(params=["sqlite", "memory", "postgresql"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Place]:
    """Give a place for tables of this test's own, on each database."""
    if request.param != "postgresql":
        path = ":memory:" if request.param == "memory" else str(tmp_path / "a.db")
        yield Place(lambda seconds: create_pool(path, close_timeout=seconds), lasts=path != ":memory:")
        return
    server: object = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    schema = f"closing_{secrets.token_hex(4)}"
    async with connected(server) as connection:
        await connection.script(f"CREATE SCHEMA {schema}")
        url, path = server.url(), f"-c search_path={schema}"
        yield Place(
            lambda seconds: create_postgres_pool(url, options=path, maximum=3, close_timeout=seconds),
            lasts=True,
        )
        await connection.script(f"DROP SCHEMA {schema} CASCADE")
