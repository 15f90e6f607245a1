"""What is wrong with a filter as FastAPI's own exceptions, safe to send. Knows FastAPI and errors."""

from __future__ import annotations

from typing import Any

from fastapi import HTTPException
from fastapi.exceptions import RequestValidationError

from queryengine.errors import ErrorCode, FilterError

__all__ = ["FilterAccessDenied", "FilterValidationError", "http_error"]

LONGEST = 200
"""characters of a caller's text that an answer repeats"""


class FilterValidationError(RequestValidationError):
    """A filter that the service does not take: FastAPI answers 422 in its own shape.

    `error` is what is wrong, `location` leads to the filter: `("query", "filter")` or `("body",)`.

    >>> from queryengine.errors import FilterError
    >>> error = FilterError(ErrorCode.UNKNOWN_FIELD, "no field 'prize'", path=("where", "prize"))
    >>> FilterValidationError(error, ("query", "filter")).errors()[0]["loc"]
    ['query', 'filter', 'where', 'prize']
    """

    def __init__(self, error: FilterError, location: tuple[str, ...]) -> None:
        self.error = error
        self.location = location
        super().__init__([_entry(error, location)])


class FilterAccessDenied(HTTPException):
    """The scope of the request denies all rows: status 403."""

    def __init__(self, error: FilterError) -> None:
        self.error = error
        super().__init__(status_code=403, detail=message(error))


def http_error(error: FilterError, location: tuple[str, ...]) -> FilterValidationError | FilterAccessDenied:
    """Return the exception to raise in a dependency whose filter stands at `location`."""
    if error.code is ErrorCode.ACCESS_DENIED:
        return FilterAccessDenied(error)
    return FilterValidationError(error, location)


def message(error: FilterError) -> str:
    """Say what is wrong, without the place.

    >>> message(FilterError(ErrorCode.UNKNOWN_FIELD, "no field 'prize'", nearest="price"))
    "no field 'prize'; did you mean 'price'?"
    """
    guess = f"; did you mean {error.nearest!r}?" if error.nearest else ""
    hint = f" ({error.hint})" if error.hint else ""
    return safe(f"{error.message}{guess}{hint}", 4 * LONGEST)


def safe(text: str, longest: int = LONGEST) -> str:
    r"""Return a text that may hold a caller's characters as JSON in UTF-8 can carry it, cut to a length.

    >>> safe("a\ud800"), safe("abc", 2)
    ('a\\ud800', 'ab…')
    """
    cut = text if len(text) <= longest else text[:longest] + "…"
    return cut.encode("utf-8", "backslashreplace").decode("utf-8")


def safe_path(error: FilterError) -> list[str | int]:
    """Return the keys that lead to the place of an error within the filter."""
    return [safe(key) if isinstance(key, str) else key for key in error.path]


def context(error: FilterError) -> dict[str, Any]:  # Any: a JSON object
    """Return the JSON object of `ctx`, without texts that JSON in UTF-8 cannot carry."""
    found = error.context()
    for key, value in found.items():
        if isinstance(value, str):
            found[key] = safe(value)
        elif key == "expected":
            found[key] = [safe(word) for word in value]
    return found


def _entry(error: FilterError, location: tuple[str, ...]) -> dict[str, Any]:  # Any: FastAPI's own type
    entry: dict[str, Any] = {  # Any: the same
        "type": error.code.value,
        "loc": [*location, *safe_path(error)],
        "msg": message(error),
        "ctx": context(error),
    }
    if error.span is not None and error.source is not None:
        entry["input"] = safe(error.span.slice(error.source))
    return entry
