"""The databases that hold the models' rows: SQLite in memory, and PostgreSQL by both of its drivers."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL, Engine, StaticPool, create_engine, insert, make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import Session

from tests.servers.postgres import PostgresServer
from tests.sqlalchemy.models import Base, PostgresBase
from tests.sqlalchemy.rows import links, people, postgres_rows, typed_rows

DATABASE = "zoo"


@pytest.fixture(scope="session")
def sqlite_engine() -> Generator[Engine]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    _fill(engine)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(postgres: PostgresServer) -> URL:
    """Give the address of a database of our own, filled, with psycopg as its driver."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE}".encode())
    url = make_url(postgres.psycopg_url).set(database=DATABASE)
    engine = create_engine(url)
    with engine.begin() as connection:
        case_blind = "provider = icu, locale = 'und-u-ks-level2', deterministic = false"
        connection.execute(text(f'CREATE COLLATION "NOCASE" ({case_blind})'))
        connection.execute(text("CREATE EXTENSION citext"))
    _fill(engine)
    engine.dispose()
    return url


@pytest.fixture(scope="session")
def postgres_engine(postgres_url: URL) -> Generator[Engine]:
    engine = create_engine(postgres_url)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def session(request: pytest.FixtureRequest) -> Generator[Session]:
    """Give a session on each database in turn; what a test changes is rolled back."""
    name = "sqlite_engine" if request.param == "sqlite" else "postgres_engine"
    engine: Engine = request.getfixturevalue(name)
    with engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


@pytest.fixture
def sqlite_session(sqlite_engine: Engine) -> Generator[Session]:
    with sqlite_engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


@pytest.fixture
def postgres_session(postgres_engine: Engine) -> Generator[Session]:
    with postgres_engine.connect() as connection, Session(connection) as session:
        yield session
        session.rollback()


@pytest.fixture(params=["aiosqlite", "asyncpg"])
async def async_engine(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[AsyncEngine]:
    """Give both databases by their asynchronous drivers."""
    if request.param == "aiosqlite":
        file = tmp_path / "zoo.db"
        filler = create_engine(f"sqlite:///{file}")
        _fill(filler)
        filler.dispose()
        engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
    else:
        url: URL = request.getfixturevalue("postgres_url")
        engine = create_async_engine(url.set(drivername="postgresql+asyncpg"))
    yield engine
    await engine.dispose()


def _fill(engine: Engine) -> None:
    Base.metadata.create_all(engine)
    rows: list[object] = [*people(), *typed_rows()]
    if engine.dialect.name == "postgresql":
        PostgresBase.metadata.create_all(engine)
        rows += postgres_rows()
    with Session(engine) as session:
        for row in rows:
            session.add(row)
            session.flush()
        for table, values in links():
            session.execute(insert(table), values)
        session.commit()
