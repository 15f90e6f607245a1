"""The reader: what is a filter in a query string, a body or a document, and the strictness of each."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from collections import UserDict
from collections.abc import AsyncIterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from queryengine.config import QueryConfig
from queryengine.errors import ErrorCode, FilterError, Span
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.parsed import Source
from queryengine.parser import parse
from queryengine.request import BodyRequest, encode, read_body, read_query, read_text, refuse_query

CONFIG, LIMITS = QueryConfig(), Limits()


def text_of(query: str | bytes, config: QueryConfig = CONFIG) -> str | None:
    source = read_query(query.encode() if isinstance(query, str) else query, config, LIMITS)
    return None if source is None else source.text


def refused(query: str | bytes, limits: Limits = LIMITS) -> FilterError:
    with pytest.raises(FilterError) as caught:
        read_query(query.encode() if isinstance(query, str) else query, CONFIG, limits)
    return caught.value


# -- query strings


@pytest.mark.parametrize(
    "query", ["", "&", "=", "page=1", "filters={}", "xfilter={}", "Filter={}", "a=filter={}", "filter.x=1"]
)
def test_a_query_without_a_filter_gives_none(query: str) -> None:
    assert text_of(query) is None


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("filter={}", "{}"),
        ("filter", ""),
        ("filter=", ""),
        ("a=1&filter=%7B%22limit%22%3A5%7D&b=2", '{"limit":5}'),
        ("%66ilter={}", "{}"),
        ("filter=a=b", "a=b"),
        ("filter=%22a+b%2Bc%25%5C%5Cn%22", '"a b+c%\\\\n"'),
        ("filter=\\x41\\n", "\\x41\\n"),
        ("filter=%c3%A9é%F0%9F%91%8D", "éé👍"),
        ("filter={}&broken=%zz&%ff=%ff", "{}"),
        ("filter=%0A%09{}", "\n\t{}"),
        ("filter=a;b", "a;b"),
    ],
)
def test_the_text_is_what_stands_percent_encoded_in_the_parameter(query: str, text: str) -> None:
    assert text_of(query) == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff")), st.booleans())
def test_every_text_comes_through_percent_encoding(text: str, all_of_it: bool) -> None:
    encoded = "".join(f"%{byte:02x}" for byte in text.encode()) if all_of_it else quote_plus(text)
    assert text_of(f"a=1&filter={encoded}") == text
    assert text_of(f"filter={quote(text)}") == text


def test_the_parameter_may_have_another_name() -> None:
    assert text_of("filter=1&q=2", QueryConfig(parameter="q")) == "2"
    assert text_of("filter=1&s%C3%B6k=2", QueryConfig(parameter="sök")) == "2"


@pytest.mark.parametrize(
    ("query", "code", "place"),
    [
        ("filter={}&filter={}", ErrorCode.DUPLICATE_PARAMETER, Span(10, 16)),
        ("filter={}&%66ilter", ErrorCode.DUPLICATE_PARAMETER, Span(10, 18)),
        ("filter={}&filter[limit]=1", ErrorCode.DUPLICATE_PARAMETER, Span(0, 6)),
        ("filter[limit]=1&filter=", ErrorCode.DUPLICATE_PARAMETER, Span(16, 22)),
        ("filter=%", ErrorCode.INVALID_ENCODING, Span(7, 8)),
        ("filter={}%2", ErrorCode.INVALID_ENCODING, Span(9, 10)),
        ("filter=%41%4G", ErrorCode.INVALID_ENCODING, Span(10, 11)),
        ("filter=%u0041", ErrorCode.INVALID_ENCODING, Span(7, 8)),
        ("filter=%+1", ErrorCode.INVALID_ENCODING, Span(7, 8)),
        ("filter=%C0%AF", ErrorCode.INVALID_ENCODING, Span(7, 13)),
        ("filter=%E0%80%80", ErrorCode.INVALID_ENCODING, Span(7, 16)),
        ("filter=%ED%A0%80", ErrorCode.INVALID_ENCODING, Span(7, 16)),
        ("filter=%F4%90%80%80", ErrorCode.INVALID_ENCODING, Span(7, 19)),
        ("filter=%FF", ErrorCode.INVALID_ENCODING, Span(7, 10)),
        ("filter=%C3", ErrorCode.INVALID_ENCODING, Span(7, 10)),
        ("filter=%EF%BB%BF{}", ErrorCode.INVALID_ENCODING, Span(7, 18)),
        ('filter="%00"', ErrorCode.INVALID_ENCODING, Span(7, 12)),
        (b"filter=\xff", ErrorCode.INVALID_ENCODING, Span(7, 8)),
        (b"filter=\xc0\xaf", ErrorCode.INVALID_ENCODING, Span(7, 9)),
        (b"filter=\x00", ErrorCode.INVALID_ENCODING, Span(7, 8)),
    ],
)
def test_a_filter_that_could_be_read_in_two_ways_is_refused_with_its_place(
    query: str | bytes, code: ErrorCode, place: Span
) -> None:
    error = refused(query)
    assert (error.code, error.span) == (code, place)
    assert error.source == (query if isinstance(query, str) else query.decode("latin-1"))


@pytest.mark.parametrize(
    "query",
    [
        "Filter[where][id]=1",
        "FILTER%5Blimit%5D=1",
        "filters[where][id]=1",
        "filter%20[where][id]=1",
        "filter.where.id=1",
        "filter.limit=1",
        "filter.where[id]=1",
        "filter][where][id]=1",
        "where[id]=1",
        "where.id=1",
        "Where.id=1",
        'where={"id":1}',
        "where=%7B%22id%22:1}",
        "Where%5Bid%5D[gt]=1",
    ],
)
def test_a_name_that_is_nearly_the_filter_s_is_refused_and_does_not_give_all_rows(query: str) -> None:
    error = refused("x=1&" + query)
    assert error.code is ErrorCode.INVALID_PARAMETER
    assert error.expected == ("a name such as filter[where][price][gt]",)
    assert error.source == "x=1&" + query
    assert error.span == Span(4, 4 + query.index("="))


@pytest.mark.parametrize(
    "query",
    [
        "filters={}",
        "Filter={}",
        "filters[]=1",
        "filters[id]=1",
        "filter_a[where]=1",
        "filter2.limit=1",
        "where=1",
        "wherever[id]=1",
        "order[0][column]=2",
        "fields[articles]=title",
        "include[]=x",
        "limit=1",
        "order=-id",
    ],
)
def test_parameters_that_a_handler_may_have_itself_are_left_alone(query: str) -> None:
    assert read_query(query.encode(), CONFIG, LIMITS) is None


@pytest.mark.parametrize(
    ("query", "config"), [("where[where][id]=1", QueryConfig(parameter="where")), ("filter={}", CONFIG)]
)
def test_a_filter_beside_a_body_that_is_the_filter_is_refused_with_its_place(
    query: str, config: QueryConfig
) -> None:
    with pytest.raises(FilterError) as caught:
        refuse_query(f"x=1&{query}&y".encode(), config)
    error = caught.value
    assert (error.code, error.span) == (ErrorCode.INVALID_PARAMETER, Span(4, 4 + query.index("=")))
    assert (error.expected, error.source) == (("the filter as the JSON body",), f"x=1&{query}&y")


def test_beside_a_body_near_names_are_refused_and_others_left_alone() -> None:
    refuse_query(b"page=2&filters={}&%ff=%zz", CONFIG)
    with pytest.raises(FilterError, match="not a name of the parameter"):
        refuse_query(b"Filter[limit]=1", CONFIG)


def test_the_limit_on_a_query_string_counts_its_bytes_before_anything_else() -> None:
    query = b"filter=" + b"%zz" * 10
    assert refused(query, Limits(max_url_bytes=len(query))).code is ErrorCode.INVALID_ENCODING
    error = refused(query, Limits(max_url_bytes=len(query) - 1))
    assert (error.code, error.expected) == (ErrorCode.LIMIT_EXCEEDED, ("max_url_bytes 36",))


def test_an_empty_filter_is_no_filter_and_the_grammar_says_what_one_begins_with() -> None:
    source = read_query(b"filter=", CONFIG, LIMITS)
    assert source == Source("")
    with pytest.raises(FilterError) as caught:
        parse(lex(""), LIMITS)
    assert (caught.value.code, caught.value.expected) == (ErrorCode.SYNTAX_ERROR, ('"{"',))


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        source = read_query(b"filter=" + raw, CONFIG, LIMITS)
    except FilterError as error:
        assert_placed(error, raw)
    else:
        assert source is not None


def assert_placed(error: FilterError, raw: bytes) -> None:
    assert error.span is not None
    assert error.span.end <= len(raw) + 7


# -- bodies


class FakeBody:
    """A request whose body comes in these chunks; it counts what was read of it."""

    def __init__(self, *chunks: bytes, **headers: str) -> None:
        declared = {"content_type": "application/json", **headers}
        pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in declared.items()]
        self.scope: Mapping[str, Any] = {"headers": pairs}
        self.chunks = chunks
        self.read = 0

    async def stream(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            self.read += 1
            yield chunk


async def body_text(request: BodyRequest, limits: Limits = LIMITS) -> str | None:
    source = await read_body(request, CONFIG, limits)
    return None if source is None else source.text


async def body_error(request: BodyRequest, limits: Limits = LIMITS) -> FilterError:
    with pytest.raises(FilterError) as caught:
        await read_body(request, CONFIG, limits)
    return caught.value


@pytest.mark.anyio
async def test_a_body_is_put_together_from_its_chunks() -> None:
    assert await body_text(FakeBody(b'{"li', b"", b'mit": "\xc3', b'\xa9"}')) == '{"limit": "é"}'


@pytest.mark.anyio
@pytest.mark.parametrize("chunks", [(), (b"",), (b"", b"")])
async def test_an_empty_body_gives_none_whatever_it_is_declared_as(chunks: tuple[bytes, ...]) -> None:
    assert await body_text(FakeBody(*chunks, content_type="text/plain")) is None


@pytest.mark.anyio
@pytest.mark.parametrize(
    "declared",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
        "application/merge-patch+json",
        "application/json; profile=x",
    ],
)
async def test_a_body_may_be_declared_as_json(declared: str) -> None:
    assert await body_text(FakeBody(b"{}", content_type=declared)) == "{}"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "declared",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "json",
        "application/json; charset=latin-1",
    ],
)
async def test_a_body_that_is_declared_as_anything_else_is_refused(declared: str) -> None:
    error = await body_error(FakeBody(b"{}", content_type=declared))
    assert error.code is ErrorCode.INVALID_ENCODING
    assert error.expected


@pytest.mark.anyio
async def test_a_body_that_is_not_declared_is_refused() -> None:
    undeclared = FakeBody(b"{}")
    undeclared.scope = {"headers": []}
    for body in (undeclared, FakeBody(b"{}", content_type="")):
        error = await body_error(body)
        assert str(error) == (
            "the body is not declared, and has to be JSON (send the header Content-Type: application/json)"
        )


@pytest.mark.anyio
async def test_a_wrong_content_type_is_told_the_right_one() -> None:
    error = await body_error(FakeBody(b"{}", content_type="text/plain"))
    assert str(error) == (
        "the body is declared as 'text/plain', and has to be JSON "
        "(send the header Content-Type: application/json)"
    )


@pytest.mark.anyio
@pytest.mark.parametrize(
    "body", [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xef\xbb\xbf{}", b'"\x00"', "{}".encode("utf-16")]
)
async def test_a_body_that_is_not_plain_utf_8_is_refused(body: bytes) -> None:
    assert (await body_error(FakeBody(body))).code is ErrorCode.INVALID_ENCODING


@pytest.mark.anyio
async def test_a_body_is_read_no_further_than_the_limit() -> None:
    request = FakeBody(*[b" " * 10] * 1_000)
    error = await body_error(request, Limits(max_body_bytes=25))
    assert (error.code, error.expected) == (ErrorCode.LIMIT_EXCEEDED, ("max_body_bytes 25",))
    assert request.read == 3
    assert await body_text(FakeBody(b"{}", b" " * 23), Limits(max_body_bytes=25)) == "{}" + " " * 23


@pytest.mark.anyio
@pytest.mark.parametrize("declared", ["26", "9" * 5_000])
async def test_a_body_that_is_declared_too_long_is_not_read_at_all(declared: str) -> None:
    request = FakeBody(b"{}", content_length=declared)
    assert (await body_error(request, Limits(max_body_bytes=25))).code is ErrorCode.LIMIT_EXCEEDED
    assert request.read == 0


@pytest.mark.anyio
@pytest.mark.parametrize("declared", ["2", "25", "-1", "x", ""])
async def test_any_other_declared_length_is_left_to_the_server(declared: str) -> None:
    assert await body_text(FakeBody(b"{}", content_length=declared), Limits(max_body_bytes=25)) == "{}"


@pytest.mark.anyio
async def test_the_request_of_starlette_is_one_that_can_be_read() -> None:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b'{"limit": 1}', "more_body": False}

    scope = {"type": "http", "headers": [(b"content-type", b"application/json")]}
    assert await body_text(Request(scope, receive)) == '{"limit": 1}'


# -- texts and documents


def test_a_text_is_no_longer_than_a_body() -> None:
    assert read_text("{}", Limits(max_body_bytes=2)) == Source("{}")
    with pytest.raises(FilterError) as caught:
        read_text("{ }", Limits(max_body_bytes=2))
    assert caught.value.expected == ("max_body_bytes 2",)


def test_a_text_is_measured_in_bytes() -> None:
    for text, size in (('"é"', 4), ('"\ud800"', 5), ('"😀"', 6)):
        assert read_text(text, Limits(max_body_bytes=size)) == Source(text)
        with pytest.raises(FilterError) as caught:
            read_text(text, Limits(max_body_bytes=size - 1))
        assert caught.value.expected == (f"max_body_bytes {size - 1}",)


def test_a_text_for_a_dependency_that_reads_urls_is_no_longer_than_a_url() -> None:
    limits = Limits(max_url_bytes=2)
    assert read_text("{ }", limits, QueryConfig(source="body")) == Source("{ }")
    with pytest.raises(FilterError) as caught:
        read_text("{ }", limits, QueryConfig())
    assert caught.value.expected == ("max_url_bytes 2",)


def test_a_document_is_no_longer_than_a_body() -> None:
    document = {"where": {"a": "x" * 100}}
    assert encode(document).text == encode(document, Limits()).text
    with pytest.raises(FilterError) as caught:
        encode(document, Limits(max_body_bytes=50))
    assert caught.value.expected == ("max_body_bytes 50",)


class Colour(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    LOW = 1


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (dt.date(2013, 1, 31), "2013-01-31"),
        (dt.datetime(2013, 1, 31, 12, 30, 0, 5), "2013-01-31T12:30:00.000005"),  # noqa: DTZ001  # it has no zone
        (dt.datetime(2013, 1, 31, tzinfo=dt.UTC), "2013-01-31T00:00:00Z"),
        (dt.time(1, 2, 3), "01:02:03"),
        (dt.timedelta(hours=26), "P1DT2H"),
        (Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"abc", "YWJj"),
        (Colour.RED, "red"),
        (Level.LOW, 1),
        ((1, "é"), [1, "é"]),
        (UserDict({"a": None}), {"a": None}),
        (10**30, 10**30),
        (0.1, 0.1),
    ],
)
def test_a_document_is_written_with_the_values_of_python(value: object, written: object) -> None:
    assert json.loads(encode({"where": {"a": value}}).text) == {"where": {"a": written}}


def circle() -> dict[str, Any]:
    inner: dict[str, Any] = {}
    inner["not"] = inner
    return inner


def nested(levels: int) -> dict[str, Any]:
    document: dict[str, Any] = {}
    for _ in range(levels):
        document = {"not": document}
    return document


@pytest.mark.parametrize(
    ("document", "code"),
    [
        ({"a": float("nan")}, ErrorCode.OUT_OF_RANGE),
        ({"a": float("-inf")}, ErrorCode.OUT_OF_RANGE),
        ({"a": 10**5_000}, ErrorCode.OUT_OF_RANGE),
        ({"a": {1, 2}}, ErrorCode.TYPE_MISMATCH),
        ({"a": object()}, ErrorCode.TYPE_MISMATCH),
        ({"a": 1j}, ErrorCode.TYPE_MISMATCH),
        ({("a",): 1}, ErrorCode.SYNTAX_ERROR),
        (circle(), ErrorCode.LIMIT_EXCEEDED),
        (UserDict(circle()), ErrorCode.LIMIT_EXCEEDED),
        (nested(100_000), ErrorCode.LIMIT_EXCEEDED),
    ],
)
def test_a_document_that_no_filter_can_hold_is_refused(document: Mapping[str, Any], code: ErrorCode) -> None:
    with pytest.raises(FilterError) as caught:
        encode(document)
    assert caught.value.code is code
