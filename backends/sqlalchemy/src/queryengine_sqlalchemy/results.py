"""What the engine returns: the typed tuple whose query is a `Select` of the model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, Self, TypeVar

from pydantic import BaseModel
from sqlalchemy import Select

from queryengine.ast import FilterAST
from queryengine.engine import QueryResult, Sort

if TYPE_CHECKING:
    from queryengine_sqlalchemy.pages import PageStatements

__all__ = ["SQLAlchemyQueryResult"]

T = TypeVar("T")


class SQLAlchemyQueryResult(QueryResult[Select[T]], Generic[T]):
    """`query, projection_model, sort`: `query` runs on a `Session` and on an `AsyncSession` alike.

    ```python
    query, projection_model, sort = result
    flights = (await session.scalars(query)).all()
    ```
    """

    pages: PageStatements[T] | None
    """what `fetch_page` asks for the statements of pages"""

    def __new__(
        cls,
        query: Select[T],
        projection_model: type[BaseModel] | None,
        sort: Sort,
        *,
        filter: FilterAST,
        pages: PageStatements[T] | None = None,
    ) -> Self:
        """Make the tuple of the three."""
        self = super().__new__(cls, query, projection_model, sort, filter=filter)
        self.pages = pages
        return self
