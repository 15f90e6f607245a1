"""The Beanie back-end of queryengine: a bound filter becomes a typed `FindMany` or `AggregationQuery`."""

from queryengine_beanie.aggregates import BeanieAggregateResult, fetch_groups
from queryengine_beanie.engine import BeanieQueryEngine
from queryengine_beanie.explain import explain
from queryengine_beanie.pages import fetch_page
from queryengine_beanie.results import BeanieQueryResult
from queryengine_beanie.types import UTCDateTime

__all__ = [
    "BeanieAggregateResult",
    "BeanieQueryEngine",
    "BeanieQueryResult",
    "UTCDateTime",
    "explain",
    "fetch_groups",
    "fetch_page",
]
