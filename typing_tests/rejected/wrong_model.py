"""A query of one model is not one of another, in a handler as anywhere."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Depends, FastAPI
from queryengine import FilterAST, MemoryQueryEngine, QEDependency, create_qe_dependency
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from typing_tests.models import Flight, Plane

app = FastAPI()
flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight), required=True)
result = SQLAlchemyQueryEngine(Flight).build_query(FilterAST())

query: Select[Plane] = result.query
# mypy says: Incompatible types in assignment (expression has type "Select[Flight]", variable has type
#     "Select[Plane]") [assignment]
# pyright says: Type "Select[Flight]" is not assignable to declared type "Select[Plane]"

of_planes: SQLAlchemyQueryResult[Plane] = result
# mypy says: Incompatible types in assignment (expression has type "SQLAlchemyQueryResult[Flight]", variable
#     has type "SQLAlchemyQueryResult[Plane]") [assignment]
# pyright says: Type "SQLAlchemyQueryResult[Flight]" is not assignable to declared type
#     "SQLAlchemyQueryResult[Plane]"

planes: QEDependency[SQLAlchemyQueryResult[Plane]] = flights
# mypy says: Incompatible types in assignment (expression has type
#     "QEDependency[SQLAlchemyQueryResult[Flight]]", variable has type
# pyright says: Type "QEDependency[SQLAlchemyQueryResult[Flight]]" is not assignable to declared type
#     "QEDependency[SQLAlchemyQueryResult[Plane]]"

plane_engine: SQLAlchemyQueryEngine[Plane] = SQLAlchemyQueryEngine(Flight)
# mypy says: Argument 1 to "SQLAlchemyQueryEngine" has incompatible type "type[Flight]"; expected
#     "type[Plane]" [arg-type]
# pyright says: Type "SQLAlchemyQueryEngine[Flight]" is not assignable to declared type
#     "SQLAlchemyQueryEngine[Plane]"

MemoryQueryEngine(Flight).build_query(FilterAST()).query.all([Plane()])
# mypy says: List item 0 has incompatible type "Plane"; expected "Flight" [list-item]
# pyright says: Argument of type "list[Plane]" cannot be assigned to parameter "rows" of type
#     "Iterable[Flight]" in function "all"


def plane_query(query: Select[Plane]) -> None: ...


def passed_on(result: SQLAlchemyQueryResult[Flight]) -> None:
    query, _, _ = result
    plane_query(query)
    # mypy says: Argument 1 to "plane_query" has incompatible type "Select[Flight]"; expected "Select[Plane]"
    # pyright says: Argument of type "Select[Flight]" cannot be assigned to parameter "query" of type
    #     "Select[Plane]" in function "plane_query"


@app.get("/rows")
async def rows(
    result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)], session: AsyncSession
) -> Sequence[Plane]:
    query, _, _ = result
    return (await session.scalars(query)).all()
    # mypy says: Incompatible return value type (got "Sequence[Flight]", expected "Sequence[Plane]")
    # pyright says: Type "Sequence[Flight]" is not assignable to return type "Sequence[Plane]"


@app.get("/rows-at-once")
def rows_at_once(
    result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)], session: Session
) -> Sequence[Plane]:
    return session.scalars(result.query).all()
    # mypy says: Incompatible return value type (got "Sequence[Flight]", expected "Sequence[Plane]")
    # pyright says: Type "Sequence[Flight]" is not assignable to return type "Sequence[Plane]"


@app.get("/attribute")
def attribute(
    result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)], session: Session
) -> list[int | None]:
    return [flight.seats for flight in session.scalars(result.query)]
    # mypy says: "Flight" has no attribute "seats" [attr-defined]
    # pyright says: Cannot access attribute "seats" for class "Flight"
