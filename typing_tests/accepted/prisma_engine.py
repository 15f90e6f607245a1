"""The Prisma engine's result is of its model, and its pages have the rows of the client that fetches them.

The client is generated for each schema; these classes stand for what it has for a model.
"""

from collections.abc import Sequence
from typing import Annotated, Any, assert_type

from fastapi import Depends, FastAPI
from pydantic import BaseModel
from queryengine_prisma import (
    FindManyArguments,
    PrismaQueryEngine,
    PrismaQueryResult,
    fetch_page,
    fetch_page_sync,
)

from queryengine import Engine, FilterAST, Page, QEDependency, create_qe_dependency
from queryengine.engine import Sort


class Flight(BaseModel):
    id: int
    dest: str


class Flights:
    async def find_many(self, take: int | None = None, where: Any = None) -> list[Flight]:
        return [] if where is None else [Flight(id=take or 1, dest="BOS")]

    async def count(self, take: int | None = None, where: Any = None) -> int:
        return 0 if where is None else take or 1


class SyncFlights:
    def find_many(self, take: int | None = None, where: Any = None) -> list[Flight]:
        return [] if where is None else [Flight(id=take or 1, dest="BOS")]

    def count(self, take: int | None = None, where: Any = None) -> int:
        return 0 if where is None else take or 1


engine = PrismaQueryEngine(Flight, dialect="postgresql", text_order="database_is_codepoint")
assert_type(engine, PrismaQueryEngine[Flight])
assert_type(engine.model, type[Flight])

as_engine: Engine[Flight, PrismaQueryResult[Flight]] = engine
of_anything: Engine[object, object] = engine


def take_apart(ast: FilterAST) -> FindManyArguments:
    result = engine.build_query(ast)
    assert_type(result, PrismaQueryResult[Flight])
    query, projection_model, sort = result
    assert_type(projection_model, type[BaseModel] | None)
    assert_type(sort, Sort)
    return assert_type(query, FindManyArguments)


app = FastAPI()
flights = create_qe_dependency(engine, required=True)
assert_type(flights, QEDependency[PrismaQueryResult[Flight]])


@app.get("/pages")
async def list_pages(result: Annotated[PrismaQueryResult[Flight], Depends(flights)]) -> Page[Flight]:
    page = await fetch_page(Flights(), result, total="exact")
    assert_type(page, Page[Flight])
    return assert_type(await fetch_page(Flights(), result, total=10_000), Page[Flight])


@app.get("/sync")
def list_sync(result: Annotated[PrismaQueryResult[Flight], Depends(flights)]) -> Sequence[Flight]:
    page = fetch_page_sync(SyncFlights(), result)
    return assert_type(page, Page[Flight]).items
