"""A type for instants: BSON's date-times are in UTC, and come without a zone unless the client adds it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from pydantic import AfterValidator

from queryengine.schema import DateTimeType

__all__ = ["UTCDateTime"]


def _in_utc(value: dt.datetime) -> dt.datetime:
    return value.replace(tzinfo=dt.UTC) if value.utcoffset() is None else value.astimezone(dt.UTC)


UTCDateTime = Annotated[dt.datetime, AfterValidator(_in_utc), DateTimeType(aware=True)]
"""An instant, in UTC, whether the client is `tz_aware` or not.

A date-time without a zone is taken for one in UTC, because that is how MongoDB gives it back.

>>> from pydantic import TypeAdapter
>>> TypeAdapter(UTCDateTime).validate_python(dt.datetime(2013, 1, 31, 12))
datetime.datetime(2013, 1, 31, 12, 0, tzinfo=datetime.timezone.utc)
"""
