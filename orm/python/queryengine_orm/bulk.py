"""Writes rows past the unit of work: many inserted at once, or inserted or updated. Knows executors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from queryengine_orm.attributes import Attribute
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Executor
from queryengine_orm.errors import UsageError
from queryengine_orm.expressions import check_model
from queryengine_orm.flushing import complete
from queryengine_orm.mapping import Column, Mapper, mapper_of
from queryengine_orm.objects import ObjectReader
from queryengine_orm.writes import insert_rows, upsert_of

__all__ = ["Upsert", "insert_all", "mapper_of_all"]

M = TypeVar("M", bound=DeclarativeBase)


def mapper_of_all(instances: Sequence[DeclarativeBase], what: str) -> Mapper[Any]:
    """Return the mapper of objects. Raises UsageError where they are not of one class."""
    mapper = mapper_of(type(instances[0]))
    if any(type(each) is not mapper.model for each in instances):
        raise UsageError(f"{what} takes objects of one class")
    return mapper


async def insert_all(executor: Executor, instances: Sequence[DeclarativeBase]) -> int:
    """Insert many new objects of one class by the fastest way; return how many."""
    mapper = mapper_of_all(instances, "insert_all")
    if mapper.version is not None or mapper.declared:
        for each in instances:
            complete(mapper, each)
    values = [vars(each) for each in instances]
    given = set[str]().union(*values)
    return await insert_rows(executor, mapper, values, [name for name in mapper.columns if name in given])


@dataclass(frozen=True, slots=True)
class Upsert:
    """By which columns rows are known again, and which of them are updated: None for all that are given."""

    mapper: Mapper[Any]
    on: tuple[Column, ...]
    update: tuple[Column, ...] | None

    @classmethod
    def of(
        cls,
        mapper: Mapper[M],
        on: Sequence[Attribute[M, Any]] | None,
        update: Sequence[Attribute[M, Any]] | None,
    ) -> Upsert:
        """Return what attributes say. Raises UsageError for those of another class."""
        if on is not None and not on:
            raise UsageError("an upsert needs one column at least by which it knows a row")
        for each in (*(on or ()), *(update or ())):
            check_model(mapper.model, each, Attribute)
        keys = mapper.primary_key if on is None else [mapper.columns[each.name] for each in on]
        updated = None if update is None else tuple(mapper.columns[each.name] for each in update)
        return cls(mapper, tuple(keys), updated)

    def updated(self, columns: Sequence[Column]) -> list[Column]:
        """Return what is updated of a row that is there, of these columns; a version counts on."""
        version = self.mapper.version
        updated = [each for each in columns if each not in self.on and not each.primary_key]
        if self.update is not None:
            updated = list(self.update)
        if version is not None and updated and version not in updated:
            updated.append(version)
        return updated

    def columns_of(self, instance: DeclarativeBase) -> tuple[Column, ...]:
        """Return the columns of which an object has values."""
        values = vars(instance)
        return tuple(column for name, column in self.mapper.columns.items() if name in values)

    async def one(self, executor: Executor, instance: M) -> M | None:
        """Insert or update one row; return its object, or None where nothing of it was to be updated."""
        mapper, dialect = self.mapper, executor.dialect
        complete(mapper, instance)
        columns = self.columns_of(instance)
        statement = upsert_of(mapper, columns, self.on, self.updated(columns), dialect)
        text, parameters = statement.bound([vars(instance)[column.attribute] for column in columns])
        reader = ObjectReader[M](mapper, tuple(mapper.columns.values()), dialect)
        found = reader.read(await executor.query(text, parameters, result=reader.kinds, clean=True))
        return found[0] if found else None
