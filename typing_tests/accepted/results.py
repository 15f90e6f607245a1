"""A result unpacks as three, each of its own type, and has the same three as properties."""

from typing import TypeVar, assert_type

from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Select

from queryengine import FilterAST, QueryResult
from queryengine.engine import Sort
from typing_tests.models import Flight

T = TypeVar("T")

result = SQLAlchemyQueryEngine(Flight).build_query(FilterAST())
assert_type(result, SQLAlchemyQueryResult[Flight])
assert_type(SQLAlchemyQueryEngine(Flight).execute_query(FilterAST()), SQLAlchemyQueryResult[Flight])

query, projection_model, sort = result
assert_type(query, Select[Flight])
assert_type(projection_model, type[BaseModel] | None)
assert_type(sort, Sort)

assert_type(result.query, Select[Flight])
assert_type(result.projection_model, type[BaseModel] | None)
assert_type(result.sort, Sort)
assert_type(result.filter, FilterAST)

assert_type(result[0], Select[Flight])
assert_type(result[1], type[BaseModel] | None)
assert_type(result[2], Sort)


def narrowed(result: SQLAlchemyQueryResult[Flight] | None) -> Select[Flight]:
    """The check for None is enough."""
    if result is None:
        raise LookupError("no filter")
    query, _, _ = result
    assert_type(query, Select[Flight])
    return query.where(Flight.origin == "JFK")


def of_any_model(result: SQLAlchemyQueryResult[T]) -> Select[T]:
    query, projection_model, _ = result
    assert_type(projection_model, type[BaseModel] | None)
    return query


def matched(result: SQLAlchemyQueryResult[Flight]) -> Select[Flight]:
    """A pattern takes it apart as a tuple does."""
    match result:
        case (query, _, _):
            assert_type(query, Select[Flight])
            return query


def of_any_query(result: QueryResult[object]) -> FilterAST:
    """Results of all back-ends share a base, covariant in the query."""
    return result.filter


assert_type(of_any_model(result), Select[Flight])
assert_type(of_any_query(result), FilterAST)
