"""Tortoise: query sets on SQLite in memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from queryengine_tortoise import TortoiseQueryEngine
from tortoise import Tortoise, fields
from tortoise.contrib.fastapi import RegisterTortoise
from tortoise.models import Model
from tortoise.queryset import QuerySet

from benchmarks.backends.contender import Contender
from benchmarks.models import rows
from benchmarks.peers.handwritten import Arguments

__all__ = ["opened"]


class Flight(Model):
    """A flight, as in the other groups."""

    id = fields.IntField(primary_key=True)
    month = fields.IntField()
    day = fields.IntField()
    dep_delay = fields.IntField(null=True)
    distance = fields.IntField()
    origin = fields.TextField()
    dest = fields.TextField()
    carrier_code = fields.TextField()
    audit_token = fields.TextField()

    class Meta(Model.Meta):
        """The table's name and index."""

        table = "flights"
        indexes = (("month", "dep_delay"),)


def by_hand(values: Arguments) -> QuerySet[Flight]:
    """Write the five predicates, the order and the limit."""
    return (
        Flight.filter(
            dep_delay__gt=values["delay"],
            origin__in=values["origins"],
            distance__lte=values["distance"],
            month=values["month"],
            dest__startswith=values["prefix"],
        )
        .order_by("-dep_delay", "id")
        .limit(values["limit"])
    )


async def run(query: QuerySet[Flight]) -> Sequence[Flight]:
    """Run a query set."""
    return await query


def finish(query: QuerySet[Flight]) -> str:
    """Make the SQL, which a query set does when it is awaited."""
    return query.sql()


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Initialise Tortoise, fill its table."""
    async with RegisterTortoise(db_url="sqlite://:memory:", modules={"benchmarks": [__name__]}):
        await Tortoise.generate_schemas()
        await Flight.bulk_create(Flight(id=number, **row) for number, row in enumerate(rows(), start=1))
        yield Contender(
            name="Tortoise",
            peer="hand-written query set",
            engine=TortoiseQueryEngine(Flight, dialect="sqlite"),
            by_hand=by_hand,
            run=run,
            finish=finish,
        )
