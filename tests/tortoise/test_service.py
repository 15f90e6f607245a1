"""A FastAPI service with the real dependency: rows, errors, hidden fields, scopes, SQL in values."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncGenerator, Callable, Generator, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Header
from fastapi.testclient import TestClient
from pydantic import BaseModel, ConfigDict, SerializeAsAny
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult
from tortoise.contrib.fastapi import RegisterTortoise

from queryengine import Scope, SecurityPolicy, create_qe_dependency
from queryengine import field as attribute
from tests.asgi import Answer
from tests.tortoise.models import Brand, Product

HIDDEN = ["api_key", "remark", "margin"]
EVIL = ["' OR 1=1 --", '"; DROP TABLE goods; --', "$1", "?", "%s", "\\'", "{}", "%", "_", "*", "[a]", "';"]


class BrandOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    name: str


class ProductOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    stock: int | None
    brand: BrandOut | None


def brands_of(country: Annotated[str | None, Header()] = None) -> Scope | None:
    """The brands of one country; who names none sees nothing."""
    return None if country is None else {Product: attribute("id") > 0, Brand: attribute("country") == country}


exposed = create_qe_dependency(
    TortoiseQueryEngine(Product), policy=SecurityPolicy(expose=ProductOut), required=True
)
plain = create_qe_dependency(TortoiseQueryEngine(Brand), required=True)
scoped = create_qe_dependency(
    TortoiseQueryEngine(Product), policy=SecurityPolicy(relations=True), scope=brands_of
)


async def list_products(
    result: Annotated[TortoiseQueryResult[Product], Depends(exposed)],
) -> Sequence[BaseModel]:
    query, projection_model, _ = result
    shown = projection_model or ProductOut
    return [shown.model_validate(row) for row in await query.prefetch_related("brand")]


async def list_brands(result: Annotated[TortoiseQueryResult[Brand], Depends(plain)]) -> Sequence[BaseModel]:
    query, projection_model, _ = result
    assert projection_model is not None
    return [projection_model.model_validate(row) for row in await query]


async def list_scoped(
    result: Annotated[TortoiseQueryResult[Product], Depends(scoped)],
) -> Sequence[tuple[int, str | None]]:
    rows = await result.query.prefetch_related("brand")
    return [(row.id, None if row.brand is None else row.brand.name) for row in rows]


def make_app() -> FastAPI:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        modules: Any = {"shop": ["tests.tortoise.models"]}  # Any: dictionaries are invariant
        async with RegisterTortoise(
            app,
            db_url="sqlite://:memory:",
            modules=modules,
            generate_schemas=True,
            _enable_global_fallback=True,
        ):
            acme = await Brand.create(code="A", name="Acme", country="US", api_key="k", remark="r", margin=5)
            bolt = await Brand.create(code="B", name="Bolt", country="FR")
            _ = await Product.create(id=1, name="Lamp", stock=3, brand=acme)
            _ = await Product.create(id=2, name="Knife", brand=bolt)
            _ = await Product.create(id=3, name="100%_*[a]", stock=0)
            yield

    app = FastAPI(lifespan=lifespan)
    app.get("/products", response_model=list[SerializeAsAny[ProductOut]])(list_products)
    app.get("/brands", response_model=list[SerializeAsAny[BaseModel]])(list_brands)
    app.get("/scoped")(list_scoped)
    return app


@pytest.fixture
def client() -> Generator[TestClient]:
    with TestClient(make_app()) as client:
        yield client


def ask(client: TestClient, path: str, document: object, **headers: str) -> Answer:
    answer = client.get(path, params={"filter": json.dumps(document)}, headers=headers)
    return Answer(answer.status_code, answer.content)


def test_a_handler_gives_the_rows_that_a_filter_asks_for(client: TestClient) -> None:
    where = {"brand.name": {"icontains": "ACME"}, "stock": {"gte": 3}}
    answer = ask(client, "/products", {"where": where, "order": "-name", "limit": 5})
    assert answer.json == [{"id": 1, "name": "Lamp", "stock": 3, "brand": {"name": "Acme"}}]
    answer = ask(client, "/products", {"fields": ["name"], "order": "brand.name"})
    assert answer.json == [{"name": "100%_*[a]"}, {"name": "Lamp"}, {"name": "Knife"}]
    assert len(client.get("/products").json()) == 3


def test_what_is_hidden_is_not_in_an_answer(client: TestClient) -> None:
    answer = client.get("/brands")
    assert answer.json()[0] == {"code": "A", "name": "Acme", "country": "US"}


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_field_is_answered_as_one_that_is_not_there_and_no_sql_is_sent(
    client: TestClient, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    unknown = "z" * len(name)
    documents: list[dict[str, Any]] = [
        {"where": {name: test}} for test in ("x", 1, None, {"gt": 1}, {"in": ["x"]})
    ]
    documents += [
        {"where": {"or": [{name: "x"}]}},
        {"order": f"-{name}"},
        {"fields": [name]},
        {"include": name},
    ]
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        for document in documents:
            answer = ask(client, "/brands", document)
            other = ask(client, "/brands", json.loads(json.dumps(document).replace(name, unknown)))
            assert answer.status == 422
            assert answer.body == other.body.replace(unknown.encode(), name.encode())
    assert [record for record in caplog.records if record.name == "tortoise.db_client"] == []


@pytest.mark.parametrize("text", EVIL)
@pytest.mark.parametrize("word", ["eq", "contains", "istartsWith", "endsWith", "gt", "in"])
def test_a_value_is_a_value_whatever_it_looks_like(client: TestClient, word: str, text: str) -> None:
    names = ["Lamp", "Knife", "100%_*[a]"]
    means: dict[str, Callable[[str], bool]] = {
        "eq": lambda name: name == text,
        "contains": lambda name: text in name,
        "istartsWith": lambda name: name.lower().startswith(text.lower()),
        "endsWith": lambda name: name.endswith(text),
        "gt": lambda name: name > text,
        "in": lambda name: name == text,
    }
    answer = ask(client, "/products", {"where": {"name": {word: [text] if word == "in" else text}}})
    assert [row["name"] for row in answer.json] == [name for name in names if means[word](name)]


@pytest.mark.parametrize(
    "name",
    [
        "_meta",
        "pk",
        "__class__",
        "brand__name",
        "brand.products",
        'name" --',
        "name__contains",
        "objects",
        "a.b",
    ],
)
def test_a_name_that_is_no_field_is_refused(client: TestClient, name: str) -> None:
    for document in ({"where": {name: "x"}}, {"order": name}, {"fields": [name]}):
        assert ask(client, "/products", document).status == 422


def test_a_related_row_outside_of_its_scope_does_not_exist(client: TestClient) -> None:
    everything = ask(client, "/scoped", {}, country="US").json
    assert everything == [[1, "Acme"], [2, None], [3, None]]
    for where in (
        {"brand.name": "Bolt"},
        {"brand": {"name": {"startsWith": "B"}}},
        {"brand": {"products": {"some": {"name": "Knife"}}}},
        {"not": {"or": [{"brand": None}, {"brand.country": "US"}]}},
    ):
        assert ask(client, "/scoped", {"where": where}, country="US").json == []
    ordered = ask(client, "/scoped", {"order": "-brand.name,-id"}, country="US").json
    assert [key for key, _ in ordered] == [1, 3, 2]
    assert ask(client, "/scoped", {"include": "brand"}, country="US").json == everything


def test_who_has_no_scope_gets_nothing(client: TestClient) -> None:
    assert ask(client, "/scoped", {}).status in {403, 404}
