"""Aggregates in OpenAPI, by itself and with `install_queryengine`, and what `check_app` finds beside them."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from typing import Annotated, Any, TypeAlias

import jsonschema
import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel

from queryengine import (
    AggregateResult,
    ConfigurationError,
    MemoryQueryEngine,
    MemoryQueryResult,
    Predicate,
    QueryConfig,
    SecurityPolicy,
    check_app,
    create_qe_aggregate_dependency,
    create_qe_dependency,
    install_problem_handler,
    install_queryengine,
)
from queryengine.aggregate_dependency import QEAggregateDependency
from queryengine.aggregate_memory import MemoryAggregate
from queryengine.aggregates import AggregateAST
from tests.harbour import SHIPS, Ship, ships

OPEN = SecurityPolicy(relations=True)
BODY = QueryConfig(source="body")


class Crews(BaseModel):
    active: bool = False
    home_name: str | None = None
    count: int = 0
    sum_crew: int | None = None
    max_name: str | None = None


class Lengths(BaseModel):
    max_length: float | None = None


class Empty(BaseModel):
    pass


CrewsResult: TypeAlias = AggregateResult[Crews, MemoryAggregate]


def crews(**more: Any) -> QEAggregateDependency[Crews, MemoryAggregate]:
    return create_qe_aggregate_dependency(ships(), row=Crews, policy=OPEN, **more)


def app_with(*dependencies: QEAggregateDependency[Any, MemoryAggregate]) -> FastAPI:
    """Give an application with a GET and a POST for each dependency: /0, /1 ..."""
    app = FastAPI()
    for number, dependency in enumerate(dependencies):

        @app.get(f"/{number}")
        @app.post(f"/{number}")
        async def handle(result: Annotated[Any, Depends(dependency)]) -> list[Any]:
            rows: list[Any] = result.rows(result.query.all(SHIPS))
            return rows

    return app


def parameter(document: dict[str, Any], path: str = "/0") -> dict[str, Any]:
    found: list[dict[str, Any]] = document["paths"][path]["get"]["parameters"]
    assert len(found) == 1
    return found[0]


# -- the document


def test_the_parameter_is_text_that_holds_json_of_a_schema_among_the_components() -> None:
    document = app_with(crews()).openapi()
    found = parameter(document)
    assert (found["name"], found["in"], found["required"]) == ("aggregate", "query", False)
    assert found["schema"]["contentMediaType"] == "application/json"
    assert found["schema"]["contentSchema"] == {"$ref": "#/components/schemas/ShipAggregate"}
    single = "The same as single parameters: `aggregate[groupBy][]=name`."
    assert found["description"].endswith(f"{single} A request has one or the other.")
    judge: Any = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/ShipAggregate", **document})
    assert judge.is_valid({"groupBy": "home.name", "count": True, "having": {"count": {"gt": 1}}})
    assert not judge.is_valid({"groupBy": "home.name", "count": True, "having": {"crew": {"gt": 1}}})


def test_with_an_installation_it_becomes_json_content_with_an_example() -> None:
    app = app_with(crews())
    install_queryengine(app)
    assert parameter(app.openapi())["content"]["application/json"] == {
        "schema": {"$ref": "#/components/schemas/ShipAggregate"},
        "example": {"groupBy": ["active"], "count": True, "order": "-count", "limit": 10},
    }


@pytest.mark.parametrize(
    ("dependency", "answers"),
    [
        (crews(), [2, 1]),
        (create_qe_aggregate_dependency(ships(), row=Lengths), [1]),
        (crews(config=QueryConfig(parameter="aggregate", paging="external")), [2, 1]),
        (crews(config=QueryConfig(source="body", schema_name="Crews")), [2, 1]),
        (crews(config=QueryConfig(parameter="aggregate", example={"max": "name"})), [1, 2, 1]),
    ],
)
def test_examples_work_when_they_are_sent(
    dependency: QEAggregateDependency[Any, MemoryAggregate], answers: list[int]
) -> None:
    app = app_with(dependency)
    install_queryengine(app)
    client = TestClient(app)
    for number, (example, rows) in enumerate(
        zip(dependency.document.examples.values(), answers, strict=True)
    ):
        if dependency.config.source == "body":
            content = app.openapi()["paths"]["/0"]["post"]["requestBody"]["content"]["application/json"]
            assert list(content["examples"].values())[number]["value"] == example.filter
            answer = client.post("/0", json=example.filter)
        else:
            answer = client.get("/0", params={"aggregate": json.dumps(example.filter)})
        assert (answer.status_code, len(answer.json())) == (200, rows)


def test_filters_and_aggregates_share_the_components_of_conditions_and_all_is_valid() -> None:
    app = app_with(crews(), crews(config=BODY), create_qe_aggregate_dependency(ships(), row=Lengths))
    filters = create_qe_dependency(ships(), policy=OPEN, required=True)

    @app.get("/ships")
    def list_ships(result: Annotated[MemoryQueryResult[Ship], Depends(filters)]) -> None:
        del result

    install_queryengine(app)
    install_problem_handler(app)
    document = app.openapi()
    schemas: dict[str, Any] = document["components"]["schemas"]
    targets = {part.split('"')[0] for part in json.dumps(document).split('"#/components/schemas/')[1:]}
    assert targets <= set(schemas)
    for schema in schemas.values():
        jsonschema.Draft202012Validator.check_schema(schema)
    assert document["paths"]["/1"]["post"]["requestBody"]["required"]  # without it the answer is 422
    body = document["paths"]["/1"]["post"]["requestBody"]["content"]["application/json"]
    first = parameter(document)["content"]["application/json"]["schema"]
    second = parameter(document, "/2")["content"]["application/json"]["schema"]
    assert body["schema"] == first != second
    described = schemas[first["$ref"].rpartition("/")[2]]
    assert described["properties"]["where"] == schemas["ShipFilter"]["properties"]["where"]


def test_an_example_that_does_not_work_is_a_mistake_of_the_service() -> None:
    config = QueryConfig(parameter="aggregate", example={"sum": "name"})
    with pytest.raises(ConfigurationError, match=r"QueryConfig\.example: sum does not apply"):
        app_with(crews(config=config)).openapi()


# -- check_app


def mistake(annotation: object, dependency: object, method: str = "get") -> str | None:
    app = FastAPI()

    async def count(result: object = Depends(dependency)) -> None:  # type: ignore[arg-type]  # it is one
        del result

    count.__annotations__["result"] = annotation
    getattr(app, method)("/crews")(count)
    try:
        check_app(app)
    except ConfigurationError as error:
        return str(error)
    return None


@pytest.mark.parametrize(
    "annotation",
    [
        CrewsResult,
        AggregateResult[Crews, Any],
        AggregateResult[BaseModel, object],
        AggregateResult,
        object,
        Any,
    ],
    ids=str,
)
def test_the_result_of_the_row_or_what_is_wider_is_right(annotation: object) -> None:
    assert mistake(annotation, crews()) is None


@pytest.mark.parametrize(
    "annotation",
    [AggregateResult[Lengths, MemoryAggregate], MemoryQueryResult[Ship], Crews, None],
    ids=str,
)
def test_another_row_or_another_class_is_found(annotation: object) -> None:
    found = mistake(annotation, crews())
    assert found is not None
    assert found.endswith("but is given AggregateResult[Crews, Any]")


class Told(MemoryQueryEngine[Ship]):
    def build_aggregate(self, ast: AggregateAST) -> MemoryAggregate:
        return super().build_aggregate(ast)


def test_another_query_is_found() -> None:
    dependency = create_qe_aggregate_dependency(Told(Ship), row=Crews, policy=OPEN)
    assert mistake(CrewsResult, dependency) is None
    found = mistake(AggregateResult[Crews, str], dependency)
    assert found is not None
    assert found.endswith("AggregateResult[Crews, str], but is given AggregateResult[Crews, MemoryAggregate]")


def test_where_the_engine_says_nothing_any_query_passes() -> None:
    # The engine's own annotation is for type checkers only, and cannot be read.
    assert mistake(AggregateResult[Crews, str], crews()) is None
    assert mistake(AggregateResult[Lengths, str], crews()) is not None


class Unfilled(BaseModel):
    sum_name: int | None = None


class Required(BaseModel):
    sum_crew: int = 0


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            Unfilled,
            "Unfilled.sum_name: nothing that can be asked fills it: sum does not apply to text fields",
        ),
        (Required, "Required.sum_crew: it can be None"),
        (Empty, "Empty: it has no field, so that nothing can be asked"),
    ],
)
def test_a_row_that_does_not_fit_is_found(row: type[BaseModel], message: str) -> None:
    assert mistake(object, create_qe_aggregate_dependency(ships(), row=row)) == f"/crews: {message}"


def test_an_example_that_would_be_refused_is_found() -> None:
    config = QueryConfig(parameter="aggregate", example={"sum": "name"})
    found = mistake(object, crews(config=config))
    assert found is not None
    assert "QueryConfig.example: sum does not apply" in found


def test_an_aggregate_in_the_body_of_a_get_is_found() -> None:
    found = mistake(CrewsResult, crews(config=BODY))
    assert found is not None
    assert "the body of a GET request" in found
    assert mistake(CrewsResult, crews(config=BODY), "post") is None


def test_a_scope_s_refusal_is_described() -> None:
    def scope() -> Predicate | None:
        return None

    app = app_with(crews(scope=scope))
    install_queryengine(app)
    assert "403" in app.openapi()["paths"]["/0"]["get"]["responses"]
    assert TestClient(app).get("/0", params={"aggregate": '{"count": true}'}).status_code == 403
