"""Makes Tortoise's file of SQLAlchemy's, in SQL. Knows both files' tables and how each stores its values."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from types import ModuleType
from typing import Final

from tortoise.context import TortoiseContext

from examples.flights.draft import draft_of
from examples.flights.tortoise import models

__all__ = ["MADE_BY", "database_url", "load", "modules"]

MADE_BY: Final = (Path(__file__), Path(models.__file__))
"""the files that decide what is in Tortoise's"""

# Tortoise stores instants with their zone, and our models clock times without fractions of a second.
COPY: Final = """
INSERT INTO carriers (code, name) SELECT code, name FROM truth.carriers;
INSERT INTO airports (code, name, lat, lon, alt, tz, dst, tzone)
    SELECT code, name, lat, lon, alt, tz, dst, tzone FROM truth.airports;
INSERT INTO planes (tailnum, year, type, manufacturer, model, engines, seats, speed, engine)
    SELECT tailnum, year, type, manufacturer, model, engines, seats, speed, engine FROM truth.planes;
INSERT INTO weather (
    id, origin, time_hour, temp, dewp, humid, wind_dir, wind_speed, wind_gust, precip, pressure, visib
) SELECT
    rowid, origin, substr(time_hour, 1, 19) || '+00:00', temp, dewp, humid, wind_dir, wind_speed, wind_gust,
    precip, pressure, visib
FROM truth.weather;
INSERT INTO flights (
    id, date, carrier_id, flight, tailnum, plane_id, origin_airport_id, dest, dest_airport_id,
    sched_dep_time, dep_time, dep_delay, sched_arr_time, arr_time, arr_delay,
    air_time, distance, time_hour, weather_id
) SELECT
    f.id, f.date, f.carrier_code, f.flight, f.tailnum, p.tailnum, f.origin, f.dest, a.code,
    substr(f.sched_dep_time, 1, 8), substr(f.dep_time, 1, 8), f.dep_delay,
    substr(f.sched_arr_time, 1, 8), substr(f.arr_time, 1, 8), f.arr_delay,
    f.air_time, f.distance, substr(f.time_hour, 1, 19) || '+00:00', w.rowid
FROM truth.flights f
LEFT JOIN truth.planes p ON p.tailnum = f.tailnum
LEFT JOIN truth.airports a ON a.code = f.dest
LEFT JOIN truth.weather w ON w.origin = f.origin AND w.time_hour = f.time_hour;
"""


def modules() -> dict[str, Iterable[str | ModuleType]]:
    """Return where Tortoise finds the models."""
    return {"flights": [models.__name__]}


def database_url(path: Path) -> str:
    """Return the URL of a SQLite file for Tortoise.

    >>> database_url(Path("flights.sqlite"))
    'sqlite://flights.sqlite'
    """
    return f"sqlite://{path}"


async def load(path: Path, truth: Path) -> None:
    """Make the file of SQLAlchemy's; it appears whole or not at all."""
    with draft_of(path) as draft:
        async with TortoiseContext() as context:
            await context.init(db_url=database_url(draft), modules=modules())
            await context.generate_schemas()
        copy(truth, draft)


def copy(truth: Path, draft: Path) -> None:
    """Fill Tortoise's tables."""
    with closing(sqlite3.connect(draft)) as connection:
        connection.execute("ATTACH ? AS truth", (str(truth),))
        connection.executescript(COPY)
        connection.execute("ANALYZE")
        connection.commit()
