"""The companion under the kit: an adapter for each database, through its own drivers."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby

import pytest
from queryengine_orm import create_all
from queryengine_orm.backend import ORMQueryEngine, fetch_page
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect, Pool
from queryengine_orm.mapping import mapper_of
from queryengine_orm.pool import create_pool as create_postgres_pool
from queryengine_orm.sqlite import create_pool
from queryengine_orm.writes import insert_rows

from queryengine.aggregates import AggregateAST
from queryengine.ast import FilterAST
from queryengine.pages import Page, Total
from queryengine.testing import Adapter, Aggregate
from queryengine.testing.world import LINK, Item
from tests.orm.world import MODELS, ArrayBase, Bag, Base
from tests.servers.postgres import PostgresServer

__all__ = ["open_postgresql", "open_sqlite"]

NO_ARRAYS = "SQLite has no arrays"


class World:
    """A database with the tables of the world, and an engine for each entity."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._dialect: Dialect = pool.dialect
        dialect = self._dialect
        self._models: Mapping[str, type[DeclarativeBase]] = {
            model.__name__: model for model in MODELS if dialect == "postgresql" or model is not Bag
        }
        self.engines = {name: ORMQueryEngine(model, dialect=dialect) for name, model in self._models.items()}

    async def prepare(self) -> None:
        """Make the tables."""
        await create_all(self._pool, Base)
        if self._dialect == "postgresql":
            await create_all(self._pool, ArrayBase)

    async def load(self, items: Sequence[Item]) -> None:
        """Replace all rows by these."""
        for table in (
            "thing_labels",
            *(model.__tablename__ for model in reversed(list(self._models.values()))),
        ):
            await self._pool.query(f'DELETE FROM "{table}"', clean=True)
        for entity, group in groupby(items, lambda item: item.entity):
            rows = [item.values for item in group]
            names = list(rows[0])
            if entity == LINK:
                values = [[row[name] for name in names] for row in rows]
                await self._pool.copy_rows(LINK, names, values)
                continue
            await insert_rows(self._pool, mapper_of(self._models[entity]), rows, names)

    async def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the rows that a filter gives."""
        return await self.engines[entity].build_query(ast).query.all(self._pool)

    async def page(self, entity: str, ast: FilterAST, total: Total) -> Page[DeclarativeBase]:
        """Return a page of them."""
        return await fetch_page(self._pool, self.engines[entity].build_query(ast), total=total)

    async def groups(self, entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
        """Return a tuple for each group."""
        return await self.engines[entity].build_aggregate(ast).all(self._pool)


@contextmanager
def _open(pool: Pool, name: str, absent: Mapping[str, str], runner: asyncio.Runner) -> Generator[Adapter]:
    """Make the tables, and give the adapter."""
    world = World(pool)
    runner.run(world.prepare())
    yield Adapter(
        name=name,
        engines=world.engines,
        load=world.load,
        run=world.run,
        absent=absent,
        page=world.page,
        aggregate=Aggregate(engines=world.engines, run=world.groups),
    )


@contextmanager
def open_sqlite(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter for the companion on SQLite in memory."""
    del request
    pool = create_pool()
    runner.run(pool.open())
    try:
        with _open(pool, "queryengine-orm on SQLite", {"Bag": NO_ARRAYS}, runner) as adapter:
            yield adapter
    finally:
        runner.run(pool.close())


async def _enter(server: PostgresServer, schema: str) -> Pool:
    """Connect to a schema of our own, so that databases do not meet."""
    options = f"-c search_path={schema}"
    pool = await create_postgres_pool(server.url(), minimum=1, maximum=2, options=options)
    await pool.script(f'CREATE SCHEMA "{schema}"')
    return pool


async def _leave(pool: Pool, schema: str) -> None:
    await pool.script(f'DROP SCHEMA "{schema}" CASCADE')
    await pool.close()


@contextmanager
def open_postgresql(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter for the companion on the tests' PostgreSQL, in a schema of its own."""
    server: object = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    schema = f"world_{secrets.token_hex(8)}"
    pool = runner.run(_enter(server, schema))
    try:
        with _open(pool, "queryengine-orm on PostgreSQL", {}, runner) as adapter:
            yield adapter
    finally:
        runner.run(_leave(pool, schema))
