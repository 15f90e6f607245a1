"""A policy says by keyword what callers may do; rights are given by path."""

import datetime as dt
from typing import assert_type
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from queryengine import Access, Limits, QueryConfig, SecurityPolicy


class PlaneOut(BaseModel):
    seats: int


class FlightOut(BaseModel):
    id: int
    origin: str
    plane: PlaneOut | None


nothing_said = SecurityPolicy()

policy = SecurityPolicy(
    expose=FlightOut,
    paths={
        "id": Access(filter=["eq", "in"]),
        "origin": Access(filter={"eq"}, sort=False),
        "plane": Access(include=True),
        "plane.seats": Access(filter=False, select=False),
    },
    others=None,
    relations=True,
    limits=Limits(max_conditions=8, default_limit=20),
    lenient=True,
    timezone=dt.UTC,
    regex=True,
)
assert_type(policy.access("id"), Access)
assert_type(policy.limits.max_conditions, int)

without_notes = SecurityPolicy(paths={"notes": None}, timezone="Europe/Berlin")
in_new_york = SecurityPolicy(timezone=ZoneInfo("America/New_York"), paths={"id": Access()})
paged = QueryConfig(parameter="q", source="body", paging="external", cache_size=16)
