"""Calls an ASGI application with exactly these bytes, which no HTTP client in between can repair."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.types import ASGIApp, Message

__all__ = ["Answer", "call", "query_of"]


@dataclass(frozen=True)
class Answer:
    """What the application said."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:  # Any: a JSON document
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The type of the first error of a 422."""
        return str(self.json["detail"][0]["type"])


def query_of(document: object) -> bytes:
    """The query string with a filter, percent-encoded throughout."""
    return b"filter=" + "".join(f"%{byte:02X}" for byte in json.dumps(document).encode()).encode()


def call(
    app: ASGIApp,
    query: bytes = b"",
    *,
    path: str = "/items",
    body: Iterable[bytes] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request and return the answer; with `body` it is a POST, each part a message."""
    sent_headers = {
        "host": "test",
        **({} if body is None else {"content-type": "application/json"}),
        **(headers or {}),
    }
    return asyncio.run(_call(app, query, path, body, sent_headers))


async def _call(
    app: ASGIApp, query: bytes, path: str, body: Iterable[bytes] | None, headers: Mapping[str, str]
) -> Answer:
    parts = iter(() if body is None else body)
    sent: list[Message] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET" if body is None else "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query,
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }

    async def receive() -> Message:
        part = next(parts, None)
        return {"type": "http.request", "body": part or b"", "more_body": part is not None}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status = next(message["status"] for message in sent if message["type"] == "http.response.start")
    return Answer(status, b"".join(message.get("body", b"") for message in sent))
