"""Writes rows past the unit of work: many inserted at once, or inserted or updated. Knows executors."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, TypeGuard, TypeVar, cast

from queryengine_orm.attributes import Attribute
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Dialect, Executor
from queryengine_orm.errors import ParameterError, UsageError
from queryengine_orm.expressions import check_model
from queryengine_orm.flushing import complete
from queryengine_orm.mapping import Column, Mapper, mapper_of
from queryengine_orm.objects import ObjectReader
from queryengine_orm.sql import Statement
from queryengine_orm.writes import insert_rows, upsert_all_of, upsert_of, written

__all__ = ["Upsert", "insert_all", "listed", "mapper_of_all", "run_all"]

MOST_ROWS: Final = 512
"""how many rows one statement inserts or updates, which is parsed anew for each number"""
MOST_VALUES: Final = 30_000
"""and how many values they have together: SQLite takes some 32,000 parameters"""

M = TypeVar("M", bound=DeclarativeBase)

Bound: TypeAlias = tuple[str, list[object]]
"""a statement, and its parameters"""


def listed(instances: Iterable[M], what: str) -> Sequence[M]:
    """Return objects as a sequence. Raises UsageError for one object, and for what is none."""
    given = cast("object", instances)
    if not isinstance(given, Iterable):
        raise UsageError(f"{what} takes objects in a list, not {type(given).__name__}")
    return instances if isinstance(instances, Sequence) else list(instances)


def mapper_of_all(instances: Sequence[DeclarativeBase], what: str) -> Mapper[Any]:
    """Return the mapper of objects. Raises UsageError where they are not of one class."""
    mapper = mapper_of(type(instances[0]))
    if any(type(each) is not mapper.model for each in instances):
        raise UsageError(f"{what} takes objects of one class")
    return mapper


async def insert_all(executor: Executor, instances: Sequence[DeclarativeBase]) -> int:
    """Insert many new objects of one class by the fastest way; return how many."""
    mapper = mapper_of_all(instances, "insert_all")
    complete(mapper, instances)
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
            if each.way:
                raise UsageError(f"{each.key}: an upsert knows and updates rows by columns of their own")
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
        columns = tuple(column for name, column in self.mapper.columns.items() if name in values)
        if not columns:
            raise UsageError(f"{instance!r} has no values, so that no row is known by them")
        return columns

    async def one(self, executor: Executor, instance: M) -> M | None:
        """Insert or update one row; return its object, or None where nothing of it was to be updated."""
        mapper, dialect = self.mapper, executor.dialect
        complete(mapper, [instance])
        columns = self.columns_of(instance)
        statement = upsert_of(mapper, columns, self.on, self.updated(columns), dialect)
        text, parameters = statement.bound([vars(instance)[column.attribute] for column in columns])
        reader = ObjectReader[M](mapper, tuple(mapper.columns.values()), dialect)
        found = reader.read(await executor.query(text, parameters, result=reader.kinds, clean=True))
        return found[0] if found else None

    def all(self, instances: Sequence[DeclarativeBase], dialect: Dialect) -> list[Bound]:
        """Return statements that insert or update the rows of many objects, those of one form together.

        Raises ParameterError for a value that its column does not take, and where two objects have one row.
        """
        forms: dict[tuple[Column, ...], list[DeclarativeBase]] = {}
        complete(self.mapper, instances)
        for each in instances:
            forms.setdefault(self.columns_of(each), []).append(each)
        met: set[tuple[object, ...]] = set()
        found: list[Bound] = []
        for columns, some in forms.items():
            values = {
                column: written(column, [vars(each)[column.attribute] for each in some], dialect)
                for column in columns
            }
            if all(column in values for column in self.on):
                self._meet(met, zip(*[values[column] for column in self.on], strict=True))
            found.extend(self._bound(columns, list(zip(*values.values(), strict=True)), dialect))
        return found

    def _meet(self, met: set[tuple[object, ...]], keys: Iterable[tuple[object, ...]]) -> None:
        """Note the rows that are written: PostgreSQL refuses to write one twice, and SQLite does not."""
        for key in keys:
            row = tuple([tuple(part) if _is_list(part) else part for part in key])
            if row in met:
                names = ", ".join(column.attribute for column in self.on)
                raise ParameterError(f"{self.mapper.model.__name__}: two objects have the same {names}")
            if None not in row:  # no null is like another
                met.add(row)

    def _bound(
        self, columns: tuple[Column, ...], rows: Sequence[tuple[object, ...]], dialect: Dialect
    ) -> Iterator[Bound]:
        statements, updated = self.mapper.model.__registry__.statements, self.updated(columns)
        start = 0
        for size in _sizes(len(rows), len(columns)):
            key = ("upsert", dialect, self.mapper.model, columns, self.on, tuple(updated), size)
            statement: Statement | None = statements.get(key)
            if statement is None:
                statement = upsert_all_of(self.mapper, columns, self.on, updated, dialect, count=size)
                statements.put(key, statement)
            yield statement.bound([value for row in rows[start : start + size] for value in row])
            start += size


def _is_list(value: object) -> TypeGuard[list[object]]:
    return isinstance(value, list)


def _sizes(count: int, columns: int) -> Iterator[int]:
    """Yield into how many rows a number of them is cut: powers of two, so that few statements serve all.

    >>> list(_sizes(1030, 5))
    [512, 512, 4, 2]
    """
    most = min(MOST_ROWS, MOST_VALUES // columns)
    while count:
        size = min(most, 1 << (count.bit_length() - 1))
        yield size
        count -= size


async def run_all(executor: Executor, statements: Iterable[Bound]) -> int:
    """Run statements in turn; return how many rows they wrote."""
    affected = 0
    for text, parameters in statements:
        affected += (await executor.query(text, parameters, clean=True)).affected
    return affected
