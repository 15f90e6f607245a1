"""The session: objects by their keys, what was changed of them, and the transactions that write it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from queryengine_orm.attributes import Attribute
from queryengine_orm.declarative import CHANGES, DeclarativeBase
from queryengine_orm.driver import Connection, Executor, Isolation, Kind, Pool, Rows, Transaction
from queryengine_orm.errors import UsageError
from queryengine_orm.expressions import Expr
from queryengine_orm.finding import Find
from queryengine_orm.loading import Prepared
from queryengine_orm.mapping import Mapper, mapper_of
from queryengine_orm.selects import Selection
from queryengine_orm.units import Identities, Unit, complete, key_of
from queryengine_orm.writes import insert_rows, upsert_of

__all__ = ["Session"]

M = TypeVar("M", bound=DeclarativeBase)


class Session:
    """What one task works with: objects that it read or made, each row as one object.

    ```python
    async with Session(pool) as session, session.begin():
        user = await session.get(User, 1)
        session.add(Post(title="Hello", author_id=1))
    ```

    `begin()` is a transaction, and inside another one a savepoint. At its end all that was added, changed and
    deleted is written, in the order that foreign keys need, and of changed objects only what changed.
    Outside of it `flush()` writes all, in a transaction of its own. A session is not for many tasks at once.
    """

    def __init__(self, database: Pool | Connection) -> None:
        self._database = database
        self._transaction: Transaction | None = None
        self._identities = Identities()
        self._unit = Unit(self._identities)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.clear()

    @property
    def executor(self) -> Executor:
        """What runs the session's SQL now: its transaction, or the pool."""
        return self._transaction or self._database

    # -- transactions

    @asynccontextmanager
    async def begin(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> AsyncGenerator[Self]:
        """Begin a transaction, or inside of one a savepoint; commit at the end, roll back on an exception.

        After a roll-back the session has forgotten all objects: what they hold may not be so.
        """
        outer = self._transaction
        if outer is None:
            inner = self._database.transaction(isolation=isolation, read_only=read_only)
        elif isolation is not None or read_only:
            raise UsageError("a savepoint has the isolation of its transaction")
        else:
            await self.flush()  # what came before does not belong to the savepoint
            inner = outer.savepoint()
        try:
            async with inner:
                self._transaction = inner
                try:
                    yield self
                    await self.flush()
                finally:
                    self._transaction = outer
        except BaseException:
            self.clear()
            raise

    async def flush(self) -> None:
        """Write all that was added, changed and deleted; outside of `begin` in a transaction of its own."""
        if not self._unit.has_work():
            return
        if self._transaction is not None:
            await self._unit.write(self._transaction)
            return
        async with self._database.transaction() as transaction:
            await self._unit.write(transaction)

    async def flush_before_reading(self) -> None:
        """Write what a query of the same transaction has to see."""
        if self._transaction is not None:
            await self.flush()

    def clear(self) -> None:
        """Forget all objects, and what was not written."""
        self._identities.clear()
        self._unit.clear()

    # -- reading

    async def get(self, model: type[M], key: object) -> M | None:
        """Return the object with this primary key (a tuple where it has many columns), or None."""
        mapper = mapper_of(model)
        values = cast("tuple[object, ...]", key) if isinstance(key, tuple) else (key,)
        known = self._identities.get(model, values)
        if known is not None:
            return cast("M", known)
        if self._transaction is not None:
            await self.flush()
        if len(values) != len(mapper.primary_key):
            raise UsageError(f"the key of {model.__name__} has {len(mapper.primary_key)} columns")
        executor = self._transaction or self._database
        statement, reader = _prepared_get(mapper).on(executor.dialect)
        text, parameters = statement.bound(values)
        found = reader.read(await executor.query(text, parameters, result=reader.kinds, clean=True))
        return self._identities.keep(mapper, found[0]) if found else None

    def find(self, what: type[M] | Expr[M], *more: Expr[M]) -> Find[M]:
        """Return a query over the rows of a model, all of them or those of which expressions are true."""
        model: type[M] = what.model if isinstance(what, Expr) else what
        expressions = (what, *more) if isinstance(what, Expr) else more
        mapper: Mapper[M] = mapper_of(model)
        return Find(self, mapper, tuple([each.condition for each in expressions]))

    async def query(
        self, sql: str, /, *parameters: object, result: Sequence[Kind | None] | None = None
    ) -> Rows:
        """Run SQL of your own, with the database's own placeholders (`$1`, `?1`) for its parameters."""
        await self.flush_before_reading()
        return await self.executor.query(sql, parameters, result=result)

    def adopt(self, mapper: Mapper[Any], objects: list[Any]) -> list[Any]:
        """Return objects that were just read, or in their places those that the session has already."""
        return self._identities.adopt(mapper, objects)

    # -- writing

    def add(self, instance: DeclarativeBase) -> None:
        """Take in a new object, to be inserted."""
        self._unit.add(instance)

    def add_all(self, instances: Iterable[DeclarativeBase]) -> None:
        """Take in new objects."""
        for instance in instances:
            self.add(instance)

    def delete(self, instance: DeclarativeBase) -> None:
        """Note that an object's row is to be deleted; a new object is just let go."""
        self._unit.delete(instance)

    async def insert_all(self, instances: Sequence[DeclarativeBase]) -> int:
        """Insert many new objects of one class by the fastest way; return how many.

        The session does not keep them, and they get no keys that the database makes.
        """
        if not instances:
            return 0
        mapper = mapper_of(type(instances[0]))
        if any(type(each) is not mapper.model for each in instances):
            raise UsageError("insert_all takes objects of one class")
        await self.flush_before_reading()
        if mapper.version is not None or mapper.declared:
            for each in instances:
                complete(mapper, each)
        values = [vars(each) for each in instances]
        given = set[str]().union(*values)
        return await insert_rows(
            self.executor, mapper, values, [name for name in mapper.columns if name in given]
        )

    async def upsert(
        self,
        instance: M,
        *,
        on: Sequence[Attribute[M, Any]] | None = None,
        update: Sequence[Attribute[M, Any]] | None = None,
    ) -> None:
        """Insert an object's row, or update the one with the same values of `on`: unless told, its key.

        `update` says which columns are updated: unless told, all but those of `on`. A version counts on. The
        session does not keep the object.
        """
        mapper, dialect = mapper_of(type(instance)), self.executor.dialect
        await self.flush_before_reading()
        complete(mapper, instance)
        values = {name: vars(instance)[name] for name in mapper.columns if name in vars(instance)}
        keys = mapper.primary_key if on is None else [mapper.columns[each.name] for each in on]
        columns = [mapper.columns[name] for name in values]
        updated = [each for each in columns if each not in keys and not each.primary_key]
        if update is not None:
            updated = [mapper.columns[each.name] for each in update]
        if mapper.version is not None and updated and mapper.version not in updated:
            updated.append(mapper.version)
        statement = upsert_of(mapper, columns, keys, updated, dialect)
        text, parameters = statement.bound(list(values.values()))
        await self.executor.query(text, parameters, clean=True)
        vars(instance).pop(CHANGES, None)


def _prepared_get(mapper: Mapper[Any]) -> Prepared:
    """Return the statement that reads a row by its key, compiled once."""
    statements = mapper.model.__registry__.statements
    prepared: Prepared | None = statements.get(("get", mapper.model))
    if prepared is None:
        prepared = Prepared(Selection(mapper, tuple(mapper.columns.values()), key_of(mapper)))
        statements.put(("get", mapper.model), prepared)
    return prepared
