"""What the engine returns: the typed tuple whose query is the arguments of `find_many`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypedDict, TypeVar

from queryengine.ast import FilterAST
from queryengine.engine import QueryResult

if TYPE_CHECKING:
    from queryengine_prisma.arguments import ArgumentsCompiler

__all__ = ["FindManyArguments", "PrismaQueryResult"]

T = TypeVar("T")


class FindManyArguments(TypedDict, total=False):
    """The arguments of `find_many`, for `**`; a key that is not there is not asked for.

    The generated client has types of its own for each model (`FlightWhereInput`), which no type parameter
    can name: they are Any here.
    """

    where: Any
    order: Any
    take: int
    skip: int
    include: Any


class PrismaQueryResult(QueryResult[FindManyArguments], Generic[T]):
    """`query, projection_model, sort`: `query` goes into `find_many` of the model's client.

    ```python
    query, projection_model, sort = result
    flights = await db.flight.find_many(**query)
    ```
    """

    arguments: ArgumentsCompiler | None = None
    """what `fetch_page` asks for the arguments that count"""

    @classmethod
    def of(cls, query: FindManyArguments, ast: FilterAST) -> Self:
        """Return the result of a filter whose arguments are these."""
        result = tuple.__new__(cls, (query, ast.projection, ast.order))  # pyright: ignore[reportUnknownMemberType]  # of any tuple
        result.filter = ast
        return result
