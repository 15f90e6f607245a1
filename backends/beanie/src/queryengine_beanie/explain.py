"""What a query would do, asked of MongoDB without running it. Knows Beanie's queries and their collection."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from beanie.odm.queries.aggregation import AggregationQuery
from beanie.odm.queries.find import FindMany
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import OperationFailure

from queryengine.cost import CostWeights
from queryengine.errors import ConfigurationError
from queryengine.explain import Explanation, explain_filter
from queryengine_beanie.plans import read_plan
from queryengine_beanie.results import BeanieQueryResult

__all__ = ["explain"]

NO_SUCH_COMMAND = 59

# Any: documents hold values of all types that BSON has.
Query = FindMany[Any] | AggregationQuery[Any]
Command = dict[str, Any]


async def explain(
    result: BeanieQueryResult[Any],  # Any: the documents do not matter here
    *,
    session: AsyncClientSession | None = None,
    weights: CostWeights | None = None,
    values: bool = False,
) -> Explanation:
    """Return what becomes of a result's filter, with MongoDB's own plan; nothing is run.

    The query is the result's own, its policy and its row scope included. `weights` are those of the policy,
    if it has any. Without `values` the query has "?" for each, and of the plan its stages and the indexes
    and fields that they use; with it both are whole, the values of the row scope included. Raises
    ConfigurationError for a server without `explain`.
    """
    ast, query = result.filter, result.query
    model: Any = query.document_model  # Any: its collection holds documents of all types
    collection: AsyncCollection[Command] = model.get_pymongo_collection()
    command = {**dict(_command(collection.name, query)), **_options(query)}
    try:
        answer: Command = await collection.database.command(
            "explain", command, verbosity="queryPlanner", session=session
        )
    except OperationFailure as error:
        if error.code != NO_SUCH_COMMAND:
            raise
        raise ConfigurationError("explain: the server does not have this command") from None
    return explain_filter(
        ast,
        backend="beanie",
        weights=weights,
        query=None if result.pages is None else result.pages.shown_query(ast, values=values),
        plan=read_plan(answer, values=values),
    )


def _command(collection: str, query: Query) -> Iterator[tuple[str, object]]:
    """Yield the members of the command that runs a query, the first one its name."""
    if isinstance(query, AggregationQuery):
        yield "aggregate", collection
        yield "pipeline", query.get_aggregation_pipeline()
        yield "cursor", {}
        return
    yield "find", collection
    yield "filter", query.get_filter_query()
    if query.sort_expressions:
        yield "sort", dict(query.sort_expressions)
    if query.skip_number:
        yield "skip", query.skip_number
    if query.limit_number:
        yield "limit", query.limit_number


def _options(query: Query) -> Command:
    collation: Any = query.pymongo_kwargs.get("collation")
    return {} if collation is None else {"collation": collation.document}
