"""fastapi-pagination pages our results on Tortoise: limit and offset are its own, totals count all rows."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_pagination import Page, Params, add_pagination
from fastapi_pagination.ext.tortoise import apaginate
from pydantic import BaseModel, ConfigDict
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult
from tortoise.contrib.fastapi import RegisterTortoise

from queryengine import QueryConfig, SecurityPolicy, create_qe_dependency
from tests.tortoise.models import Tag


class TagOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    word: str


tags = create_qe_dependency(
    TortoiseQueryEngine(Tag),
    policy=SecurityPolicy(expose=TagOut),
    config=QueryConfig(paging="external"),
    required=True,
)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with RegisterTortoise(
        app,
        db_url="sqlite://:memory:",
        modules={"shop": ["tests.tortoise.models"]},
        generate_schemas=True,
    ):
        await Tag.bulk_create([Tag(id=n, word=("even", "odd")[n % 2]) for n in range(500)])
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/tags", response_model=Page[TagOut])
async def list_tags(
    result: Annotated[TortoiseQueryResult[Tag], Depends(tags)], params: Annotated[Params, Depends()]
) -> object:
    page: object = await apaginate(result.query, params)
    return page


add_pagination(app)


@pytest.fixture(scope="module")
def client() -> Generator[TestClient]:
    with TestClient(app) as client:
        yield client


def test_its_total_counts_all_rows_that_the_filter_gives(client: TestClient) -> None:
    filter = '{"where": {"word": "odd"}, "order": "-id"}'
    body = client.get("/tags", params={"filter": filter, "page": 2, "size": 50}).json()
    assert (body["total"], body["page"], body["pages"]) == (250, 2, 5)
    assert [item["id"] for item in body["items"]] == [n for n in reversed(range(500)) if n % 2][50:100]


def test_a_limit_in_the_filter_is_refused(client: TestClient) -> None:
    answer = client.get("/tags", params={"filter": '{"limit": 5}'})
    assert (answer.status_code, answer.json()["detail"][0]["type"]) == (422, "not_allowed")
