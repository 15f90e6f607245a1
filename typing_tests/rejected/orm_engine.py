"""What the companion's engine does not take, and what its result is not."""

from queryengine_orm import Query
from queryengine_orm.backend import ORMQueryEngine, ORMQueryResult

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
