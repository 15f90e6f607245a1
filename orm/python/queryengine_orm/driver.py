"""What a driver gives, whichever its database: connections, transactions, pools. Knows no driver.

The mapping and the session are written against these alone.
"""

from __future__ import annotations

from array import array
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Literal, Protocol, Self, TypeAlias

__all__ = [
    "Connection",
    "Dialect",
    "Executor",
    "Isolation",
    "Kind",
    "Pool",
    "Row",
    "RowSource",
    "Rows",
    "Transaction",
]

Dialect: TypeAlias = Literal["postgresql", "sqlite"]
Isolation: TypeAlias = Literal["read committed", "repeatable read", "serializable"]
"""SQLite has serializable alone, and takes the others for it."""
Kind: TypeAlias = Literal[
    "bool", "bytes", "date", "datetime", "datetimetz", "decimal", "float", "int", "interval", "json", "text",
    "time", "uuid",
]  # fmt: skip
"""What a result's column holds, where the database cannot say it or says it otherwise."""

RowSource: TypeAlias = Iterable[Sequence[object]] | AsyncIterable[Sequence[object]]
"""Rows to be written: at hand, or as they come; the next is asked for when the last were taken."""


class Row(Protocol):
    """One row: by index, by name, as attribute; a sequence of its values."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[object]: ...
    def __getitem__(self, key: int | str, /) -> Any: ...
    def __getattribute__(self, name: str, /) -> Any: ...


class Rows(Protocol):
    """The rows of one answer, in order; `affected` counts the rows that a statement wrote or gave."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        ...

    @property
    def affected(self) -> int:
        """How many rows the statement wrote, or gave."""
        ...

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Row]: ...
    def __getitem__(self, index: int, /) -> Row: ...

    def tuples(self) -> Sequence[tuple[Any, ...]]:
        """Return every row as a tuple."""
        ...

    def dicts(self) -> Sequence[dict[str, Any]]:
        """Return every row as a dict; of columns of one name the last counts."""
        ...

    def column(self, key: int | str) -> Sequence[Any]:
        """Return the values of one column, given by index or name."""
        ...

    def buffer(self, key: int | str) -> array[Any]:
        """Return a column of integers as `array("q")`, of floats as `array("d")`; nulls are a DataError."""
        ...

    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...


class Executor(Protocol):
    """What runs SQL: a pool, a connection, a transaction.

    Placeholders are the database's own: `$1` for PostgreSQL, `?1` for SQLite. `clean=True` promises that the
    statement leaves nothing in the session (no setting, lock, temporary table, LISTEN): the mapping's own SQL
    is clean; a pool resets a connection that ran anything else before others get it.
    """

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""
        ...

    def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Awaitable[Rows]:
        """Run one statement; `result` names the kind of each column, None what the database says.

        It is sent at once, also before it is awaited. Raises DatabaseError, ConnectionLost, TimeoutExceeded.
        """
        ...

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Awaitable[int]:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        ...

    def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Rows]:
        """Give the rows in batches, none of them empty; the next is asked for when the last was taken."""
        ...

    def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> Awaitable[int]:
        """Insert many rows by the fastest way, all or nothing; `table` is `name` or `schema.name`."""
        ...

    def script(self, sql: str, /) -> Awaitable[None]:
        """Run several statements without parameters."""
        ...


class Transaction(Executor, Protocol):
    """A transaction, or a savepoint in one: its `async with` commits, or rolls back on an exception."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def commit(self) -> Awaitable[None]:
        """Make it last; the transaction is finished then."""
        ...

    def rollback(self) -> Awaitable[None]:
        """Undo it; the transaction is finished then."""
        ...

    def savepoint(self) -> Transaction:
        """Return a transaction inside this one."""
        ...


class Connection(Executor, Protocol):
    """One session of the database."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def transaction(self, *, isolation: Isolation | None = None, read_only: bool = False) -> Transaction:
        """Return a transaction that begins with its first statement."""
        ...

    def close(self) -> Awaitable[None]:
        """End the session; calls under way fail."""
        ...


class Pool(Executor, Protocol):
    """A bounded number of connections; each call outside a transaction takes any that is free."""

    async def __aenter__(self) -> Self: ...
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...

    def acquire(self) -> AbstractAsyncContextManager[Connection]:
        """Give a connection to one task for the time of the `async with`. Raises PoolTimeout."""
        ...

    def transaction(self, *, isolation: Isolation | None = None, read_only: bool = False) -> Transaction:
        """Return a transaction on a connection that it takes when it is entered."""
        ...

    def statistics(self) -> Mapping[str, int]:
        """Return counts: `size`, `idle`, `waiting`, `acquired`, and what the driver counts besides."""
        ...

    def close(self) -> Awaitable[None]:
        """Let calls under way end, up to the pool's deadline; then end all sessions."""
        ...
