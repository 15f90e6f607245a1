"""What is no engine makes no dependency: a model, an engine's class, a member missing or of a wrong type."""

from queryengine import Capabilities, Engine, FilterAST, MemoryQueryEngine, QueryResult, create_qe_dependency
from queryengine.model_schema import read_schema
from queryengine.schema import ModelSchema
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult

from typing_tests.models import Base, Flight, Plane


class Complete:
    capabilities = Capabilities(backend="complete")

    @property
    def model(self) -> type[Flight]:
        return Flight

    @property
    def schema(self) -> ModelSchema[Flight]:
        return read_schema(Flight)

    def build_query(self, ast: FilterAST) -> QueryResult[str]:
        return QueryResult("", None, (), filter=ast)

    def execute_query(self, ast: FilterAST) -> QueryResult[str]:
        return self.build_query(ast)


class WithoutExecution:
    capabilities = Capabilities(backend="without")
    model = Flight
    schema = read_schema(Flight)

    def build_query(self, ast: FilterAST) -> QueryResult[str]:
        return QueryResult("", None, (), filter=ast)


class OfDocuments:
    capabilities = Capabilities(backend="documents")
    model = Flight
    schema = read_schema(Flight)

    def build_query(self, document: dict[str, object]) -> QueryResult[str]:
        raise NotImplementedError

    execute_query = build_query


create_qe_dependency(Flight)
# mypy says: No overload variant of "create_qe_dependency" matches argument type "type[Flight]"
# pyright says: Argument of type "type[Flight]" cannot be assigned to parameter "engine" of type
#     "Engine[T@create_qe_dependency, R@create_qe_dependency]" in function "create_qe_dependency"

create_qe_dependency(SQLAlchemyQueryEngine)
# mypy says: No overload variant of "create_qe_dependency" matches argument type
#     "type[SQLAlchemyQueryEngine[T]]" [call-overload]
# pyright says: Argument of type "type[SQLAlchemyQueryEngine[T@SQLAlchemyQueryEngine]]" cannot be assigned to
#     parameter "engine" of type "Engine[T@create_qe_dependency, R@create_qe_dependency]" in function

create_qe_dependency(WithoutExecution())
# mypy says: No overload variant of "create_qe_dependency" matches argument type "WithoutExecution"
# pyright says: "execute_query" is not present [reportArgumentType]

create_qe_dependency(OfDocuments())
# mypy says: No overload variant of "create_qe_dependency" matches argument type "OfDocuments" [call-overload]
# pyright says: Argument of type "OfDocuments" cannot be assigned to parameter "engine" of type
#     "Engine[T@create_qe_dependency, R@create_qe_dependency]" in function "create_qe_dependency"

create_qe_dependency(None, required=True)
# mypy says: No overload variant of "create_qe_dependency" matches argument types "None", "bool"
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "None" cannot be assigned to parameter "engine" of type
#     "Engine[T@create_qe_dependency, R@create_qe_dependency]" in function "create_qe_dependency"

SQLAlchemyQueryEngine("Flight")
# mypy says: Argument 1 to "SQLAlchemyQueryEngine" has incompatible type "str"; expected "type[Never]"
# pyright says: Argument of type "Literal['Flight']" cannot be assigned to parameter "model" of type
#     "type[T@SQLAlchemyQueryEngine]" in function "__init__"

MemoryQueryEngine(Flight(origin="JFK"))
# mypy says: Argument 1 to "MemoryQueryEngine" has incompatible type "Flight"; expected "type[Never]"
# pyright says: Argument of type "Flight" cannot be assigned to parameter "model" of type
#     "type[T@MemoryQueryEngine]" in function "__init__"

create_qe_dependency(Complete(), True)
# mypy says: No overload variant of "create_qe_dependency" matches argument types "Complete", "bool"
# pyright says: No overloads for "create_qe_dependency" match the provided arguments Argument types:
#     (Complete, Literal[True]) [reportCallIssue]

of_planes: Engine[Plane, QueryResult[str]] = Complete()
# mypy says: Incompatible types in assignment (expression has type "Complete", variable has type
#     "Engine[Plane, QueryResult[str]]") [assignment]
# pyright says: Type "Complete" is not assignable to declared type "Engine[Plane, QueryResult[str]]"

of_subclass: Engine[Flight, SQLAlchemyQueryResult[Base]] = SQLAlchemyQueryEngine(Base)
# mypy says: Incompatible types in assignment (expression has type "SQLAlchemyQueryEngine[Base]", variable has
#     type "Engine[Flight, SQLAlchemyQueryResult[Base]]") [assignment]
# pyright says: Type "SQLAlchemyQueryEngine[Base]" is not assignable to declared type "Engine[Flight,
#     SQLAlchemyQueryResult[Base]]"

other_result: Engine[Flight, QueryResult[bytes]] = Complete()
# mypy says: Incompatible types in assignment (expression has type "Complete", variable has type
#     "Engine[Flight, QueryResult[bytes]]") [assignment]
# pyright says: Type "Complete" is not assignable to declared type "Engine[Flight, QueryResult[bytes]]"
