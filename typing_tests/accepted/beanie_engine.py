"""The Beanie engine gives a query of its own document, which unpacks and runs as Beanie's do."""

from collections.abc import Sequence
from typing import Annotated, TypeVar, assert_type

from beanie import Document
from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from fastapi import Depends, FastAPI
from pydantic import BaseModel
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult, fetch_page

from queryengine import Capabilities, Engine, FilterAST, Page, QEDependency, create_qe_dependency
from queryengine.engine import Sort
from queryengine.schema import ModelSchema
from typing_tests.documents import Trip

T = TypeVar("T", bound=Document)

engine = BeanieQueryEngine(Trip, with_children=True)
assert_type(engine, BeanieQueryEngine[Trip])
assert_type(engine.model, type[Trip])
assert_type(engine.schema, ModelSchema[Trip])
assert_type(engine.capabilities, Capabilities)

as_engine: Engine[Trip, BeanieQueryResult[Trip]] = engine
of_base: Engine[Document, BeanieQueryResult[Trip]] = engine
of_anything: Engine[object, object] = engine

trips = create_qe_dependency(engine, required=True)
assert_type(trips, QEDependency[BeanieQueryResult[Trip]])
assert_type(create_qe_dependency(engine), QEDependency[BeanieQueryResult[Trip] | None])


def unpacked(ast: FilterAST) -> None:
    result = engine.build_query(ast)
    assert_type(result, BeanieQueryResult[Trip])
    assert_type(engine.execute_query(ast), BeanieQueryResult[Trip])
    query, projection_model, sort = result
    assert_type(query, FindMany[Trip] | AggregationQuery[Trip])
    assert_type(projection_model, type[BaseModel] | None)
    assert_type(sort, Sort)
    assert_type(result.query, FindMany[Trip] | AggregationQuery[Trip])
    assert_type(result.filter, FilterAST)


async def of_any_document(result: BeanieQueryResult[T]) -> Sequence[T]:
    return await result.query.to_list()


app = FastAPI()


@app.get("/trips")
async def list_trips(result: Annotated[BeanieQueryResult[Trip], Depends(trips)]) -> list[str]:
    query, projection_model, _ = result
    assert_type(await query.to_list(), list[Trip])
    if isinstance(query, FindMany) and projection_model is not None:
        assert_type(await query.project(projection_model).to_list(), list[BaseModel])
    return [trip.title for trip in await query.to_list()]


@app.get("/titles")
async def titles(result: Annotated[BeanieQueryResult[Trip], Depends(trips)]) -> list[str]:
    return [trip.title async for trip in result.query]


@app.get("/pages")
async def list_pages(result: Annotated[BeanieQueryResult[Trip], Depends(trips)]) -> Page[Trip]:
    page = await fetch_page(result, total="exact")
    assert_type(page, Page[Trip])
    shown = await fetch_page(result, project=True)
    assert_type(shown, Page[BaseModel])
    return assert_type(await fetch_page(result, total=10_000, session=None), Page[Trip])
