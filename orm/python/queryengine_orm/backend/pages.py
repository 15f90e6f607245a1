"""Pages of rows: one statement with the rows, the values of their keys and, when asked, their number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from queryengine.ast import Path, Value
from queryengine.documents import MemberSource
from queryengine.pages import Counting, Page, Total, count_filter, counting, make_page, page_size
from queryengine.schema import BooleanType, FieldType, FloatType, IntegerType
from queryengine_orm.attributes import Loadable
from queryengine_orm.backend.results import ORMQueryResult
from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.driver import Executor, Kind, Rows
from queryengine_orm.loading import load
from queryengine_orm.mapping import Column
from queryengine_orm.objects import ColumnReader, Decode, ObjectReader, or_null, same_kinds
from queryengine_orm.selects import counting as counting_rows
from queryengine_orm.selects import page_select, selection_of
from queryengine_orm.sql import SQL, Statement, sql

__all__ = ["fetch_page"]

ModelT = TypeVar("ModelT", bound=DeclarativeBase)


async def fetch_page(
    executor: Executor,
    result: ORMQueryResult[ModelT],
    *,
    total: Total = "none",
    include: Sequence[Loadable[ModelT]] = (),
) -> Page[ModelT]:
    """Fetch one page of a result's rows, in one statement besides those that load related rows.

    `include` are relations to load besides those that the filter names. `total` is `"none"`, `"exact"`, or
    the most rows to count; to count for an empty page takes a second statement. Raises ConfigurationError for
    a result without a limit, of a model without a primary key, or of an engine whose order cursors cannot
    follow.
    """
    ast, count, dialect = result.filter, counting(total), executor.dialect
    query = result.query.include(*include)
    size = page_size(ast)
    mapper, columns = query.selection.mapper, query.selection.columns
    selection = replace(selection_of(mapper, ast, columns), limit=size + 1)
    number: SQL | None = None
    if count is not None:
        counted = counting_rows(mapper, count_filter(ast).where, dialect, query.text, count.most)
        number = sql("({})", counted)
    statement = page_select(selection, dialect, query.text, number)
    reader = ObjectReader(mapper, columns, dialect)
    keys = [_KeyReader(key.path, executor) for key in ast.order]
    counted_kinds: tuple[Kind | None, ...] = () if number is None else ("int",)
    kinds = same_kinds(mapper, [*reader.kinds, *(key.kind for key in keys), *counted_kinds])
    text, parameters = statement.bound()
    rows = await executor.query(text, parameters, result=kinds, clean=True)
    objects = reader.read(rows)
    await load(executor, objects[:size], query.branches, query.text)
    width = len(columns)
    found = [
        (made, [key.read(value) for key, value in zip(keys, list(row)[width:], strict=False)])
        for made, row in zip(objects, rows, strict=True)
    ]
    return make_page(ast, found, count=count, found=await _number(executor, rows, result, count))


async def _number(
    executor: Executor, rows: Rows, result: ORMQueryResult[ModelT], count: Counting | None
) -> int | None:
    """Return how many rows there are: each brings the number with it, but an empty page does not."""
    if count is None:
        return None
    if len(rows) > 0:
        return cast("int", list(rows[0])[-1])
    where = count_filter(result.filter).where
    mapper = result.query.selection.mapper
    counted = counting_rows(mapper, where, executor.dialect, result.query.text, count.most)
    text, parameters = Statement.of(counted, executor.dialect).bound()
    found = await executor.query(text, parameters, result=("int",), clean=True)
    return cast("int", found[0][0])


class _KeyReader:
    """How the value at the end of a path is read: a column's, or that of a member of a document."""

    __slots__ = ("_decode", "kind")

    def __init__(self, path: Path, executor: Executor) -> None:
        field = path.field
        if field is None:
            raise TypeError(f"{path} is a relation, which has no order")
        self.kind: Kind | None = None
        self._decode: Decode | None = None
        if isinstance(field.source, Column):
            reader = ColumnReader(field.source, executor.dialect)
            self.kind, self._decode = reader.kind, or_null(reader.decode)
        elif isinstance(field.source, MemberSource):
            self._decode = _member(field.type)

    def read(self, value: object) -> Value:
        """Return a value of a filter."""
        return cast("Value", value if self._decode is None else self._decode(value))


def _member(type_: FieldType) -> Decode:
    """Return how a member of a document is read; a number that is no whole one stays as it is."""

    def read(stored: Any) -> object:  # Any: what the database gives
        if stored is None:
            return None
        match type_:
            case BooleanType():
                return bool(stored)
            case IntegerType():
                return int(stored) if stored == int(stored) else stored
            case FloatType():
                return float(stored)
            case _:
                return stored

    return read
