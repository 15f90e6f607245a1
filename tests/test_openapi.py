"""What OpenAPI says of filters before any installation: text that holds JSON, its schema a component."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import json
from typing import Annotated, Any

import jsonschema
import pytest
from fastapi import APIRouter, Depends, FastAPI, Query
from fastapi.testclient import TestClient
from pydantic import BaseModel

from queryengine import (
    Access,
    ConfigurationError,
    MemoryQueryEngine,
    QEDependency,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
)
from queryengine.json_schema import filter_schema
from queryengine.openapi import add_components
from queryengine.value_schema import JSONSchema
from tests.harbour import Container, Ship, ships

OPEN = SecurityPolicy(relations=True)


def document(*dependencies: QEDependency[Any]) -> dict[str, Any]:
    """Give the OpenAPI document of an application with one route for each dependency: /0, /1 ..."""
    app = FastAPI()
    for number, dependency in enumerate(dependencies):

        @app.get(f"/{number}")
        async def handle(result: Annotated[object, Depends(dependency)]) -> None:
            pass

    answer = TestClient(app).get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def parameter(document: dict[str, Any], path: str = "/0") -> dict[str, Any]:
    found: list[dict[str, Any]] = document["paths"][path]["get"]["parameters"]
    assert len(found) == 1
    return found[0]


def references(value: object) -> set[str]:
    return {part.split('"')[0] for part in json.dumps(value).split('"$ref": "#/components/schemas/')[1:]}


def test_the_parameter_is_text_that_holds_json_of_a_schema_among_the_components() -> None:
    found = document(create_qe_dependency(ships(), policy=OPEN))
    described = parameter(found)
    assert (described["name"], described["in"], described["required"]) == ("filter", "query", False)
    schema = described["schema"]
    assert schema["type"] == "string"
    assert schema["contentMediaType"] == "application/json"
    assert schema["contentSchema"] == {"$ref": "#/components/schemas/ShipFilter"}
    assert {"ShipFilter", "ShipWhere", "PortNested", "ContainerQuantifiers"} <= set(
        found["components"]["schemas"]
    )


def test_every_reference_leads_to_a_component() -> None:
    found = document(create_qe_dependency(ships(), policy=OPEN))
    assert references(found) <= set(found["components"]["schemas"])


def test_the_components_are_the_schema_of_the_filter() -> None:
    dependency = create_qe_dependency(ships(), policy=OPEN)
    components = document(dependency)["components"]["schemas"]
    for name, component in dependency.document.schema.components.items():
        assert components[name] == component


def test_the_schema_in_the_document_judges_filters() -> None:
    found = document(create_qe_dependency(ships(), policy=OPEN))
    judge: Any = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/ShipFilter", **found})
    assert judge.is_valid({"where": {"home.name": "Oslo", "containers": {"some": {"weight": {"gt": 1.5}}}}})
    assert not judge.is_valid({"where": {"home.nme": "Oslo"}})


def test_an_example_of_the_parameter_is_a_filter_as_text() -> None:
    (first, *_) = parameter(document(create_qe_dependency(ships())))["schema"]["examples"]
    assert json.loads(first) == {"where": {"length": {"gte": 0}}, "order": "-length", "limit": 10}


def test_the_description_says_both_forms_or_what_the_service_says() -> None:
    default = create_qe_dependency(ships(), config=QueryConfig(parameter="q"))
    own = create_qe_dependency(ships(), config=QueryConfig(description="Which ships"))
    found = document(default, own)
    assert "`q[where][name]=value`" in parameter(found, "/0")["description"]
    assert parameter(found, "/0")["name"] == "q"
    assert parameter(found, "/1")["description"] == "Which ships"


def test_dependencies_that_allow_the_same_share_their_components() -> None:
    one, two = create_qe_dependency(ships(), policy=OPEN), create_qe_dependency(ships(), policy=OPEN)
    found = document(one, two)
    assert parameter(found, "/0")["schema"] == parameter(found, "/1")["schema"]
    assert [name for name in found["components"]["schemas"] if name.endswith("Filter")] == ["ShipFilter"]


def test_dependencies_that_allow_different_things_have_components_of_their_own() -> None:
    narrow = SecurityPolicy(paths={"crew": None})
    found = document(create_qe_dependency(ships()), create_qe_dependency(ships(), policy=narrow))
    (wide_name,) = references(parameter(found, "/0"))
    (narrow_name,) = references(parameter(found, "/1"))
    components = found["components"]["schemas"]
    assert wide_name != narrow_name
    (wide_where,) = references(components[wide_name]["properties"]["where"])
    (narrow_where,) = references(components[narrow_name]["properties"]["where"])
    assert "crew" in components[wide_where]["properties"]
    assert "crew" not in components[narrow_where]["properties"]
    assert references(found) <= set(components)
    assert "Int64Operators" in components


def test_a_service_can_name_the_schemas_of_a_dependency() -> None:
    narrow = SecurityPolicy(paths={"crew": None})
    named = create_qe_dependency(ships(), policy=narrow, config=QueryConfig(schema_name="PublicShip"))
    found = document(create_qe_dependency(ships()), named)
    assert references(parameter(found, "/0")) == {"ShipFilter"}
    assert references(parameter(found, "/1")) == {"PublicShipFilter"}
    assert {"ShipWhere", "PublicShipWhere"} <= set(found["components"]["schemas"])


def test_a_response_model_of_the_same_name_as_a_component_keeps_it() -> None:
    class ShipFilter(BaseModel):
        own: int

    app = FastAPI()
    dependency = create_qe_dependency(ships(), required=True)

    @app.get("/0")
    async def handle(result: Annotated[object, Depends(dependency)]) -> ShipFilter:
        return ShipFilter(own=0 if result is None else 1)

    found = app.openapi()
    (used,) = references(parameter(found)["schema"])
    (answered,) = references(found["paths"]["/0"]["get"]["responses"]["200"])
    components = found["components"]["schemas"]
    assert "where" in components[used]["properties"]
    assert "own" in components[answered]["properties"]


def test_the_document_is_only_then_made_from_the_model() -> None:
    policy = SecurityPolicy(paths={"nothing": Access()})
    app = FastAPI()
    dependency = create_qe_dependency(ships(), policy=policy)

    @app.get("/0")
    async def handle(result: Annotated[object, Depends(dependency)]) -> None:
        pass

    with pytest.raises(ConfigurationError, match="nothing"):
        app.openapi()


def test_other_parameters_stay_as_they_are() -> None:
    app = FastAPI()
    router = APIRouter()
    dependency = create_qe_dependency(ships())

    @router.get("/{port}")
    async def handle(
        port: int, result: Annotated[object, Depends(dependency)], page: Annotated[int, Query(ge=1)] = 1
    ) -> None:
        pass

    app.include_router(router, prefix="/v1")
    parameters = app.openapi()["paths"]["/v1/{port}"]["get"]["parameters"]
    assert [(each["name"], each["in"]) for each in parameters] == [
        ("port", "path"),
        ("page", "query"),
        ("filter", "query"),
    ]


def components(model: type[object], policy: SecurityPolicy = OPEN) -> Any:
    engine = MemoryQueryEngine(model)
    view = create_qe_dependency(engine, policy=policy).processor.view
    return filter_schema(view, engine.capabilities, policy)


def test_components_are_added_once() -> None:
    taken: dict[str, JSONSchema] = {}
    first = add_components(components(Ship), taken)
    before = dict(taken)
    assert add_components(components(Ship), taken) == first == {"$ref": "#/components/schemas/ShipFilter"}
    assert taken == before


def test_components_whose_names_are_taken_get_numbers_and_lead_to_one_another() -> None:
    taken: dict[str, JSONSchema] = {"ShipFilter": {}, "Int64Operators": {"type": "string"}}
    assert add_components(components(Ship), taken) == {"$ref": "#/components/schemas/ShipFilter2"}
    assert taken["ShipFilter"] == {}
    assert references(taken) <= set(taken)
    assert "Int64Operators" not in references(taken)


def test_a_part_that_is_the_same_in_two_filters_is_shared() -> None:
    taken: dict[str, JSONSchema] = {}
    add_components(components(Container), taken)
    add_components(components(Ship), taken)
    assert "ContainerWhere2" not in taken
    assert "ContainerWhere" in references(taken["ContainerQuantifiers"])
