"""The back-end of queryengine for mapped classes: a bound filter becomes a typed `Query`."""

from queryengine_orm.backend.aggregates import AggregateQuery, ORMAggregateResult
from queryengine_orm.backend.engine import ORMQueryEngine
from queryengine_orm.backend.explain import explain
from queryengine_orm.backend.groups import fetch_groups
from queryengine_orm.backend.pages import fetch_page
from queryengine_orm.backend.results import ORMQueryResult

__all__ = [
    "AggregateQuery",
    "ORMAggregateResult",
    "ORMQueryEngine",
    "ORMQueryResult",
    "explain",
    "fetch_groups",
    "fetch_page",
]
