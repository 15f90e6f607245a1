"""The SQLAlchemy back-end of queryengine: a bound filter becomes a typed `Select`."""

from queryengine_sqlalchemy.aggregates import SQLAlchemyAggregateResult
from queryengine_sqlalchemy.constructs import UnsupportedDialectError
from queryengine_sqlalchemy.documents import json_fields
from queryengine_sqlalchemy.engine import SQLAlchemyQueryEngine
from queryengine_sqlalchemy.explain import explain, explain_sync
from queryengine_sqlalchemy.groups import fetch_groups, fetch_groups_sync
from queryengine_sqlalchemy.pages import fetch_page, fetch_page_sync
from queryengine_sqlalchemy.results import SQLAlchemyQueryResult
from queryengine_sqlalchemy.types import UTCDateTime

__all__ = [
    "SQLAlchemyAggregateResult",
    "SQLAlchemyQueryEngine",
    "SQLAlchemyQueryResult",
    "UTCDateTime",
    "UnsupportedDialectError",
    "explain",
    "explain_sync",
    "fetch_groups",
    "fetch_groups_sync",
    "fetch_page",
    "fetch_page_sync",
    "json_fields",
]
