"""A service over the ships of the harbour, and how tests ask it."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request
from fastapi.testclient import TestClient

from queryengine import (
    MemoryQueryResult,
    QEDependency,
    SecurityPolicy,
)
from tests.harbour import SHIPS, Ship

OPEN = SecurityPolicy(relations=True)
Ships = MemoryQueryResult[Ship]


def names(result: Ships) -> list[str]:
    return [ship.name for ship in result.query.all(SHIPS)]


def client(dependency: QEDependency[Any]) -> TestClient:
    """Serve the names of the ships that a filter finds; a request without a result gets null."""
    app = FastAPI()

    @app.api_route("/ships", methods=["GET", "POST"])
    async def list_ships(result: Annotated[Any, Depends(dependency)]) -> list[str] | None:
        return None if result is None else names(result)

    return TestClient(app, raise_server_exceptions=False)


def ask(client: TestClient, document: object, path: str = "/ships") -> Any:  # Any: JSON
    response = client.get(path, params={"filter": json.dumps(document)})
    assert response.status_code == 200, response.text
    return response.json()


def request(query: str = "", **scope: object) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": [], **scope})


def names_of(result: Ships | None) -> list[str]:
    assert result is not None
    return names(result)


def refused(client: TestClient, text: str) -> list[dict[str, Any]]:
    answer = client.get("/ships", params={"filter": text})
    assert answer.status_code == 422, answer.text
    detail: list[dict[str, Any]] = answer.json()["detail"]
    return detail
