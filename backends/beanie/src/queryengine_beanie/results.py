"""What the engine returns: the typed tuple whose query is one of Beanie's."""

from __future__ import annotations

from typing import Generic, TypeVar

from beanie import Document
from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany

from queryengine.engine import QueryResult

__all__ = ["BeanieQueryResult"]

T = TypeVar("T", bound=Document)


class BeanieQueryResult(QueryResult[FindMany[T] | AggregationQuery[T]], Generic[T]):
    """`query, projection_model, sort`: `query` is a `FindMany`, or an `AggregationQuery` where it needs one.

    ```python
    query, projection_model, sort = result
    flights = await query.to_list()
    ```
    """
