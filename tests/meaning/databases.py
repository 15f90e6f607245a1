"""A database that holds a dataset and answers filters, by the pipeline that a service uses."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Literal, TypeVar, cast

from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import URL, Connection, MetaData, create_engine, delete, insert, inspect, select, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateSchema, DropSchema

from queryengine.ast import FilterAST
from queryengine.limits import Limits
from queryengine.policy import SecurityPolicy
from queryengine.process import Processor
from queryengine.schema import ModelSchema
from queryengine.testing.differential import Differential
from queryengine.testing.samples import Sample
from queryengine.testing.strategies import Ground
from tests.meaning.dataset import Item, Mirror, Mirrors, Record, mirror, seen_values
from tests.meaning.models import ArrayBase, Base

__all__ = ["Database", "open_database", "with_async_driver"]

T = TypeVar("T")

Dialect = Literal["sqlite", "postgresql"]
Key = tuple[Sample, ...]

# Random filters are deep; limits are for strangers, and have tests of their own.
LIMITS = Limits(
    max_depth=100, max_conditions=1_000, max_relation_depth=100, max_relation_steps=1_000, default_limit=1_000
)
POLICY = SecurityPolicy(relations=True, regex=True, limits=LIMITS)


class Database:
    """One connection and the models' tables; an engine and a processor for each model to filter."""

    def __init__(self, connection: Connection, tables: Sequence[MetaData], named: bool) -> None:
        is_postgresql = connection.dialect.name == "postgresql"
        self.name = "PostgreSQL" if is_postgresql else "SQLite"
        self._dialect: Dialect | None = ("postgresql" if is_postgresql else "sqlite") if named else None
        self._connection = connection
        self._tables = tables
        self._engines: dict[type[object], SQLAlchemyQueryEngine[object]] = {}
        self._processors: dict[type[object], Processor] = {}
        self.mirrors: Mirrors = {}

    def store(self, items: Sequence[Item]) -> None:
        """Replace all rows by these."""
        for metadata in self._tables:
            for table in reversed(metadata.sorted_tables):
                self._connection.execute(delete(table))
        for model, group in groupby(items, lambda item: item.model):
            with Session(self._connection) as session:
                session.execute(insert(model), [_stored(item.values) for item in group])
        self._connection.commit()
        self.mirrors = mirror(items)

    def engine(self, root: type[object]) -> SQLAlchemyQueryEngine[object]:
        """Return the engine of a model, always the same one."""
        if root not in self._engines:
            self._engines[root] = SQLAlchemyQueryEngine(root, dialect=self._dialect)
        return self._engines[root]

    def schema_of(self, root: type[object], model: type[object]) -> ModelSchema[object]:
        """Return a model's schema as filters from the root come to it."""
        return _reachable(self.engine(root).schema)[model]

    def ground(self, root: type[object]) -> Ground:
        """Return what filters over the root are drawn for."""
        engine = self.engine(root)
        schemas = _reachable(engine.schema)
        seen = seen_values({model: self.mirrors[model] for model in schemas}, schemas.__getitem__)
        return Ground(self._processor(root).view, engine.capabilities, seen)

    def differential(self, root: type[object]) -> Differential:
        """Return the comparison of this database's answers with the reference evaluator's."""
        return Differential(
            self._processor(root),
            lambda ast: self.run(root, ast),
            self.mirrors[root],
            lambda row: cast("Mirror", row).key,
        )

    def run(self, root: type[object], ast: FilterAST) -> list[Key]:
        """Return the primary keys of the rows that a filter gives, in order, each as often as it comes."""
        query, _, _ = self.engine(root).build_query(ast)
        with Session(self._connection) as session:
            return [tuple(inspect(row).identity) for row in session.scalars(query).all()]

    def differences(self, root: type[object]) -> list[tuple[Key, str, Sample, Sample]]:
        """Return where the database gives a value back otherwise than it was stored."""
        columns = list(self.engine(root).schema.fields)
        with Session(self._connection) as session:
            stored = {tuple(inspect(row).identity): row for row in session.scalars(select(root))}
            return [
                (row.key, name, row.value(name), found)
                for row in self.mirrors[root]
                for name in columns
                if not _same(row.value(name), found := getattr(stored[row.key], name))
            ]

    def _processor(self, root: type[object]) -> Processor:
        if root not in self._processors:
            self._processors[root] = Processor(self.engine(root), policy=POLICY)
        return self._processors[root]


@contextmanager
def open_database(url: str | URL, *, arrays: bool, named: bool = True) -> Generator[Database]:
    """Connect, make the tables, give the database, drop the tables.

    The engines are told the database's name if it is `named`; else they do what all databases can.
    """
    engine = create_engine(url)
    try:
        with engine.connect() as connection, _prepared(connection, arrays, named) as database:
            yield database
    finally:
        engine.dispose()


def with_async_driver(url: str | URL, use: Callable[[Database], T], *, arrays: bool) -> T:
    """Do something with a database that an asynchronous driver connects to, and return what that returns."""

    def use_connection(connection: Connection) -> T:
        with _prepared(connection, arrays, named=True) as database:
            return use(database)

    async def connect() -> T:
        engine = create_async_engine(url)
        try:
            async with engine.connect() as connection:
                return await connection.run_sync(use_connection)
        finally:
            await engine.dispose()

    return asyncio.run(connect())


@contextmanager
def _prepared(connection: Connection, arrays: bool, named: bool) -> Generator[Database]:
    """Make the tables, on PostgreSQL in a schema of their own, so that databases do not meet."""
    tables = [Base.metadata, ArrayBase.metadata] if arrays else [Base.metadata]
    schema = f"meaning_{secrets.token_hex(8)}" if connection.dialect.name == "postgresql" else None
    if schema is not None:
        connection.execute(CreateSchema(schema))
        connection.execute(text(f"SET search_path TO {schema}"))
    for metadata in tables:
        metadata.create_all(connection)
    connection.commit()
    try:
        yield Database(connection, tables, named)
    finally:
        connection.rollback()
        if schema is not None:
            connection.execute(DropSchema(schema, cascade=True))
            connection.commit()


def _same(sample: Sample, found: Sample) -> bool:
    """Tell whether a value came back: equal, and of the same type."""
    plain = _listed(sample)
    return plain == found and type(plain) is type(found)


def _stored(values: Record) -> Record:
    """Arrays are tuples in filters, and lists in models."""
    return {name: _listed(value) for name, value in values.items()}


def _listed(value: Sample) -> Sample:
    return list(cast("tuple[Sample, ...]", value)) if isinstance(value, tuple) else value


def _reachable(root: ModelSchema[object]) -> dict[type[object], ModelSchema[object]]:
    """Return the schemas that relations lead to, by model; documents inside of rows are no models."""
    found = {root.model: root}
    waiting = [root]
    while waiting:
        for relation in waiting.pop().relations.values():
            if not relation.embedded and relation.target.model not in found:
                found[relation.target.model] = relation.target
                waiting.append(relation.target)
    return found
