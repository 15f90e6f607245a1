"""Pages of rows, with cursors to the next one and the previous one. Back-ends fetch the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, Literal, TypeAlias, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field

from queryengine.ast import FilterAST, SealsCursors, Value, Window
from queryengine.cursor import has_cursors
from queryengine.errors import ConfigurationError
from queryengine.settings import check_number

__all__ = ["Counting", "Page", "Total", "count_filter", "counting", "make_page", "page_size"]

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)

Total: TypeAlias = Literal["none", "exact"] | int
"""How rows are counted: not at all, all of them, or up to a number (`10_000`: "at least 10,000")."""


class Page(BaseModel, Generic[T]):
    """Rows in the filter's order, and how to go on. A handler returns `Page[Flight]` as `Page[FlightOut]`.

    >>> Page(items=["a"], next="x").previous is None
    True
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(arbitrary_types_allowed=True, from_attributes=True)

    items: list[T]
    """the rows, in the caller's order whichever way the page was come to"""
    total: int | None = Field(default=None, description="how many rows there are on all pages together")
    capped: bool = Field(default=False, description="whether there are more rows than `total` says")
    next: str | None = Field(default=None, description="the cursor for `after`; null on the last page")
    previous: str | None = Field(default=None, description="the cursor for `before`; null on the first page")

    def shown(self, model: type[M]) -> Page[M]:
        """Return the page with its rows as a response model or `projection_model` shows them."""
        items = [model.model_validate(item, from_attributes=True) for item in self.items]
        return _page(items, self.total, self.next, self.previous, capped=self.capped)


def page_size(ast: FilterAST) -> int:
    """Return how many rows a page of the filter has. One more is fetched, to see whether there are any.

    Raises ConfigurationError where limits are left to a paginator, and where rows have no total order.
    """
    limit = ast.window.limit
    if not isinstance(limit, int):
        raise ConfigurationError('pages need a limit: paging="external" leaves it to another paginator')
    _ = _cursors(ast)
    return limit


@dataclass(frozen=True, slots=True)
class Counting:
    """That rows are counted: at most `most` of them and one more, or all (None)."""

    most: int | None


def counting(total: Total) -> Counting | None:
    """Return how to count, or None for not at all. Raises ConfigurationError for another word.

    >>> counting("exact"), counting(10_000).most, counting("none")
    (Counting(most=None), 10000, None)
    """
    if total == "none":
        return None
    if total == "exact":
        return Counting(None)
    check_number("total", total, 1)
    return Counting(total)


def count_filter(ast: FilterAST) -> FilterAST:
    """Return the filter of all rows that the pages show together, in no order and without related rows."""
    return replace(
        ast,
        order=(),
        fields=None,
        include=(),
        window=Window(),
        seek=None,
        projection=None,
        shape=None,
        values=(),
    )


def make_page(
    ast: FilterAST,
    rows: Sequence[tuple[T, Sequence[Value]]],
    *,
    count: Counting | None = None,
    found: int | None = None,
) -> Page[T]:
    """Return the page of fetched rows, each with its values of the order's keys, in the query's order.

    There may be one row more than the page has. `found` is how many rows were counted, if they were.
    """
    size = page_size(ast)
    shown, further = list(rows[:size]), len(rows) > size
    backward, by_cursor = ast.window.backward, ast.seek is not None
    if backward:
        shown.reverse()
    has_next = by_cursor if backward else further
    has_previous = further if backward else by_cursor or ast.window.offset != 0
    seal, principal = _cursors(ast).seal, ast.principal
    most = None if count is None else count.most
    capped = found is not None and most is not None and found > most
    return _page(
        [row for row, _ in shown],
        most if capped else found,
        seal(shown[-1][1], principal) if shown and has_next else None,
        seal(shown[0][1], principal) if shown and has_previous else None,
        capped=capped,
    )


def _page(
    items: list[T], total: int | None, following: str | None, previous: str | None, *, capped: bool
) -> Page[T]:
    """Make a page of what is known to be right: rows are of classes that pydantic need not know."""
    made = Page[Any].model_construct(  # Any: the rows' own class
        items=items, total=total, capped=capped, next=following, previous=previous
    )
    return cast("Page[T]", made)


def _cursors(ast: FilterAST) -> SealsCursors:
    if not has_cursors():
        raise ConfigurationError('pages need the extra: pip install "queryengine[cursors]"')
    if ast.shape is None or ast.shape.cursors is None:
        message = (
            "pages need an order that cursors follow: a primary key, and a back-end that declares cursors"
        )
        raise ConfigurationError(message)
    return ast.shape.cursors
