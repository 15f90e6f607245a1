"""The result tuple: a typed `Query`, the projection model, the order."""

from __future__ import annotations

from typing import Generic, TypeVar

from queryengine.engine import QueryResult
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.loading import Query

__all__ = ["ORMQueryResult"]

ModelT = TypeVar("ModelT", bound=DeclarativeBase)


class ORMQueryResult(QueryResult[Query[ModelT]], Generic[ModelT]):
    """`query, projection_model, sort`: `query` is run by a pool, a connection or a transaction.

    ```python
    query, projection_model, sort = result
    flights = await query.all(pool)
    ```
    """
