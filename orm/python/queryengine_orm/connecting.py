"""The pool of a URL, whichever its database. Loads no driver but the one that is asked for."""

from __future__ import annotations

from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConfigurationError

__all__ = ["connect_pool"]


def connect_pool(url: str, /) -> Pool:
    """Return a pool that opens when it is entered, with the settings that the URL and the environment give.

    Raises ConfigurationError for a scheme that no driver has.

    >>> connect_pool("sqlite://").dialect
    'sqlite'
    """
    match url.partition(":")[0]:
        case "postgresql" | "postgres":
            from queryengine_orm import pool  # noqa: PLC0415  # a service of one database loads one driver

            return pool.create_pool(url)
        case "sqlite":
            from queryengine_orm import sqlite  # noqa: PLC0415

            return sqlite.create_pool(url)
        case "":
            raise ConfigurationError("the URL is empty: postgresql://... or sqlite:///... is expected")
        case scheme:
            raise ConfigurationError(f"no driver is for {scheme[:20]}; postgresql and sqlite have one")
