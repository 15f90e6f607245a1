"""The companion among the back-ends: all flights, and no gap in what the demo asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from queryengine_orm.driver import Executor
from queryengine_orm.sqlite import create_pool
from rich.console import Console

from examples.flights.backend import Backend, Running, Truth
from examples.flights.draft import beside, is_newer
from examples.flights.orm.load import MADE_BY, load
from examples.flights.orm.recorder import RecordingExecutor, StatementRecorder
from examples.flights.orm.service import create_app

__all__ = ["BACKEND"]


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Make the companion's own file, if need be, and serve it."""
    path = beside(truth.file, "orm")
    if not is_newer(path, truth.file, *MADE_BY):
        with console.status("copying the flights into the companion's tables"):
            load(path, truth.file)
    recorder = StatementRecorder()

    @asynccontextmanager
    async def open_database() -> AsyncGenerator[Executor]:
        async with create_pool(f"sqlite:///{path}") as pool:
            yield RecordingExecutor(pool, recorder)

    yield Running(create_app(open_database), recorder)


BACKEND: Final = Backend(name="queryengine-orm", database="SQLite", open=open_service)
