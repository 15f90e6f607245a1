"""What the engine returns: the typed tuple whose query is a `Select` of the model."""

from __future__ import annotations

from typing import Generic, TypeVar

from sqlalchemy import Select

from queryengine.engine import QueryResult

__all__ = ["SQLAlchemyQueryResult"]

T = TypeVar("T")


class SQLAlchemyQueryResult(QueryResult[Select[T]], Generic[T]):
    """`query, projection_model, sort`: `query` runs on a `Session` and on an `AsyncSession` alike.

    ```python
    query, projection_model, sort = result
    flights = (await session.scalars(query)).all()
    ```
    """
