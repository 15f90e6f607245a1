"""queryengine-orm: queries of its own, on SQLite in memory through its own driver."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from queryengine_orm import DeclarativeBase, Find, Index, Mapped, Query, Session, create_all, mapped_column
from queryengine_orm.backend import ORMQueryEngine
from queryengine_orm.sqlite import create_pool

from benchmarks.backends.contender import Contender
from benchmarks.models import rows
from benchmarks.peers.handwritten import Arguments

__all__ = ["opened"]


class Base(DeclarativeBase):
    """The registry of the one model."""


class Flight(Base):
    """A flight, as in the other groups."""

    __tablename__ = "flights"
    __constraints__ = (Index("month", "dep_delay"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    month: Mapped[int]
    day: Mapped[int]
    dep_delay: Mapped[int | None]
    distance: Mapped[int]
    origin: Mapped[str]
    dest: Mapped[str]
    carrier_code: Mapped[str]
    audit_token: Mapped[str]


def finish(query: Query[Flight] | Find[Flight]) -> object:
    """Make the SQL and its parameters, which a query does when it is run."""
    return query.statement() if isinstance(query, Find) else query.statement("sqlite")


@asynccontextmanager
async def opened() -> AsyncGenerator[Contender]:
    """Open the database, fill its table."""
    async with create_pool() as pool:
        await create_all(pool, Base)
        stored = [(number, *row.values()) for number, row in enumerate(rows(), start=1)]
        await pool.copy_rows("flights", ["id", *next(rows())], stored)

        def by_hand(values: Arguments) -> Find[Flight]:
            """Write the five predicates, the order and the limit, in a session as a handler has it."""
            return (
                Session(pool)
                .find(
                    Flight.dep_delay > values["delay"],
                    Flight.origin.in_(values["origins"]),
                    Flight.distance <= values["distance"],
                    Flight.month == values["month"],
                    Flight.dest.starts_with(values["prefix"]),
                )
                .order_by(Flight.dep_delay.desc(), Flight.id)
                .limit(values["limit"])
            )

        async def run(query: Query[Flight] | Find[Flight]) -> Sequence[Flight]:
            return await (query.all() if isinstance(query, Find) else query.all(pool))

        yield Contender(
            name="queryengine-orm",
            peer="hand-written find",
            engine=ORMQueryEngine(Flight, dialect="sqlite"),
            by_hand=by_hand,
            run=run,
            finish=finish,
        )
