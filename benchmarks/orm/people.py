"""The table that all sides read and write, its rows, and what a side is. Knows no driver."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias

__all__ = [
    "COLUMNS",
    "CROWD",
    "INSERT_TABLE",
    "MANY",
    "PEOPLE",
    "POSTGRES_TABLE",
    "SQLITE_TABLE",
    "Person",
    "Side",
    "people",
]

Person: TypeAlias = tuple[int, str, str, int | None, bool, float, date, datetime]

PEOPLE: Final = 20_000
"""how many rows the table has"""
MANY: Final = 10_000
"""how many of them are read, or written, at once"""
COLUMNS: Final = ("id", "name", "email", "age", "active", "score", "born", "seen")
CROWD: Final = "crowd"
"""the table of many rows that are weighed"""
INSERT_TABLE: Final = "newcomers"
"""the same columns, and no rows"""

POSTGRES_TABLE: Final = """
CREATE TABLE {name} (
    id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, age integer, active boolean NOT NULL,
    score double precision NOT NULL, born date NOT NULL, seen timestamptz NOT NULL
)
"""
SQLITE_TABLE: Final = """
CREATE TABLE {name} (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT NOT NULL, age INTEGER, active INTEGER NOT NULL,
    score REAL NOT NULL, born TEXT NOT NULL, seen TEXT NOT NULL
)
"""
FIRST_BORN: Final = date(1950, 1, 1)
FIRST_SEEN: Final = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One driver or ORM: one row by its key, many rows as its own kind of object, a bulk insert.

    `tuple_of` makes of a row what all sides agree on: id, name and age. `version` is what was measured.
    """

    name: str
    version: str
    get: Callable[[int], Awaitable[object]]
    tuple_of: Callable[[object], tuple[object, object, object]]
    many: Callable[[], Awaitable[Sequence[object]]]
    insert: Callable[[Sequence[Person]], Awaitable[object]]
    is_orm: bool = False


def people(count: int) -> list[Person]:
    """Return the first rows; every seventh has no age."""
    return [
        (
            number,
            f"Person {number}",
            f"person.{number}@example.com",
            None if number % 7 == 0 else number % 90,
            number % 3 == 0,
            number / 8,
            FIRST_BORN + timedelta(days=number),
            FIRST_SEEN + timedelta(seconds=number, microseconds=number),
        )
        for number in range(1, count + 1)
    ]
