"""The `Link` header of a page (RFC 8288): where the next page is, and the previous one. Knows requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
    is not in the URL, whether or not there is another page.

    >>> request = Request({"type": "http", "query_string": b'filter={"limit":2}&lang=en'})
    >>> link_header(request, Page(items=["a", "b"], next="x"))
    '<?lang=en&filter=%7B%22limit%22%3A2%2C%22after%22%3A%22x%22%7D>; rel="next"'
    """
    if request.scope.get("method", "GET") not in ("GET", "HEAD"):
        raise ConfigurationError("a link header is for filters in URLs: others cannot be followed by a link")
    ways = (("next", "after", page.next), ("prev", "before", page.previous))
    links = [
        f'<?{_query(request, parameter, word, cursor)}>; rel="{relation}"'
        for relation, word, cursor in ways
        if cursor is not None
    ]
    return ", ".join(links) or None


def _query(request: Request, parameter: str, word: str, cursor: str) -> str:
    """Return the request's query string with its filter going on at a cursor."""
    # Bytes that are no text stay what they are: the reader looks at the filter's own parameters only.
    raw = request.scope["query_string"].decode("ascii", "surrogateescape")
    given = parse_qsl(raw, keep_blank_values=True, errors="surrogateescape")
    if any(name.startswith(f"{parameter}[") for name, _ in given):
        places = {f"{parameter}[{place}]" for place in PLACES}
        kept = [pair for pair in given if pair[0] not in places]
        return urlencode([*kept, (f"{parameter}[{word}]", cursor)], errors="surrogateescape")
    text = next((value for name, value in given if name == parameter), "{}")
    clauses = [(name, value) for name, value in _clauses(text) if name not in PLACES]
    clauses.append((word, json.dumps(cursor)))
    filter = ",".join([f"{json.dumps(name)}:{value}" for name, value in clauses])
    kept = [pair for pair in given if pair[0] != parameter]
    return urlencode([*kept, (parameter, f"{{{filter}}}")], errors="surrogateescape")


def _clauses(text: str) -> Iterator[tuple[str, str]]:
    """Yield the clauses of a filter that was read already, their values as they were written.

    Python would read a number as a double, which is not what a decimal is compared with.
    """
    read, end = json.JSONDecoder().raw_decode, 0
    while (start := text.find('"', end)) >= 0:
        name, end = read(text, start)
        start = len(text) - len(text[end:].lstrip(" \t\n\r:"))
        _, end = read(text, start)
        yield name, text[start:end]
