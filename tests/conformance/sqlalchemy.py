"""The kit's adapters for SQLAlchemy: a connection, the mapped tables of the world, an engine for each."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from itertools import groupby
from typing import Literal, TypeAlias

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import URL, Connection, MetaData, create_engine, delete, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateSchema, DropSchema

from queryengine.aggregates import AggregateAST
from queryengine.ast import FilterAST
from queryengine.testing import Adapter, Aggregate, Item, Load, Run
from queryengine.testing.world import LINK
from tests.meaning.models import (
    ArrayBase,
    Bag,
    Base,
    Label,
    Maker,
    Part,
    Phrase,
    Region,
    Seat,
    Thing,
    thing_labels,
)
from tests.meaning.world import WIDE
from tests.servers.postgres import PostgresServer

__all__ = ["NullOrder", "on_postgresql", "on_sqlite", "opened", "opened_async"]

Dialect: TypeAlias = Literal["sqlite", "postgresql"]
NullOrder: TypeAlias = Literal["smallest", "largest"]
Engines: TypeAlias = Mapping[str, SQLAlchemyQueryEngine[object]]

MODELS: Sequence[type[object]] = (Region, Maker, Label, Thing, Part, Seat, Phrase, Bag)


@contextmanager
def on_sqlite(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give SQLAlchemy on a SQLite in memory."""
    del request, runner
    with opened("sqlite://", "SQLAlchemy on SQLite") as adapter:
        yield adapter


@contextmanager
def on_postgresql(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give SQLAlchemy on the tests' PostgreSQL."""
    del runner
    server: PostgresServer = request.getfixturevalue("postgres")
    with opened(server.psycopg_url, "SQLAlchemy on PostgreSQL") as adapter:
        yield adapter


@contextmanager
def opened(
    url: str | URL, name: str, *, named: bool = True, null_order: NullOrder = "smallest"
) -> Generator[Adapter]:
    """Connect, make the tables, give the adapter, drop the tables.

    The engines are told the database's name if it is `named`; else they do what all databases can.
    """
    database = create_engine(url)
    try:
        with database.connect() as connection, _schema(connection):
            engines = _engines(_dialect(connection) if named else None, null_order)

            def run(entity: str, ast: FilterAST) -> Sequence[object]:
                with Session(connection) as session:
                    return session.scalars(engines[entity].build_query(ast).query).all()

            def groups(entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
                with Session(connection) as session:
                    return session.execute(engines[entity].build_aggregate(ast)).all()

            aggregate = Aggregate(engines=engines, run=groups)
            yield _adapter(name, engines, lambda items: _load(connection, items), run, aggregate)
    finally:
        database.dispose()


@contextmanager
def opened_async(url: str | URL, name: str, runner: asyncio.Runner) -> Generator[Adapter]:
    """Do the same with an asynchronous driver: the same queries run on an AsyncSession."""
    database = create_async_engine(url)
    stack = AsyncExitStack()

    async def connect() -> AsyncConnection:
        stack.push_async_callback(database.dispose)
        connection = await stack.enter_async_context(database.connect())
        schema = ExitStack()
        await connection.run_sync(lambda plain: schema.enter_context(_schema(plain)))
        stack.push_async_callback(connection.run_sync, lambda _: schema.close())
        return connection

    try:
        connection = runner.run(connect())
        engines = _engines(_dialect(connection), "smallest")

        async def load(items: Sequence[Item]) -> None:
            await connection.run_sync(_load, items)

        async def run(entity: str, ast: FilterAST) -> Sequence[object]:
            async with AsyncSession(connection) as session:
                return (await session.scalars(engines[entity].build_query(ast).query)).all()

        async def groups(entity: str, ast: AggregateAST) -> Sequence[Sequence[object]]:
            async with AsyncSession(connection) as session:
                return (await session.execute(engines[entity].build_aggregate(ast))).all()

        yield _adapter(name, engines, load, run, Aggregate(engines=engines, run=groups))
    finally:
        runner.run(stack.aclose())


def _adapter(name: str, engines: Engines, load: Load, run: Run, aggregate: Aggregate) -> Adapter:
    absent = {} if "Bag" in engines else {"Bag": "SQLite has no arrays"}
    return Adapter(
        name=name, engines=engines, load=load, run=run, absent=absent, world=WIDE, aggregate=aggregate
    )


def _dialect(connection: Connection | AsyncConnection) -> Dialect:
    return "postgresql" if connection.dialect.name == "postgresql" else "sqlite"


def _engines(dialect: Dialect | None, null_order: NullOrder) -> Engines:
    """Return the engines; only that of PostgreSQL has arrays."""
    return {
        model.__name__: SQLAlchemyQueryEngine(model, dialect=dialect, null_order=null_order)
        for model in MODELS
        if dialect == "postgresql" or model is not Bag
    }


@contextmanager
def _schema(connection: Connection) -> Generator[None]:
    """Make the tables, on PostgreSQL in a schema of their own, so that databases do not meet."""
    schema = f"meaning_{secrets.token_hex(8)}" if _dialect(connection) == "postgresql" else None
    if schema is not None:
        connection.execute(CreateSchema(schema))
        connection.execute(text(f"SET search_path TO {schema}"))
    for metadata in _tables(connection):
        metadata.create_all(connection)
    connection.commit()
    try:
        yield
    finally:
        connection.rollback()
        if schema is not None:
            connection.execute(DropSchema(schema, cascade=True))
            connection.commit()


def _tables(connection: Connection) -> Sequence[MetaData]:
    arrays = [ArrayBase.metadata] if _dialect(connection) == "postgresql" else []
    return [Base.metadata, *arrays]


def _load(connection: Connection, items: Sequence[Item]) -> None:
    """Replace all rows by these."""
    for metadata in _tables(connection):
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
    models = {model.__name__: model for model in MODELS}
    for entity, group in groupby(items, lambda item: item.entity):
        with Session(connection) as session:
            into = thing_labels if entity == LINK else models[entity]
            session.execute(insert(into), [item.values for item in group])
    connection.commit()
