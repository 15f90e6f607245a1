"""What the engine returns: the typed tuple whose query is a `QuerySet` of the model."""

from __future__ import annotations

from typing import Generic, TypeVar

from tortoise.models import Model
from tortoise.queryset import QuerySet

from queryengine.engine import QueryResult

__all__ = ["TortoiseQueryResult"]

ModelT = TypeVar("ModelT", bound=Model)


class TortoiseQueryResult(QueryResult[QuerySet[ModelT]], Generic[ModelT]):
    """`query, projection_model, sort`: `query` is awaited for the rows, and may be refined before.

    ```python
    query, projection_model, sort = result
    flights = await query
    ```
    """
