"""The back-end of queryengine for mapped classes: a bound filter becomes a typed `Query`."""

from queryengine_orm.backend.engine import ORMQueryEngine
from queryengine_orm.backend.pages import fetch_page
from queryengine_orm.backend.results import ORMQueryResult

__all__ = ["ORMQueryEngine", "ORMQueryResult", "fetch_page"]
