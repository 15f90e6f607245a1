"""The result of a request that need not have a filter may be None, and has to be looked at first."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, FastAPI, Request
from queryengine import MemoryQueryEngine, QEDependency, create_qe_dependency
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from typing_tests.models import Flight

app = FastAPI()
flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight))
in_memory = create_qe_dependency(MemoryQueryEngine(Flight))


async def call(request: Request, session: AsyncSession) -> Sequence[Flight]:
    query, projection_model, sort = await flights(request)
    # mypy says: "None" object is not iterable [misc]
    # pyright says: "None" is not iterable "__iter__" method not defined [reportGeneralTypeIssues]
    return (await session.scalars((await flights(request)).query)).all()
    # mypy says: Item "None" of "SQLAlchemyQueryResult[Flight] | None" has no attribute "query" [union-attr]
    # pyright says: "query" is not a known attribute of "None" [reportOptionalMemberAccess]


def build(request: Request, rows: list[Flight]) -> list[Flight]:
    flights.build(request, None)[0]
    # mypy says: Value of type "SQLAlchemyQueryResult[Flight] | None" is not indexable [index]
    # pyright says: Object of type "None" is not subscriptable [reportOptionalSubscript]
    return in_memory.build(request, None).query.all(rows)
    # mypy says: Item "None" of "MemoryQueryResult[Flight] | None" has no attribute "query" [union-attr]
    # pyright says: "query" is not a known attribute of "None" [reportOptionalMemberAccess]


@app.get("/unpacked")
async def unpacked(
    result: Annotated[SQLAlchemyQueryResult[Flight] | None, Depends(flights)], session: AsyncSession
) -> Sequence[Flight]:
    query, projection_model, sort = result
    # mypy says: "None" object is not iterable [misc]
    # pyright says: "None" is not iterable "__iter__" method not defined [reportGeneralTypeIssues]
    return (await session.scalars(query)).all()


@app.get("/property")
def by_property(
    result: Annotated[SQLAlchemyQueryResult[Flight] | None, Depends(flights)], session: Session
) -> Sequence[Flight]:
    return session.scalars(result.query).all()
    # mypy says: Item "None" of "SQLAlchemyQueryResult[Flight] | None" has no attribute "query" [union-attr]
    # pyright says: "query" is not a known attribute of "None" [reportOptionalMemberAccess]


@app.get("/helper")
def with_helper(
    result: Annotated[SQLAlchemyQueryResult[Flight] | None, Depends(flights)], session: Session
) -> Sequence[Flight]:
    return run(result, session)
    # mypy says: Argument 1 to "run" has incompatible type "SQLAlchemyQueryResult[Flight] | None"; expected
    #     "SQLAlchemyQueryResult[Flight]" [arg-type]
    # pyright says: Argument of type "SQLAlchemyQueryResult[Flight] | None" cannot be assigned to parameter
    #     "result" of type "SQLAlchemyQueryResult[Flight]" in function "run"


def run(result: SQLAlchemyQueryResult[Flight], session: Session) -> Sequence[Flight]:
    return session.scalars(result.query).all()


never_none: QEDependency[SQLAlchemyQueryResult[Flight]] = flights
# mypy says: Incompatible types in assignment (expression has type "QEDependency[SQLAlchemyQueryResult[Flight]
#     | None]", variable has type "QEDependency[SQLAlchemyQueryResult[Flight]]") [assignment]
# pyright says: Type "QEDependency[SQLAlchemyQueryResult[Flight] | None]" is not assignable to declared type
#     "QEDependency[SQLAlchemyQueryResult[Flight]]"
