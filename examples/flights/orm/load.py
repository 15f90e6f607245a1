"""Makes the companion's file of SQLAlchemy's, in SQL. Knows the tables of both and how each stores values."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

from queryengine_orm import schema_sql

from examples.flights.draft import draft_of
from examples.flights.orm import models
from examples.flights.orm.models import Base

__all__ = ["MADE_BY", "load"]

MADE_BY: Final = (Path(__file__), Path(models.__file__))
"""the files that decide what is in the companion's"""

# Days and clock times are stored alike; an instant says its zone here.
COPY: Final = """
INSERT INTO carriers (code, name) SELECT code, name FROM truth.carriers;
INSERT INTO airports (code, name, lat, lon, alt, tz, dst, tzone)
    SELECT code, name, lat, lon, alt, tz, dst, tzone FROM truth.airports;
INSERT INTO planes (tailnum, year, type, manufacturer, model, engines, seats, speed, engine)
    SELECT tailnum, year, type, manufacturer, model, engines, seats, speed, engine FROM truth.planes;
INSERT INTO weather (
    id, origin, time_hour, temp, dewp, humid, wind_dir, wind_speed, wind_gust, precip, pressure, visib
) SELECT
    rowid, origin, time_hour || '+00:00', temp, dewp, humid, wind_dir, wind_speed, wind_gust,
    precip, pressure, visib
FROM truth.weather;
INSERT INTO flights (
    id, date, carrier_code, flight, tailnum, origin, dest, sched_dep_time, dep_time, dep_delay,
    sched_arr_time, arr_time, arr_delay, air_time, distance, time_hour, weather_id
) SELECT
    f.id, f.date, f.carrier_code, f.flight, f.tailnum, f.origin, f.dest, f.sched_dep_time, f.dep_time,
    f.dep_delay, f.sched_arr_time, f.arr_time, f.arr_delay, f.air_time, f.distance,
    f.time_hour || '+00:00', w.rowid
FROM truth.flights f LEFT JOIN truth.weather w ON w.origin = f.origin AND w.time_hour = f.time_hour;
"""


def load(path: Path, truth: Path) -> None:
    """Make the file of SQLAlchemy's; it appears whole or not at all."""
    with draft_of(path) as draft, closing(sqlite3.connect(draft)) as connection:
        connection.executescript(";\n".join(schema_sql(Base, "sqlite")))
        connection.execute("ATTACH ? AS truth", (str(truth),))
        connection.executescript(COPY)
        connection.execute("ANALYZE")
        connection.commit()
