"""Databases for the companion's tests: SQLite in a file, with the library's tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from queryengine_orm import Session, create_all
from queryengine_orm.driver import Pool
from queryengine_orm.sqlite import create_pool

from tests.orm.library import Base


@pytest.fixture(params=["sqlite"])
async def library(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Pool]:
    """Give a pool of a database that has the library's tables, and no rows."""
    del request
    async with create_pool(f"sqlite:///{tmp_path / 'library.db'}") as pool:
        await create_all(pool, Base)
        yield pool


@pytest.fixture
async def session(library: Pool) -> AsyncIterator[Session]:
    """Give a session over the library."""
    async with Session(library) as session:
        yield session
