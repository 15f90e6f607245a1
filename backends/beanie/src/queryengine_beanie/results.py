"""What the engine returns: the typed tuple whose query is one of Beanie's."""

from __future__ import annotations

from typing import Any, Generic, Protocol, TypeVar

from beanie import Document
from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from pydantic import BaseModel

from queryengine.ast import FilterAST
from queryengine.engine import QueryResult

__all__ = ["BeanieQueryResult", "PageQueries"]

T = TypeVar("T", bound=Document)
T_co = TypeVar("T_co", bound=Document, covariant=True)


class PageQueries(Protocol[T_co]):
    """What gives further queries: the engine of a result. The documents of pages are as they are stored."""

    @property
    def model(self) -> type[T_co]:
        """The document class."""
        ...

    # Any: documents hold values of all types that BSON has.

    def page_query(
        self, ast: FilterAST, limit: int, shown: type[BaseModel] | None = None
    ) -> AggregationQuery[dict[str, Any]]:
        """Return the query of that many documents, with the values of their keys under a name of ours.

        They are whole, or have what a projection model reads.
        """
        ...

    def number_query(self, ast: FilterAST, most: int | None) -> AggregationQuery[dict[str, Any]]:
        """Return the query of the number of documents on all pages, counted up to one more than `most`."""
        ...

    def shown_query(self, ast: FilterAST, *, values: bool) -> str | None:
        """Return a query as text, for `explain`."""
        ...


class BeanieQueryResult(QueryResult[FindMany[T] | AggregationQuery[T]], Generic[T]):
    """`query, projection_model, sort`: `query` is a `FindMany`, or an `AggregationQuery` where it needs one.

    ```python
    query, projection_model, sort = result
    flights = await query.to_list()
    ```
    """

    pages: PageQueries[T] | None = None
    """what `fetch_page` asks for the queries of pages, and `explain` for the text of the query"""
