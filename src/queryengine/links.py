"""The `Link` header of a page (RFC 8288): where the next page is, and the previous one. Knows requests."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from queryengine.errors import ConfigurationError
from queryengine.pages import Page

__all__ = ["link_header"]

PLACES = ("after", "before", "offset", "skip")
"""the clauses that say where a page begins"""


def link_header(request: Request, page: Page[Any], *, parameter: str = "filter") -> str | None:
    """Return the value of a `Link` header for a page of the request's filter; None where it is alone.

    The links are relative to the request's own URL: they hold behind every proxy, and repeat no host that
    a caller made up. `parameter` is `QueryConfig.parameter`. Raises ConfigurationError for a filter that
    is not in the URL.

    >>> request = Request({"type": "http", "query_string": b'filter={"limit":2}&lang=en'})
    >>> link_header(request, Page(items=["a", "b"], next="x"))
    '<?lang=en&filter=%7B%22limit%22%3A2%2C%22after%22%3A%22x%22%7D>; rel="next"'
    """
    ways = (("next", "after", page.next), ("prev", "before", page.previous))
    links = [
        f'<?{_query(request, parameter, word, cursor)}>; rel="{relation}"'
        for relation, word, cursor in ways
        if cursor is not None
    ]
    return ", ".join(links) or None


def _query(request: Request, parameter: str, word: str, cursor: str) -> str:
    """Return the request's query string with its filter going on at a cursor."""
    if request.scope.get("method", "GET") != "GET":
        raise ConfigurationError("a link header is for filters in URLs: others cannot be followed by a link")
    given = parse_qsl(request.scope["query_string"].decode("ascii"), keep_blank_values=True)
    if any(name.startswith(f"{parameter}[") for name, _ in given):
        places = {f"{parameter}[{place}]" for place in PLACES}
        return urlencode(
            [*(pair for pair in given if pair[0] not in places), (f"{parameter}[{word}]", cursor)]
        )
    text = next((value for name, value in given if name == parameter), "{}")
    document: dict[str, Any] = json.loads(text)  # Any: a filter that was read already
    kept = {clause: value for clause, value in document.items() if clause not in PLACES}
    filter = json.dumps({**kept, word: cursor}, ensure_ascii=False, separators=(",", ":"))
    return urlencode([*(pair for pair in given if pair[0] != parameter), (parameter, filter)])
