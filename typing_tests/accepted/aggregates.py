"""A dependency of aggregates gives the row's own type, and the native query."""

from typing import Annotated, Any, assert_type

from fastapi import Depends, Request
from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyAggregateResult, SQLAlchemyQueryEngine
from sqlalchemy import Select
from sqlalchemy.orm import Session

from queryengine import create_qe_aggregate_dependency
from typing_tests.models import Flight


class Counted(BaseModel):
    count: int = 0


counted = create_qe_aggregate_dependency(SQLAlchemyQueryEngine(Flight), row=Counted)


def read(
    result: Annotated[SQLAlchemyAggregateResult[Counted], Depends(counted)], session: Session
) -> list[Counted]:
    assert_type(result.query, Select[tuple[Any, ...]])
    assert_type(result.row, type[Counted])
    rows = result.rows(session.execute(result.query))
    assert_type(rows, list[Counted])
    return rows


def build(request: Request, text: str) -> SQLAlchemyAggregateResult[Counted]:
    return counted.build(request, text)
