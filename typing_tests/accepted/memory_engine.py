"""The engine over objects in memory: its query takes rows of the model and returns them."""

from dataclasses import dataclass
from typing import TypedDict, assert_type

from fastapi import Request
from pydantic import BaseModel

from queryengine import FilterAST, MemoryQueryEngine, MemoryQueryResult, QEDependency, create_qe_dependency
from queryengine.engine import Sort
from queryengine.memory import MemoryQuery


class Airport(BaseModel):
    code: str
    runways: int = 1


@dataclass
class Runway:
    id: int
    metres: float


class Wind(TypedDict):
    id: int
    knots: float


airports = create_qe_dependency(MemoryQueryEngine(Airport, primary_key=["code"]), required=True)
assert_type(airports, QEDependency[MemoryQueryResult[Airport]])

runways = create_qe_dependency(MemoryQueryEngine(Runway))
assert_type(runways, QEDependency[MemoryQueryResult[Runway] | None])

winds = MemoryQueryEngine(Wind).build_query(FilterAST())
assert_type(winds, MemoryQueryResult[Wind])
assert_type(winds.query.all([Wind(id=1, knots=12.5)]), list[Wind])


async def run(request: Request, rows: list[Airport]) -> list[Airport]:
    query, projection_model, sort = await airports(request)
    assert_type(query, MemoryQuery[Airport])
    assert_type(projection_model, type[BaseModel] | None)
    assert_type(sort, Sort)
    assert_type(query.count(rows), int)
    return query.all(rows)
