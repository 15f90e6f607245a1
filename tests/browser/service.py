"""A small service on a real port, whose page of documentation is Swagger UI from this machine."""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import uvicorn
from fastapi import Depends, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

from queryengine import (
    MemoryQueryEngine,
    MemoryQueryResult,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
    install_queryengine,
)

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
SWAGGER_UI = CACHE / "queryengine" / "swagger-ui" / "node_modules" / "swagger-ui-dist"


@dataclass
class Carrier:
    """An airline."""

    code: str
    name: str


@dataclass
class Flight:
    """A departure from New York."""

    id: int
    date: dt.date
    flight: int
    dep_delay: int | None
    dest: str
    carrier: Carrier


UNITED, JETBLUE = Carrier("UA", "United Air Lines Inc."), Carrier("B6", "JetBlue Airways")
FLIGHTS = [
    Flight(1, dt.date(2013, 1, 1), 1545, 2, "IAH", UNITED),
    Flight(2, dt.date(2013, 1, 1), 1714, 94, "IAH", UNITED),
    Flight(3, dt.date(2013, 1, 2), 725, -1, "BQN", JETBLUE),
    Flight(4, dt.date(2013, 1, 2), 461, None, "ATL", JETBLUE),
]
POLICY = SecurityPolicy(relations=True)

EXAMPLE = {"where": {"dep_delay": {"gt": 60}, "carrier.name": {"contains": "United"}}, "order": "-dep_delay"}

flights = create_qe_dependency(
    MemoryQueryEngine(Flight), policy=POLICY, required=True, config=QueryConfig(example=EXAMPLE)
)
search = create_qe_dependency(
    MemoryQueryEngine(Flight), policy=POLICY, required=True, config=QueryConfig(source="body")
)


def service() -> FastAPI:
    """Return the application."""
    app = FastAPI(title="Flights", docs_url=None, redoc_url=None)

    @app.get("/flights")
    async def list_flights(result: Annotated[MemoryQueryResult[Flight], Depends(flights)]) -> list[Flight]:
        """Flights that departed from New York."""
        return result.query.all(FLIGHTS)

    @app.post("/flights/search")
    async def search_flights(result: Annotated[MemoryQueryResult[Flight], Depends(search)]) -> list[Flight]:
        """The same, with the filter in the body."""
        return result.query.all(FLIGHTS)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> HTMLResponse:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Flights",
            swagger_js_url="/swagger-ui/swagger-ui-bundle.js",
            swagger_css_url="/swagger-ui/swagger-ui.css",
            swagger_favicon_url="/swagger-ui/favicon-32x32.png",
        )

    app.mount("/swagger-ui", StaticFiles(directory=SWAGGER_UI))
    install_queryengine(app)
    return app


@contextmanager
def running_service() -> Generator[str]:
    """Serve on a free port of this machine, and give the address."""
    server = uvicorn.Server(uvicorn.Config(service(), host="127.0.0.1", port=0, log_level="warning"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started:
        assert thread.is_alive(), "the service does not start"
        assert time.monotonic() < end, "the service does not start in time"
        time.sleep(0.01)
    host, port = server.servers[0].sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.should_exit = True
        thread.join(60)
