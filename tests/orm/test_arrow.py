"""Rows as Arrow: a consumer sees the values that the rows have, whatever becomes of the rows."""

from __future__ import annotations

import gc
import resource
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

import pytest
from arro3.core import DataType, Table
from queryengine_orm._native import Rows
from queryengine_orm.driver import Kind
from queryengine_orm.errors import DataError, UsageError
from queryengine_orm.sqlite import create_pool

from tests.orm.postgres_world import connected
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio

NOON: Final = datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
EARLY: Final = datetime(1, 1, 1, tzinfo=UTC)
LATE: Final = datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)
UNIQUE: Final = UUID("00112233-4455-6677-8899-aabbccddeeff")

SHARED: Final[dict[Kind, list[object]]] = {
    "bool": [True, False],
    "int": [2**63 - 1, -(2**63)],
    "float": [1.5, -0.0],
    "text": ["", "héllo 🦀"],
    "bytes": [b"", b"\x00\xff"],
    "date": [date.min, date.max],
    "time": [time.min, time.max],
    "datetime": [EARLY.replace(tzinfo=None), LATE.replace(tzinfo=None)],
    "datetimetz": [NOON, LATE],
    "interval": [timedelta(days=-3, microseconds=1), timedelta(days=100_000)],
}
"""values of each kind that both databases have, and Arrow"""

POSTGRESQL: Final[dict[str, list[object]]] = {
    "smallint": [2**15 - 1, -(2**15)],
    "integer": [2**31 - 1, -(2**31)],
    "bigint": [2**63 - 1, -(2**63)],
    "oid": [2**32 - 1, 0],
    "real": [0.5, -0.0],
    "double precision": [5e-324, float("inf")],
    "boolean": [True, False],
    "text": ["", "héllo 🦀"],
    '"char"': ["a", ""],
    "bytea": [b"", b"\x00\xff"],
    "date": [date.min, date.max],
    "time": [time.min, time.max],
    "timestamp": [EARLY.replace(tzinfo=None), LATE.replace(tzinfo=None)],
    "timestamptz": [NOON, LATE],
    "interval": [timedelta(days=-3, microseconds=1), timedelta(days=100_000)],
}


def seen(rows: Rows) -> dict[str, list[object]]:
    """Return the columns as a consumer of Arrow has them, which has checked them."""
    table = Table.from_arrow(rows)
    assert table.num_rows == len(rows)
    return {
        name: [table.column(name)[place].as_py() for place in range(table.num_rows)]
        for name in table.column_names
    }


async def of_sqlite(sql: str, *parameters: object, kinds: tuple[Kind | None, ...] | None = None) -> Rows:
    async with create_pool() as pool:
        return await pool.query(sql, parameters, result=kinds)


async def test_each_kind_that_sqlite_keeps_is_a_column_with_its_nulls() -> None:
    names = ", ".join(f'?{2 * place + 1} AS "{kind}"' for place, kind in enumerate(SHARED))
    others = ", ".join(f"?{2 * place + 2}" for place in range(len(SHARED)))
    nulls = ", ".join("NULL" for _ in SHARED)
    sql = f"SELECT {names} UNION ALL SELECT {nulls} UNION ALL SELECT {others}"
    values = [value for pair in SHARED.values() for value in pair]
    rows = await of_sqlite(sql, *values, kinds=tuple(SHARED))
    assert seen(rows) == {kind: [one, None, other] for kind, (one, other) in SHARED.items()}
    assert seen(rows) == {name: rows.column(name) for name in rows.columns}


async def test_each_type_of_postgresql_that_arrow_has_is_a_column_with_its_nulls(
    postgres: PostgresServer,
) -> None:
    names = ", ".join(
        f'unnest(ARRAY[${2 * place + 1}::{type_}, NULL, ${2 * place + 2}]) AS "{place}"'
        for place, type_ in enumerate(POSTGRESQL)
    )
    values = [value for pair in POSTGRESQL.values() for value in pair]
    async with connected(postgres) as connection:
        rows = await connection.query(f"SELECT {names}", values)
    expected = {str(place): [one, None, other] for place, (one, other) in enumerate(POSTGRESQL.values())}
    assert seen(rows) == expected == {name: rows.column(name) for name in rows.columns}


async def test_what_the_caller_wants_shown_is_what_the_column_holds(postgres: PostgresServer) -> None:
    kinds: tuple[Kind | None, ...] = ("int", "float", "text", None)
    sql = "SELECT 5::numeric AS n, 0.5::numeric AS f, '{\"a\": 1}'::jsonb AS j, 'x'::pg_catalog.xml AS x"
    async with connected(postgres) as connection:
        rows = await connection.query(sql, (), result=kinds)
        assert seen(rows) == {"n": [5], "f": [0.5], "j": ['{"a": 1}'], "x": ["x"]}
        beyond = await connection.query("SELECT 9223372036854775808 AS n", (), result=("int",))
    with pytest.raises(DataError, match="beyond 64 bits"):
        seen(beyond)


@pytest.mark.parametrize("length", [0, 1, 7, 8, 9, 1_000])
async def test_columns_of_any_length_keep_their_nulls_in_place(length: int) -> None:
    sql = (
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n)"
        f" SELECT iif(i % 3, i, NULL) AS n, i % 2 AS odd FROM n LIMIT {length}"
    )
    rows = await of_sqlite(sql, kinds=("int", "bool"))
    numbers = [place if place % 3 else None for place in range(length)]
    assert seen(rows) == {"n": numbers, "odd": [place % 2 == 1 for place in range(length)]}


async def test_what_a_consumer_took_outlives_the_rows_and_every_slice_of_it() -> None:
    rows = await of_sqlite("SELECT 'a' AS t, 1 AS n UNION ALL SELECT 'b', 2", kinds=("text", "int"))
    table, numbers = Table.from_arrow(rows), memoryview(rows.buffer("n"))
    del rows
    part = table.column("t").slice(1)
    del table
    gc.collect()
    assert (part[0].as_py(), numbers.tolist()) == ("b", [1, 2])


async def test_rows_can_be_taken_again_and_a_stream_that_nobody_takes_frees_what_it_holds() -> None:
    rows = await of_sqlite("SELECT ?1 AS t", "x" * 2_000_000, kinds=("text",))
    assert seen(rows) == seen(rows)
    rows.__arrow_c_stream__()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(100):
        rows.__arrow_c_stream__()
        rows.__arrow_c_schema__()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000  # KiB, of 200,000


async def test_a_column_that_arrow_has_no_type_for_is_refused_by_its_number(postgres: PostgresServer) -> None:
    with pytest.raises(UsageError, match="column 2 has no Arrow type"):
        seen(await of_sqlite("SELECT 1, 2", kinds=("int", None)))
    async with connected(postgres) as connection:
        for type_ in ("numeric", "jsonb", "timetz", "inet", "integer[]", "int4range", "int4multirange"):
            rows = await connection.query(f"SELECT NULL::{type_}")
            with pytest.raises(UsageError, match="column 1 has no Arrow type"):
                rows.__arrow_c_schema__()


@pytest.mark.parametrize(
    "value",
    [
        "date 'infinity'",
        "date '-infinity'",
        "timestamp 'infinity'",
        "timestamptz '-infinity'",
        "timestamp '294276-12-31'",
        "time '24:00'",
        "interval '1 month'",
        "interval '2000000000 days'",
    ],
)
async def test_what_has_no_value_in_arrow_is_an_error_that_names_the_column(
    postgres: PostgresServer, value: str
) -> None:
    async with connected(postgres) as connection:
        rows = await connection.query(f"SELECT {value} AS odd")
    with pytest.raises(DataError) as caught:
        seen(rows)
    assert caught.value.sqlstate == "22008"
    assert caught.value.__notes__[0] == "in column 1 (odd)"


async def test_dates_that_python_has_not_are_exact_in_arrow(postgres: PostgresServer) -> None:
    sql = (
        "SELECT d, t, d - date '1970-01-01' AS days,"
        " (extract(epoch FROM t) * 1000000)::bigint AS microseconds"
        " FROM (VALUES (date '4714-11-24 BC', timestamp '294246-01-01')) AS v (d, t)"
    )
    async with connected(postgres) as connection:
        rows = await connection.query(sql)
    table = Table.from_arrow(rows)
    for name, expected in (("d", rows[0].days), ("t", rows[0].microseconds)):
        column = table.column(name)
        assert column.cast(DataType.int64())[0].as_py() == expected
        with pytest.raises(DataError):
            rows.column(name)


async def test_what_is_no_value_of_its_kind_is_an_error_in_arrow_too() -> None:
    for sql, kind in (("'x'", "int"), ("2", "bool"), ("CAST(x'ff' AS TEXT)", "text"), ("'2024'", "date")):
        rows = await of_sqlite(f"SELECT {sql} AS odd", kinds=(kind,))  # type: ignore[arg-type]
        with pytest.raises(DataError) as caught:
            seen(rows)
        assert caught.value.__notes__[0] == "in column 1 (odd)"


async def test_the_uuids_of_both_databases_are_16_bytes_each(postgres: PostgresServer) -> None:
    rows = await of_sqlite("SELECT ?1 AS u, ?2 AS v", UNIQUE, UNIQUE.bytes, kinds=("uuid", "uuid"))
    async with connected(postgres) as connection:
        other = await connection.query("SELECT $1::uuid AS u, $1::uuid AS v", (UNIQUE,))
    assert seen(rows) == seen(other) == {"u": [UNIQUE.bytes], "v": [UNIQUE.bytes]}
    metadata = Table.from_arrow(rows).field("u").metadata
    assert metadata == {b"ARROW:extension:name": b"arrow.uuid"}
