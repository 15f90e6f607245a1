"""Beanie: finds, on the MongoDB of MONGODB_URI or that of the tests."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar

from beanie import Document, init_beanie  # pyright: ignore[reportUnknownVariableType]  # of any database
from beanie.odm.queries.find import FindMany
from pymongo import AsyncMongoClient
from queryengine_beanie import BeanieQueryEngine

from benchmarks.backends.contender import Contender
from benchmarks.models import rows
from benchmarks.peers.handwritten import Arguments
from tests.servers.mongo import running_mongo

__all__ = ["opened"]


class Flight(Document):
    """A flight, as in the other groups."""

    # Each document may say of which type its ids are; to type checkers the base class has said it.
    id: int  # type: ignore[assignment]
    month: int
    day: int
    dep_delay: int | None
    distance: int
    origin: str
    dest: str
    carrier_code: str
    audit_token: str

    class Settings:
        """The collection and its index."""

        name = "flights"
        indexes: ClassVar[list[Any]] = [[("month", 1), ("dep_delay", -1)]]  # Any: Beanie takes several forms


def by_hand(values: Arguments) -> FindMany[Flight]:
    """Write the five predicates, the order and the limit, in MongoDB's own words: the shortest way."""
    return (
        Flight.find(
            {
                "dep_delay": {"$gt": values["delay"]},
                "origin": {"$in": list(values["origins"])},
                "distance": {"$lte": values["distance"]},
                "month": values["month"],
                "dest": {"$regex": f"^{re.escape(values['prefix'])}"},
            }
        )
        .sort("-dep_delay", "+_id")
        .limit(values["limit"])
    )


async def run(query: FindMany[Flight]) -> Sequence[Flight]:
    """Run a find."""
    return await query.to_list()


def finish(query: FindMany[Flight]) -> object:
    """Make the filter that is sent, which a find does when it is awaited."""
    return query.get_filter_query()


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Start the server, initialise Beanie, fill its collection."""
    with running_mongo() as server:
        async with AsyncMongoClient[dict[str, Any]](server.uri) as client:  # Any: all types that BSON has
            database = client[server.database]
            await init_beanie(database, document_models=[Flight])
            await database.flights.insert_many(
                [{"_id": number, **row} for number, row in enumerate(rows(), start=1)]
            )
            yield Contender(
                name="Beanie",
                peer="hand-written find",
                engine=BeanieQueryEngine(Flight),
                by_hand=by_hand,
                run=run,
                finish=finish,
            )
