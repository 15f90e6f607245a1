"""A connection to SQLite: a view of a pool, which has the sessions. Knows no session."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from queryengine_orm._native import Rows
from queryengine_orm.driver import Dialect, Isolation, Kind, RowSource
from queryengine_orm.sqlite_transactions import SQLiteTransaction

if TYPE_CHECKING:
    from queryengine_orm.sqlite import SQLitePool

__all__ = ["SQLiteConnection"]


class SQLiteConnection:
    """A connection: of `connect` a database of its own, of a pool's `acquire` a view of the pool.

    Its methods are those of the pool.
    """

    dialect: Dialect = "sqlite"

    def __init__(self, pool: SQLitePool, *, owns: bool) -> None:
        self._pool = pool
        self._owns = owns

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

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
        return self._pool.query(sql, parameters, result=result, clean=clean)

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Awaitable[int]:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        return self._pool.execute_many(sql, rows, clean=clean)

    def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> Awaitable[int]:
        """Insert many rows in one transaction; `table` is `name` or `schema.name`."""
        return self._pool.copy_rows(table, columns, rows)

    def script(self, sql: str, /) -> Awaitable[None]:
        """Run several statements without parameters, all or nothing."""
        return self._pool.script(sql)

    def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Rows]:
        """Give the rows in batches, all of one moment; the next is read when the last was taken."""
        return self._pool.stream(sql, parameters, result=result, batch=batch)

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> SQLiteTransaction:
        """Return a transaction, which is serializable whatever `isolation` asks for."""
        return self._pool.transaction(isolation=isolation, read_only=read_only)

    def back_up(self, path: str) -> Awaitable[None]:
        """Copy the database, as it is at one moment, into a file, while others use it."""
        return self._pool.back_up(path)

    async def close(self) -> None:
        """Close the database, if it is this connection's own."""
        if self._owns:
            await self._pool.close()
