"""SQLAlchemy among the back-ends: it has all flights, and no gap in what the demo asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console

from examples.flights.backend import Backend, Running, Truth
from examples.flights.sqlalchemy.recorder import StatementRecorder
from examples.flights.sqlalchemy.service import create_app, database_url

__all__ = ["BACKEND"]


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Serve the very file that the answers are checked against."""
    del console
    app = create_app(database_url(truth.file))
    yield Running(app, StatementRecorder(app.state.engine.sync_engine))


BACKEND: Final = Backend(name="SQLAlchemy", database="SQLite", open=open_service)
