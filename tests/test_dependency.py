"""The dependency in real applications: what handlers get, what callers are told, and never a 5xx."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from fastapi import APIRouter, Depends, FastAPI, Header, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from queryengine import (
    EVERYTHING,
    Limits,
    MemoryQueryResult,
    Predicate,
    QEDependency,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
    field,
)
from queryengine.http_errors import FilterAccessDenied, FilterValidationError
from queryengine.memory import MemoryQueryEngine
from queryengine.schema import ModelSchema
from tests.harbour import SHIPS, Container, Port, Ship, ships

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


@pytest.fixture
def harbour() -> TestClient:
    return client(create_qe_dependency(ships(), policy=OPEN))


# -- what a handler gets


def test_a_filter_gives_its_query(harbour: TestClient) -> None:
    document = {"where": {"length": {"gt": 20}, "home.name": None}, "order": "-name", "limit": 5}
    assert ask(harbour, document) == ["Clara"]


def test_without_a_filter_the_result_is_none(harbour: TestClient) -> None:
    assert harbour.get("/ships").json() is None
    assert harbour.get("/ships?page=2").json() is None


def test_the_empty_filter_is_a_filter(harbour: TestClient) -> None:
    assert ask(harbour, {}) == ["Anna", "Bertha", "Clara"]


def test_when_required_a_request_without_a_filter_gets_the_default_limit() -> None:
    policy = SecurityPolicy(limits=Limits(default_limit=2))
    required = client(create_qe_dependency(ships(), policy=policy, required=True))
    assert required.get("/ships").json() == ["Anna", "Bertha"]


def test_bracket_parameters_are_the_same_filter(harbour: TestClient) -> None:
    query = "filter[where][length][gt]=20&filter[where][active]=true&filter[order]=-name"
    assert harbour.get(f"/ships?{query}").json() == ["Bertha"]


def test_the_parameter_can_have_another_name() -> None:
    named = client(create_qe_dependency(ships(), config=QueryConfig(parameter="q")))
    assert named.get("/ships", params={"q": '{"limit": 1}'}).json() == ["Anna"]
    assert named.get("/ships", params={"filter": "nonsense"}).json() is None


def test_other_parameters_of_the_handler_are_left_alone() -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships(), required=True)

    @app.get("/ships/{port}")
    async def list_ships(
        port: int, result: Annotated[Ships, Depends(dependency)], tag: Annotated[list[str], Query()]
    ) -> list[object]:
        return [port, tag, names(result)]

    answer = TestClient(app).get("/ships/7", params={"tag": ["a", "b"], "filter": '{"limit":1}'})
    assert answer.json() == [7, ["a", "b"], ["Anna"]]


def test_it_works_in_sync_handlers_classes_and_as_a_default() -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships(), required=True)

    class Page:
        def __init__(self, result: Annotated[Ships, Depends(dependency)]) -> None:
            self.names = names(result)

    @app.get("/sync")
    def sync(result: Annotated[Ships, Depends(dependency)]) -> list[str]:
        return names(result)

    @app.get("/class")
    async def in_class(page: Annotated[Page, Depends()]) -> list[str]:
        return page.names

    @app.get("/default")
    async def default(result: Ships = Depends(dependency)) -> list[str]:  # noqa: B008  # the older way
        return names(result)

    for path in ("/sync", "/class", "/default"):
        assert ask(TestClient(app), {"limit": 1}, path) == ["Anna"]


def test_it_works_in_routers_below_a_prefix_under_a_root_path_and_in_mounted_applications() -> None:
    dependency = create_qe_dependency(ships(), required=True)
    router = APIRouter(prefix="/harbour")

    @router.get("/ships")
    async def list_ships(result: Annotated[Ships, Depends(dependency)]) -> list[str]:
        return names(result)

    part = FastAPI()
    part.include_router(router)
    app = FastAPI()
    app.include_router(router, prefix="/v1")
    app.mount("/part", part)
    for path in ("/v1/harbour/ships", "/part/harbour/ships"):
        assert ask(TestClient(app), {"limit": 1}, path) == ["Anna"]
        assert ask(TestClient(app, root_path="/api"), {"limit": 1}, f"/api{path}") == ["Anna"]


def test_two_handlers_and_two_dependencies_of_one_model_do_not_share_what_they_allow() -> None:
    app = FastAPI()
    closed = create_qe_dependency(ships(), required=True)
    opened = create_qe_dependency(ships(), policy=OPEN, required=True)

    @app.get("/closed")
    async def one(result: Annotated[Ships, Depends(closed)]) -> list[str]:
        return names(result)

    @app.get("/opened")
    async def other(result: Annotated[Ships, Depends(opened)]) -> list[str]:
        return names(result)

    by_port = {"filter": '{"where":{"containers":{"some":{"id":1}}}}'}
    assert TestClient(app).get("/opened", params=by_port).json() == ["Anna"]
    embedded_is_shown = TestClient(app).get("/closed", params=by_port)
    assert embedded_is_shown.status_code == 200


def test_it_can_be_overridden_as_any_dependency() -> None:
    dependency = create_qe_dependency(ships(), required=True)
    app = FastAPI()

    @app.get("/ships")
    async def list_ships(result: Annotated[Ships, Depends(dependency)]) -> list[str]:
        return names(result)

    always = dependency.build(request(), '{"where":{"id":2}}')
    app.dependency_overrides[dependency] = lambda: always
    assert TestClient(app).get("/ships?filter=nonsense").json() == ["Bertha"]


def test_one_request_builds_its_query_once() -> None:
    dependency = create_qe_dependency(ships(), required=True)
    app = FastAPI()

    def total(result: Annotated[Ships, Depends(dependency)]) -> Ships:
        return result

    @app.get("/ships")
    async def list_ships(
        result: Annotated[Ships, Depends(dependency)], same: Annotated[Ships, Depends(total)]
    ) -> bool:
        return result is same

    assert TestClient(app).get("/ships").json() is True


def test_the_model_is_not_read_before_the_first_filter() -> None:
    class Late(MemoryQueryEngine[Ship]):
        read = False

        @property
        def schema(self) -> ModelSchema[Ship]:
            self.read = True
            return super().schema

    engine = Late(Ship)
    late = client(create_qe_dependency(engine, required=True))
    assert not engine.read
    late.get("/ships")
    assert engine.read


def request(query: str = "", **scope: object) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": [], **scope})


def test_build_is_the_same_without_waiting() -> None:
    dependency = create_qe_dependency(ships())
    assert names_of(dependency.build(request(), '{"limit":1}')) == ["Anna"]
    assert names_of(dependency.build(request("filter[limit]=2"), None)) == ["Anna", "Bertha"]
    assert dependency.build(request(), None) is None
    with pytest.raises(FilterValidationError) as caught:
        dependency.build(request(), '{"limits":1}')
    assert caught.value.error.code == "unknown_clause"


def names_of(result: Ships | None) -> list[str]:
    assert result is not None
    return names(result)


async def test_what_fastapi_read_is_not_trusted() -> None:
    dependency = create_qe_dependency(ships())
    assert names_of(await dependency(request("filter[limit]=1"), '{"limit":2}')) == ["Anna"]


# -- what a caller is told


def test_a_refused_filter_is_a_422_in_the_shape_of_fastapi(harbour: TestClient) -> None:
    answer = harbour.get("/ships", params={"filter": '{"where": {"lenght": {"gt": 5}}}'})
    assert answer.status_code == 422
    assert answer.json() == {
        "detail": [
            {
                "type": "unknown_field",
                "loc": ["query", "filter", "where", "lenght"],
                "msg": "no field 'lenght'; did you mean 'length'?",
                "input": '"lenght"',
                "ctx": {"line": 1, "column": 12, "span": [11, 19], "nearest": "length"},
            }
        ]
    }


def test_the_place_leads_to_the_operator_and_says_what_was_expected(harbour: TestClient) -> None:
    (error,) = refused(harbour, '{"where":{"length":{"gt":"long"}}}')
    assert error["loc"] == ["query", "filter", "where", "length", "gt"]
    assert error["type"] == "type_mismatch"
    assert error["input"] == '"long"'
    assert error["ctx"]["expected"] == ["a number"]


def test_a_place_in_a_list_is_a_number(harbour: TestClient) -> None:
    (error,) = refused(harbour, '{"where":{"or":[{"id":1},{"nothing":2}]}}')
    assert error["loc"] == ["query", "filter", "where", "or", 1, "nothing"]


def test_the_place_of_a_bracket_parameter_is_in_the_query_string(harbour: TestClient) -> None:
    query = "page=1&filter[where][length][gt]=long"
    error = harbour.get(f"/ships?{query}").json()["detail"][0]
    assert error["loc"] == ["query", "filter", "where", "length", "gt"]
    start, end = error["ctx"]["span"]
    assert query[start:end] == "long"


def test_a_handler_of_the_service_for_validation_errors_gets_it() -> None:
    refusing = client(create_qe_dependency(ships()))
    app = refusing.app
    assert isinstance(app, FastAPI)

    async def plain(_: Request, error: Exception) -> PlainTextResponse:
        assert isinstance(error, RequestValidationError)
        return PlainTextResponse(error.errors()[0]["type"], status_code=400)

    app.add_exception_handler(RequestValidationError, plain)
    answer = refusing.get("/ships?filter=x")
    assert (answer.status_code, answer.text) == (400, "syntax_error")


def test_a_caller_s_text_comes_back_cut_and_escaped(harbour: TestClient) -> None:
    long = "x" * 1000
    (error,) = refused(harbour, json.dumps({"where": {long: 1}}))
    assert len(json.dumps(error)) < 1500
    (error,) = refused(harbour, '{"where":{"a\\ud800":1}}')
    assert error["type"] in {"unknown_field", "invalid_encoding", "syntax_error"}


def refused(client: TestClient, text: str) -> list[dict[str, Any]]:
    answer = client.get("/ships", params={"filter": text})
    assert answer.status_code == 422, answer.text
    detail: list[dict[str, Any]] = answer.json()["detail"]
    return detail


# -- scope and principal


def test_a_scope_narrows_what_exists() -> None:
    async def scope() -> Predicate:
        return field("active") == True  # noqa: E712  # a condition, not a test

    scoped = client(create_qe_dependency(ships(), policy=OPEN, scope=scope))
    assert scoped.get("/ships").json() == ["Anna", "Bertha"]
    assert ask(scoped, {"where": {"or": [{"active": False}, {"id": {"gte": 1}}]}}) == ["Anna", "Bertha"]
    assert ask(scoped, {"where": {"not": {"id": 1}}}) == ["Bertha"]


def test_a_scope_may_speak_of_each_model_and_of_hidden_fields() -> None:
    def scope() -> Mapping[type[object], Predicate]:
        return {
            Ship: field("password") == "swordfish",
            Container: field("weight") > 2,
            Port: field("id") == 1,
        }

    scoped = client(create_qe_dependency(ships(), policy=OPEN, scope=scope))
    assert ask(scoped, {"where": {"containers": {"some": {"id": {"gt": 0}}}}}) == ["Anna", "Clara"]
    assert ask(scoped, {"where": {"home": {"isNull": True}}}) == ["Bertha", "Clara"]


def test_a_scope_depends_on_the_request_like_any_dependency() -> None:
    def user(x_user: Annotated[str, Header()]) -> str:
        return x_user

    def scope(user: Annotated[str, Depends(user)]) -> Predicate:
        return field("name") == user

    scoped = client(create_qe_dependency(ships(), scope=scope))
    assert scoped.get("/ships", headers={"x-user": "Clara"}).json() == ["Clara"]
    assert scoped.get("/ships", headers={"x-user": "Anna"}).json() == ["Anna"]
    assert scoped.get("/ships").status_code == 422


def test_scopes_may_be_generators_of_either_colour() -> None:
    closed: list[str] = []

    def sync() -> Iterator[Predicate]:
        yield field("id") == 1
        closed.append("sync")

    async def asynchronous() -> AsyncIterator[Predicate]:
        yield field("id") == 2
        closed.append("async")

    assert client(create_qe_dependency(ships(), scope=sync)).get("/ships").json() == ["Anna"]
    assert client(create_qe_dependency(ships(), scope=asynchronous)).get("/ships").json() == ["Bertha"]
    assert closed == ["sync", "async"]


def test_a_scope_can_be_overridden_in_tests() -> None:
    def scope() -> Predicate | None:
        return None

    scoped = client(create_qe_dependency(ships(), scope=scope))
    app = scoped.app
    assert isinstance(app, FastAPI)
    app.dependency_overrides[scope] = lambda: EVERYTHING
    assert len(scoped.get("/ships").json()) == 3


def test_none_from_a_scope_denies_with_or_without_a_filter() -> None:
    def scope() -> Predicate | None:
        return None

    denied = client(create_qe_dependency(ships(), scope=scope))
    for query in ("", "?filter={}", "?filter=nonsense"):
        answer = denied.get(f"/ships{query}")
        assert (answer.status_code, answer.json()) == (403, {"detail": "access to these rows is denied"})


def test_build_without_the_scope_of_the_dependency_denies() -> None:
    def scope() -> Predicate:
        return EVERYTHING

    dependency = create_qe_dependency(ships(), scope=scope)
    with pytest.raises(FilterAccessDenied):
        dependency.build(request(), "{}")
    assert names(dependency.build(request(), "{}", scope=field("id") == 3)) == ["Clara"]


def test_a_scope_that_is_no_predicate_is_a_mistake_of_the_service() -> None:
    def scope() -> Any:
        return {"id": 1}

    broken = client(create_qe_dependency(ships(), scope=scope))
    assert broken.get("/ships").status_code == 500


def test_the_principal_is_in_the_bound_filter() -> None:
    async def principal(x_user: Annotated[str, Header()]) -> str:
        return x_user

    app = FastAPI()
    dependency = create_qe_dependency(ships(), principal=principal, required=True)

    @app.get("/ships")
    async def list_ships(result: Annotated[Ships, Depends(dependency)]) -> str | None:
        return result.filter.principal

    assert TestClient(app).get("/ships", headers={"x-user": "mary"}).json() == "mary"


# -- the body


@pytest.fixture
def posting() -> TestClient:
    return client(create_qe_dependency(ships(), policy=OPEN, config=QueryConfig(source="body")))


def test_a_filter_may_be_the_body(posting: TestClient) -> None:
    assert posting.post("/ships", json={"where": {"id": {"in": [1, 3]}}}).json() == ["Anna", "Clara"]
    assert posting.post("/ships").json() is None
    assert posting.post("/ships?filter=nonsense", json={"limit": 1}).json() == ["Anna"]


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
