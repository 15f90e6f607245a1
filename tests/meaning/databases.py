"""A database that holds a dataset and answers filters, by the pipeline that a service uses."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from itertools import groupby
from typing import Literal, cast

from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import URL, Connection, MetaData, create_engine, delete, insert, inspect, select
from sqlalchemy.orm import Session

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

__all__ = ["Database", "open_database"]

Dialect = Literal["sqlite", "postgresql"]
Key = tuple[Sample, ...]

# Random filters are deep; limits are for strangers, and have tests of their own.
LIMITS = Limits(max_depth=100, max_conditions=1_000, default_limit=1_000)
POLICY = SecurityPolicy(relations=True, regex=True, limits=LIMITS)


class Database:
    """One connection and the models' tables; an engine and a processor for each model to filter."""

    def __init__(self, connection: Connection, tables: Sequence[MetaData]) -> None:
        self.dialect: Dialect = "postgresql" if connection.dialect.name == "postgresql" else "sqlite"
        self.name = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[connection.dialect.name]
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
            self._engines[root] = SQLAlchemyQueryEngine(root, dialect=self.dialect)
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
def open_database(url: str | URL, *, arrays: bool) -> Generator[Database]:
    """Connect, make the tables, give the database, and drop the tables."""
    tables = [Base.metadata, ArrayBase.metadata] if arrays else [Base.metadata]
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            for metadata in tables:
                metadata.create_all(connection)
            connection.commit()
            yield Database(connection, tables)
            connection.rollback()
            for metadata in tables:
                metadata.drop_all(connection)
            connection.commit()
    finally:
        engine.dispose()


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
