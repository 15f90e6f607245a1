"""The companion's engine is an `Engine`, and its result a typed tuple with a `Query` of the model."""

from collections.abc import Sequence
from typing import Annotated, assert_type

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from queryengine_orm import DeclarativeBase, Query
from queryengine_orm.backend import (
    AggregateQuery,
    ORMAggregateResult,
    ORMQueryEngine,
    ORMQueryResult,
    explain,
    fetch_groups,
    fetch_page,
)
from queryengine_orm.driver import Pool

from queryengine import (
    Engine,
    FilterAST,
    Page,
    QEDependency,
    create_qe_aggregate_dependency,
    create_qe_dependency,
)
from queryengine.engine import Sort
from queryengine.explain import Explanation
from queryengine.schema import ModelSchema
from typing_tests.orm_models import Flight

engine = ORMQueryEngine(
    Flight,
    dialect="postgresql",
    text_order="database_is_codepoint",
    null_order="largest",
    case_fold="unicode",
)
assert_type(engine, ORMQueryEngine[Flight])
assert_type(engine.model, type[Flight])
assert_type(engine.schema, ModelSchema[Flight])

as_engine: Engine[Flight, ORMQueryResult[Flight]] = engine
of_base: Engine[DeclarativeBase, ORMQueryResult[Flight]] = engine
of_anything: Engine[object, object] = engine


def take_apart(ast: FilterAST) -> Query[Flight]:
    result = engine.build_query(ast)
    assert_type(result, ORMQueryResult[Flight])
    query, projection_model, sort = result
    assert_type(projection_model, type[BaseModel] | None)
    assert_type(sort, Sort)
    return assert_type(query, Query[Flight])


app = FastAPI()
flights = create_qe_dependency(engine, required=True)
assert_type(flights, QEDependency[ORMQueryResult[Flight]])
assert_type(create_qe_dependency(engine), QEDependency[ORMQueryResult[Flight] | None])


def the_pool() -> Pool:
    raise NotImplementedError


@app.get("/flights")
async def list_flights(
    result: Annotated[ORMQueryResult[Flight], Depends(flights)], pool: Annotated[Pool, Depends(the_pool)]
) -> Sequence[str]:
    query, _, _ = result
    rows = await query.all(pool)
    assert_type(rows, list[Flight])
    return [row.origin for row in rows]


@app.get("/pages")
async def list_pages(
    result: Annotated[ORMQueryResult[Flight], Depends(flights)], pool: Annotated[Pool, Depends(the_pool)]
) -> Page[Flight]:
    return assert_type(await fetch_page(pool, result, total="exact"), Page[Flight])


class Counted(BaseModel):
    count: int = 0


counted = create_qe_aggregate_dependency(engine, row=Counted)


@app.get("/groups")
async def list_groups(
    result: Annotated[ORMAggregateResult[Counted], Depends(counted)], pool: Annotated[Pool, Depends(the_pool)]
) -> list[Counted]:
    assert_type(result.query, AggregateQuery)
    assert_type(await result.query.all(pool), list[tuple[object, ...]])
    return assert_type(await fetch_groups(pool, result), list[Counted])


async def what_becomes_of(result: ORMQueryResult[Flight], pool: Pool) -> None:
    assert_type(await explain(pool, result, values=True), Explanation)
