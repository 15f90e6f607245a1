"""The session: objects by their keys, what was changed of them, and the transactions that write it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from queryengine_orm.attributes import Attribute, Loadable
from queryengine_orm.bulk import Upsert, insert_all, listed, mapper_of_all, run_all
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Executor, Isolation, Kind, Rows, Transaction
from queryengine_orm.errors import InvalidTransactionState, NotFound, StaleRow, UsageError
from queryengine_orm.expressions import Expr
from queryengine_orm.finding import Find
from queryengine_orm.flushing import Flush
from queryengine_orm.holding import Hold
from queryengine_orm.identities import Identities
from queryengine_orm.loading import branches_of, load
from queryengine_orm.locking import hold_database
from queryengine_orm.mapping import Mapper, mapper_of
from queryengine_orm.nesting import Database, is_transaction, opened
from queryengine_orm.objects import ObjectReader
from queryengine_orm.relating import dependents
from queryengine_orm.renewing import prepared_get, renew, touched_by, wrapped
from queryengine_orm.selects import Selection
from queryengine_orm.tracking import forget_changes, put_back
from queryengine_orm.units import Unit

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
    Outside of it `flush()` writes all, in a transaction of its own. On a transaction that is open already (a
    test may undo all in the end) both are savepoints. A session may go from task to task, but while one is in
    a transaction of it, another one that it did not start gets UsageError.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._transaction: Transaction | None = None
        self._identities = Identities()
        self._unit = Unit(self._identities)
        self._has_failed = False
        self._hold = Hold()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        self.clear()

    @property
    def executor(self) -> Executor:
        """What runs the session's SQL now: its transaction, or the pool."""
        if self._transaction is None:
            return self._database
        self._hold.check()
        return self._transaction

    # -- transactions

    @asynccontextmanager
    async def begin(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> AsyncGenerator[Self]:
        """Begin a transaction, or inside of one a savepoint; commit at the end, roll back on an exception.

        After a roll-back its objects are what they were before: those that came to the session since are not
        of it any more, and after that of the transaction none is. When a flush has failed, all that is left
        is to roll back.
        """
        with self._hold.taken():
            async with self._begun(isolation, read_only):
                yield self

    @asynccontextmanager
    async def _begun(self, isolation: Isolation | None, read_only: bool) -> AsyncGenerator[None]:
        outer = self._transaction
        inner = opened(outer or self._database, isolation=isolation, read_only=read_only)
        if outer is not None:
            await self.flush()  # what came before does not belong to the savepoint
        self._unit.mark(forgets=outer is None)
        try:
            async with inner:
                self._transaction = inner
                try:
                    yield
                    await self.flush()
                finally:
                    self._transaction = outer
        except BaseException:
            self._has_failed = False
            self._unit.roll_back()
            raise
        self._unit.release()

    async def flush(self) -> None:
        """Write all that was added, changed and deleted; outside of `begin` in a transaction of its own.

        Where it fails in a transaction, a part may be written already: that has to be rolled back, and until
        then the session raises InvalidTransactionState.
        """
        self._unit.check_forgotten()
        await self._flush()

    async def _flush(self) -> None:
        """Do so without a look at objects that were forgotten: a query would take longer with each."""
        if self._hold.levels:
            self._hold.check()
        if self._has_failed:
            raise InvalidTransactionState(
                "25P02", "a flush of this transaction has failed: it can be rolled back only"
            )
        if not self._unit.has_work():
            return
        with self._hold.taken():
            await self._write()

    async def _write(self) -> None:
        flush = self._unit.flush()
        try:
            if self._transaction is not None:
                await flush.write(self._transaction)
            else:
                async with opened(self._database) as transaction:
                    await flush.write(transaction)
        except BaseException:
            self._has_failed = self._transaction is not None
            flush.take_back()
            raise
        await self._settle(flush)

    async def _settle(self, flush: Flush) -> None:
        """Let objects be what their rows are, also where the database changed more than it was told to."""
        self._unit.settle(flush)
        touched = touched_by(flush.deleted.values(), self._identities) if flush.deleted else []
        if touched:
            await renew(self.executor, self._unit, self._identities, touched)

    async def flush_before_reading(self) -> None:
        """Write what a query of the same transaction has to see."""
        if self._transaction is not None:
            await self._flush()

    def clear(self) -> None:
        """Forget all objects, and what was not written."""
        self._hold.check()
        self._identities.clear()
        self._unit.clear()

    def __contains__(self, instance: object) -> bool:
        """Tell whether the session has an object: it writes no changes of others."""
        return isinstance(instance, DeclarativeBase) and self._unit.has(instance)

    # -- reading

    async def get(self, model: type[M], key: object, *, for_update: bool = False) -> M | None:
        """Return the object with this primary key (a tuple where it has many columns), or None.

        With `for_update` its row is read in any case, and locked as `Find.for_update` does. Raises UsageError
        for too many values or too few, and ParameterError for one that no row can have, as of another type.
        """
        mapper = mapper_of(model)
        values = mapper.checked_key(key)
        if self._hold.levels:
            self._hold.check()
        if for_update:
            return await self._get_locked(mapper, values)
        known = self._identities.get(model, values)
        if known is not None:
            return cast("M", known)
        if self._transaction is not None:
            await self._flush()
        executor = self._transaction or self._database
        statement, reader = prepared_get(mapper).on(executor.dialect)
        text, parameters = statement.bound(values)
        found = reader.read(await executor.query(text, parameters, result=reader.kinds, clean=True))
        return self._identities.keep(mapper, found[0]) if found else None

    async def _get_locked(self, mapper: Mapper[M], values: tuple[object, ...]) -> M | None:
        await self.flush_before_reading()
        await self.begin_locking(mapper)
        statement, reader = prepared_get(mapper, "wait").on(self.executor.dialect)
        text, parameters = statement.bound(values)
        found = reader.read(await self.executor.query(text, parameters, result=reader.kinds, clean=True))
        known = self._identities.get(mapper.model, values)
        if known is not None and not found:
            await renew(self.executor, self._unit, self._identities, [known])  # its row is gone: so is it
        return cast("M", self.take_over(mapper, found)[0]) if found else None

    def find(self, what: type[M] | Expr[M], *more: Expr[M]) -> Find[M]:
        """Return a query over the rows of a model, all of them or those of which expressions are true."""
        if isinstance(what, Expr):
            found: Find[M] = Find(self, mapper_of(what.model), (what.condition,))
            return found.where(*more) if more else found
        _check_mapped(what)
        found = Find(self, mapper_of(what))
        return found.where(*more) if more else found

    async def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
    ) -> Rows:
        """Run SQL of your own, with the database's own placeholders (`$1`, `?1`) for its parameters."""
        await self.flush_before_reading()
        return await self.executor.query(sql, parameters, result=result)

    async def find_sql(self, model: type[M], sql: str, parameters: Sequence[object] = (), /) -> list[M]:
        """Return objects by a SELECT of your own, which gives all columns of the model by their names.

        `await session.find_sql(User, "SELECT * FROM users WHERE name = $1", ["Ann"])`
        """
        await self.flush_before_reading()
        mapper, executor = mapper_of(model), self.executor
        reader = ObjectReader(mapper, tuple(mapper.columns.values()), executor.dialect)
        rows = await executor.query(wrapped(mapper, sql), parameters, result=reader.kinds)
        return self._identities.adopt(mapper, reader.read(rows))

    async def load(self, instance: M, *relations: Loadable[M]) -> None:
        """Load related rows of an object, anew if it has them; what was put into a list meanwhile stays.

        `Author.books.then(Book.tags)` loads more behind them. Raises UsageError for an object that the
        session does not have.
        """
        mapper: Mapper[Any] = mapper_of(type(instance))
        branches = branches_of(Selection(mapper, tuple(mapper.columns.values())), relations)
        if not self._identities.has(instance):
            raise UsageError(f"{instance!r} is not of this session")
        await self.flush_before_reading()
        await load(self.executor, [instance], branches, None, self.adopt)

    async def refresh(self, instance: DeclarativeBase) -> None:
        """Read an object's row again. What was changed of it and not written is forgotten.

        Raises NotFound where the row is gone; the session has forgotten the object then.
        """
        if not self._identities.has(instance):
            raise UsageError(f"{instance!r} is not of this session")
        await self.flush_before_reading()
        put_back(instance, forget_changes(instance))
        if await renew(self.executor, self._unit, self._identities, [instance]):
            raise NotFound(f"the row of {instance!r} is gone")

    async def begin_locking(self, mapper: Mapper[Any]) -> None:
        """Do what a lock on rows needs. Raises UsageError outside of a transaction."""
        if self._transaction is None and not is_transaction(self._database):
            raise UsageError("rows are locked until a transaction ends: use for_update inside of begin()")
        await hold_database(self.executor, mapper)

    def adopt(self, mapper: Mapper[Any], objects: list[Any]) -> list[Any]:
        """Return objects that were just read, or in their places those that the session has already."""
        return self._identities.adopt(mapper, objects)

    def take_over(self, mapper: Mapper[Any], objects: list[Any]) -> list[Any]:
        """Return the same as `adopt`; those that the session has already get what their rows hold now."""
        adopted = self._identities.adopt(mapper, objects)
        for known, fresh in zip(adopted, cast("list[DeclarativeBase]", objects), strict=True):
            if known is not fresh:
                self._unit.renewed(known, vars(fresh))
        return adopted

    # -- writing

    def add(self, instance: DeclarativeBase) -> None:
        """Take in an object: a new one to be inserted, one that is stored to have its changes written.

        Raises UsageError where the session has another object of the same row: `merge` is for that.
        """
        self._hold.check()
        self._unit.add(instance)

    def add_all(self, instances: Iterable[DeclarativeBase]) -> None:
        """Take in objects."""
        for instance in instances:
            self.add(instance)

    def delete(self, instance: DeclarativeBase) -> None:
        """Note that an object's row is to be deleted; a new object is just let go."""
        self._hold.check()
        self._unit.delete(instance)

    def expunge(self, instance: DeclarativeBase) -> None:
        """Forget one object, with what was to be written of it."""
        self._hold.check()
        self._unit.expunge(instance)

    async def merge(self, instance: M) -> M:
        """Give the session's object of the same row the values of this one; return it.

        Where there is no such row, or no key, this one is added. Attributes that it does not have stay as
        they are. Raises StaleRow where it has another version than the row.
        """
        mapper = mapper_of(type(instance))
        values = vars(instance)
        key = tuple(values.get(column.attribute) for column in mapper.primary_key)
        known = None if None in key else await self.get(type(instance), key)
        if known is instance:
            return instance
        if known is None:
            self._unit.add_new(instance)
            return instance
        version = mapper.version
        if (
            version is not None
            and values.get(version.attribute, vars(known)[version.attribute])
            != vars(known)[version.attribute]
        ):
            raise StaleRow(f"{known!r} was changed by another since {instance!r} was read")
        for name, column in mapper.columns.items():
            if name in values and not column.primary_key:
                setattr(known, name, values[name])
        return known

    async def renew(self, model: type[DeclarativeBase], *, deleted: bool = False) -> None:
        """Tell objects of a model what was done to its rows, and those whose rows go or change with them."""
        models = {model, *dependents(model)} if deleted else {model}
        objects = [each for one in models for each in self._identities.of(one)]
        if objects:
            await renew(self.executor, self._unit, self._identities, objects)

    async def insert_all(self, instances: Iterable[DeclarativeBase]) -> int:
        """Insert many new objects of one class by the fastest way; return how many.

        The session does not keep them, and they get no keys that the database makes.
        """
        objects = listed(instances, "insert_all")
        if not objects:
            return 0
        await self.flush_before_reading()
        return await insert_all(self.executor, objects)

    async def upsert(
        self,
        instance: M,
        *,
        on: Sequence[Attribute[M, Any]] | None = None,
        update: Sequence[Attribute[M, Any]] | None = None,
    ) -> M:
        """Insert an object's row, or update the one with the same values of `on`: unless told, its key.

        `update` says which columns are updated: unless told, all but those of `on`. A version counts on.
        Returns the session's object of the row, as it is stored then; it does not keep the one given.
        """
        plan = Upsert.of(mapper_of(type(instance)), on, update)
        await self.flush_before_reading()
        fresh = await plan.one(self.executor, instance)
        if fresh is not None:
            return cast("M", self.take_over(plan.mapper, [fresh])[0])
        model, values = type(instance), vars(instance)  # the row was there, and nothing was to be updated
        same = [getattr(model, column.attribute) == values[column.attribute] for column in plan.on]
        found: M = await self.find(same[0], *same[1:]).one()
        return found

    async def upsert_all(
        self,
        instances: Iterable[M],
        *,
        on: Sequence[Attribute[M, Any]] | None = None,
        update: Sequence[Attribute[M, Any]] | None = None,
    ) -> int:
        """Do what `upsert` does for many objects of one class, in few statements, all or nothing.

        Returns how many rows were inserted or updated. The session does not keep the objects; those that it
        has get what their rows hold then. Raises ParameterError where two have the same values of `on`.
        """
        objects = listed(instances, "upsert_all")
        if not objects:
            return 0
        plan = Upsert.of(mapper_of_all(objects, "upsert_all"), on, update)
        await self.flush_before_reading()
        statements = plan.all(objects, self.executor.dialect)
        if len(statements) == 1:
            affected = await run_all(self.executor, statements)
        else:
            async with opened(self._transaction or self._database) as whole:
                affected = await run_all(whole, statements)
        if affected:
            await self.renew(plan.mapper.model)
        return affected


def _check_mapped(model: object) -> None:
    if not (isinstance(model, type) and issubclass(cast("type[object]", model), DeclarativeBase)):
        raise UsageError(f"a mapped class or a condition is expected, not {type(model).__name__}")
