"""Notes the statements that a service sends. Knows executors, and nothing of who asks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from time import perf_counter

from queryengine_orm.driver import Dialect, Executor, Kind, Rows, RowSource

from examples.flights.backend import Native

__all__ = ["RecordingExecutor", "StatementRecorder"]


class StatementRecorder:
    """The statements since the last `take`."""

    def __init__(self) -> None:
        self._statements: list[Native] = []

    def note(self, sql: str, parameters: Sequence[object], seconds: float) -> None:
        """Note a statement."""
        self._statements.append(Native(sql, "sql", tuple(parameters), seconds))

    def take(self) -> list[Native]:
        """Return the statements since the last call, and forget them."""
        taken, self._statements = self._statements, []
        return taken


class RecordingExecutor:
    """An executor that hands all on to another one, and notes its queries."""

    def __init__(self, executor: Executor, recorder: StatementRecorder) -> None:
        self._executor = executor
        self._recorder = recorder

    @property
    def dialect(self) -> Dialect:
        """Whose SQL it speaks."""
        return self._executor.dialect

    async def query(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        clean: bool = False,
    ) -> Rows:
        """Run one statement, and note it."""
        start = perf_counter()
        rows = await self._executor.query(sql, parameters, result=result, clean=clean)
        self._recorder.note(sql, parameters, perf_counter() - start)
        return rows

    def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> Awaitable[int]:
        """Run one statement with each of `rows`."""
        return self._executor.execute_many(sql, rows, clean=clean)

    def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncIterator[Rows]:
        """Give the rows in batches."""
        return self._executor.stream(sql, parameters, result=result, batch=batch)

    def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> Awaitable[int]:
        """Insert many rows."""
        return self._executor.copy_rows(table, columns, rows)

    def script(self, sql: str, /) -> Awaitable[None]:
        """Run several statements."""
        return self._executor.script(sql)
