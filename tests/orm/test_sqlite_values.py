"""SQLite's typed columns: random values of each kind come back equal, most of them in order."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum, IntEnum
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from queryengine_orm.driver import Kind
from queryengine_orm.errors import DataError, ParameterError, UsageError
from queryengine_orm.sqlite import SQLiteConnection, connect

from tests.orm.typed import DATETIMES, JSON, OFFSETS, TEXT, ints, same

FINITE: Final = st.decimals(allow_nan=False, allow_infinity=False)
AWARE: Final = DATETIMES.flatmap(lambda at: OFFSETS.map(lambda zone: at.replace(tzinfo=zone)))
SHORT: Final = st.timedeltas(timedelta(days=-100_000_000), timedelta(days=100_000_000))

KINDS: Final[dict[Kind, st.SearchStrategy[Any]]] = {
    "bool": st.booleans(),
    "int": ints(64),
    "float": st.floats(allow_nan=False),
    "text": TEXT,
    "bytes": st.binary(),
    "decimal": FINITE,
    "uuid": st.uuids(),
    "date": st.dates(),
    "time": st.times(),
    "datetime": st.datetimes(),
    "datetimetz": AWARE,
    "interval": SHORT,
    "json": JSON.filter(lambda value: isinstance(value, dict | list)),
}
ORDERED: Final[tuple[Kind, ...]] = (
    "bool", "int", "text", "bytes", "date", "time", "datetime", "datetimetz", "interval",
)  # fmt: skip


class Database:
    """A database in memory that plain functions can ask."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.connection: SQLiteConnection = self.runner.run(connect())

    def ask(self, sql: str, *parameters: object, kinds: tuple[Kind | None, ...] | None = None) -> Any:
        """Return the rows of a statement."""

        async def ask() -> Any:
            return await self.connection.query(sql, parameters, result=kinds)

        return self.runner.run(ask())

    def close(self) -> None:
        """Close it."""
        self.runner.run(self.connection.close())
        self.runner.close()


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    database = Database()
    yield database
    database.close()


@pytest.mark.parametrize("kind", KINDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_value_comes_back_as_it_went(database: Database, kind: Kind, data: st.DataObject) -> None:
    value = data.draw(KINDS[kind])
    (row,) = database.ask("SELECT ?1, ?1", value, kinds=(kind, None))
    assert same(row[0], value), (row, value)
    if isinstance(value, Decimal):
        assert str(row[0]) == str(value)
    if isinstance(value, datetime) and kind == "datetimetz":
        assert row[0].tzinfo is UTC


@pytest.mark.parametrize("kind", ORDERED)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_order_of_what_is_kept_is_the_order_of_the_values(
    database: Database, kind: Kind, data: st.DataObject
) -> None:
    one, other = data.draw(KINDS[kind]), data.draw(KINDS[kind])
    (row,) = database.ask("SELECT ?1 < ?2, ?1 = ?2", one, other, kinds=("bool", "bool"))
    if kind == "text":
        one, other = one.encode(), other.encode()
    assert tuple(row) == (one < other, one == other)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=FINITE, other=FINITE)
def test_the_decimal_collation_orders_decimals_exactly(
    database: Database, one: Decimal, other: Decimal
) -> None:
    sql = "SELECT ?1 COLLATE decimal < ?2, ?1 COLLATE decimal = ?2"
    (row,) = database.ask(sql, one, other, kinds=("bool", "bool"))
    assert tuple(row) == (one < other, one == other)


class Colour(Enum):
    RED = "red"


class Size(IntEnum):
    LARGE = 3


def test_members_of_enums_are_written_by_their_values_and_null_is_none(database: Database) -> None:
    (row,) = database.ask("SELECT ?1, ?2, ?3", Colour.RED, Size.LARGE, None, kinds=("text", "int", "json"))
    assert tuple(row) == ("red", 3, None)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        float("nan"),
        "a\0b",
        "\ud800",
        Decimal("NaN"),
        Decimal("Infinity"),
        time(1, tzinfo=UTC),
        timedelta.max,
        ...,
        {"a": ...},
        [math.inf],
    ],
    ids=repr,
)
def test_what_sqlite_cannot_hold_is_refused_by_number_without_the_value(
    database: Database, value: object
) -> None:
    with pytest.raises(ParameterError, match=r"^parameter \?2: expected .*; given: \w+$"):
        database.ask("SELECT ?1, ?2", 1, value)


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("SELECT 2", "bool"),
        ("SELECT 'x'", "int"),
        ("SELECT 1.5", "int"),
        ("SELECT 'x'", "float"),
        ("SELECT 9007199254740993", "float"),
        ("SELECT 5", "text"),
        ("SELECT 'x'", "bytes"),
        ("SELECT 'x'", "decimal"),
        ("SELECT 'x'", "uuid"),
        ("SELECT x'00'", "uuid"),
        ("SELECT '2024-02-30'", "date"),
        ("SELECT '2024-01-01'", "datetime"),
        ("SELECT '2024-01-01 00:00:00+00:00'", "datetime"),
        ("SELECT '0001-01-01 00:00:00+01:00'", "datetimetz"),
        ("SELECT '24:00:00'", "time"),
        ("SELECT 1.5", "interval"),
        ("SELECT '{'", "json"),
        ("SELECT CAST(x'ff' AS TEXT)", "text"),
        ("SELECT CAST(x'ff' AS TEXT)", None),
    ],
)
def test_what_is_no_value_of_its_kind_is_an_error_that_names_the_column(
    database: Database, sql: str, kind: Kind | None
) -> None:
    rows = database.ask(f"{sql} AS odd", kinds=(kind,))
    with pytest.raises(DataError) as caught:
        _ = rows[0][0]
    assert caught.value.__notes__ == ["in column 1 (odd)"]


def test_what_other_programs_write_is_read_as_well(database: Database) -> None:
    unique = UUID(int=5)
    kinds: tuple[Kind, ...] = (
        "datetime",
        "datetimetz",
        "datetimetz",
        "uuid",
        "uuid",
        "decimal",
        "float",
        "json",
    )
    sql = (
        "SELECT '2024-01-02T03:04:05', '2024-01-02 03:04:05', '2024-01-02 03:04:05.5-01:30',"
        f" x'{unique.hex}', '{unique.hex}', 1.25, 5, 7"
    )
    (row,) = database.ask(sql, kinds=kinds)
    at = datetime(2024, 1, 2, 3, 4, 5, tzinfo=UTC)
    later = at + timedelta(hours=1, minutes=30, milliseconds=500)
    assert tuple(row) == (at.replace(tzinfo=None), at, later, unique, unique, Decimal("1.25"), 5.0, 7)


def test_a_kind_for_each_column_is_asked_for(database: Database) -> None:
    with pytest.raises(UsageError, match="names 2 columns, the statement gives 1"):
        database.ask("SELECT 1", kinds=("int", "int"))
    with pytest.raises(UsageError, match="called"):
        database.ask("SELECT 1", kinds=("integer",))  # type: ignore[arg-type]


def test_an_error_of_one_column_leaves_the_others(database: Database) -> None:
    (row,) = database.ask("SELECT 'x' AS odd, ?1 AS day", date(2024, 1, 1), kinds=("int", "date"))
    assert row.day == date(2024, 1, 1)


@pytest.mark.parametrize("text", ["1e400", "[NaN]", "9" * 5_000, "[" * 100_000])
def test_json_that_python_holds_no_exact_value_of_is_an_error(database: Database, text: str) -> None:
    (row,) = database.ask("SELECT ?1", text, kinds=("json",))
    with pytest.raises(DataError, match="no JSON that Python holds"):
        _ = row[0]


def test_json_whose_keys_would_become_text_is_refused(database: Database) -> None:
    with pytest.raises(ParameterError, match="keys are text"):
        database.ask("SELECT ?1", [{"a": {1: "one"}}])
