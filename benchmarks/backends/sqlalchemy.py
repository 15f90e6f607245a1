"""SQLAlchemy: the select of the other groups, on SQLite through aiosqlite."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.backends.contender import Contender
from benchmarks.models import Flight, async_database
from benchmarks.peers.handwritten import NAME, select_five

__all__ = ["opened"]


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Open the database of the other groups."""
    engine = await async_database()

    async def run(query: Select[Flight]) -> Sequence[Flight]:
        async with AsyncSession(engine) as session:
            return (await session.scalars(query)).all()

    yield Contender(
        name="SQLAlchemy",
        peer=NAME,
        engine=SQLAlchemyQueryEngine(Flight),
        by_hand=lambda values: select_five(**values),
        run=run,
    )
    await engine.dispose()
