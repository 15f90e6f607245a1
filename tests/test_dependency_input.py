"""The dependency on bodies and on hostile query strings: bounded, and never a 5xx."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from fastapi import Request
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from queryengine import (
    QueryConfig,
    create_qe_dependency,
)
from queryengine.http_errors import FilterValidationError
from tests.harbour import ships
from tests.harbour_service import OPEN, client, refused, request


@pytest.fixture
def harbour() -> TestClient:
    return client(create_qe_dependency(ships(), policy=OPEN))


# -- the body


@pytest.fixture
def posting() -> TestClient:
    return client(create_qe_dependency(ships(), policy=OPEN, config=QueryConfig(source="body")))


def test_a_filter_may_be_the_body(posting: TestClient) -> None:
    assert posting.post("/ships", json={"where": {"id": {"in": [1, 3]}}}).json() == ["Anna", "Clara"]
    assert posting.post("/ships").json() is None
    assert posting.post("/ships?page=2&filters=nonsense", json={"limit": 1}).json() == ["Anna"]


@pytest.mark.parametrize(
    "query", ["filter=%7B%7D", "filter[where][id]=1", "Filter[where][id]=1", "where[id]=1"]
)
@pytest.mark.parametrize("body", [None, {"limit": 1}])
def test_a_filter_in_the_url_of_a_service_that_reads_bodies_is_refused(
    posting: TestClient, query: str, body: object
) -> None:
    answer = posting.post(f"/ships?{query}", json=body)
    assert answer.status_code == 422
    error = answer.json()["detail"][0]
    assert (error["type"], error["loc"]) == ("invalid_parameter", ["query", "filter"])
    assert error["input"] == query.partition("=")[0]


def test_built_without_waiting_a_body_is_empty_and_the_url_is_checked_too() -> None:
    dependency = create_qe_dependency(ships(), config=QueryConfig(source="body"))
    assert dependency.build(request("page=2"), None) is None
    with pytest.raises(FilterValidationError) as caught:
        dependency.build(request("filter={}"), None)
    assert caught.value.location == ("query", "filter")


def test_a_refused_body_is_a_422_that_leads_into_the_body(posting: TestClient) -> None:
    answer = posting.post("/ships", json={"where": {"nothing": 1}})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "where", "nothing"]


def test_an_endless_body_is_refused_after_its_first_bytes(posting: TestClient) -> None:
    sent = 0

    def endless() -> Iterator[bytes]:
        nonlocal sent
        while sent < 100 * 2**20:
            sent += 2**16
            yield b" " * 2**16

    answer = posting.post("/ships", content=endless(), headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "limit_exceeded"


async def test_of_a_large_body_no_more_is_read_than_the_limit() -> None:
    dependency = create_qe_dependency(ships(), config=QueryConfig(source="body"))
    read = 0

    async def receive() -> dict[str, object]:
        nonlocal read
        read += 1
        return {"type": "http.request", "body": b" " * 2**16, "more_body": True}

    with pytest.raises(FilterValidationError) as caught:
        await dependency(Request(dict(request(method="POST").scope), receive))
    assert caught.value.error.code == "limit_exceeded"
    assert read <= 2


def test_a_body_that_says_it_is_too_large_is_not_read_at_all(posting: TestClient) -> None:
    headers = {"content-type": "application/json", "content-length": str(100 * 2**20)}
    answer = posting.post("/ships", content=b"{}", headers=headers)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "limit_exceeded"


# -- attacks


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("filter={}&filter={}", "duplicate_parameter"),
        ("filter={}&filter[limit]=1", "duplicate_parameter"),
        ("filter[limit]=1&filter[limit]=2", "duplicate_key"),
        ("filter=%C0%AF", "invalid_encoding"),
        ("filter=%ff", "invalid_encoding"),
        ("filter=%", "invalid_encoding"),
        ("filter=%zz", "invalid_encoding"),
        ("filter=%00", "invalid_encoding"),
        ("filter=%EF%BB%BF{}", "invalid_encoding"),
        ("filter=%ED%A0%80", "invalid_encoding"),
        ("filter=" + "%20" * 5000, "limit_exceeded"),
        ("filter=" + quote('{"where":' + '{"not":' * 1000), "limit_exceeded"),
        ("filter=" + quote('{"where":{"id":' + "9" * 4000 + "}}"), "out_of_range"),
        ("filter=" + quote('{"where":{"length":1e999}}'), "out_of_range"),
        ("filter=" + quote('{"where":{"length":NaN}}'), "syntax_error"),
        ("filter=" + quote('{"where":{"name":"\\ud800"}}'), "invalid_encoding"),
        ("filter=" + quote('{"where":{"name":{"$eq":{"$gt":""}}}}'), "syntax_error"),
        ("filter=" + quote('{"where":{"$where":"1"}}'), "unknown_operator"),
        ("filter=" + quote('{"where":{"password":"swordfish"}}'), "unknown_field"),
        ("filter=" + quote('{"where":{"__class__":1}}'), "unknown_field"),
        ("filter=" + quote('{"where":{"id":1,"id":2}}'), "duplicate_key"),
        ("filter=", "syntax_error"),
        ("filter", "syntax_error"),
        ("filter[", "invalid_parameter"),
        ("filter[where]", "syntax_error"),
    ],
    ids=lambda value: value[:60],
)
def test_a_hostile_query_string_is_a_422_with_its_code(harbour: TestClient, query: str, code: str) -> None:
    answer = harbour.get(f"/ships?{query}")
    assert answer.status_code == 422, answer.text
    error = answer.json()["detail"][0]
    assert error["type"] == code
    assert error["loc"][:2] == ["query", "filter"]


def hostile_texts() -> st.SearchStrategy[str]:
    pieces = [
        *('{"where":', "{", "}", "[", "]", '"', ":", ",", "null", "true", "1e9", "-1", "\\ud800", "$", "or"),
        *('"name"', '"containers"', '"some"', '"home"', '"isNull"', '"not"', '"order"', "\x00", "é", " "),
    ]
    return st.lists(st.sampled_from(pieces) | st.text(max_size=3), max_size=12).map("".join)


@pytest.mark.long
def test_no_query_string_ends_in_a_server_error(harbour: TestClient) -> None:
    @settings(deadline=None, max_examples=150)
    @given(hostile_texts())
    def law(text: str) -> None:
        for encoded in (quote(text, errors="surrogatepass"), text.encode("utf-8", "replace").hex(), ""):
            assert harbour.get(f"/ships?filter={encoded}").status_code in (200, 422)
        assert harbour.get("/ships", params={f"filter[where]{text}": "1"}).status_code in (200, 422)

    law()


def test_no_bytes_of_a_query_string_end_in_a_server_error() -> None:
    dependency = create_qe_dependency(ships(), policy=OPEN)

    @settings(deadline=None, max_examples=300)
    @given(st.binary(max_size=30), st.sampled_from([b"filter=", b"filter[", b"filter[where][", b"&filter=%"]))
    def law(raw: bytes, start: bytes) -> None:
        try:
            dependency.build(Request({"type": "http", "query_string": start + raw, "headers": []}), None)
        except FilterValidationError as error:
            json.dumps(error.errors()).encode()

    law()


def test_a_hidden_field_is_answered_as_one_that_is_not_there(harbour: TestClient) -> None:
    for shape in ('{"where":{"%s":1}}', '{"where":{"%s":{"gt":1}}}', '{"order":"%s"}', '{"fields":["%s"]}'):
        hidden, missing = (refused(harbour, shape % name) for name in ("password", "passport"))
        assert json.dumps(hidden).replace("password", "passport") == json.dumps(missing)
