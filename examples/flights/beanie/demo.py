"""Beanie among the back-ends: three days of flights in MongoDB, and what that cannot compare."""

from __future__ import annotations

import os
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
from tests.servers.mongo import MongoServer, running_mongo

__all__ = ["BACKEND"]

NO_TIME: Final = "BSON has no time of day"
GAPS: Final = {
    "times": Gap(("query", "filter", "where", "sched_dep_time", "gte"), NO_TIME),
    "order": Gap(("query", "filter", "order"), NO_TIME),
}


@contextmanager
def server() -> Generator[MongoServer]:
    """Give the MongoDB of MONGODB_URI, or the one that the tests use."""
    if "MONGODB_URI" not in os.environ and find_spec("secantus") is None:
        raise MissingError(
            "there is no MongoDB: set MONGODB_URI to the address of one, or install the package secantusdb, "
            "which the development environment has: make environment"
        )
    with running_mongo() as running:
        yield running


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Fill a database of a name that nobody else has, serve it, and drop it at the end."""
    recorder = CommandRecorder()
    with server() as running:
        async with AsyncMongoClient[Record](running.uri, event_listeners=[recorder]) as client:
            database = client[running.database]
            app = create_app(database)
            with console.status(f"storing the flights in {running.name}"):
                await load(database, truth.days)
            yield Running(app, recorder)


# Three days, because the database is filled each time, and the one of the tests is slow to look up links.
BACKEND: Final = Backend(name="Beanie", database="MongoDB", days=3, open=open_service, gaps=GAPS)
