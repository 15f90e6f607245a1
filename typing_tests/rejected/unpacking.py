"""A result has three members: neither two nor four, in a handler as anywhere."""

from typing import Annotated

from fastapi import Depends, FastAPI
from queryengine import FilterAST, create_qe_dependency
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult

from typing_tests.models import Flight

app = FastAPI()
flights = create_qe_dependency(SQLAlchemyQueryEngine(Flight), required=True)
result = SQLAlchemyQueryEngine(Flight).build_query(FilterAST())

query, projection_model = result
# mypy says: Too many values to unpack (2 expected, 3 provided) [misc]
# pyright says: Tuple size mismatch; expected 2 but received 3

query, projection_model, sort, filter = result
# mypy says: Need more than 3 values to unpack (4 expected) [misc]
# pyright says: Tuple size mismatch; expected 4 but received 3

(alone,) = result
# mypy says: Too many values to unpack (1 expected, 3 provided) [misc]
# pyright says: Tuple size mismatch; expected 1 but received 3

fourth = result[3]
# mypy says: Tuple index out of range [misc]
# pyright says: Index 3 is out of range for type SQLAlchemyQueryResult[Flight] [reportGeneralTypeIssues]


@app.get("/two")
async def two(result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)]) -> str:
    query, projection_model = result
    # mypy says: Too many values to unpack (2 expected, 3 provided) [misc]
    # pyright says: Tuple size mismatch; expected 2 but received 3
    return str(query)


@app.get("/four")
def four(result: Annotated[SQLAlchemyQueryResult[Flight], Depends(flights)]) -> str:
    query, projection_model, sort, filter = result
    # mypy says: Need more than 3 values to unpack (4 expected) [misc]
    # pyright says: Tuple size mismatch; expected 4 but received 3
    return str(query)
