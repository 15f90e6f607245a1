"""The one family of exceptions: a stable code, a path, a span, what was expected. Knows no other module."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

__all__ = [
    "ConfigurationError",
    "ErrorCode",
    "FilterError",
    "QueryEngineError",
    "Refusal",
    "Span",
    "as_it_is",
    "nearest",
    "quoted",
]


class Span(NamedTuple):
    """A half-open range of characters in the text that the caller sent.

    >>> Span(3, 5).slice("abcdef")
    'de'
    """

    start: int
    end: int

    def slice(self, text: str) -> str:
        """Return the characters of `text` that the span covers."""
        return text[self.start : self.end]

    def line_and_column(self, text: str) -> tuple[int, int]:
        r"""Return the line and the column of the first character, both counted from 1.

        >>> Span(3, 4).line_and_column("a\nbc")
        (2, 2)
        """
        before = text[: self.start]
        return before.count("\n") + 1, self.start - before.rfind("\n")


class ErrorCode(StrEnum):
    """Every code that a caller can meet. The texts are stable: clients may branch on them."""

    INVALID_ENCODING = "invalid_encoding"
    """It is not valid UTF-8, holds a character that no value may hold, or is a body declared as no JSON."""
    DUPLICATE_PARAMETER = "duplicate_parameter"
    """The filter was given twice, or both as JSON and as bracket parameters."""
    INVALID_PARAMETER = "invalid_parameter"
    """A parameter that is meant for the filter cannot be read, or stands in the URL where a body is."""
    SYNTAX_ERROR = "syntax_error"
    """The text is not a filter; `expected` lists what could have stood there."""
    DUPLICATE_KEY = "duplicate_key"
    """An object names the same key twice."""
    UNKNOWN_CLAUSE = "unknown_clause"
    """A key beside where, order, fields, include, limit, offset, skip, after, before."""
    UNKNOWN_FIELD = "unknown_field"
    """No such field or relation can be seen by the caller."""
    UNKNOWN_OPERATOR = "unknown_operator"
    """No operator has this name."""
    OPERATOR_NOT_APPLICABLE = "operator_not_applicable"
    """The operator exists, but not for values of this type."""
    NOT_ALLOWED = "not_allowed"
    """The caller may see the field, but not use it in this way."""
    TYPE_MISMATCH = "type_mismatch"
    """The value is not of the field's type."""
    OUT_OF_RANGE = "out_of_range"
    """A value of the field's type (a row's own in a cursor, too), or a sum, is none that is held exactly."""
    EMPTY_CONDITION = "empty_condition"
    """An empty object or an empty and, or, nor: nothing that could mean something."""
    QUANTIFIER_REQUIRED = "quantifier_required"
    """A to-many relation without some, every or none."""
    LIMIT_EXCEEDED = "limit_exceeded"
    """A limit of the policy, or a cursor's length, is breached; `expected` says its name and its value."""
    INVALID_REGEX = "invalid_regex"
    """The pattern is outside of the subset that runs in linear time."""
    INVALID_CURSOR = "invalid_cursor"
    """The cursor was not made by this service for this order, policy and principal."""
    UNSUPPORTED_BY_BACKEND = "unsupported_by_backend"
    """The back-end declares that it cannot do this; it never approximates."""
    ACCESS_DENIED = "access_denied"
    """The scope of the request denies all rows."""


def quoted(text: str, most: int = 60) -> str:
    r"""Return a caller's text as it may stand in a message: escaped, in quotes, cut after `most` characters.

    >>> quoted("a\x00b"), quoted("abc", most=2)
    ("'a\\x00b'", "'ab…'")
    """
    return repr(text if len(text) <= most else text[:most] + "…")


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known name that a misspelt one most likely was meant to be, if one is close.

    >>> nearest("prise", ["price", "name"])
    'price'
    """
    return next(iter(get_close_matches(word[:64], list(known), n=1, cutoff=0.7)), None)


class QueryEngineError(Exception):
    """The root of all exceptions of queryengine and of its back-ends."""


class ConfigurationError(QueryEngineError):
    """A mistake of the service's author (a policy that names no field, a model that cannot be read)."""


class FilterError(QueryEngineError):
    """What is wrong with a caller's filter. Every text in it is safe to show to that caller.

    `path` leads to the place (`("where", "price", "gt")`), `span` covers it in `source`; `expected` lists
    what could have stood there, `nearest` a visible name that is close to a misspelt one.

    >>> error = FilterError(ErrorCode.UNKNOWN_FIELD, "no field 'prize'", path=["where", "prize"])
    >>> print(error)
    no field 'prize' at where.prize
    """

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        path: Sequence[str | int] = (),
        span: Span | None = None,
        source: str | None = None,
        expected: Sequence[str] = (),
        nearest: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path: tuple[str | int, ...] = tuple(path)
        self.span = span
        self.source = source
        self.expected: tuple[str, ...] = tuple(expected)
        self.nearest = nearest
        self.hint = hint

    def __str__(self) -> str:
        place = f" at {'.'.join(map(str, self.path))}" if self.path else ""
        guess = f"; did you mean {self.nearest!r}?" if self.nearest else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.message}{place}{guess}{hint}"

    def highlight(self) -> str | None:
        """Return the line that is wrong with carets under the place, or None if the place is unknown.

        >>> print(FilterError(ErrorCode.SYNTAX_ERROR, "stop", span=Span(1, 3), source="abcd").highlight())
        abcd
         ^^
        """
        if self.span is None or self.source is None:
            return None
        start = self.source.rfind("\n", 0, self.span.start) + 1
        line = self.source[start:].partition("\n")[0]
        width = min(self.span.end, start + len(line)) - self.span.start
        return f"{line}\n{' ' * (self.span.start - start)}{'^' * max(width, 1)}"

    def context(self) -> dict[str, Any]:  # Any: it is the JSON object of the error's `ctx`
        """Return line, column, span, expected, nearest and hint, as far as they are known, ready for JSON.

        There is no span without the source: an engine knows no text, and its nodes may be of another one.

        >>> FilterError(ErrorCode.SYNTAX_ERROR, "stop", span=Span(2, 3), source="ab?").context()
        {'line': 1, 'column': 3, 'span': [2, 3]}
        >>> FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, "no such order", span=Span(2, 3)).context()
        {}
        """
        context: dict[str, Any] = {}
        if self.span is not None and self.source is not None:
            context["line"], context["column"] = self.span.line_and_column(self.source)
            context["span"] = [self.span.start, self.span.end]
        if self.expected:
            context["expected"] = list(self.expected)
        if self.nearest is not None:
            context["nearest"] = self.nearest
        if self.hint is not None:
            context["hint"] = self.hint
        return context


Refusal: TypeAlias = Callable[[FilterError], Exception]
"""Makes of an error that comes up after binding what is raised: by a dependency, what FastAPI answers 422."""


def as_it_is(error: FilterError) -> Exception:
    """Return the error: the refusal where there is no HTTP."""
    return error
