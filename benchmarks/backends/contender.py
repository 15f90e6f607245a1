"""What every back-end brings to the comparison, and the service that they all are. Knows no ORM."""

# No `from __future__ import annotations`: FastAPI reads annotations that name local functions.

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from fastapi import Depends, FastAPI, Query

from benchmarks.models import FlightOut
from benchmarks.peers.handwritten import Arguments
from queryengine import QueryResult, SecurityPolicy, create_qe_dependency
from queryengine.engine import Engine

__all__ = ["Contender", "Opened", "application"]

# Any: native queries and rows are of the ORM's own types.


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One back-end: `by_hand` writes the five predicates, order and limit; `run` runs a native query.

    `finish` makes of a native query what is sent, where the query does that only when it is run.
    """

    name: str
    peer: str
    engine: Engine[Any, QueryResult[Any]]
    by_hand: Callable[[Arguments], Any]
    run: Callable[[Any], Awaitable[Sequence[object]]]
    finish: Callable[[Any], object] | None = None


Opened: TypeAlias = Callable[[], AbstractAsyncContextManager[Contender]]
"""Opens a back-end's database, filled."""


def application(contender: Contender) -> FastAPI:
    """Return the service: `/ours` and `/handwritten` differ in nothing but their one dependency."""
    app = FastAPI()
    flights = create_qe_dependency(contender.engine, policy=SecurityPolicy(expose=FlightOut), required=True)

    async def handwritten(
        *,
        dep_delay_gt: int,
        origin: Annotated[list[str], Query()],
        distance_lte: int,
        month: int,
        dest_starts_with: str,
        limit: Annotated[int, Query(ge=0, le=1_000)] = 100,
    ) -> Any:
        return contender.by_hand(
            {
                "delay": dep_delay_gt,
                "origins": origin,
                "distance": distance_lte,
                "month": month,
                "prefix": dest_starts_with,
                "limit": limit,
            }
        )

    @app.get("/ours", response_model=list[FlightOut])
    async def ours(result: Annotated[QueryResult[Any], Depends(flights)]) -> Sequence[object]:
        return await contender.run(result.query)

    @app.get("/handwritten", response_model=list[FlightOut])
    async def by_hand(query: Annotated[Any, Depends(handwritten)]) -> Sequence[object]:
        return await contender.run(query)

    return app
