"""Keeps the SQL statements that an engine runs, with parameters and times. Knows SQLAlchemy's events."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import DBAPICursor, ExecutionContext

__all__ = ["Recorder", "Statement"]


@dataclass(slots=True)
class Statement:
    """A statement as the driver got it; `seconds` is how long the database took until its first row."""

    sql: str
    parameters: tuple[object, ...]
    started: float
    seconds: float = 0.0


class Recorder:
    """The statements of one engine since the last `take`."""

    def __init__(self, engine: Engine) -> None:
        self._statements: list[Statement] = []
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)

    def take(self) -> list[Statement]:
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
        self._statements.append(Statement(sql, tuple(parameters), perf_counter()))

    def _after(
        self,
        _connection: Connection,
        _cursor: DBAPICursor,
        _sql: str,
        _parameters: Any,  # Any: what the driver takes
        _context: ExecutionContext,
        _many: bool,
    ) -> None:
        statement = self._statements[-1]
        statement.seconds = perf_counter() - statement.started
