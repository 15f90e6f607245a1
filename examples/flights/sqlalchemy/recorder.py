"""Keeps the SQL statements that an engine runs, with parameters and times. Knows SQLAlchemy's events."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

from examples.flights.backend import Native

__all__ = ["StatementRecorder"]


class StatementRecorder:
    """The statements of one engine since the last `take`."""

    def __init__(self, engine: Engine) -> None:
        self._statements: list[Native] = []
        self._started = 0.0
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def take(self) -> list[Native]:
        """Return the statements since the last call, and forget them."""
        taken, self._statements = self._statements, []
        return taken

    def _before(
        self,
        _connection: Connection,
        _cursor: DBAPICursor,
        sql: str,
        parameters: Any,  # Any: what the driver takes
        _context: ExecutionContext,
        _many: bool,
    ) -> None:
        self._statements.append(Native(sql, "sql", tuple(parameters)))
        self._started = perf_counter()

    def _after(
        self,
        _connection: Connection,
        _cursor: DBAPICursor,
        _sql: str,
        _parameters: Any,  # Any: what the driver takes
        _context: ExecutionContext,
        _many: bool,
    ) -> None:
        self._statements[-1].seconds = perf_counter() - self._started
