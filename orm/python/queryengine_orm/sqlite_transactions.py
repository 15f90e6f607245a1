"""Transactions, savepoints and streams of SQLite, each on one session. Knows the native sessions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, suppress
from types import TracebackType
from typing import Final, Literal, Self

from queryengine_orm._native import Rows, SQLiteSession
from queryengine_orm.batches import batches
from queryengine_orm.driver import Dialect, Kind, RowSource
from queryengine_orm.errors import ConnectionLost, InvalidTransactionState, UsageError

__all__ = ["SQLiteTransaction", "checked", "insert_into", "streamed"]

CHUNK: Final = 2_000
"""so many rows of parameters are encoded at a time, so that the loop may do other things in between"""


class SQLiteTransaction:
    """A transaction, or a savepoint in one; it begins with its first statement.

    Its `async with` commits, or rolls back on an exception. After an error of one statement the transaction
    goes on, as SQLite has it, unless the error undid all of it (a full disk, a cancelled write): then each
    further statement raises InvalidTransactionState.
    """

    dialect: Dialect = "sqlite"

    def __init__(
        self,
        lend: Callable[[], AbstractAsyncContextManager[SQLiteSession]],
        begin: Literal["read", "write"],
        outer: SQLiteTransaction | None = None,
    ) -> None:
        self._lend = lend
        self._begin: Literal["read", "write"] | None = begin
        self._outer = outer
        self.depth: int = 0 if outer is None else outer.depth + 1
        self._loan: AbstractAsyncContextManager[SQLiteSession] | None = None
        self._session: SQLiteSession | None = None
        self._finished = False

    async def __aenter__(self) -> Self:
        if self._session is not None or self._finished:
            raise UsageError("a transaction is entered once")
        if self._outer is None:
            self._loan = self._lend()
            self._session = await self._loan.__aenter__()
        else:
            self._session = self._outer.session()
            begun = self._session.control(f"SAVEPOINT {self._name}", begin=self._outer.beginning())
            self._outer.began()
            await begun
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        if self._finished:
            return
        if error is None:
            await self.commit()
            return
        with suppress(ConnectionLost):  # which undid it: the first exception is the one to be seen
            await self.rollback()

    @property
    def _name(self) -> str:
        return f"queryengine_{self.depth}"

    def session(self) -> SQLiteSession:
        """Return the session. Raises UsageError before the transaction is entered, and after its end."""
        if self._finished:
            raise UsageError("the transaction is finished")
        if self._session is None:
            raise UsageError("a transaction is used inside of `async with`")
        return self._session

    def beginning(self) -> Literal["read", "write"] | None:
        """Return how the next statement begins the transaction; None when one did."""
        return None if self._outer is not None else self._begin  # SAVEPOINT began it

    def began(self) -> None:
        """Take note that a statement which begins the transaction is on its way."""
        self._begin = None

    # -- statements

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement; a short read is done when this returns."""
        del clean
        session = self.session()
        answer = session.query(sql, parameters, result, inside=True, begin=self.beginning())
        self._begin = None
        return answer

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> int:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        del clean
        return await self._many(sql, rows)

    async def _many(self, sql: str, rows: RowSource) -> int:
        written = 0
        async with self.savepoint() as whole, aclosing(batches(rows, CHUNK)) as several:
            session = whole.session()
            async for chunk in several:
                written += await session.many(sql, chunk, inside=True)
        return written

    async def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> int:
        """Insert many rows, all or nothing; `table` is `name` or `schema.name`."""
        return await self._many(insert_into(table, columns), rows)

    async def script(self, sql: str, /) -> None:
        """Run several statements without parameters, all or nothing."""
        done = self.session().script(sql, inside=True, begin=self.beginning())
        self.began()
        await done

    async def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Rows]:
        """Give the rows in batches; the next is read when the last was taken."""
        session = self.session()
        opened = session.cursor(sql, parameters, result, checked(batch), inside=True, begin=self.beginning())
        self.began()
        async with aclosing(streamed(session, opened, result, batch)) as batches:
            async for rows in batches:
                yield rows
                self.session()  # raises where the transaction ended meanwhile

    def savepoint(self) -> SQLiteTransaction:
        """Return a transaction inside this one."""
        return SQLiteTransaction(self._lend, "write", self)

    # -- the end

    async def commit(self) -> None:
        """Make it last; the transaction is finished then. An error undoes it."""
        session = self.session()
        if self._outer is not None:
            await self._end(session, f"RELEASE {self._name}")
        elif self._begin is None:
            await self._end(session, "COMMIT")
        else:
            await self._leave()

    async def rollback(self) -> None:
        """Undo it; the transaction is finished then."""
        session = self.session()
        self._finished = True
        undone = self._undo(session)
        try:
            if undone is not None:
                # It is done in any case; a task that is cancelled need not wait for it.
                await asyncio.shield(undone)
        except InvalidTransactionState:
            pass  # an error undid it before
        finally:
            await self._leave()

    async def _end(self, session: SQLiteSession, sql: str) -> None:
        self._finished = True
        try:
            await session.control(sql)
        except BaseException:
            # The thread keeps the order: whoever is next finds no transaction open.
            self._undo(session)
            raise
        finally:
            await self._leave()

    def _undo(self, session: SQLiteSession) -> asyncio.Future[None] | None:
        if self._outer is None and self._begin is not None:
            return None
        words = "ROLLBACK" if self._outer is None else f"ROLLBACK TO {self._name}"
        undone = session.control(words)
        undone.add_done_callback(_ignore)
        if self._outer is not None:
            undone = session.control(f"RELEASE {self._name}")
            undone.add_done_callback(_ignore)
        return undone

    async def _leave(self) -> None:
        self._finished = True
        loan, self._loan = self._loan, None
        if loan is not None:
            await loan.__aexit__(None, None, None)


def checked(batch: int) -> int:
    """Return how many rows a batch has. Raises UsageError where that is none."""
    if batch < 1:
        raise UsageError("a batch has one row at least")
    return batch


async def streamed(
    session: SQLiteSession,
    opened: tuple[int, Awaitable[tuple[Rows, bool]]],
    result: Sequence[Kind | None] | None,
    batch: int,
) -> AsyncGenerator[Rows]:
    """Give the rows of a cursor in batches, and close it in any case."""
    cursor, answer = opened
    more = True
    try:
        while more:
            rows, more = await answer
            if len(rows):
                yield rows
            if more:
                answer = session.fetch(cursor, result, batch)
    finally:
        if more:
            session.close_cursor(cursor)


def insert_into(table: str, columns: Sequence[str]) -> str:
    """Return the INSERT of one row.

    >>> insert_into("main.users", ["id", "name"])
    'INSERT INTO "main"."users" ("id", "name") VALUES (?1, ?2)'
    """
    if not columns:
        raise UsageError("a row has one column at least")
    place = ".".join(map(quoted, table.split(".", 1)))
    values = ", ".join(f"?{index}" for index in range(1, len(columns) + 1))
    names = ", ".join(map(quoted, columns))
    return f"INSERT INTO {place} ({names}) VALUES ({values})"  # noqa: S608 (each name is quoted)


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _ignore(future: asyncio.Future[None]) -> None:
    """Take note of an error that nobody waits for."""
    if not future.cancelled():
        future.exception()
