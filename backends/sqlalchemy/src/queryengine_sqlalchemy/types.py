"""Column types for models: a date-time that is an instant on every database. Knows SQLAlchemy only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from sqlalchemy import DateTime
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

__all__ = ["UTCDateTime"]


class UTCDateTime(TypeDecorator[dt.datetime]):
    """An aware date-time that is stored in UTC, and comes back in UTC.

    PostgreSQL stores it as TIMESTAMP WITH TIME ZONE. SQLite has no such type: `DateTime(timezone=True)`
    silently loses the zone there, this type stores the instant. Naive values raise ValueError.

    >>> from sqlalchemy.dialects import sqlite
    >>> noon = dt.datetime(2013, 1, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    >>> str(UTCDateTime().process_bind_param(noon, sqlite.dialect()))
    '2013-01-01 10:00:00'
    """

    impl: TypeEngine[Any] | type[TypeEngine[Any]] = DateTime  # Any: SQLAlchemy's own declaration
    cache_ok: bool | None = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:  # Any: SQLAlchemy's own signature
        """Store it with its zone on PostgreSQL, and as a naive date-time elsewhere."""
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Turn an aware date-time into what the database stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive date-time is no instant: give it a time zone")
        utc = value.astimezone(dt.UTC)
        return utc if dialect.name == "postgresql" else utc.replace(tzinfo=None)

    def process_result_value(
        self,
        value: dt.datetime | None,
        dialect: Dialect,  # noqa: ARG002  # SQLAlchemy's signature
    ) -> dt.datetime | None:
        """Turn what the database stores into an aware date-time in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)
