"""Pages of rows: one statement with the rows, the values of their keys and, when asked, their number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar, cast

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from queryengine.ast import Path, Value
from queryengine.errors import ConfigurationError
from queryengine.pages import Counting, Page, Total, counting, make_page, page_size
from queryengine.schema import BooleanType, FieldType, FloatType, IntegerType
from queryengine_tortoise.meta import base_queryset, fields_of, key_attribute, shows_all
from queryengine_tortoise.queryset import Condition, FilterQuerySet
from queryengine_tortoise.results import TortoiseQueryResult
from queryengine_tortoise.schema import ColumnSource
from queryengine_tortoise.statements import BoundFilter, Term

__all__ = ["fetch_page"]

ModelT = TypeVar("ModelT", bound=Model)

Decode: TypeAlias = Callable[[Any], Value]  # Any: what the driver gives
"""From what the database gives, null included, to a value of a filter."""

KEY: Final = "_qe_key_"
NUMBER: Final = "_qe_number"
"""attributes that rows have while they are fetched"""


async def fetch_page(
    result: TortoiseQueryResult[ModelT], *, total: Total = "none", using_db: BaseDBAsyncClient | None = None
) -> Page[ModelT]:
    """Fetch one page of a result's rows, in one statement besides those that load related rows.

    `total` is `"none"`, `"exact"`, or the most rows to count; to count for an empty page, or the rows that a
    manager of the model's own shows, takes a second one. Raises ConfigurationError for a result without a
    limit, of a model without a primary key, or of an engine whose order cursors cannot follow.
    """
    ast, count, query = result.filter, counting(total), result.query
    size, bound = page_size(ast), query.bound if isinstance(query, FilterQuerySet) else None
    if bound is None:
        raise ConfigurationError("pages: the result was not made by an engine")
    terms = {f"{KEY}{number}": Term(partial(bound.value, number)) for number in range(len(ast.order))}
    if count is not None and shows_all(bound.model):
        terms[NUMBER] = Term(partial(bound.counted().number, count.most))
    found = await query.limit(size + 1).annotate(**terms).using_db(using_db)
    numbers = [vars(row).pop(NUMBER, None) for row in found]
    number = numbers[0] if numbers else None
    if count is not None and number is None:
        number = await _number(bound.counted(), count, using_db)
    decode = [_decoder(bound.model, key.path) for key in ast.order]
    rows = [(row, [*_keys(row, decode)]) for row in found]
    return make_page(ast, rows, count=count, found=number)


async def _number(bound: BoundFilter, count: Counting, using_db: BaseDBAsyncClient | None) -> int:
    """Count where no row brings the number with it."""
    rows = base_queryset(bound.model).using_db(using_db)
    if bound.ast.where is not None:
        rows = rows.filter(Condition(bound))
    return await (rows if count.most is None else rows.limit(count.most + 1)).count()


def _keys(row: Model, decode: list[Decode]) -> Iterator[Value]:
    """Take the values of a row's keys from it."""
    for number, of in enumerate(decode):
        yield of(vars(row).pop(f"{KEY}{number}"))


def _decoder(model: type[Model], path: Path) -> Decode:
    """Return how the value at the end of a path is read: as Tortoise reads the column, or from a document."""
    field = path.field
    if field is None:
        raise TypeError(f"{path} is a relation, which has no order")
    if not isinstance(field.source, ColumnSource):
        return _member_decoder(field.type)
    for step in path.steps:
        model = cast("type[Model]", step.relation.target.model)
    column = fields_of(model)[field.source.attribute]
    if isinstance(column, ForeignKeyFieldInstance):
        column = fields_of(model)[key_attribute(field.source.attribute)]
    return cast("Decode", column.to_python_value)


def _member_decoder(type_: FieldType) -> Decode:
    """Return how a member of a document is read; a number that is no whole one stays as it is."""
    match type_:
        case BooleanType():
            return lambda stored: None if stored is None else bool(stored)
        case IntegerType():
            return lambda stored: int(stored) if stored is not None and stored == int(stored) else stored
        case FloatType():
            return lambda stored: None if stored is None else float(stored)
        case _:
            return lambda stored: stored
