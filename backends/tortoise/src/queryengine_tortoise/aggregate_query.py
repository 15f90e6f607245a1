"""The native query of an aggregate: Tortoise's own for lists of tuples, with a statement of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Literal, Self, TypeAlias, cast

from pypika_tortoise.context import SqlContext
from pypika_tortoise.queries import Query, QueryBuilder
from pypika_tortoise.terms import Parameterizer
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import OperationalError
from tortoise.expressions import Subquery
from tortoise.models import Model
from tortoise.queryset import ValuesListQuery
from typing_extensions import override

from queryengine.aggregates import AggregateAST, AggregateResult, Function, Row
from queryengine.ast import Path
from queryengine.schema import TypeKind
from queryengine.sql_aggregates import is_out_of_range
from queryengine_tortoise.aggregates import BoundAggregate
from queryengine_tortoise.forms import instant
from queryengine_tortoise.meta import base_queryset, pk_attribute, shows_all
from queryengine_tortoise.reading import Decode, decoder

__all__ = ["TortoiseAggregateQuery", "TortoiseAggregateResult", "fetch_groups"]


class TortoiseAggregateQuery(ValuesListQuery[Literal[False]]):
    """A query that is awaited for a list with a tuple for each group."""

    def __init__(self, bound: BoundAggregate) -> None:
        columns = [str(number) for number in range(len(bound.ast.names))]
        super().__init__(
            bound.model,
            cast("Any", None),  # Any: Tortoise chooses a connection when it is awaited
            q_objects=[],
            single=False,
            raise_does_not_exist=False,
            fields_for_select_list=columns,
            limit=None,
            offset=None,
            distinct=False,
            orderings=[],
            flat=False,
            annotations={},
            custom_filters={},
            group_bys=(),
            force_indexes=set(),
            use_indexes=set(),
        )
        self._bound = bound
        self._decoders = dict(zip(columns, _decoders(bound.model, bound.ast), strict=True))

    def using_db(self, connection: BaseDBAsyncClient | None) -> Self:
        """Run on this connection instead of the one that Tortoise chooses; returns the query itself."""
        self._db = cast("Any", connection)  # Any: Tortoise says that it is never None
        return self

    @override
    def _make_query(self) -> None:
        model, shown = self._bound.model, None
        if not shows_all(model):
            rows = base_queryset(model).using_db(self._db)
            shown = Subquery(rows.values_list(pk_attribute(model))).get_sql
        self.query: QueryBuilder = _Statement(self._bound, shown, self._db.query_class)

    @override
    def resolve_to_python_value(self, model: type[Model], field: str) -> Decode:
        """Return how a column of the answer is read."""
        del model
        return self._decoders[field]


TortoiseAggregateResult: TypeAlias = AggregateResult[Row, TortoiseAggregateQuery]
"""What a dependency of aggregates gives on Tortoise: `await fetch_groups(result)`."""


async def fetch_groups(
    result: TortoiseAggregateResult[Row], *, using_db: BaseDBAsyncClient | None = None
) -> list[Row]:
    """Fetch the answer of an aggregate, in one statement: a row for each group, in order.

    Where a sum of integers is beyond 64 bits it raises what FastAPI answers by status 422, or
    SumOutOfRangeError for a result that no dependency has made. After it, as after any error of PostgreSQL,
    a transaction is to be rolled back.
    """
    try:
        found = await (result.query if using_db is None else result.query.using_db(using_db))
    except Exception as error:  # each driver has errors of its own, which Tortoise wraps or not
        refusal = result.beyond_64_bits() if is_out_of_range(_cause(error)) else None
        if refusal is None:
            raise
        raise refusal from error
    return result.rows(found)


def _cause(error: BaseException) -> object:
    """Return the driver's error, which Tortoise has as an argument of its own."""
    return error.args[0] if isinstance(error, OperationalError) and error.args else error


class _Statement(QueryBuilder):
    """What Tortoise takes for a query that it has built."""

    def __init__(
        self, bound: BoundAggregate, shown: Callable[[SqlContext], str] | None, dialect: type[Query]
    ) -> None:
        super().__init__()
        self._bound = bound
        self._shown = shown
        self._dialect = dialect

    @override
    def get_parameterized_sql(self, ctx: SqlContext | None = None) -> tuple[str, list[Any]]:
        context = ctx or self._dialect.SQL_CONTEXT
        parameters = context.parameterizer or Parameterizer()
        return self.get_sql(replace(context, parameterizer=parameters)), cast("Any", parameters).values

    @override
    def get_sql(self, ctx: SqlContext | None = None) -> str:
        return self._bound.text(ctx or self._dialect.SQL_CONTEXT, self._shown)


def _decoders(model: type[Model], ast: AggregateAST) -> Iterator[Decode]:
    """Yield how the value of each column of the answer is read."""
    for key in ast.keys:
        yield _decoder(model, key.path)
    for measure in ast.measures:
        extreme = measure.function in (Function.MIN, Function.MAX)
        yield _decoder(model, measure.path) if measure.path is not None and extreme else _as_it_is


def _decoder(model: type[Model], path: Path) -> Decode:
    """Return how a value of rows is read, in the form in which values of its type are compared."""
    decode = decoder(model, path)
    if path.kind is not TypeKind.DATETIME:
        return decode
    return lambda stored: decode(instant(stored) if isinstance(stored, int) else stored)


def _as_it_is(stored: Any) -> Any:  # Any: a number of the driver's
    return stored
