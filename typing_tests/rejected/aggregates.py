"""An aggregate of one row is not one of another, a filter is none, and back-ends do not fetch one another's."""

from fastapi import Request
from pydantic import BaseModel
from queryengine import FilterAST, create_qe_aggregate_dependency
from queryengine_beanie import BeanieAggregateResult, BeanieQueryEngine
from queryengine_beanie import fetch_groups as fetch_beanie_groups
from queryengine_sqlalchemy import SQLAlchemyAggregateResult, SQLAlchemyQueryEngine, fetch_groups_sync
from sqlalchemy.orm import Session

from typing_tests.documents import Trip
from typing_tests.models import Flight


class Counted(BaseModel):
    count: int = 0


class Delays(BaseModel):
    avg_delay: float | None = None


engine = SQLAlchemyQueryEngine(Flight)
counted = create_qe_aggregate_dependency(engine, row=Counted)
trips = create_qe_aggregate_dependency(BeanieQueryEngine(Trip), row=Counted)

create_qe_aggregate_dependency(engine)
# mypy says: Missing named argument "row" for "create_qe_aggregate_dependency" [call-arg]
# pyright says: Argument missing for parameter "row" [reportCallIssue]

create_qe_aggregate_dependency(engine, row=Counted())
# mypy says: Argument "row" to "create_qe_aggregate_dependency" has incompatible type "Counted"
# pyright says: Argument of type "Counted" cannot be assigned to parameter "row"

create_qe_aggregate_dependency(engine, row=int)
# mypy says: Value of type variable "Row" of "create_qe_aggregate_dependency" cannot be "int" [type-var]
# pyright says: Argument of type "type[int]" cannot be assigned to parameter "row"

create_qe_aggregate_dependency(Flight, row=Counted)
# mypy says: Argument 1 to "create_qe_aggregate_dependency" has incompatible type "type[Flight]"
# pyright says: Argument of type "type[Flight]" cannot be assigned to parameter "engine"

engine.build_aggregate(FilterAST())
# mypy says: Argument 1 to "build_aggregate" of "SQLAlchemyQueryEngine" has incompatible type "FilterAST"
# pyright says: Argument of type "FilterAST" cannot be assigned to parameter "ast" of type "AggregateAST"


def read(request: Request, session: Session) -> None:
    result = counted.build(request, "{}")

    engine.build_query(result.aggregate)
    # mypy says: Argument 1 to "build_query" of "SQLAlchemyQueryEngine" has incompatible type "AggregateAST"
    # pyright says: Argument of type "AggregateAST" cannot be assigned to parameter "ast" of type "FilterAST"

    delays: SQLAlchemyAggregateResult[Delays] = result
    # mypy says: Incompatible types in assignment
    #     (expression has type "AggregateResult[Counted, Select[tuple[Any, ...]]]"
    # pyright says: Type "AggregateResult[Counted, AggregateSelect]" is not assignable to declared type
    #     "SQLAlchemyAggregateResult[Delays]"

    query, model, sort = result
    # mypy says: "AggregateResult[Counted, Select[tuple[Any, ...]]]" object is not iterable [misc]
    # pyright says: "AggregateResult[Counted, AggregateSelect]" is not iterable

    found: list[Delays] = fetch_groups_sync(session, result)
    # mypy says: Argument 2 to "fetch_groups_sync" has incompatible type
    #     "AggregateResult[Counted, Select[tuple[Any, ...]]]"
    # pyright says: Type "list[Counted]" is not assignable to declared type "list[Delays]"

    fetch_groups_sync(session, trips.build(request, "{}"))
    # mypy says: Argument 2 to "fetch_groups_sync" has incompatible type
    #     "AggregateResult[Counted, AggregationQuery[dict[str, Any]]]"
    # pyright says: Argument of type "AggregateResult[Counted, AggregatePipeline]" cannot be assigned to
    #     parameter "result" of type "SQLAlchemyAggregateResult

    result.rows(result.query)
    # mypy says: Argument 1 to "rows" of "AggregateResult" has incompatible type "Select[tuple[Any, ...]]"
    # pyright says: Argument of type "AggregateSelect" cannot be assigned to parameter "found"

    result.row = Counted
    # mypy says: Property "row" defined in "AggregateResult" is read-only [misc]
    # pyright says: Cannot assign to attribute "row" for class "AggregateResult[Counted, AggregateSelect]"


async def read_trips(result: BeanieAggregateResult[Counted]) -> None:
    result.rows(await result.query.to_list())
    # mypy says: Argument 1 to "rows" of "AggregateResult" has incompatible type "list[dict[str, Any]]"
    # pyright says: Argument of type "list[dict[str, Any]]" cannot be assigned to parameter "found"

    rows: list[Delays] = await fetch_beanie_groups(result)
    # mypy says: Argument 1 to "fetch_groups" has incompatible type
    #     "AggregateResult[Counted, AggregationQuery[dict[str, Any]]]"
    # pyright says: Type "list[Counted]" is not assignable to declared type "list[Delays]"
