"""Writes a filter as bracket parameters, so that both syntaxes can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import quote

__all__ = ["query_string"]


def query_string(document: Mapping[str, object], parameter: str = "filter") -> bytes | None:
    """Return the query string of a filter in brackets; None where they cannot say it: null and empty lists.

    >>> query_string({"where": {"price": {"gt": 5}}, "order": ["-price"]})
    b'filter[where][price][gt]=5&filter[order][0]=-price'
    """
    try:
        return "&".join(_parameters(document, parameter)).encode()
    except _UnspeakableError:
        return None


class _UnspeakableError(Exception):
    """A value that has no form in brackets."""


def _parameters(value: object, name: str) -> Iterator[str]:
    match value:
        case Mapping() if value:
            for key, below in cast("Mapping[str, object]", value).items():
                yield from _parameters(below, f"{name}[{quote(key, safe='$.')}]")
        case str():
            yield f"{name}={quote(value, safe='')}"
        case Sequence() if value:
            for place, below in enumerate(cast("Sequence[object]", value)):
                yield from _parameters(below, f"{name}[{place}]")
        case bool():
            yield f"{name}={'true' if value else 'false'}"
        case int() | float():
            yield f"{name}={quote(repr(value), safe='')}"
        case _:
            raise _UnspeakableError
