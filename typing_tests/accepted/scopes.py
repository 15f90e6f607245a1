"""A scope is any dependency that returns a predicate, one for each model, or None; of either colour."""

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated, Any, assert_type

from fastapi import Depends, Request
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult

from queryengine import EVERYTHING, Predicate, QEDependency, Scope, create_qe_dependency, field
from typing_tests.models import Flight, Plane

engine = SQLAlchemyQueryEngine(Flight)


def predicate() -> Predicate:
    return field("origin") == "JFK"


def predicate_or_none(request: Request) -> Predicate | None:
    return EVERYTHING if request.url.path else None


def by_model() -> Mapping[type[Any], Predicate]:
    return {Flight: field(Flight.origin) == "JFK", Plane: field(Plane.seats) > 100}


def by_model_as_dict() -> dict[type[Flight] | type[Plane], Predicate]:
    return {Flight: EVERYTHING, Plane: EVERYTHING}


def by_one_model() -> dict[type[Flight], Predicate]:
    return {Flight: EVERYTHING}


def any_scope() -> Scope | None:
    return {Flight: EVERYTHING}


async def in_turns(user: Annotated[str, Depends(lambda: "user-1")]) -> Predicate | None:
    return field("origin") == user


async def by_model_in_turns() -> Mapping[type[Any], Predicate] | None:
    return None


def generator() -> Iterator[Predicate]:
    yield EVERYTHING


async def generator_in_turns() -> AsyncIterator[Scope | None]:
    yield EVERYTHING


class Tenant:
    """Dependencies may be objects, too."""

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def __call__(self, request: Request) -> Predicate:
        return field(Flight.origin) == request.headers.get("origin", self.origin)


dependency = create_qe_dependency(engine, scope=predicate)
assert_type(dependency, QEDependency[SQLAlchemyQueryResult[Flight]])

all_of_them = [
    create_qe_dependency(engine, scope=predicate_or_none),
    create_qe_dependency(engine, scope=by_model),
    create_qe_dependency(engine, scope=by_model_as_dict),
    create_qe_dependency(engine, scope=by_one_model),
    create_qe_dependency(engine, scope=any_scope),
    create_qe_dependency(engine, scope=in_turns),
    create_qe_dependency(engine, scope=by_model_in_turns),
    create_qe_dependency(engine, scope=generator),
    create_qe_dependency(engine, scope=generator_in_turns),
    create_qe_dependency(engine, scope=Tenant("JFK")),
    create_qe_dependency(engine, scope=Tenant("JFK").__call__),
    create_qe_dependency(engine, scope=lambda: EVERYTHING),
]
assert_type(all_of_them, list[QEDependency[SQLAlchemyQueryResult[Flight]]])


async def user() -> str:
    return "user-1"


assert_type(
    create_qe_dependency(engine, principal=user, required=True), QEDependency[SQLAlchemyQueryResult[Flight]]
)
