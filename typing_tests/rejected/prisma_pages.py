"""A page is fetched by the client of the result's own model, and by the function of the client's own kind."""

from typing import Any

from pydantic import BaseModel
from queryengine import FilterAST, Page
from queryengine_prisma import PrismaQueryEngine, fetch_page, fetch_page_sync


class Flight(BaseModel):
    id: int


class Plane(BaseModel):
    id: int


class Flights:
    async def find_many(self, take: int | None = None, where: Any = None) -> list[Flight]:
        raise NotImplementedError

    async def count(self, take: int | None = None, where: Any = None) -> int:
        raise NotImplementedError


result = PrismaQueryEngine(Flight).build_query(FilterAST())


async def of_another_model() -> Page[Plane]:
    return await fetch_page(Flights(), result)
    # mypy says: Argument 1 to "fetch_page" has incompatible type "Flights"; expected "Actions[Plane]" [arg-type]
    # mypy says: Argument 2 to "fetch_page" has incompatible type "PrismaQueryResult[Flight]"
    # pyright says: Type "Page[Flight]" is not assignable to return type "Page[Plane]"


async def with_another_total() -> Page[Flight]:
    return await fetch_page(Flights(), result, total="all")
    # mypy says: Argument "total" to "fetch_page" has incompatible type "Literal['all']"
    # pyright says: Argument of type "Literal['all']" cannot be assigned to parameter "total"


def without_waiting() -> Page[Flight]:
    return fetch_page_sync(Flights(), result)
    # mypy says: Argument 1 to "fetch_page_sync" has incompatible type "Flights"; expected "SyncActions[Flight]"
    # pyright says: Argument of type "Flights" cannot be assigned to parameter "actions"
