"""Pages of rows: one statement with the rows, their keys and, when asked, their number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeAlias, TypeVar, cast

from sqlalchemy import ColumnElement, Select, func, inspect, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapper, Session
from sqlalchemy.sql.base import ExecutableOption

from queryengine.ast import FilterAST, Slot
from queryengine.errors import ConfigurationError
from queryengine.pages import Counting, Page, Total, count_filter, counting, make_page, page_size
from queryengine_sqlalchemy.compiler import TextRules
from queryengine_sqlalchemy.results import SQLAlchemyQueryResult
from queryengine_sqlalchemy.statement import StatementCompiler
from queryengine_sqlalchemy.template import Templates

__all__ = ["PageStatements", "fetch_page", "fetch_page_sync"]

T = TypeVar("T")

Found: TypeAlias = Sequence[Any]  # Any: rows of an object, the values of its keys, and perhaps a number


async def fetch_page(
    session: AsyncSession,
    result: SQLAlchemyQueryResult[T],
    *,
    total: Total = "none",
    options: Sequence[ExecutableOption] = (),
) -> Page[T]:
    """Fetch one page of a result's rows, in one statement.

    `total` is `"none"`, `"exact"`, or the most rows to count; an empty page costs a second statement to
    count. `options` are for the loading of the rows, as for `Select.options`. Raises ConfigurationError for
    a result without a limit, of a model without a primary key, or of an engine whose order cursors cannot
    follow.
    """
    query = _Query(result, total)
    rows = (await session.execute(query.rows.options(*options))).unique().all()
    counted = query.number_needed(rows)
    number = None if counted is None else await session.scalar(counted)
    return query.page(rows, number)


def fetch_page_sync(
    session: Session,
    result: SQLAlchemyQueryResult[T],
    *,
    total: Total = "none",
    options: Sequence[ExecutableOption] = (),
) -> Page[T]:
    """Fetch a page as `fetch_page` does, with a synchronous session."""
    query = _Query(result, total)
    rows = session.execute(query.rows.options(*options)).unique().all()
    counted = query.number_needed(rows)
    return query.page(rows, None if counted is None else session.scalar(counted))


class PageStatements(Generic[T]):
    """The statements of an engine's pages. Each way to count has templates of its own."""

    def __init__(self, model: type[T], text: TextRules) -> None:
        self._model = model
        self._text = text
        self._templates: dict[Counting | None, Templates[T]] = {}

    def rows(self, ast: FilterAST, count: Counting | None) -> Select[T]:
        """Return the query of the rows of a page and one more, the values of their keys, and their number."""
        if count not in self._templates:
            self._templates[count] = Templates(lambda: _PageCompiler(self._model, self._text, count))
        return self._templates[count].compile(ast)

    def number(self, ast: FilterAST, count: Counting) -> Select[int]:
        """Return the query of the number of rows on all pages."""
        return select(_PageCompiler(self._model, self._text, count).number(ast, count))


class _PageCompiler(StatementCompiler[T]):
    def __init__(self, model: type[T], text: TextRules, count: Counting | None) -> None:
        super().__init__(model, text)
        self._count = count

    def compile(self, ast: FilterAST) -> Select[T]:
        statement = super().compile(ast)
        columns: list[ColumnElement[Any]] = [key.label(f"key_{n}") for n, key in enumerate(self.keys)]
        if self._count is not None:
            columns.append(self.number(ast, self._count).label("total"))
        keyed: Any = statement.add_columns(*columns)  # Any: its rows are no single objects any more
        return cast("Select[T]", keyed)

    def number(self, ast: FilterAST, count: Counting) -> ColumnElement[int]:
        """Return the number of root rows, without the joins that only an order or an include needs."""
        where = count_filter(ast).where
        mapper: Mapper[Any] = inspect(self._model)
        keys = [mapper.get_property_by_column(column).key for column in mapper.primary_key]
        rows = select(*[getattr(self._model, key) for key in keys])
        if where is not None:
            rows = rows.where(self.conditions.compile(where, self._model))
        if count.most is not None:
            rows = rows.limit(count.most + 1)
        return select(func.count()).select_from(rows.subquery()).scalar_subquery()

    def _most(self, limit: int | Slot) -> ColumnElement[int]:
        return super()._most(limit) + 1


class _Query(Generic[T]):
    """The statements of one page, and what becomes of their rows."""

    def __init__(self, result: SQLAlchemyQueryResult[T], total: Total) -> None:
        if result.pages is None:
            raise ConfigurationError("pages: the result was not made by an engine")
        page_size(result.filter)
        self._ast = result.filter
        self._pages = result.pages
        self._count = counting(total)
        self.rows = result.pages.rows(result.filter, self._count)

    def number_needed(self, rows: Found) -> Select[int] | None:
        """Return the query that counts where no row brought the number with it."""
        return None if self._count is None or rows else self._pages.number(self._ast, self._count)

    def page(self, rows: Found, number: int | None) -> Page[T]:
        """Return the page of the rows, each of which has its keys and perhaps the number behind it."""
        if self._count is None:
            return make_page(self._ast, [(row[0], row[1:]) for row in rows])
        found = rows[0][-1] if rows else number
        return make_page(self._ast, [(row[0], row[1:-1]) for row in rows], count=self._count, found=found)
