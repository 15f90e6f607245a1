"""Beanie among the back-ends: three days of flights in MongoDB, and what that cannot compare."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from importlib.util import find_spec
from typing import Final

from pymongo import AsyncMongoClient
from rich.console import Console

from examples.flights.backend import Backend, Gap, MissingError, Running, Truth
from examples.flights.beanie.load import Record, load
from examples.flights.beanie.recorder import CommandRecorder
from examples.flights.beanie.service import create_app

__all__ = ["BACKEND"]

NO_TIME: Final = "BSON has no time of day"
GAPS: Final = {
    "times": Gap(("query", "filter", "where", "sched_dep_time", "gte"), NO_TIME),
    "order": Gap(("query", "filter", "order", 1), NO_TIME),
}


@contextmanager
def server() -> Generator[str]:
    """Give the address of MONGODB_URI, or of the MongoDB that the tests use. Raises MissingError."""
    uri = os.environ.get("MONGODB_URI")
    if uri is not None:
        yield uri
        return
    if find_spec("secantus") is None:
        raise MissingError(
            "there is no MongoDB: set MONGODB_URI to the address of one, or install the package secantusdb, "
            "which the development environment has: make environment"
        )
    from tests.servers.mongo import running_secantus  # noqa: PLC0415  # it needs that package

    with running_secantus(mended=True) as running:
        yield running.uri


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Fill a database of a name that nobody else has, serve it, and drop it at the end."""
    recorder, name = CommandRecorder(), f"queryengine_{secrets.token_hex(8)}"
    with server() as uri:
        async with AsyncMongoClient[Record](uri, event_listeners=[recorder]) as client:
            try:
                with console.status("storing the flights in MongoDB"):
                    await load(client[name], truth.days)
                yield Running(create_app(client[name]), recorder)
            finally:
                await client.drop_database(name)


# Three days, because the database is filled each time, and the one of the tests is slow to look up links.
BACKEND: Final = Backend(name="Beanie", database="MongoDB", days=3, open=open_service, gaps=GAPS)
