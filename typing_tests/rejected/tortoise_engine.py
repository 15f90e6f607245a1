"""What the Tortoise engine does not take, and what its result is not."""

from queryengine import Engine, FilterAST
from queryengine_tortoise import TortoiseQueryEngine, TortoiseQueryResult
from tortoise.queryset import QuerySet

from typing_tests.tortoise_models import Flight, Plane

TortoiseQueryEngine(int)
# mypy says: Value of type variable "ModelT" of "TortoiseQueryEngine" cannot be "int" [type-var]
# pyright says: Argument of type "type[int]" cannot be assigned to parameter "model"

TortoiseQueryEngine(Flight, dialect="mysql")
# mypy says: Argument "dialect" to "TortoiseQueryEngine" has incompatible type "Literal['mysql']"
# pyright says: Argument of type "Literal['mysql']" cannot be assigned to parameter "dialect"

TortoiseQueryEngine(Flight, "sqlite")
# mypy says: Too many positional arguments for "TortoiseQueryEngine" [call-arg]
# pyright says: Expected 1 positional argument [reportCallIssue]

result = TortoiseQueryEngine(Flight).build_query(FilterAST())

other: TortoiseQueryResult[Plane] = result
# mypy says: Incompatible types in assignment (expression has type "TortoiseQueryResult[Flight]"
# pyright says: Type "TortoiseQueryResult[Flight]" is not assignable to declared type "TortoiseQueryResult[Plane]"

query: QuerySet[Plane] = result.query
# mypy says: Incompatible types in assignment (expression has type "QuerySet[Flight]"
# pyright says: Type "QuerySet[Flight]" is not assignable to declared type "QuerySet[Plane]"

two, parts = result
# mypy says: Too many values to unpack (2 expected, 3 provided) [misc]
# pyright says: Tuple size mismatch; expected 2 but received 3

engine: Engine[Plane, TortoiseQueryResult[Flight]] = TortoiseQueryEngine(Flight)
# mypy says: Incompatible types in assignment (expression has type "TortoiseQueryEngine[Flight]"
# pyright says: Type "TortoiseQueryEngine[Flight]" is not assignable to declared type
#     "Engine[Plane, TortoiseQueryResult[Flight]]"

TortoiseQueryEngine(Flight).build_query("{}")
# mypy says: Argument 1 to "build_query" of "TortoiseQueryEngine" has incompatible type "str"; expected "FilterAST"
# pyright says: "Literal['{}']" is not assignable to "FilterAST"
