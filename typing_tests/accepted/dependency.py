"""A dependency knows its result from the engine, and that there always is one if it is required or scoped."""

from typing import assert_type

from fastapi import Request
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult

from queryengine import (
    EVERYTHING,
    Predicate,
    QEDependency,
    QueryConfig,
    Scope,
    SecurityPolicy,
    create_qe_dependency,
)
from queryengine.dependency import ScopeDependency
from typing_tests.models import Flight

engine = SQLAlchemyQueryEngine(Flight)
assert_type(engine, SQLAlchemyQueryEngine[Flight])


def everything() -> Predicate:
    return EVERYTHING


def user() -> str:
    return "user-1"


optional = create_qe_dependency(SQLAlchemyQueryEngine(Flight))
assert_type(optional, QEDependency[SQLAlchemyQueryResult[Flight] | None])

said_so = create_qe_dependency(engine, required=False, scope=None)
assert_type(said_so, QEDependency[SQLAlchemyQueryResult[Flight] | None])

configured = create_qe_dependency(
    engine, policy=SecurityPolicy(regex=True), principal=user, config=QueryConfig(parameter="q")
)
assert_type(configured, QEDependency[SQLAlchemyQueryResult[Flight] | None])

required = create_qe_dependency(engine, required=True)
assert_type(required, QEDependency[SQLAlchemyQueryResult[Flight]])

scoped = create_qe_dependency(engine, scope=everything)
assert_type(scoped, QEDependency[SQLAlchemyQueryResult[Flight]])

both = create_qe_dependency(engine, scope=everything, principal=user, required=True)
assert_type(both, QEDependency[SQLAlchemyQueryResult[Flight]])


def from_settings(required: bool, scope: ScopeDependency | None) -> None:
    """What is decided at run time may be either."""
    dependency = create_qe_dependency(engine, required=required)
    assert_type(dependency, QEDependency[SQLAlchemyQueryResult[Flight] | None])
    either: QEDependency[SQLAlchemyQueryResult[Flight] | None] = create_qe_dependency(engine, scope=scope)
    never_none: QEDependency[SQLAlchemyQueryResult[Flight]] = create_qe_dependency(
        engine, scope=scope, required=True
    )
    assert either is not never_none


async def call(request: Request, scope: Scope) -> None:
    """Its call and its synchronous core give what the dependency gives."""
    assert_type(await optional(request), SQLAlchemyQueryResult[Flight] | None)
    assert_type(await required(request), SQLAlchemyQueryResult[Flight])
    assert_type(optional.build(request, None), SQLAlchemyQueryResult[Flight] | None)
    assert_type(required.build(request, '{"limit": 5}'), SQLAlchemyQueryResult[Flight])
    assert_type(scoped.build(request, None, scope=scope), SQLAlchemyQueryResult[Flight])


wider: QEDependency[SQLAlchemyQueryResult[Flight] | None] = required
"""A dependency that always has a result serves where one that may have none is asked for."""
