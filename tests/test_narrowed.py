"""Answers narrowed by `fields`: what FastAPI writes of them, and what OpenAPI says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, Field, computed_field

from queryengine import MemoryQueryEngine, Narrowed, Page, Processor, SecurityPolicy
from queryengine.parsed import Source


class MakerOut(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Acme"}]})

    title: str = Field(serialization_alias="name")
    owner: MakerOut | None


class ToyOut(BaseModel):
    """A toy."""

    name: str
    makers: list[MakerOut]

    @computed_field
    def label(self) -> str:
        return self.name.title()


@dataclass
class Maker:
    title: str
    owner: Maker | None


@dataclass
class Toy:
    name: str
    makers: list[Maker]


def name_only() -> BaseModel:
    """A toy of which the name was asked for."""
    policy = SecurityPolicy(expose=ToyOut)
    ast = Processor(MemoryQueryEngine(Toy), policy=policy).process(Source('{"fields": ["name"]}'))
    assert ast.projection is not None
    return ast.projection.model_validate(Toy("top", []), from_attributes=True)


def application() -> FastAPI:
    app = FastAPI()

    @app.get("/toys", response_model=list[Narrowed[ToyOut]])
    def toys() -> list[BaseModel]:
        return [name_only()]

    @app.get("/page", response_model=Page[Narrowed[ToyOut]])
    def page() -> Page[BaseModel]:
        return Page(items=[name_only()])

    @app.get("/makers", response_model=list[Narrowed[MakerOut]])
    def makers() -> list[BaseModel]:
        return []

    @app.get("/whole", response_model=list[ToyOut])
    def whole() -> list[ToyOut]:
        return []

    return app


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = application().openapi()["components"]["schemas"]
    return found


def test_what_is_written_is_what_was_given() -> None:
    client = TestClient(application())
    assert client.get("/toys").json() == [{"name": "top"}]
    assert client.get("/page").json()["items"] == [{"name": "top"}]


def test_nothing_is_required_in_its_schema_nor_in_those_that_it_nests() -> None:
    found = schemas()
    assert "required" not in found["ToyOutFields"] | found["MakerOutFields"]
    assert list(found["ToyOutFields"]["properties"]) == ["name", "makers", "label"]
    assert found["ToyOutFields"]["properties"]["makers"]["items"] == {
        "$ref": "#/components/schemas/MakerOutFields"
    }
    assert {"$ref": "#/components/schemas/MakerOutFields"} in found["MakerOutFields"]["properties"]["owner"][
        "anyOf"
    ]


def test_the_model_itself_stays_as_it_is() -> None:
    assert schemas()["ToyOut"]["required"] == ["name", "makers", "label"]
    assert schemas()["MakerOut"]["required"] == ["name", "owner"]


def test_what_a_model_adds_to_its_schema_is_kept() -> None:
    assert schemas()["MakerOutFields"]["examples"] == [{"title": "Acme"}]


def test_each_model_is_described_once() -> None:
    assert sorted(name for name in schemas() if name.endswith("Fields")) == ["MakerOutFields", "ToyOutFields"]


def test_a_model_may_change_its_schema_by_a_function() -> None:
    class BoxOut(BaseModel):
        model_config = ConfigDict(json_schema_extra=lambda schema: schema.update(deprecated=True))

        size: int

    app = FastAPI()
    app.get("/boxes", response_model=list[Narrowed[BoxOut]])(list)
    assert app.openapi()["components"]["schemas"]["BoxOutFields"]["deprecated"] is True
