"""A scope returns predicates made with `field`, or None, and a principal returns text; of either colour."""

from collections.abc import Iterator

from queryengine import EVERYTHING, Predicate, create_qe_dependency, field
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import ColumnElement

from typing_tests.models import Flight

engine = SQLAlchemyQueryEngine(Flight)


def text() -> str:
    return '{"origin": "JFK"}'


def truth() -> bool:
    return True


def document() -> dict[str, str]:
    return {"origin": "JFK"}


def native() -> ColumnElement[bool]:
    return Flight.origin == "JFK"


def by_name() -> dict[str, Predicate]:
    return {"Flight": EVERYTHING}


async def in_turns() -> str:
    return "origin"


def generator() -> Iterator[str]:
    yield "origin"


def number() -> int:
    return 7


def nobody() -> str | None:
    return None


create_qe_dependency(engine, scope=text)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], str]"; expected
#     "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> str" cannot be assigned to parameter "scope" of type "ScopeDependency"
#     in function "create_qe_dependency"

create_qe_dependency(engine, scope=truth)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], bool]"; expected
#     "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> bool" cannot be assigned to parameter "scope" of type
#     "ScopeDependency" in function "create_qe_dependency"

create_qe_dependency(engine, scope=document)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], dict[str, str]]";
#     expected "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> dict[str, str]" cannot be assigned to parameter "scope" of type
#     "ScopeDependency" in function "create_qe_dependency"

# mypy takes what has a `__getattr__`, as SQLAlchemy's expressions have, for awaitable; see below for what helps.
create_qe_dependency(engine, scope=native)
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> ColumnElement[bool]" cannot be assigned to parameter "scope" of type
#     "ScopeDependency" in function "create_qe_dependency"

create_qe_dependency(engine, scope=by_name)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], dict[str,
#     Predicate]]"; expected "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> dict[str, Predicate]" cannot be assigned to parameter "scope" of type
#     "ScopeDependency" in function "create_qe_dependency"

create_qe_dependency(engine, scope=in_turns, required=True)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], Coroutine[Any,
#     Any, str]]"; expected "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> CoroutineType[Any, Any, str]" cannot be assigned to parameter "scope"
#     of type "ScopeDependency" in function "create_qe_dependency"

create_qe_dependency(engine, scope=generator)
# mypy says: Argument "scope" to "create_qe_dependency" has incompatible type "Callable[[], Iterator[str]]";
#     expected "Callable[..., Predicate | Mapping[type[Any], Predicate] | None]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> Iterator[str]" cannot be assigned to parameter "scope" of type
#     "ScopeDependency" in function "create_qe_dependency"

create_qe_dependency(engine, scope=field("origin") == "JFK")
# mypy says: No overload variant of "create_qe_dependency" matches argument types
#     "SQLAlchemyQueryEngine[Flight]", "Predicate" [call-overload]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "Predicate" cannot be assigned to parameter "scope" of type "ScopeDependency"
#     in function "create_qe_dependency"

create_qe_dependency(engine, principal=number, required=True)
# mypy says: Argument "principal" to "create_qe_dependency" has incompatible type "Callable[[], int]";
#     expected "Callable[..., str]
# pyright says: No overloads for "create_qe_dependency" match the provided arguments [reportCallIssue]
# pyright says: Argument of type "() -> int" cannot be assigned to parameter "principal" of type
#     "PrincipalDependency | None" in function "create_qe_dependency"

create_qe_dependency(engine, principal=nobody)
# mypy says: Argument "principal" to "create_qe_dependency" has incompatible type "Callable[[], str | None]";
#     expected "Callable[..., str]
# pyright says: Argument of type "() -> (str | None)" cannot be assigned to parameter "principal" of type
#     "PrincipalDependency | None" in function "create_qe_dependency"


def annotated() -> Predicate | None:
    return Flight.origin == "JFK"
    # mypy says: Incompatible return value type (got "ColumnElement[bool]", expected "Predicate | None")
    # pyright says: Type "ColumnElement[bool]" is not assignable to return type "Predicate | None"
