"""The Tortoise back-end of queryengine: a bound filter becomes a typed `QuerySet`."""

from queryengine_tortoise.engine import TortoiseQueryEngine
from queryengine_tortoise.pages import fetch_page
from queryengine_tortoise.results import TortoiseQueryResult

__all__ = ["TortoiseQueryEngine", "TortoiseQueryResult", "fetch_page"]
