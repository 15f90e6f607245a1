"""Fills a MongoDB with the flights. Knows their source and how the documents are stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import islice
from typing import Any, Final, TypeAlias

from bson import DBRef
from pymongo.asynchronous.database import AsyncDatabase

from examples.flights.source import FLIGHTS, Row, data_folder, sources

__all__ = ["Record", "load"]

Record: TypeAlias = dict[str, Any]  # Any: values of all types that BSON has
"""A document as it is stored."""

BATCH: Final = 1_000
KEYS: Final[Mapping[str, str]] = {"carriers": "code", "airports": "code", "planes": "tailnum", FLIGHTS: "id"}


async def load(database: AsyncDatabase[Record], days: int | None) -> None:
    """Fill the collections, with the flights of the first `days` of January, or of the year."""
    found = {each.table: each.rows(data_folder(), days) for each in sources()}
    weather: dict[object, Row] = {
        (hour.pop("origin"), hour.pop("time_hour")): hour for hour in found["weather"]
    }
    for table, key in KEYS.items():
        rows = (linked(row, weather) if table == FLIGHTS else row for row in found[table])
        documents = ({"_id": row[key], **stored(row, key)} for row in rows)
        while batch := list(islice(documents, BATCH)):
            await database[table].insert_many(batch)


def linked(row: Row, weather: Mapping[object, Row]) -> Row:
    """Return a flight with its links and its weather."""
    return {
        **row,
        "carrier": DBRef("carriers", row["carrier_code"]),
        "plane": None if row["tailnum"] is None else DBRef("planes", row["tailnum"]),
        "origin_airport": DBRef("airports", row["origin"]),
        "dest_airport": DBRef("airports", row["dest"]),
        "weather": weather.get((row["origin"], row["time_hour"])),
    }


def stored(row: Row, key: str) -> Record:
    """Return a row without its key, as Beanie stores its values.

    >>> stored({"id": 1, "date": dt.date(2013, 1, 1), "dep_time": dt.time(5, 17)}, "id")
    {'date': datetime.datetime(2013, 1, 1, 0, 0), 'dep_time': '05:17:00'}
    """
    return {name: _bson(value) for name, value in row.items() if name != key}


def _bson(value: object) -> object:
    match value:
        case dt.datetime():
            return value
        case dt.date():
            return dt.datetime.combine(value, dt.time.min)
        case dt.time():
            return value.isoformat()
        case _:
            return value
