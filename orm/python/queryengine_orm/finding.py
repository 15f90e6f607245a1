"""`session.find(...)`: a query that is put together step by step, and run at the end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from queryengine.aggregates import Function
from queryengine_orm.attributes import Loadable
from queryengine_orm.conditions import Condition, all_of
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.describing import condition_text
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import MultipleFound, NotFound, UsageError
from queryengine_orm.expressions import Assignment, Expr, Order, Scalar, check_model
from queryengine_orm.loading import Prepared, Query
from queryengine_orm.locking import Lock, lock_of
from queryengine_orm.mapping import Mapper
from queryengine_orm.projecting import Projection, measure_of, shown_of, values_of
from queryengine_orm.selects import Key, Selection, count_of, exists_of, key_of
from queryengine_orm.shapes import Shaper
from queryengine_orm.sql import Statement
from queryengine_orm.writes import delete_of, update_of

if TYPE_CHECKING:
    from queryengine_orm.session import Session

__all__ = ["Find"]

M = TypeVar("M", bound=DeclarativeBase)
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
Exact = TypeVar("Exact", int, Decimal | int, int | None, Decimal | int | None)
"""numbers whose sum is the same in any order"""


@dataclass(frozen=True, slots=True, repr=False)
class Find(Generic[M]):
    """A query over the rows of a model: each step returns a new one, `all` and its kin run it.

    ```python
    adults = await session.find(User.age >= 18).order_by(User.name.asc()).limit(10).all()
    ```
    """

    session: Session
    mapper: Mapper[M]
    conditions: tuple[Condition, ...] = ()
    order: tuple[Key, ...] = ()
    size: int | None = None
    skipped: int = 0
    included: tuple[Loadable[M], ...] = ()
    lock: Lock | None = None

    def __repr__(self) -> str:
        owner = self.mapper.model.__name__
        steps = [f".where({condition_text(each, owner)})" for each in self.conditions]
        orders = [Order(self.mapper.model, key.scalar, key.descending, key.nulls) for key in self.order]
        for name, given in (("order_by", orders), ("include", self.included)):
            steps += [f".{name}({', '.join(map(repr, given))})"] if given else []
        steps += [] if self.size is None else [f".limit({self.size})"]
        steps += [f".offset({self.skipped})"] if self.skipped else []
        return f"find({owner}){''.join(steps)}{'' if self.lock is None else '.for_update()'}"

    # -- steps

    def where(self, *expressions: Expr[M]) -> Find[M]:
        """Only the rows of which these are true too."""
        for each in expressions:
            check_model(self.mapper.model, each, Expr)
        return replace(self, conditions=(*self.conditions, *(each.condition for each in expressions)))

    def order_by(self, *keys: Order[M] | Scalar[M, Any]) -> Find[M]:
        """Sorted by these: `User.name` or `User.name.desc()`; the first counts most."""
        for key in keys:
            check_model(self.mapper.model, key, Order, Scalar)
        orders = [key if isinstance(key, Order) else key.asc() for key in keys]
        added = tuple(key_of(order.scalar, order.descending, order.nulls) for order in orders)
        return replace(self, order=(*self.order, *added))

    def limit(self, size: int) -> Find[M]:
        """At most so many rows."""
        _check_number("limit", size)
        return replace(self, size=size)

    def offset(self, skipped: int) -> Find[M]:
        """Without the first so many rows."""
        _check_number("offset", skipped)
        return replace(self, skipped=skipped)

    def include(self, *relations: Loadable[M]) -> Find[M]:
        """With these related rows, in one more query each: `Flight.carrier`.

        `Carrier.flights.then(Flight.plane)` has more behind them.
        """
        for relation in relations:
            check_model(self.mapper.model, relation, Loadable)
        return replace(self, included=(*self.included, *relations))

    def for_update(self, *, skip_locked: bool = False, nowait: bool = False) -> Find[M]:
        """With its rows locked until the transaction ends: no other one changes or locks them meanwhile.

        Rows that another has locked are waited for; `skip_locked` leaves them out, and with `nowait` they
        raise LockNotAvailable. Objects that the session has get what their rows hold then, those of included
        rows too, which are not locked. Outside of `begin()` it raises UsageError. A transaction of SQLite has
        the whole database, and neither `skip_locked` nor `nowait`: ConfigurationError.
        """
        return replace(self, lock=lock_of(skip_locked=skip_locked, nowait=nowait))

    # -- reading

    async def all(self) -> list[M]:
        """Fetch all rows."""
        return await self._fetch(self.size)

    async def first(self) -> M | None:
        """Fetch the first row, or None where there is none."""
        found = await self._fetch(1 if self.size is None else min(1, self.size))
        return found[0] if found else None

    async def one(self) -> M:
        """Fetch the only row. Raises NotFound where there is none, MultipleFound where there are more."""
        found = await self._fetch(2 if self.size is None else min(2, self.size))
        if not found:
            raise NotFound(f"no {self.mapper.model.__name__} meets the condition")
        if len(found) > 1:
            raise MultipleFound(f"more than one {self.mapper.model.__name__} meets the condition")
        return found[0]

    async def stream(self, *, batch: int = 500) -> AsyncIterator[M]:
        """Fetch rows in batches, as they are taken. The session does not keep them."""
        self._check_unlocked("stream")
        await self.session.flush_before_reading()
        query = replace(self._query(self.size), adopt=None)
        async for each in query.stream(self.session.executor, batch=batch):
            yield each

    async def count(self) -> int:
        """Count the rows that meet the condition, whatever the limit."""
        self._check_unlocked("count")
        await self.session.flush_before_reading()
        return cast("int", await self._scalar("count"))

    async def exists(self) -> bool:
        """Tell whether a row meets the condition."""
        self._check_unlocked("exists")
        await self.session.flush_before_reading()
        return bool(await self._scalar("exists"))

    async def _fetch(self, size: int | None) -> list[M]:
        await self.session.flush_before_reading()
        if self.lock is not None:
            await self.session.begin_locking(self.mapper)
        return await self._query(size).all(self.session.executor)

    # -- values

    @overload
    async def values(self, a: Scalar[M, A], /, *, distinct: bool = ...) -> list[tuple[A]]: ...
    @overload
    async def values(
        self, a: Scalar[M, A], b: Scalar[M, B], /, *, distinct: bool = ...
    ) -> list[tuple[A, B]]: ...
    @overload
    async def values(
        self, a: Scalar[M, A], b: Scalar[M, B], c: Scalar[M, C], /, *, distinct: bool = ...
    ) -> list[tuple[A, B, C]]: ...
    @overload
    async def values(
        self, a: Scalar[M, A], b: Scalar[M, B], c: Scalar[M, C], d: Scalar[M, D], /, *, distinct: bool = ...
    ) -> list[tuple[A, B, C, D]]: ...
    @overload
    async def values(
        self,
        a: Scalar[M, A],
        b: Scalar[M, B],
        c: Scalar[M, C],
        d: Scalar[M, D],
        e: Scalar[M, E],
        /,
        *,
        distinct: bool = ...,
    ) -> list[tuple[A, B, C, D, E]]: ...
    @overload
    async def values(self, *scalars: Scalar[M, Any], distinct: bool = ...) -> list[tuple[Any, ...]]: ...
    async def values(self, *scalars: Scalar[M, Any], distinct: bool = False) -> list[tuple[Any, ...]]:
        """Fetch columns, or what is computed of them, in place of objects: a tuple for each row.

        `await session.find(User).order_by(User.name).values(User.id, User.name.length())`; with `distinct`
        each tuple once, in an order of columns among them.
        """
        self._check_unlocked("values")
        if self.included or not scalars:
            raise UsageError("values takes one column at least, and no include")
        for each in scalars:
            check_model(self.mapper.model, each, Scalar)
        shaper = Shaper()
        selection = self._selection(shaper, self.size)
        shown = tuple([shown_of(each).shaped(shaper) for each in scalars])

        def made(dialect: Dialect) -> Projection:
            return values_of(selection, shown, dialect, distinct=distinct)

        return await self._project((shown, distinct), selection, shaper.values, made)

    async def sum(self, scalar: Scalar[M, Exact]) -> Exact | None:
        """Add up a number of all rows; None where there is none. Raises DataError beyond 64 bits."""
        return cast("Exact | None", await self._measure(Function.SUM, scalar))

    async def avg(self, scalar: Scalar[M, Exact]) -> float | None:
        """Return the average of a number of all rows; None where there is none."""
        return cast("float | None", await self._measure(Function.AVG, scalar))

    async def min(self, scalar: Scalar[M, A]) -> A | None:
        """Return the smallest value of all rows; None where there is none."""
        return cast("A | None", await self._measure(Function.MIN, scalar))

    async def max(self, scalar: Scalar[M, A]) -> A | None:
        """Return the greatest value of all rows; None where there is none."""
        return cast("A | None", await self._measure(Function.MAX, scalar))

    async def _measure(self, function: Function, scalar: Scalar[M, Any]) -> object:
        self._check_plain(function)
        check_model(self.mapper.model, scalar, Scalar)
        shaper, type_ = Shaper(), scalar.type
        selection, node = Selection(self.mapper, (), self._where(shaper)), shaper.scalar(scalar.node)

        def made(dialect: Dialect) -> Projection:
            return measure_of(selection, function, node, type_, dialect)

        found = await self._project((function, node, type_), selection, shaper.values, made)
        return found[0][0]

    async def _project(
        self,
        what: tuple[Hashable, ...],
        selection: Selection,
        values: Sequence[object],
        made: Callable[[Dialect], Projection],
    ) -> list[tuple[Any, ...]]:
        await self.session.flush_before_reading()
        executor, statements = self.session.executor, self.mapper.model.__registry__.statements
        key = ("values", executor.dialect, self.mapper.model, what, _parts(selection))
        projection: Projection | None = statements.get(key)
        if projection is None:
            projection = made(executor.dialect)
            statements.put(key, projection)
        text, parameters = projection.statement.bound(values)
        return projection.read(await executor.query(text, parameters, result=projection.kinds, clean=True))

    # -- writing

    async def update(self, *assignments: Assignment[M]) -> int:
        """Update all rows at once, `User.visits.set(User.visits + 1)`; return how many there were.

        Objects that the session has of the model get what their rows hold then; a version counts on.
        """
        self._check_plain("update")
        for each in assignments:
            check_model(self.mapper.model, each, Assignment)
        if not assignments:
            raise UsageError("an update sets one column at least")
        return await self._write(assignments)

    async def delete(self) -> int:
        """Delete all rows at once; return how many there were. The session forgets their objects."""
        self._check_plain("delete")
        return await self._write(())

    async def _write(self, assignments: tuple[Assignment[M], ...]) -> int:
        await self.session.flush_before_reading()
        shaper, dialect = Shaper(), self.session.executor.dialect
        sets = tuple(
            Assignment(self.mapper.model, each.field, shaper.scalar(each.scalar)) for each in assignments
        )
        where = self._where(shaper)
        key = ("write", dialect, self.mapper.model, sets, where)
        statements = self.mapper.model.__registry__.statements
        statement: Statement | None = statements.get(key)
        if statement is None:
            made = (
                update_of(self.mapper, sets, where, dialect)
                if sets
                else delete_of(self.mapper, where, dialect)
            )
            statements.put(key, made)
            statement = made
        text, parameters = statement.bound(shaper.values)
        affected = (await self.session.executor.query(text, parameters, clean=True)).affected
        if affected:
            await self.session.renew(self.mapper.model, deleted=not assignments)
        return affected

    def _check_unlocked(self, what: str) -> None:
        if self.lock is not None:
            raise UsageError(f"{what} locks no rows: for_update is for all, first and one")

    def _check_plain(self, what: str) -> None:
        self._check_unlocked(what)
        if self.order or self.size is not None or self.skipped or self.included:
            raise UsageError(f"{what} takes a condition, and neither order, limit, offset nor include")

    # -- statements

    def statement(self) -> tuple[str, list[object]]:
        """Return the SQL of the rows themselves on the session's database, and its parameters."""
        return self._query(self.size).statement(self.session.executor.dialect)

    def _where(self, shaper: Shaper) -> Condition | None:
        where = all_of(self.conditions)
        return None if where is None else shaper.condition(where)

    def _query(self, size: int | None) -> Query[M]:
        """Return the query. Its statement is compiled once for all that differ in values only."""
        shaper = Shaper()
        selection = self._selection(shaper, size)
        key = ("select", self.mapper.model, _parts(selection))
        statements = self.mapper.model.__registry__.statements
        prepared: Prepared | None = statements.get(key)
        if prepared is None:
            prepared = Prepared(selection)
            statements.put(key, prepared)
        values = tuple(shaper.values)
        adopt = self.session.adopt if self.lock is None else self.session.take_over
        query = Query(self.mapper.model, selection, values, (), None, prepared, adopt)
        return query.include(*self.included) if self.included else query

    def _selection(self, shaper: Shaper, size: int | None) -> Selection:
        """Return what is asked for, with slots for all values."""
        where = self._where(shaper)
        order = tuple(Key(shaper.scalar(key.scalar), key.descending, key.nulls) for key in self.order)
        limit = None if size is None else shaper.slot(size)
        offset = shaper.slot(self.skipped) if self.skipped else 0
        columns = tuple(self.mapper.columns.values())
        return Selection(self.mapper, columns, where, order, limit, offset, self.lock)

    async def _scalar(self, what: str) -> object:
        shaper, dialect = Shaper(), self.session.executor.dialect
        where = self._where(shaper)
        key = (what, dialect, self.mapper.model, where)
        statements = self.mapper.model.__registry__.statements
        statement: Statement | None = statements.get(key)
        if statement is None:
            statement = (count_of if what == "count" else exists_of)(self.mapper, where, dialect)
            statements.put(key, statement)
        text, parameters = statement.bound(shaper.values)
        # A driver knows the kinds of a statement again by the object that says them: these are constants.
        rows = await self.session.executor.query(
            text, parameters, result=("int",) if what == "count" else ("bool",), clean=True
        )
        return rows[0][0]


def _parts(selection: Selection) -> tuple[Hashable, ...]:
    """Return what tells the statements of one model apart."""
    return selection.where, selection.order, selection.limit, selection.offset, selection.lock


def _check_number(what: str, number: object) -> None:
    if not isinstance(number, int) or isinstance(number, bool) or number < 0:
        raise UsageError(f"{what}: a whole number is expected, 0 or more")
