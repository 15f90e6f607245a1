"""Pages of rows: one query with the rows and what their keys are read from, and one for their number."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import Any, Protocol, TypeVar

from queryengine.ast import FilterAST, OrderKey, Value
from queryengine.errors import ConfigurationError
from queryengine.pages import Counting, Page, Total, count_filter, counting, make_page, page_size
from queryengine_prisma.arguments import ArgumentsCompiler
from queryengine_prisma.results import PrismaQueryResult
from queryengine_prisma.values import read

__all__ = ["Actions", "SyncActions", "fetch_page", "fetch_page_sync"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# Any: the generated client has types of its own for the arguments of each model.


class Actions(Protocol[T_co]):
    """What the client has for a model, as `db.flight`."""

    def find_many(self, *args: Any, **kwargs: Any) -> Awaitable[Sequence[T_co]]:
        """Return the rows of some arguments."""
        ...

    def count(self, *args: Any, **kwargs: Any) -> Awaitable[int]:
        """Return how many rows there are."""
        ...


class SyncActions(Protocol[T_co]):
    """What a synchronous client has for a model."""

    def find_many(self, *args: Any, **kwargs: Any) -> Sequence[T_co]:
        """Return the rows of some arguments."""
        ...

    def count(self, *args: Any, **kwargs: Any) -> int:
        """Return how many rows there are."""
        ...


async def fetch_page(actions: Actions[T], result: PrismaQueryResult[T], *, total: Total = "none") -> Page[T]:
    """Fetch one page of a result's rows by a model's client, such as `db.flight`; a total takes one more.

    `total` is `"none"`, `"exact"`, or the most rows to count. Raises ConfigurationError for a result without
    a limit, of a model without a primary key, or of an engine whose order cursors cannot follow.
    """
    query = _Query(result, total)
    rows = await actions.find_many(**query.rows)
    return query.page(rows, None if query.number is None else await actions.count(**query.number))


def fetch_page_sync(
    actions: SyncActions[T], result: PrismaQueryResult[T], *, total: Total = "none"
) -> Page[T]:
    """Fetch a page as `fetch_page` does, with a synchronous client."""
    query = _Query(result, total)
    rows = actions.find_many(**query.rows)
    return query.page(rows, None if query.number is None else actions.count(**query.number))


class _Query:
    """The arguments of one page, and what becomes of its rows."""

    def __init__(self, result: PrismaQueryResult[Any], total: Total) -> None:
        if result.arguments is None:
            raise ConfigurationError("pages: the result was not made by an engine")
        self._ast, self._count = result.filter, counting(total)
        self.rows: dict[str, Any] = {**result.query, "take": page_size(result.filter) + 1}
        self._added = _with_relations(self.rows, self._ast.order)
        self.number = None if self._count is None else _number(result.arguments, self._ast, self._count)

    def page(self, found: Sequence[T], number: int | None) -> Page[T]:
        """Return the page of the rows, without what was loaded for their keys alone."""
        rows = [(row, [_value(row, key) for key in self._ast.order]) for row in found]
        for row in found:
            for way, name in self._added:
                parent = _at(row, way)
                if parent is not None:
                    setattr(parent, name, None)
        return make_page(self._ast, rows, count=self._count, found=number)


def _number(arguments: ArgumentsCompiler, ast: FilterAST, count: Counting) -> dict[str, Any]:
    found = arguments.compile(count_filter(ast))
    return found if count.most is None else {**found, "take": count.most + 1}


def _with_relations(arguments: dict[str, Any], order: Sequence[OrderKey]) -> list[tuple[Sequence[str], str]]:
    """Let arguments load the related rows that keys are of; return which were not loaded anyway, and of what.

    They have no scope: the capabilities refuse all other orders.
    """
    added: list[tuple[Sequence[str], str]] = []
    for key in order:
        inner, way = arguments, [step.relation.name for step in key.path.steps]
        for place, name in enumerate(way):
            include: dict[str, Any] = dict(inner.get("include") or {})
            if name not in include:
                added.append((way[:place], name))
            known: Any = include.get(name)
            below: dict[str, Any] = {} if known is None or known is True else dict(known)
            inner["include"] = include | {name: below}
            inner = below
    return [each for each in added if not any(_lies_in(each[0], other) for other in added)]


def _lies_in(way: Sequence[str], other: tuple[Sequence[str], str]) -> bool:
    """Tell whether a way goes through a related row that is taken off as a whole."""
    above = [*other[0], other[1]]
    return list(way[: len(above)]) == above


def _at(row: object, way: Sequence[str]) -> object:
    """Return the related row that a way leads to, None where there is none."""
    for name in way:
        row = None if row is None else getattr(row, name)
    return row


def _value(row: object, key: OrderKey) -> Value:
    field = key.path.field
    if field is None:
        raise TypeError(f"{key.path} is a relation, which has no order")
    found = _at(row, [*(step.relation.name for step in key.path.steps), field.name])
    return None if found is None else read(field.type, found)
