"""Tortoise under the kit: an adapter for each database and driver."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby
from types import ModuleType
from typing import Any, Literal

import pytest
from queryengine_tortoise import TortoiseQueryEngine, fetch_page
from tortoise.context import TortoiseContext
from tortoise.fields import JSONField
from tortoise.models import Model

from queryengine.aggregates import AggregateAST
from queryengine.ast import FilterAST
from queryengine.pages import Page, Total
from queryengine.testing import Adapter, Aggregate
from queryengine.testing.world import LINK, Item
from tests.servers.postgres import PostgresServer
from tests.tortoise.world import world

__all__ = ["open_postgresql", "open_sqlite"]

Database = Literal["sqlite", "postgresql"]

NAIVE = "a Tortoise has date-times with a zone everywhere, or nowhere: use_tz"
TIMES = "the SQLite driver takes no times of day, and on PostgreSQL Tortoise gives them a zone"
ABSENT = {"Thing.made": NAIVE, "Thing.sold": NAIVE, "Thing.clock": TIMES, "Thing.alarm": TIMES}
NO_ARRAYS = "SQLite has no arrays"


class World:
    """A database with the tables of the world, and an engine for each entity."""

    def __init__(self, database: Database, context: TortoiseContext, models: ModuleType) -> None:
        self._on_postgresql = database == "postgresql"
        self._context = context
        found: Mapping[str, Any] = vars(models)  # Any: the models are made at run time
        self._models: dict[str, type[Model]] = {
            name: model
            for name, model in found.items()
            if isinstance(model, type) and issubclass(model, Model)
        }
        self.engines = {
            name: TortoiseQueryEngine(model, dialect=database) for name, model in self._models.items()
        }

    async def load(self, items: Sequence[Item]) -> None:
        """Replace all rows by these."""
        with self._context:
            connection: Any = self._context.db()  # Any: Tortoise does not say what parameters are
            for table in ("thing_labels", *(name.lower() for name in reversed(self._models))):
                await connection.execute_query(f'DELETE FROM "{table}"')
            for entity, group in groupby(items, lambda item: item.entity):
                rows = [self._stored(item) for item in group]
                names, marks = list(rows[0]), [self._mark(number) for number in range(1, len(rows[0]) + 1)]
                columns = ", ".join(f'"{name}"' for name in names)
                table = LINK if entity == LINK else entity.lower()
                insert = f'INSERT INTO "{table}" ({columns}) VALUES ({", ".join(marks)})'
                await connection.execute_many(insert, [list(row.values()) for row in rows])

    def _stored(self, item: Item) -> dict[str, object]:
        """Return a row by column, as Tortoise stores it, but for JSON: it takes no texts there."""
        if item.entity == LINK:
            return dict(item.values)
        model = self._models[item.entity]
        meta: Any = model._meta  # pyright: ignore[reportPrivateUsage]
        row: dict[str, object] = {}
        for name, value in item.values.items():
            field = meta.fields_map[name]
            column = meta.fields_db_projection[name]
            if isinstance(field, JSONField):
                row[column] = None if value is None else json.dumps(value)
            else:
                row[column] = field.to_db_value(value, model)
        return row

    def _mark(self, number: int) -> str:
        return f"${number}" if self._on_postgresql else "?"

    async def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the rows that a filter gives."""
        with self._context:
            return await self.engines[entity].build_query(ast).query

    async def page(self, entity: str, ast: FilterAST, total: Total) -> Page[Model]:
        """Return a page of them."""
        with self._context:
            return await fetch_page(self.engines[entity].build_query(ast), total=total)

    async def groups(self, entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
        """Return a tuple for each group."""
        with self._context:
            return await self.engines[entity].build_aggregate(ast)


@contextmanager
def _open(
    database: Database, engine: str, credentials: Mapping[str, object], runner: asyncio.Runner
) -> Generator[World]:
    """Connect, make the tables, on PostgreSQL in a schema of their own, and give the world."""
    name = f"world_{secrets.token_hex(8)}"
    on_postgresql = database == "postgresql"
    models = world(name, arrays=on_postgresql)
    context = TortoiseContext()
    login = {**credentials, "schema": name} if on_postgresql else dict(credentials)
    config = {
        "connections": {name: {"engine": engine, "credentials": login}},
        "apps": {name: {"models": [name], "default_connection": name}},
    }

    async def prepare() -> None:
        with context:
            await context.init(config=config)
            if on_postgresql:
                await context.db().execute_script(f'CREATE SCHEMA "{name}"')
            await context.generate_schemas()

    async def close() -> None:
        with context:
            if on_postgresql:
                await context.db().execute_script(f'DROP SCHEMA "{name}" CASCADE')
            await context.close_connections()

    sys.modules[name] = models  # Tortoise asks for the names of modules
    try:
        runner.run(prepare())
        yield World(database, context, models)
    finally:
        runner.run(close())
        del sys.modules[name]


@contextmanager
def open_sqlite(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter for Tortoise on SQLite in memory."""
    del request
    with _open("sqlite", "tortoise.backends.sqlite", {"file_path": ":memory:"}, runner) as found:
        absent = {**ABSENT, "Bag": NO_ARRAYS}
        yield Adapter(
            name="Tortoise on SQLite",
            engines=found.engines,
            load=found.load,
            run=found.run,
            absent=absent,
            page=found.page,
            aggregate=Aggregate(engines=found.engines, run=found.groups),
        )


@contextmanager
def open_postgresql(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give the adapter for Tortoise on PostgreSQL through asyncpg."""
    server: object = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    credentials = {
        "host": server.host,
        "port": server.port,
        "user": server.user,
        "password": server.password,
        "database": server.database,
        "minsize": 1,
        "maxsize": 2,
    }
    with _open("postgresql", "tortoise.backends.asyncpg", credentials, runner) as found:
        yield Adapter(
            name="Tortoise on PostgreSQL",
            engines=found.engines,
            load=found.load,
            run=found.run,
            absent=ABSENT,
            page=found.page,
            aggregate=Aggregate(engines=found.engines, run=found.groups),
        )
