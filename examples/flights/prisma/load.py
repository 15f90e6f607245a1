"""Fills Prisma's file with the flights, through the client. Knows their source and the tables.

The client's query engine alone knows how it stores date-times: engines differ in it.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from examples.flights import source as readers
from examples.flights.source import FLIGHTS, Row, data_folder, sources

__all__ = ["DATAMODEL", "MADE_BY", "create_tables", "fill"]

DATAMODEL: Final = Path(__file__).with_name("schema.prisma")
TABLES: Final = Path(__file__).with_name("tables.sql")
MADE_BY: Final = (DATAMODEL, TABLES, Path(__file__), Path(readers.__file__))
"""the files that decide what is in Prisma's"""
BATCH: Final = 500


def create_tables(path: Path) -> None:
    """Make the tables in a new file."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(TABLES.read_text(encoding="utf-8"))


async def fill(client: Any, days: int | None) -> None:  # Any: a client that was generated here
    """Store all rows, of the flights those of the first `days` of January, of the weather what these met."""
    found = {each.table: list(each.rows(data_folder(), days)) for each in sources()}
    weather = {
        (row["origin"], row["time_hour"]): {"id": number, **row}
        for number, row in enumerate(found["weather"], start=1)
    }
    planes = {row["tailnum"] for row in found["planes"]}
    airports = {row["code"] for row in found["airports"]}

    def linked(row: Row) -> Row:
        met = weather.get((row["origin"], row["time_hour"]))
        return {
            **row,
            "plane_tailnum": row["tailnum"] if row["tailnum"] in planes else None,
            "dest_code": row["dest"] if row["dest"] in airports else None,
            "weather_id": None if met is None else met["id"],
        }

    flights = [linked(row) for row in found[FLIGHTS]]
    met = {flight["weather_id"] for flight in flights}
    await store(client.carrier, found["carriers"])
    await store(client.airport, found["airports"])
    await store(client.plane, found["planes"])
    await store(client.weather, [row for row in weather.values() if row["id"] in met])
    await store(client.flight, flights)


async def store(actions: Any, rows: list[Row]) -> None:  # Any: what the client has for a model
    """Store the rows of one model, in batches."""
    data = map(stored, rows)
    while batch := list(islice(data, BATCH)):
        await actions.create_many(data=batch)


def stored(row: Row) -> Mapping[str, object]:
    """Return a row as the client takes it.

    >>> stored({"date": dt.date(2013, 1, 31), "dep_time": dt.time(5, 17), "dep_delay": None})
    {'date': '2013-01-31', 'dep_time': '05:17:00', 'dep_delay': None}
    """
    return {name: _taken(value) for name, value in row.items()}


def _taken(value: object) -> object:
    match value:
        case dt.datetime():
            return value
        case dt.date() | dt.time():
            return value.isoformat()
        case _:
            return value
