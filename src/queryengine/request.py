"""The reader: a query string, a body, a text or a document to the text of one filter; strict and bounded."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import unquote_to_bytes
from uuid import UUID

from queryengine.brackets import Parameter, read_brackets
from queryengine.config import QueryConfig
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.limits import Limits
from queryengine.parsed import Source
from queryengine.tokens import CLAUSES, exceeded
from queryengine.values import write

__all__ = ["BodyRequest", "encode", "read_body", "read_query", "read_text", "refuse_query"]


class BodyRequest(Protocol):
    """What `read_body` needs of a request; Starlette's has it."""

    @property
    def scope(self) -> Mapping[str, Any]:  # Any: ASGI
        """The ASGI scope: here, its headers."""
        ...

    def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it arrives."""
        ...


def read_query(raw: bytes, config: QueryConfig, limits: Limits) -> Source | None:
    """Return the filter in a raw query string (ASGI's `query_string`), or None where there is none.

    It is `filter=` with JSON, or parameters `filter[...]=`; all others are left alone, but for those that can
    only have been meant for it, such as `Filter[where][id]=`, `filter.limit=` and `where[id]=`. Raises
    FilterError.

    >>> read_query(b"page=2&filter=%7B%22limit%22:5%7D", QueryConfig(), Limits()).text
    '{"limit":5}'
    """
    if not raw:
        return None
    if len(raw) > limits.max_url_bytes:
        raise exceeded("max_url_bytes", limits.max_url_bytes, "bytes", Span(0, len(raw)))
    try:
        pieces = list(_pieces(raw, config.name.encode()))
        if not pieces:
            return None
        if len(pieces) == 1 and not pieces[0].bracketed:
            return _source(_decode(pieces[0].value, pieces[0].value_span), pieces[0].value_span)
        parameters = [piece.parameter() for piece in _all_bracketed(pieces)]
    except FilterError as error:
        error.source = raw.decode("latin-1")
        raise
    return read_brackets(parameters, raw.decode("latin-1"), limits)


def refuse_query(raw: bytes, config: QueryConfig) -> None:
    """Refuse a filter in the raw query string where the body is the filter: it would be ignored.

    It is what `read_query` takes for one, or for a slip. Raises FilterError.

    >>> refuse_query(b"page=2", QueryConfig(source="body"))
    """
    try:
        piece = next(_pieces(raw, config.name.encode()), None)
    except FilterError as error:
        error.source = raw.decode("latin-1")
        raise
    if piece is not None:
        raise FilterError(
            ErrorCode.INVALID_PARAMETER,
            f"{quoted(config.name)} stands in the URL, but here the body is the filter",
            span=piece.name_span,
            source=raw.decode("latin-1"),
            expected=("the filter as the JSON body",),
        )


async def read_body(
    request: BodyRequest,
    config: QueryConfig,  # noqa: ARG001  # both readers are called alike
    limits: Limits,
) -> Source | None:
    """Return the filter that is a request's JSON body, or None where the body is empty. Raises FilterError.

    Nothing is read beyond the limit.
    """
    headers = {name.lower(): value for name, value in request.scope.get("headers", ())}
    maximum = limits.max_body_bytes
    declared: bytes = headers.get(b"content-length", b"")
    if declared.isdigit() and (len(declared) > 18 or int(declared) > maximum):
        raise exceeded("max_body_bytes", maximum, "bytes", Span(0, 0))
    body = bytearray()
    async for chunk in request.stream():
        if len(body) + len(chunk) > maximum:
            raise exceeded("max_body_bytes", maximum, "bytes", Span(0, 0))
        body += chunk
    if not body:
        return None
    _check_content_type(headers.get(b"content-type", b"").decode("latin-1"))
    return _source(_checked(bytes(body), Span(0, 0)), Span(0, 0))


def read_text(text: str, limits: Limits, config: QueryConfig | None = None) -> Source:
    """Return the filter that is given as a text. Raises FilterError.

    In UTF-8 it is no longer than a body may be, or, where `config` reads filters from URLs, a query string.
    """
    in_url = config is not None and config.source == "query"
    name = "max_url_bytes" if in_url else "max_body_bytes"
    maximum: int = getattr(limits, name)
    # The first half spares long texts their encoding, and short ones are none of the second.
    if len(text) > maximum or (
        len(text) * 4 > maximum and len(text.encode("utf-8", "surrogatepass")) > maximum
    ):
        raise exceeded(name, maximum, "bytes", Span(0, len(text)))
    return Source(text)


def encode(
    document: Mapping[str, Any],  # Any: a JSON document, with Python's values in it
    limits: Limits | None = None,
) -> Source:
    """Return the filter that is given as a document; dates, decimals, UUIDs, enums and bytes become JSON.

    Raises FilterError for what no filter can hold, for a document that is too deep or holds itself, and, if
    limits are given, for one that is longer than a body may be.

    >>> import datetime
    >>> encode({"where": {"day": datetime.date(2013, 1, 31)}}).text
    '{"where": {"day": "2013-01-31"}}'
    """
    try:
        # Without the check for circles they end in RecursionError, as depth does.
        text = json.dumps(document, default=_plain, ensure_ascii=False, allow_nan=False, check_circular=False)
    except RecursionError:
        raise FilterError(ErrorCode.LIMIT_EXCEEDED, "the document is too deep, or holds itself") from None
    except ValueError:
        message = "a number of the document is infinite, no number, or has too many digits"
        raise FilterError(ErrorCode.OUT_OF_RANGE, message) from None
    except TypeError:
        raise FilterError(ErrorCode.SYNTAX_ERROR, "a key of the document is no text") from None
    return Source(text) if limits is None else read_text(text, limits)


def _plain(value: object) -> object:
    """Return what stands in JSON for a value that JSON does not know."""
    match value:
        case Mapping():
            return dict(cast("Mapping[object, object]", value))
        case Enum() | Decimal() | UUID() | date() | time() | timedelta() | bytes():
            return write(value)
        case _:
            message = f"a filter cannot hold a value of the type {quoted(type(value).__name__)}"
            raise FilterError(ErrorCode.TYPE_MISMATCH, message)


class _Piece(NamedTuple):
    """One parameter as it stands in the query string, from `start`."""

    start: int
    name: bytes
    value: bytes
    bracketed: bool

    @property
    def name_span(self) -> Span:
        return Span(self.start, self.start + len(self.name))

    @property
    def value_span(self) -> Span:
        start = self.start + len(self.name) + 1
        return Span(start, start + len(self.value))

    def parameter(self) -> Parameter:
        """Decode it."""
        name, value = _decode(self.name, self.name_span), _decode(self.value, self.value_span)
        return Parameter(name, value, self.name_span, self.value_span)


def _pieces(raw: bytes, root: bytes) -> Iterator[_Piece]:
    """Yield the parameters that make the filter; others may be encoded as they like.

    Raises FilterError for one that is nearly of the filter's name: without it all rows would be given.
    """
    start = 0
    for part in raw.split(b"&"):
        name, _, value = part.partition(b"=")
        plain = unquote_to_bytes(name) if b"%" in name else name
        if plain == root or plain.startswith(root + b"["):
            yield _Piece(start, name, value, plain != root)
        elif _is_near_miss(plain, root) or _is_conditions(plain, value):
            raise _misnamed(plain, root, Span(start, start + len(name)))
        start += len(part) + 1


def _is_near_miss(name: bytes, root: bytes) -> bool:
    """Tell whether a name is the filter's but for case, blanks or an s, with a clause in brackets or dots.

    Without a clause it may be a parameter of the handler's own. Conditions, `where[id]` or `where.id`, are
    meant for the filter; the other clauses are not surely so: `fields[articles]` and `order[0][column]` are
    well-known parameters of other conventions.
    """
    if _folded(name.replace(b".", b"[").partition(b"[")[0]) == b"where" and not name.isalpha():
        return True
    head, *clauses = _separators().split(name, maxsplit=2)
    return (
        bool(clauses)
        and clauses[0] in _clauses()
        and _folded(head).removesuffix(b"s") == _folded(root).removesuffix(b"s")
    )


def _is_conditions(name: bytes, value: bytes) -> bool:
    """Tell whether a parameter gives the conditions alone, as JSON: `where={...}`."""
    return _folded(name) == b"where" and unquote_to_bytes(value).lstrip(b" +").startswith(b"{")


def _folded(name: bytes) -> bytes:
    return name.strip(b" +").lower()


def _misnamed(name: bytes, root: bytes, span: Span) -> FilterError:
    shown, wanted = name.decode("utf-8", "replace"), root.decode()
    return FilterError(
        ErrorCode.INVALID_PARAMETER,
        f"{quoted(shown)} is not a name of the parameter {quoted(wanted)}",
        span=span,
        expected=(f"a name such as {wanted}[where][price][gt]",),
    )


@cache
def _separators() -> re.Pattern[bytes]:
    return re.compile(rb"[\[\].]++")


@cache
def _clauses() -> frozenset[bytes]:
    return frozenset(word.encode() for word, kind in CLAUSES.items() if kind not in {"RELATION", "SCOPE"})


def _all_bracketed(pieces: list[_Piece]) -> list[_Piece]:
    """Refuse a filter that is given twice, or in two ways."""
    plain = [piece for piece in pieces if not piece.bracketed]
    if not plain:
        return pieces
    message = (
        "the filter stands twice" if len(plain) > 1 else "the filter stands both as JSON and in brackets"
    )
    raise FilterError(ErrorCode.DUPLICATE_PARAMETER, message, span=plain[-1].name_span)


def _decode(encoded: bytes, span: Span) -> str:
    """Undo the percent-encoding, strictly."""
    # Percent escapes become Python's, whose decoder is fast and refuses what is not two hexadecimal digits.
    escaped = encoded.replace(b"\\", rb"\\").replace(b"%", rb"\x").replace(b"+", b" ")
    try:
        decoded = escaped.decode("unicode_escape").encode("latin-1")
    except UnicodeDecodeError:
        bad = re.search(rb"%(?![0-9a-fA-F]{2})", encoded)
        place = Span(span.start + bad.start(), span.start + bad.start() + 1) if bad else span
        raise FilterError(
            ErrorCode.INVALID_ENCODING, "a % without two hexadecimal digits", span=place, expected=["%25"]
        ) from None
    return _checked(decoded, span)


def _checked(encoded: bytes, span: Span) -> str:
    """Return the text of UTF-8 bytes, if no NUL is in it."""
    try:
        text = encoded.decode()
    except UnicodeDecodeError:
        raise FilterError(ErrorCode.INVALID_ENCODING, "not valid UTF-8", span=span) from None
    if "\0" in text:
        raise FilterError(ErrorCode.INVALID_ENCODING, "a NUL character stands in the filter", span=span)
    return text


def _source(text: str, span: Span) -> Source:
    if text.startswith("\ufeff"):
        raise FilterError(ErrorCode.INVALID_ENCODING, "a byte order mark stands before the filter", span=span)
    return Source(text)


def _check_content_type(declared: str) -> None:
    media_type, _, parameters = declared.lower().partition(";")
    charset = re.search(r"charset\s*=\s*\"?([^\s\";]*)", parameters)
    if not re.fullmatch(r"application/(?:[^\s/;]+\+)?json", media_type.strip()):
        how = f"declared as {quoted(media_type.strip())}" if media_type.strip() else "not declared"
        raise FilterError(
            ErrorCode.INVALID_ENCODING,
            f"the body is {how}, and has to be JSON",
            expected=["application/json"],
            hint="send the header Content-Type: application/json",
        )
    if charset and charset[1] not in {"utf-8", "utf8"}:
        message = f"the body is declared to be in {quoted(charset[1])}"
        raise FilterError(ErrorCode.INVALID_ENCODING, message, expected=["charset=utf-8"])
