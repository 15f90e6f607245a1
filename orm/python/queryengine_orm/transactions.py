"""Transactions and savepoints on a connection: BEGIN travels with the first statement. Knows no pool."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Self

from queryengine_orm._native import Rows
from queryengine_orm.driver import Isolation, Kind, RowSource
from queryengine_orm.errors import TransactionRollback, UsageError

if TYPE_CHECKING:
    from queryengine_orm.connection import Connection

__all__ = ["PostgresTransaction", "begin"]


def begin(isolation: Isolation | None, *, read_only: bool) -> str:
    """Return the statement that begins a transaction.

    >>> begin("serializable", read_only=True)
    'BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY'
    """
    level = "" if isolation is None else f" ISOLATION LEVEL {isolation.upper()}"
    return f"BEGIN{level}{' READ ONLY' if read_only else ''}"


class PostgresTransaction:
    """A transaction, or a savepoint in one; nothing is sent before its first statement.

    `taken` gives the connection for the time of the transaction, such as a pool does.
    """

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(
        self,
        taken: AbstractAsyncContextManager[Connection],
        opening: str,
        *,
        savepoint: str | None = None,
    ) -> None:
        self._taken = taken
        self._opening = opening
        self._savepoint = savepoint
        self._connection: Connection | None = None
        self._loan = 0
        self._is_finished = False

    @property
    def connection(self) -> Connection:
        """The connection that it runs on. Raises UsageError outside of the transaction."""
        if self._connection is None or self._is_finished:
            state = "is finished" if self._is_finished else "has not begun: enter it by `async with`"
            raise UsageError(f"the transaction {state}")
        if self._connection.loans != self._loan:
            raise UsageError("the transaction was undone when its connection was given back")
        return self._connection

    async def __aenter__(self) -> Self:
        if self._connection is not None or self._is_finished:
            raise UsageError("a transaction is entered once")
        connection = await self._taken.__aenter__()
        if self._savepoint is None and connection.is_in_transaction:
            await self._taken.__aexit__(None, None, None)
            raise UsageError("the connection is in a transaction; a savepoint() of that can be inside of it")
        connection.send_before(self._opening)
        connection.transactions += 1
        self._connection, self._loan = connection, connection.loans
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        try:
            if not self._is_finished:
                await (self.commit() if error is None else self._give_up())
        finally:
            self._is_finished = True
            await self._taken.__aexit__(kind, error, trace)

    async def commit(self) -> None:
        """Make it last. Raises TransactionRollback if a statement of it had failed: then nothing lasts."""
        is_left = self.connection.is_left
        connection = self._finished()
        if connection.withdraw(self._opening):
            return
        if is_left:
            await self._undo_rest(connection)
            raise UsageError("a statement of its own ended the transaction: nothing is left to commit")
        if self._savepoint is not None:
            await _surely(connection, f"RELEASE SAVEPOINT {self._savepoint}")
        elif await _surely(connection, "COMMIT") == "ROLLBACK":
            raise TransactionRollback(
                "25P02", "a statement of the transaction had failed; it was rolled back"
            )

    async def rollback(self) -> None:
        """Undo it; the transaction is finished then."""
        is_left = self.connection.is_left
        connection = self._finished()
        if connection.withdraw(self._opening):
            return
        if is_left:
            await self._undo_rest(connection)
        elif self._savepoint is not None:
            name = self._savepoint
            await _surely(connection, f"ROLLBACK TO SAVEPOINT {name}; RELEASE SAVEPOINT {name}")
        else:
            await _surely(connection, "ROLLBACK")

    async def _undo_rest(self, connection: Connection) -> None:
        """Undo what may have begun where a statement ended the transaction (`COMMIT AND CHAIN`)."""
        if self._savepoint is None and connection.is_in_transaction:
            await _surely(connection, "ROLLBACK")

    def _finished(self) -> Connection:
        connection = self.connection
        connection.transactions -= 1
        self._is_finished = True
        return connection

    async def _give_up(self) -> None:
        """Roll back for an exception, which is the one to be seen; a lost connection is rolled back."""
        if self._connection is not None and self._connection.loans != self._loan:
            return  # it was rolled back, and the connection is another's
        if self.connection.is_closed:
            self._finished()
        else:
            await self.rollback()

    def savepoint(self) -> PostgresTransaction:
        """Return a transaction inside this one: what it undoes is its own alone."""
        name = self.connection.new_name("savepoint")
        return PostgresTransaction(_Lent(self.connection), f"SAVEPOINT {name}", savepoint=name)

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement."""
        return self.connection.query(sql, parameters, result=result, clean=clean)

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> int:
        """Run one statement with each of `rows`."""
        return await self.connection.execute_many(sql, rows, clean=clean)

    def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncGenerator[Rows]:
        """Give the rows in batches."""
        return self.connection.stream(sql, parameters, result=result, batch=batch)

    async def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> int:
        """Insert many rows by COPY."""
        return await self.connection.copy_rows(table, columns, rows)

    def copy_rows_out(
        self, sql: str, /, *, result: Sequence[Kind | None] | None = None
    ) -> AsyncGenerator[Rows]:
        """Give the rows of a query by COPY."""
        return self.connection.copy_rows_out(sql, result=result)

    async def script(self, sql: str, /) -> None:
        """Run several statements without parameters."""
        await self.connection.script(sql)


async def _surely(connection: Connection, sql: str) -> str:
    """End a transaction even if the task that wants it is cancelled meanwhile."""
    return await asyncio.shield(connection.run_script(sql, clean=True))


class _Lent(AbstractAsyncContextManager["Connection"]):
    """A connection that stays with whom it belongs to."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def __aenter__(self) -> Connection:
        return self._connection

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        return None
