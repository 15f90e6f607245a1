"""The Tortoise engine is an `Engine`, and its result a typed tuple with a `QuerySet` of the model."""

from collections.abc import Sequence
from typing import Annotated, Literal, assert_type

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult, fetch_page
from tortoise.models import Model
from tortoise.queryset import QuerySet

from queryengine import Capabilities, Engine, FilterAST, Page, QEDependency, create_qe_dependency
from queryengine.engine import Sort
from queryengine.schema import ModelSchema
from typing_tests.tortoise_models import Flight

engine = TortoiseQueryEngine(
    Flight,
    dialect="postgresql",
    use_tz=False,
    text_order="database_is_codepoint",
    null_order="largest",
    case_fold="unicode",
)
assert_type(engine, TortoiseQueryEngine[Flight])
assert_type(engine.model, type[Flight])
assert_type(engine.schema, ModelSchema[Flight])
assert_type(engine.capabilities, Capabilities)


def on(dialect: Literal["sqlite", "postgresql"]) -> TortoiseQueryEngine[Flight]:
    return TortoiseQueryEngine(Flight, dialect=dialect)


as_engine: Engine[Flight, TortoiseQueryResult[Flight]] = engine
of_base: Engine[Model, TortoiseQueryResult[Flight]] = engine
of_anything: Engine[object, object] = engine


def take_apart(ast: FilterAST) -> QuerySet[Flight]:
    result = engine.build_query(ast)
    assert_type(result, TortoiseQueryResult[Flight])
    query, projection_model, sort = result
    assert_type(projection_model, type[BaseModel] | None)
    assert_type(sort, Sort)
    first: QuerySet[Flight] = assert_type(query, QuerySet[Flight])
    again: QuerySet[Flight] = assert_type(result.query, QuerySet[Flight])
    return first if ast.where is None else again.filter(origin="JFK").limit(5)


app = FastAPI()
flights = create_qe_dependency(engine, required=True)
assert_type(flights, QEDependency[TortoiseQueryResult[Flight]])
assert_type(create_qe_dependency(engine), QEDependency[TortoiseQueryResult[Flight] | None])


@app.get("/flights")
async def list_flights(
    result: Annotated[TortoiseQueryResult[Flight], Depends(flights)],
) -> Sequence[str]:
    query, _, _ = result
    rows = await query
    assert_type(rows, list[Flight])
    return [row.origin for row in rows]


@app.get("/pages")
async def list_pages(result: Annotated[TortoiseQueryResult[Flight], Depends(flights)]) -> Page[Flight]:
    page = await fetch_page(result, total="exact")
    assert_type(page, Page[Flight])
    return assert_type(await fetch_page(result, total=10_000, using_db=None), Page[Flight])
