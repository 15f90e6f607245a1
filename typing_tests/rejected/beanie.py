"""A query of one document is not one of another, and has only what both kinds of Beanie's queries have.

Beanie's documents come from a class without types. To mypy any document may be any other, so that it finds less.
"""

from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from pydantic import BaseModel
from queryengine import FilterAST
from queryengine_beanie import BeanieQueryEngine, BeanieQueryResult

from typing_tests.documents import Leg, Trip


class Plain(BaseModel):
    title: str


result = BeanieQueryEngine(Trip).build_query(FilterAST())

legs: FindMany[Leg] | AggregationQuery[Leg] = result.query
# pyright says: Type "FindMany[Trip] | AggregationQuery[Trip]" is not assignable to declared type
#     "FindMany[Leg] | AggregationQuery[Leg]"

of_legs: BeanieQueryResult[Leg] = result
# pyright says: Type "BeanieQueryResult[Trip]" is not assignable to declared type "BeanieQueryResult[Leg]"

engine = BeanieQueryEngine(Plain)
# mypy says: Value of type variable "T" of "BeanieQueryEngine" cannot be "Plain" [type-var]
# pyright says: Argument of type "type[Plain]" cannot be assigned to parameter "model"

query, projection_model = result
# mypy says: Too many values to unpack (2 expected, 3 provided) [misc]
# pyright says: Tuple size mismatch; expected 2 but received 3


async def rows() -> list[Leg]:
    return await result.query.to_list()
    # pyright says: Type "list[Trip]" is not assignable to return type "list[Leg]"


async def attribute() -> list[int]:
    return [trip.miles for trip in await result.query.to_list()]
    # pyright says: Cannot access attribute "miles" for class "Trip"


async def narrowed() -> None:
    result.query.limit(5)
    # mypy says: Item "AggregationQuery[Trip]" of "FindMany[Trip] | AggregationQuery[Trip]" has no attribute
    #     "limit" [union-attr]
    # pyright says: Cannot access attribute "limit" for class "AggregationQuery[Trip]"
