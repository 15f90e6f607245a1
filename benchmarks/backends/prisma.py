"""Prisma: arguments of `find_many`, for a client that is generated here, on SQLite."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any, Final

import pytest
from queryengine_prisma import FindManyArguments, PrismaQueryEngine

from benchmarks.backends.contender import Contender
from benchmarks.models import rows
from benchmarks.peers.handwritten import Arguments
from tests.servers.prisma_client import generated, settings

__all__ = ["opened"]

MODELS: Final = """
model Flight {
  id           Int    @id
  month        Int
  day          Int
  dep_delay    Int?
  distance     Int
  origin       String
  dest         String
  carrier_code String
  audit_token  String
}
"""
TABLE: Final = """
CREATE TABLE "Flight" (
    "id" INTEGER NOT NULL PRIMARY KEY, "month" INTEGER NOT NULL, "day" INTEGER NOT NULL, "dep_delay" INTEGER,
    "distance" INTEGER NOT NULL, "origin" TEXT NOT NULL, "dest" TEXT NOT NULL, "carrier_code" TEXT NOT NULL,
    "audit_token" TEXT NOT NULL
);
CREATE INDEX "Flight_month" ON "Flight" ("month", "dep_delay");
"""


def by_hand(values: Arguments) -> FindManyArguments:
    """Write the five predicates, the order and the limit.

    `startswith` would be shorter, and give other rows: on SQLite it takes a and A for equal.
    """
    prefix = values["prefix"]
    return {
        "where": {
            "dep_delay": {"gt": values["delay"]},
            "origin": {"in": list(values["origins"])},
            "distance": {"lte": values["distance"]},
            "month": values["month"],
            "dest": {"gte": prefix, "lt": prefix[:-1] + chr(ord(prefix[-1]) + 1)},
        },
        "order": [{"dep_delay": "desc"}, {"id": "asc"}],
        "take": values["limit"],
    }


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Generate the client, fill its table, start its query engine."""
    client_package: Any = generated(MODELS, "sqlite", "asyncio")  # Any: it is made just now
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in settings().items():
            patch.setenv(name, value)
        file = Path(folder) / "flights.db"
        with closing(sqlite3.connect(file)) as database, database:
            database.executescript(TABLE)
            stored = [tuple(row.values()) for row in rows()]
            places = ", ".join("?" * len(stored[0]))
            database.executemany(
                f"INSERT INTO Flight VALUES (?, {places})",  # noqa: S608  # question marks
                [(number, *row) for number, row in enumerate(stored, start=1)],
            )
        async with client_package.Prisma(use_dotenv=False, datasource={"url": f"file:{file}"}) as client:

            async def run(query: FindManyArguments) -> Sequence[object]:
                found: Sequence[object] = await client.flight.find_many(**query)
                return found

            yield Contender(
                name="Prisma",
                peer="hand-written arguments",
                engine=PrismaQueryEngine[Any](client_package.models.Flight),
                by_hand=by_hand,
                run=run,
            )
