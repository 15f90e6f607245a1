"""A bounded number of PostgreSQL connections: shared by autocommit calls, lent to transactions.

A call outside of a transaction takes an idle connection, or waits for one; calls that wait travel together. A
lent connection is its holder's alone until it is given back; what may have been left in it is reset.
"""

from __future__ import annotations

from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import aclosing, asynccontextmanager
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

from queryengine_orm._native import Rows
from queryengine_orm.connection import STATEMENTS, Connection, opener
from queryengine_orm.driver import Isolation, Kind, RowSource
from queryengine_orm.dsn import Address, Options, Settings, settings_of
from queryengine_orm.errors import ConfigurationError, UsageError
from queryengine_orm.lending import Lending
from queryengine_orm.transactions import PostgresTransaction, begin

__all__ = ["PostgresPool", "create_pool"]

_T = TypeVar("_T")


class PostgresPool:
    """Connections for many tasks. Made by `create_pool`; an `async with` opens it, and closes it.

    `minimum` connections are opened at once, up to `maximum` when they are needed. When all are at work, up
    to `pipeline` calls that wait are sent together to the one that gets free; with 1 each has a connection
    to itself. Nobody waits longer than `acquire_timeout` seconds; `close()` waits for those at work for
    `close_timeout`. A connection that nobody used for `idle_check` seconds is asked whether it is alive
    before it is used again.
    """

    dialect: Literal["postgresql"] = "postgresql"

    def __init__(
        self,
        settings: Settings,
        *,
        minimum: int,
        maximum: int,
        pipeline: int,
        acquire_timeout: float,
        close_timeout: float,
        idle_check: float,
        make: Callable[[Address], Connection],
    ) -> None:
        if not all(seconds >= 0 for seconds in (acquire_timeout, close_timeout, idle_check)):
            raise ConfigurationError("a time of a pool is a number of seconds from 0")
        self._lending = Lending(
            settings,
            minimum=minimum,
            maximum=maximum,
            pipeline=pipeline,
            acquire_timeout=acquire_timeout,
            idle_check=idle_check,
            make=make,
        )
        self._close_timeout = close_timeout
        self._for_call = self._lending.for_call

    async def open(self) -> Self:
        """Open the first connections, once; to await the pool does the same. Raises ConnectionFailed."""
        await self._lending.open()
        return self

    def __await__(self) -> Generator[Any, None, Self]:
        return self.open().__await__()

    async def __aenter__(self) -> Self:
        return await self.open()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    # -- calls outside of a transaction

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement on a connection that is free, or on the first that gets free."""
        connection = self._for_call()
        if connection is None:
            return self._lending.call_later(sql, parameters, result, clean)
        try:
            return connection.query(sql, parameters, result=result, clean=clean)
        except BaseException:
            self._lending.free_if_idle(connection)  # nothing was sent
            raise

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Awaitable[int]:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        return self._lent_for(lambda connection: connection.execute_many(sql, rows, clean=clean))

    async def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncGenerator[Rows]:
        """Give the rows in batches, from a connection of its own."""
        async with (
            self.acquire() as connection,
            aclosing(connection.stream(sql, parameters, result=result, batch=batch)) as several,
        ):
            async for rows in several:
                yield rows

    def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> Awaitable[int]:
        """Insert many rows by COPY, all or nothing; `table` is `name` or `schema.name`."""
        return self._lent_for(lambda connection: connection.copy_rows(table, columns, rows))

    async def copy_rows_out(
        self, sql: str, /, *, result: Sequence[Kind | None] | None = None
    ) -> AsyncGenerator[Rows]:
        """Give the rows of a query by COPY, from a connection of its own."""
        async with (
            self.acquire() as connection,
            aclosing(connection.copy_rows_out(sql, result=result)) as several,
        ):
            async for rows in several:
                yield rows

    def script(self, sql: str, /) -> Awaitable[None]:
        """Run several statements without parameters."""
        return self._lent_for(lambda connection: connection.script(sql))

    # -- connections of one's own

    @asynccontextmanager
    async def acquire(self) -> AsyncGenerator[Connection]:
        """Give a connection to one task alone. Raises PoolTimeout, which says who holds the others."""
        connection = await self._lending.borrow()
        try:
            yield connection
        finally:
            self._lending.give_back(connection)

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> PostgresTransaction:
        """Return a transaction on a connection that it takes when it is entered."""
        return PostgresTransaction(self.acquire(), begin(isolation, read_only=read_only))

    def statistics(self) -> Mapping[str, int]:
        """Return counts of connections and calls as they are now, and of what happened so far."""
        return self._lending.statistics()

    async def close(self) -> None:
        """Let calls under way and queries that wait end, up to the deadline; then end all sessions.

        What waits for a connection of its own gets UsageError at once.
        """
        await self._lending.close(self._close_timeout)

    def _lent_for(self, call: Callable[[Connection], Awaitable[_T]]) -> Awaitable[_T]:
        async def run() -> _T:
            async with self.acquire() as connection:
                done = await call(connection)
                if connection.is_in_transaction:
                    raise UsageError("BEGIN belongs to transaction(): what it began was undone")
                return done

        return self._lending.start(run())


def create_pool(
    dsn: str | None = None,
    /,
    *,
    minimum: int = 1,
    maximum: int = 10,
    pipeline: int = 8,
    acquire_timeout: float = 10.0,
    close_timeout: float = 10.0,
    idle_check: float = 30.0,
    statements: int = STATEMENTS,
    timeout: float | None = 60.0,  # of each later call, not of this one
    **options: Unpack[Options],
) -> PostgresPool:
    """Return a pool that opens when it is entered; what is not said is found as libpq finds it,
    but for `sslmode`: `verify-full` is the default for a host that is not this machine.

    `pipeline` is how many calls of many tasks may travel together to one connection when all are at work: a
    slow one holds up those that travel with it, so 1 keeps them apart and costs throughput. `timeout` is what
    any call may take, None for no bound; `statements` is how many prepared statements each
    connection keeps, 0 for servers behind pgbouncer's transaction mode. All times are in seconds. Raises
    ConfigurationError; to enter it raises ConnectionFailed.
    """
    settings = settings_of(dsn, **options)
    return PostgresPool(
        settings,
        minimum=minimum,
        maximum=maximum,
        pipeline=pipeline,
        acquire_timeout=acquire_timeout,
        close_timeout=close_timeout,
        idle_check=idle_check,
        make=opener(settings, statements=statements, timeout=timeout),
    )
