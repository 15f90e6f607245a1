"""Pages of rows: one statement with the rows, the values of their keys and, when asked, their number."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

from queryengine.ast import Value
from queryengine.errors import ConfigurationError
from queryengine.pages import Counting, Page, Total, counting, make_page, page_size
from queryengine_tortoise.meta import base_queryset, shows_all
from queryengine_tortoise.queryset import Condition, FilterQuerySet
from queryengine_tortoise.reading import Decode, decoder
from queryengine_tortoise.results import TortoiseQueryResult
from queryengine_tortoise.statements import BoundFilter, Term

__all__ = ["fetch_page"]

ModelT = TypeVar("ModelT", bound=Model)

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
    decode = [decoder(bound.model, key.path) for key in ast.order]
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
