"""The dependency in real applications: what handlers get, and what callers are told."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from queryengine import (
    Limits,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
)
from queryengine.http_errors import FilterValidationError
from queryengine.memory import MemoryQueryEngine
from queryengine.schema import ModelSchema
from tests.harbour import Ship, ships
from tests.harbour_service import OPEN, Ships, ask, client, names, names_of, refused, request


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


def test_build_is_the_same_without_waiting() -> None:
    dependency = create_qe_dependency(ships())
    assert names_of(dependency.build(request(), '{"limit":1}')) == ["Anna"]
    assert names_of(dependency.build(request("filter[limit]=2"), None)) == ["Anna", "Bertha"]
    assert dependency.build(request(), None) is None
    with pytest.raises(FilterValidationError) as caught:
        dependency.build(request(), '{"limits":1}')
    assert caught.value.error.code == "unknown_clause"
    with pytest.raises(FilterValidationError) as caught:
        dependency.build(request(), "{}" + " " * 8_191)
    assert caught.value.error.expected == ("max_url_bytes 8192",)


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
