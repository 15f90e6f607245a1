"""The same endpoint twice: its filter made by queryengine, and written by hand. Called without a server.

Both share the session, the handler's body and the response model; only the one dependency differs.
"""

from collections.abc import AsyncIterator, MutableMapping, Sequence
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import Depends, FastAPI, Query
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Engine, Select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from benchmarks.models import Flight, FlightOut
from benchmarks.peers.handwritten import arguments, select_five
from benchmarks.workload import Question
from queryengine import SecurityPolicy, create_qe_dependency

__all__ = ["application", "filter_string", "get", "parameter_string"]


async def handwritten(
    *,
    dep_delay_gt: int,
    origin: Annotated[list[str], Query()],
    distance_lte: int,
    month: int,
    dest_starts_with: str,
    limit: Annotated[int, Query(ge=0, le=1_000)] = 100,
) -> Select[Flight]:
    """Write the select by hand from typed query parameters: the peer."""
    return select_five(
        delay=dep_delay_gt,
        origins=origin,
        distance=distance_lte,
        month=month,
        prefix=dest_starts_with,
        limit=limit,
    )


async def constant() -> Select[Flight]:
    """Write the select by hand, but from no parameters: less than any endpoint with a filter does."""
    return select_five(delay=60, origins=("JFK", "LGA"), distance=2_000, month=6, prefix="S", limit=20)


def application(database: Engine, async_database: AsyncEngine) -> FastAPI:
    """Return the service: `/{ours,handwritten,constant}`, and `/async/...` on an AsyncSession."""
    app = FastAPI()
    flights = create_qe_dependency(
        SQLAlchemyQueryEngine(Flight), policy=SecurityPolicy(expose=FlightOut), required=True
    )

    async def session() -> AsyncIterator[Session]:
        with Session(database) as opened:
            yield opened

    async def async_session() -> AsyncIterator[AsyncSession]:
        async with AsyncSession(async_database) as opened:
            yield opened

    @app.get("/ours", response_model=list[FlightOut])
    async def ours(
        result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)],
        opened: Annotated[Session, Depends(session)],
    ) -> Sequence[Flight]:
        return opened.scalars(result.query).all()

    @app.get("/async/ours", response_model=list[FlightOut])
    async def async_ours(
        result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)],
        opened: Annotated[AsyncSession, Depends(async_session)],
    ) -> Sequence[Flight]:
        return (await opened.scalars(result.query)).all()

    for name, dependency in (("handwritten", handwritten), ("constant", constant)):

        async def by_hand(
            query: Annotated[Select[Flight], Depends(dependency)],
            opened: Annotated[Session, Depends(session)],
        ) -> Sequence[Flight]:
            return opened.scalars(query).all()

        async def async_by_hand(
            query: Annotated[Select[Flight], Depends(dependency)],
            opened: Annotated[AsyncSession, Depends(async_session)],
        ) -> Sequence[Flight]:
            return (await opened.scalars(query)).all()

        app.get(f"/{name}", response_model=list[FlightOut])(by_hand)
        app.get(f"/async/{name}", response_model=list[FlightOut])(async_by_hand)
    return app


def filter_string(filter_text: str) -> bytes:
    """Return the query string of a filter, percent-encoded as a browser does it."""
    return f"filter={quote(filter_text)}".encode()


def parameter_string(question: Question) -> bytes:
    """Return the query string of the same question for the hand-written dependency."""
    values = arguments(question)
    parameters = {
        "dep_delay_gt": values["delay"],
        "origin": values["origins"],
        "distance_lte": values["distance"],
        "month": values["month"],
        "dest_starts_with": values["prefix"],
        "limit": values["limit"],
    }
    return urlencode(parameters, doseq=True).encode()


async def get(app: FastAPI, path: str, query: bytes) -> tuple[int, bytes]:
    """Call the application as a server would, and return the status and the body."""
    sent: list[MutableMapping[str, Any]] = []  # Any: ASGI's own type of a message
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 50_000),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
