"""The Prisma back-end of queryengine: a bound filter becomes the typed arguments of `find_many`."""

from queryengine_prisma.engine import PrismaQueryEngine
from queryengine_prisma.pages import fetch_page, fetch_page_sync
from queryengine_prisma.results import FindManyArguments, PrismaQueryResult

__all__ = ["FindManyArguments", "PrismaQueryEngine", "PrismaQueryResult", "fetch_page", "fetch_page_sync"]
