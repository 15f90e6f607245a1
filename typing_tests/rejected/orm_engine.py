"""What the companion's engine does not take, and what its result is not."""

from pydantic import BaseModel
from queryengine_orm import Query
from queryengine_orm.backend import ORMAggregateResult, ORMQueryEngine, ORMQueryResult, explain, fetch_groups
from queryengine_orm.driver import Pool

from queryengine import FilterAST
from typing_tests.orm_models import Carrier, Flight

ORMQueryEngine(int)
# mypy says: Value of type variable "ModelT" of "ORMQueryEngine" cannot be "int"
# pyright says: Argument of type "type[int]" cannot be assigned to parameter "model" of type

ORMQueryEngine(Flight, dialect="oracle")
# mypy says: Argument "dialect" to "ORMQueryEngine" has incompatible type "Literal['oracle']"
# pyright says: Argument of type "Literal['oracle']" cannot be assigned to parameter "dialect" of type


def take_apart(ast: FilterAST) -> None:
    result: ORMQueryResult[Carrier] = ORMQueryEngine(Flight).build_query(ast)
    # mypy says: Incompatible types in assignment
    # pyright says: Type "ORMQueryResult[Flight]" is not assignable to declared type

    query, _ = ORMQueryEngine(Flight).build_query(ast)
    # mypy says: Too many values to unpack (2 expected, 3 provided)
    # pyright says: Expression with type "ORMQueryResult[Flight]" cannot be assigned to target tuple

    other: Query[Carrier] = ORMQueryEngine(Flight).build_query(ast).query
    # mypy says: Incompatible types in assignment
    # pyright says: Type "Query[Flight]" is not assignable to declared type "Query[Carrier]"

    print(result, query, other)


class Counted(BaseModel):
    count: int = 0


class Delays(BaseModel):
    avg_delay: float | None = None


async def fetch(pool: Pool, groups: ORMAggregateResult[Counted], rows: ORMQueryResult[Flight]) -> None:
    found: list[Delays] = await fetch_groups(pool, groups)
    # mypy says: Argument 2 to "fetch_groups" has incompatible type "AggregateResult[Counted, AggregateQuery]"
    # pyright says: Type "list[Counted]" is not assignable to declared type "list[Delays]"

    await fetch_groups(pool, rows)
    # mypy says: Argument 2 to "fetch_groups" has incompatible type "ORMQueryResult[Flight]"
    # pyright says: Argument of type "ORMQueryResult[Flight]" cannot be assigned to parameter "result" of type

    await explain(pool, groups)
    # mypy says: Argument 2 to "explain" has incompatible type "AggregateResult[Counted, AggregateQuery]"
    # pyright says: Argument of type "ORMAggregateResult[Counted]" cannot be assigned to parameter "result"

    print(found)
