"""Tortoise among the back-ends: all flights, and no gap in what the demo asks."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, cast

from rich.console import Console
from typing_extensions import override

from examples.flights.backend import Backend, Native, Running, Truth
from examples.flights.draft import beside, is_newer
from examples.flights.tortoise.load import MADE_BY, database_url, load
from examples.flights.tortoise.service import create_app

__all__ = ["BACKEND"]


class LogRecorder(logging.Handler):
    """The statements since the last `take`: Tortoise writes each with its parameters into its log."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._statements: list[Native] = []

    @override
    def emit(self, record: logging.LogRecord) -> None:
        # Any: what a log is given, and what the driver takes
        arguments = cast("tuple[Any, ...]", record.args or ())
        if len(arguments) == 2 and str(arguments[0]).startswith("SELECT"):
            statement, parameters = arguments
            self._statements.append(Native(statement, "sql", tuple(parameters or ())))

    def take(self) -> list[Native]:
        """Return the statements since the last call, and forget them."""
        taken, self._statements = self._statements, []
        return taken

    @contextmanager
    def listening(self) -> Generator[None]:
        """Listen to Tortoise's log, which nobody else gets to see meanwhile."""
        log = logging.getLogger("tortoise.db_client")
        before = log.level, log.propagate
        log.setLevel(logging.DEBUG)
        log.propagate = False
        log.addHandler(self)
        try:
            yield
        finally:
            log.removeHandler(self)
            log.level, log.propagate = before


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Make Tortoise's own file, if need be, and serve it."""
    path = beside(truth.file, "tortoise")
    if not is_newer(path, truth.file, *MADE_BY):
        with console.status("copying the flights into Tortoise's tables"):
            await load(path, truth.file)
    recorder = LogRecorder()
    with recorder.listening():
        yield Running(create_app(database_url(path)), recorder)


BACKEND: Final = Backend(name="Tortoise", database="SQLite", open=open_service)
