"""What a service switches on for its application: `content` in OpenAPI, and problems for refused filters."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import datetime as dt
import json
from typing import Annotated, Any

import jsonschema
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse
from fastapi.testclient import TestClient

from queryengine import (
    ConfigurationError,
    Predicate,
    QEDependency,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
    install_problem_handler,
    install_queryengine,
)
from tests.harbour import SHIPS, ships

OPEN = SecurityPolicy(relations=True)
BODY = QueryConfig(source="body")


def app_with(*dependencies: QEDependency[Any], **handlers: Any) -> FastAPI:
    """Give an application with a GET and a POST for each dependency: /0, /1 ..."""
    app = FastAPI()
    for number, dependency in enumerate(dependencies):

        @app.get(f"/{number}", **handlers)
        @app.post(f"/{number}", **handlers)
        async def handle(result: Annotated[Any, Depends(dependency)]) -> list[str]:
            return [] if result is None else [ship.name for ship in result.query.all(SHIPS)]

    return app


def scope() -> Predicate | None:
    return None


def parameter(document: dict[str, Any], path: str = "/0") -> dict[str, Any]:
    found: list[dict[str, Any]] = document["paths"][path]["get"]["parameters"]
    assert len(found) == 1
    return found[0]


# -- install_queryengine


def test_the_parameter_becomes_json_content_with_the_schema_and_an_example() -> None:
    app = app_with(create_qe_dependency(ships(), policy=OPEN))
    install_queryengine(app)
    found = parameter(app.openapi())
    assert "schema" not in found
    assert (found["name"], found["in"], found["required"]) == ("filter", "query", False)
    assert found["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/ShipFilter"},
        "example": {"where": {"length": {"gte": 0}}, "order": "-length", "limit": 10},
    }


def test_a_filter_in_the_body_is_refused_in_the_shape_of_one_in_the_url() -> None:
    documents: list[dict[str, Any]] = []
    for config in (QueryConfig(), BODY):
        app = FastAPI()
        dependency = create_qe_dependency(ships(), config=config)

        @app.post("/ships")
        async def handle(result: Annotated[Any, Depends(dependency)]) -> None:
            del result

        install_queryengine(app)
        documents.append(app.openapi())
    in_url, in_body = ((doc["paths"]["/ships"]["post"]["responses"], doc["components"]) for doc in documents)
    assert in_body[0]["422"] == in_url[0]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        assert in_body[1]["schemas"][name] == in_url[1]["schemas"][name]


@pytest.mark.parametrize("status", ["422", "4XX", "default"])
def test_what_a_service_says_itself_of_refused_bodies_is_kept(status: str) -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships(), config=BODY)

    @app.post("/ships", responses={status: {"description": "My own"}})
    async def handle(result: Annotated[Any, Depends(dependency)]) -> None:
        del result

    install_queryengine(app)
    assert set(app.openapi()["paths"]["/ships"]["post"]["responses"]) == {"200", status}


def test_a_service_can_give_an_example_of_its_own() -> None:
    own = {"where": {"built": {"lt": dt.date(2000, 1, 1)}}}
    app = app_with(create_qe_dependency(ships(), config=QueryConfig(example=own)))
    install_queryengine(app)
    content = parameter(app.openapi())["content"]["application/json"]
    assert content["example"] == {"where": {"built": {"lt": "2000-01-01"}}}


def test_an_example_that_does_not_work_is_a_mistake_of_the_service() -> None:
    app = app_with(create_qe_dependency(ships(), config=QueryConfig(example={"where": {"birth": 1}})))
    with pytest.raises(ConfigurationError, match=r"QueryConfig\.example: no field 'birth'"):
        app.openapi()


def test_examples_work_when_they_are_sent() -> None:
    app = app_with(create_qe_dependency(ships(), policy=OPEN), create_qe_dependency(ships(), config=BODY))
    install_queryengine(app)
    client, document = TestClient(app), app.openapi()
    sent = parameter(document)["content"]["application/json"]["example"]
    answer = client.get("/0", params={"filter": json.dumps(sent)})
    assert (answer.status_code, len(answer.json())) == (200, 3)
    content = document["paths"]["/1"]["post"]["requestBody"]["content"]["application/json"]
    assert len(content["examples"]) == 4
    for example in content["examples"].values():
        answer = client.post("/1", json=example["value"])
        assert answer.status_code == 200
        assert answer.json()


def test_the_whole_document_is_valid_and_its_references_lead_somewhere() -> None:
    app = app_with(create_qe_dependency(ships(), policy=OPEN), create_qe_dependency(ships(), config=BODY))
    install_queryengine(app)
    install_problem_handler(app)
    document = app.openapi()
    text = json.dumps(document)
    targets = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert targets <= set(document["components"]["schemas"])
    for schema in document["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_installing_twice_changes_nothing() -> None:
    app = app_with(create_qe_dependency(ships()))
    install_queryengine(app)
    once = json.dumps(app.openapi())
    install_queryengine(app)
    assert json.dumps(app.openapi()) == once
    assert json.dumps(TestClient(app).get("/openapi.json").json()) == once


def test_a_document_that_was_made_before_is_made_anew() -> None:
    app = app_with(create_qe_dependency(ships()))
    app.openapi()
    install_queryengine(app)
    assert "content" in parameter(app.openapi())


def test_routes_that_come_later_are_described_too() -> None:
    app = app_with(create_qe_dependency(ships()))
    install_queryengine(app)
    router = APIRouter(prefix="/later")
    dependency = create_qe_dependency(ships())

    @router.get("/ships/{port}")
    async def handle(port: int, result: Annotated[Any, Depends(dependency)]) -> list[object]:
        return [port, result]

    app.include_router(router)
    described = app.openapi()["paths"]["/later/ships/{port}"]["get"]["parameters"]
    assert ["content" in each for each in described] == [False, True]


def test_mounted_applications_are_described_too() -> None:
    part = app_with(create_qe_dependency(ships()))
    app = FastAPI()
    app.mount("/part", part)
    install_queryengine(app)
    assert "content" in parameter(TestClient(app).get("/part/openapi.json").json())


def test_under_a_root_path_the_document_is_the_same() -> None:
    app = app_with(create_qe_dependency(ships()))
    install_queryengine(app)
    document = TestClient(app, root_path="/api").get("/api/openapi.json").json()
    assert document["servers"] == [{"url": "/api"}]
    assert "content" in parameter(document)


def test_dependencies_below_other_dependencies_are_described() -> None:
    app = FastAPI()
    dependency = create_qe_dependency(ships())

    def below(result: Annotated[Any, Depends(dependency)]) -> object:
        return result

    @app.get("/0")
    async def handle(result: Annotated[Any, Depends(below)]) -> object:
        return result

    install_queryengine(app)
    assert "content" in parameter(app.openapi())


def test_a_parameter_that_is_not_ours_stays_as_it_is() -> None:
    app = app_with(create_qe_dependency(ships()))

    @app.get("/own")
    async def own(filter: str, q: str | None = None) -> list[str | None]:
        return [filter, q]

    before = app.openapi()["paths"]["/own"]
    app.openapi_schema = None
    install_queryengine(app)
    assert app.openapi()["paths"]["/own"] == before


def test_a_handler_that_is_not_documented_stays_so() -> None:
    app = app_with(create_qe_dependency(ships()), include_in_schema=False)
    install_queryengine(app)
    assert app.openapi()["paths"] == {}


def test_a_service_s_own_openapi_is_kept() -> None:
    app = app_with(create_qe_dependency(ships()))
    original = app.openapi

    def own() -> dict[str, Any]:
        return original() | {"x-logo": "ship"}

    setattr(app, "openapi", own)  # noqa: B010  # as FastAPI documents it; mypy wants no assignment
    install_queryengine(app)
    document = app.openapi()
    assert document["x-logo"] == "ship"
    assert "content" in parameter(document)


def test_a_filter_in_the_body_is_a_request_body() -> None:
    dependency = create_qe_dependency(ships(), policy=OPEN, config=BODY)
    app = app_with(dependency)
    install_queryengine(app)
    document = app.openapi()
    operation = document["paths"]["/0"]["post"]
    assert "parameters" not in operation
    body = operation["requestBody"]
    assert body["required"] is False
    assert body["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/ShipFilter"}
    answer = operation["responses"]["422"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/HTTPValidationError"}
    for name, component in dependency.document.schema.components.items():
        assert document["components"]["schemas"][name] == component


def test_a_filter_in_the_body_and_one_in_the_query_share_components() -> None:
    app = app_with(create_qe_dependency(ships()), create_qe_dependency(ships(), config=BODY))
    install_queryengine(app)
    names = app.openapi()["components"]["schemas"]
    assert [name for name in names if "Filter" in name] == ["ShipFilter"]


def test_a_filter_in_the_body_uses_the_components_of_its_policy_s_parameter_whatever_their_names() -> None:
    # Two policies over one model: FastAPI gives longer names to the components that differ.
    narrow = SecurityPolicy(paths={"crew": None})
    body = create_qe_dependency(ships(), policy=OPEN, config=BODY)
    app = app_with(
        body, create_qe_dependency(ships(), policy=OPEN), create_qe_dependency(ships(), policy=narrow)
    )
    before = set(app.openapi()["components"]["schemas"])
    install_queryengine(app)
    document = app.openapi()
    assert set(document["components"]["schemas"]) == before
    parameters = [parameter(document, path)["content"]["application/json"]["schema"] for path in ("/1", "/2")]
    described = document["paths"]["/0"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert described == parameters[0] != parameters[1]


def test_a_filter_in_the_body_that_shows_less_has_components_of_its_own_where_they_differ() -> None:
    narrow = SecurityPolicy(paths={"crew": None})
    app = app_with(create_qe_dependency(ships()), create_qe_dependency(ships(), policy=narrow, config=BODY))
    install_queryengine(app)
    components = app.openapi()["components"]["schemas"]
    assert "crew" in components["ShipWhere"]["properties"]
    assert "crew" not in components["ShipWhere2"]["properties"]
    assert "Int64Operators2" not in components


def test_a_scope_s_refusal_is_described() -> None:
    app = app_with(create_qe_dependency(ships(), scope=scope), create_qe_dependency(ships()))
    install_queryengine(app)
    paths = app.openapi()["paths"]
    assert "403" in paths["/0"]["get"]["responses"]
    assert "403" not in paths["/1"]["get"]["responses"]


# -- install_problem_handler


@pytest.fixture
def problems() -> TestClient:
    app = app_with(create_qe_dependency(ships(), policy=OPEN), create_qe_dependency(ships(), scope=scope))
    install_problem_handler(app)
    return TestClient(app)


def test_a_refused_filter_is_a_problem_with_pointer_code_and_span(problems: TestClient) -> None:
    answer = problems.get("/0", params={"filter": '{"where":{"or":[{"id":1},{"lenght":2}]}}'})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "about:blank",
        "title": "Unprocessable Content",
        "status": 422,
        "detail": "no field 'lenght'; did you mean 'length'?",
        "errors": [
            {
                "code": "unknown_field",
                "detail": "no field 'lenght'; did you mean 'length'?",
                "pointer": "#/where/or/1/lenght",
                "parameter": "filter",
                "line": 1,
                "column": 27,
                "span": [26, 34],
                "nearest": "length",
            }
        ],
    }


def test_a_pointer_is_escaped_as_rfc_6901_says(problems: TestClient) -> None:
    answer = problems.get("/0", params={"filter": '{"where":{"a/b~c":1}}'})
    assert answer.json()["errors"][0]["pointer"] == "#/where/a~1b~0c"


def test_a_denied_scope_is_a_problem(problems: TestClient) -> None:
    answer = problems.get("/1")
    assert answer.status_code == 403
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "Forbidden"
    assert answer.json()["errors"][0]["code"] == "access_denied"


def test_the_type_of_problem_can_be_named() -> None:
    app = app_with(create_qe_dependency(ships()))
    install_problem_handler(app, type_uri="https://example.org/problems/filter")
    assert TestClient(app).get("/0?filter=x").json()["type"] == "https://example.org/problems/filter"


def test_a_filter_in_a_body_has_no_parameter() -> None:
    app = app_with(create_qe_dependency(ships(), config=BODY))
    install_problem_handler(app)
    (error,) = TestClient(app).post("/0", json={"limit": 0}).json()["errors"]
    assert error["pointer"] == "#/limit"
    assert "parameter" not in error


def test_other_validation_errors_keep_their_shape() -> None:
    app = app_with(create_qe_dependency(ships()))
    install_problem_handler(app)

    @app.get("/page/{page}")
    async def page(page: int) -> int:
        return page

    @app.exception_handler(RequestValidationError)
    async def own(_: Request, error: RequestValidationError) -> PlainTextResponse:
        return PlainTextResponse(str(error.errors()[0]["type"]), status_code=400)

    client = TestClient(app)
    assert client.get("/page/x").text == "int_parsing"
    assert client.get("/0?filter=x").headers["content-type"] == "application/problem+json"


def test_the_document_describes_problems_where_filters_are(problems: TestClient) -> None:
    document = problems.get("/openapi.json").json()
    reference = {"schema": {"$ref": "#/components/schemas/Problem"}}
    responses = document["paths"]["/1"]["get"]["responses"]
    assert responses["422"]["content"]["application/problem+json"] == reference
    assert responses["403"]["content"]["application/problem+json"] == reference
    assert "403" not in document["paths"]["/0"]["get"]["responses"]


def test_a_problem_is_what_the_document_says(problems: TestClient) -> None:
    schema = problems.get("/openapi.json").json()["components"]["schemas"]["Problem"]
    judge: Any = jsonschema.Draft202012Validator(schema)
    for path in ("/0?filter=x", "/0?filter[where][length]=x", "/0?filter=%ff", "/1"):
        judge.validate(problems.get(path).json())


def test_mounted_applications_answer_problems_too() -> None:
    part = app_with(create_qe_dependency(ships()))
    app = FastAPI()
    app.mount("/part", part)
    install_problem_handler(app)
    answer = TestClient(app).get("/part/0?filter=x")
    assert answer.headers["content-type"] == "application/problem+json"


def test_both_can_be_installed_in_either_order() -> None:
    def described(first: Any, second: Any) -> dict[str, Any]:
        app = app_with(create_qe_dependency(ships(), scope=scope))
        first(app)
        second(app)
        return app.openapi()

    one = described(install_queryengine, install_problem_handler)
    other = described(install_problem_handler, install_queryengine)
    assert one["components"] == other["components"]
    assert parameter(one) == parameter(other)
    assert set(one["paths"]["/0"]["get"]["responses"]) == {"200", "422", "403"}
