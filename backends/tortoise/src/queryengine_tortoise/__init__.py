"""The Tortoise back-end of queryengine: a bound filter becomes a typed `QuerySet`."""

from queryengine_tortoise.aggregate_query import TortoiseAggregateQuery, TortoiseAggregateResult, fetch_groups
from queryengine_tortoise.engine import TortoiseQueryEngine
from queryengine_tortoise.explain import explain
from queryengine_tortoise.pages import fetch_page
from queryengine_tortoise.results import TortoiseQueryResult

__all__ = [
    "TortoiseAggregateQuery",
    "TortoiseAggregateResult",
    "TortoiseQueryEngine",
    "TortoiseQueryResult",
    "explain",
    "fetch_groups",
    "fetch_page",
]
