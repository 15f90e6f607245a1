"""Every type, random values and extremes: parameter to server to row, equal, and as psycopg sees the same."""

from __future__ import annotations

import asyncio
import math
import struct
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, IPv6Interface, IPv6Network, ip_interface
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import psycopg
import psycopg.types.range
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.types.multirange import Multirange
from queryengine_orm._native import decode_value, encode_value
from queryengine_orm.driver import Kind, Rows
from queryengine_orm.errors import DataError, ParameterError, UsageError
from queryengine_orm.postgres import connect
from queryengine_orm.ranges import Range

from tests.orm.postgres_world import connected
from tests.orm.typed import TYPES, TypeCase, same
from tests.servers.postgres import PostgresServer

BINARY = 1
NOON = datetime.fromisoformat("2024-01-01 12:00:00")


@pytest.fixture(scope="module")
def connection(postgres: PostgresServer) -> Generator[psycopg.Connection[Any]]:
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute("SET extra_float_digits = 3")
        yield connection


def sent(connection: psycopg.Connection[Any], case: TypeCase, raw: bytes | None) -> bytes | None:
    """Send a parameter and return what the server sends back, both in binary."""
    asked = f"SELECT $1::{case.name}".encode()
    answer = connection.pgconn.exec_params(asked, [raw], [case.oid], [BINARY], BINARY)
    assert answer.status == pq.ExecStatus.TUPLES_OK, answer.error_message
    assert answer.ftype(0) == case.oid
    return answer.get_value(0, 0)


@pytest.mark.parametrize("case", TYPES, ids=str)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=60)
@given(data=st.data())
def test_a_value_comes_back_from_the_server_as_it_went(
    connection: psycopg.Connection[Any], case: TypeCase, data: st.DataObject
) -> None:
    value = data.draw(case.values)
    raw = sent(connection, case, encode_value(value, case.oid))
    back = decode_value(case.oid, raw)
    assert same(back, value), (value, back)


def seen_by_psycopg(value: object, case: TypeCase) -> object:
    """Return what psycopg gives in our classes.

    It has its own for ranges, and others for addresses without a mask.
    It reads the shortest text of a real, which is another double than the real itself.
    """
    match value:
        case list() | Multirange():
            return [seen_by_psycopg(each, case) for each in cast("Sequence[object]", value)]
        case psycopg.types.range.Range():
            bounds: psycopg.types.range.Range[Any] = cast("Any", value)
            if bounds.isempty:
                return Range[Any](empty=True)
            inclusive = {"lower_inclusive": bounds.lower_inc, "upper_inclusive": bounds.upper_inc}
            return Range(bounds.lower, bounds.upper, **inclusive)
        case IPv4Address() | IPv6Address():
            return ip_interface(value)
        case float() if "real" in case.name:
            return struct.unpack("!f", struct.pack("!f", value))[0]
        case _:
            return value


@pytest.mark.parametrize("case", TYPES, ids=str)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=20)
@given(data=st.data())
def test_psycopg_sees_the_same_value(
    connection: psycopg.Connection[Any], case: TypeCase, data: st.DataObject
) -> None:
    value = data.draw(case.values)
    raw = sent(connection, case, encode_value(value, case.oid))
    asked = f"SELECT $1::{case.name}".encode()
    result = connection.pgconn.exec_params(asked, [raw], [case.oid], [BINARY], 0)
    seen = Transformer(connection)
    seen.set_pgresult(result)
    row = seen.load_row(0, tuple)
    assert row is not None
    assert same(seen_by_psycopg(row[0], case), decode_value(case.oid, raw)), (row[0], value)


def test_null_is_none_both_ways() -> None:
    assert (encode_value(None, 23), decode_value(23, None)) == (None, None)


class Colour(Enum):
    RED = "red"


def test_what_is_not_built_in_travels_as_text() -> None:
    unknown = 90_000
    assert encode_value("red", unknown) == encode_value(Colour.RED, unknown) == b"red"
    assert decode_value(unknown, b"red") == "red"
    assert encode_value(5, unknown) == b"5"  # as a domain over numbers takes it
    with pytest.raises(ParameterError, match="expected str"):
        encode_value(b"5", unknown)


UNFIT: list[tuple[object, int, str]] = [
    (2**15, 21, "int (smallint)"),
    (2**31, 23, "int (integer)"),
    (2**63, 20, "int (bigint)"),
    (-1, 26, "int (oid)"),
    (True, 23, "int (integer)"),
    ("5", 23, "int (integer)"),
    (5.0, 20, "int (bigint)"),
    (1, 16, "bool (boolean)"),
    (1e39, 700, "float (real)"),
    (2**24 + 1, 700, "float (real)"),
    (2**53 + 1, 701, "float (double precision)"),
    (1.5, 1700, "Decimal (numeric)"),
    (Decimal("1E+131072"), 1700, "Decimal (numeric)"),
    (Decimal("sNaN"), 1700, "Decimal (numeric)"),
    ("a\0b", 25, "str (text)"),
    ("\ud800", 25, "str (text)"),
    (5, 25, "str (text)"),
    (SimpleNamespace(value="text"), 25, "str (text)"),
    ("text", 17, "bytes (bytea)"),
    (NOON, 1082, "date (date)"),
    (date(2024, 1, 1), 1114, "datetime (timestamp)"),
    (NOON, 1184, "datetime (timestamp with time zone)"),
    (datetime(2024, 1, 1, tzinfo=UTC), 1114, "datetime (timestamp)"),
    (time(1, tzinfo=UTC), 1083, "time (time)"),
    (time(1), 1266, "time (time with time zone)"),
    (5, 1186, "timedelta (interval)"),
    ("12345678-1234-5678-1234-567812345678", 2950, "UUID (uuid)"),
    (float("nan"), 3802, "a JSON value (jsonb)"),
    ("127.0.0.1", 869, "IPv4Interface or IPv6Interface (inet)"),
    (IPv6Address("fe80::1%eth0"), 869, "IPv4Interface or IPv6Interface (inet)"),
    (IPv6Interface("fe80::1%eth0/64"), 869, "IPv4Interface or IPv6Interface (inet)"),
    (IPv6Network("fe80::%eth0/64"), 650, "IPv4Network or IPv6Network (cidr)"),
    ([1, "x"], 1007, "list (array)"),
    ([[1], [1, 2]], 1007, "list (array)"),
    ([[1], 2], 1007, "list (array)"),
    ([[]], 1007, "list (array)"),
    ("abc", 1009, "list (array)"),
    ([[[[[[[1]]]]]]], 1007, "list (array)"),
    ((1, 5), 3904, "Range (range)"),
]


@pytest.mark.parametrize(("value", "oid", "expected"), UNFIT)
def test_a_parameter_that_does_not_fit_is_refused_by_number_and_type_but_without_its_value(
    value: object, oid: int, expected: str
) -> None:
    with pytest.raises(ParameterError) as caught:
        encode_value(value, oid)
    words = str(caught.value)
    assert words.startswith(f"parameter $1: expected {expected}")
    assert words.endswith(f"given: {type(value).__name__}")


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("date", "infinity"),
        ("date", "-infinity"),
        ("date", "0001-01-01 BC"),
        ("timestamp", "infinity"),
        ("timestamp", "10000-01-01"),
        ("timestamptz", "-infinity"),
        ("time", "24:00"),
        ("timetz", "24:00+00"),
        ("interval", "1 month"),
        ("interval", "2000000000 days"),
    ],
)
def test_what_python_has_no_value_for_is_an_error_and_nothing_near(
    connection: psycopg.Connection[Any], type_: str, text: str
) -> None:
    answer = connection.pgconn.exec_params(f"SELECT '{text}'::{type_}".encode(), [], [], [], BINARY)
    with pytest.raises(DataError) as caught:
        decode_value(answer.ftype(0), answer.get_value(0, 0))
    assert caught.value.sqlstate == "22008"


def test_an_interval_of_two_signs_is_their_sum(connection: psycopg.Connection[Any]) -> None:
    answer = connection.pgconn.exec_params(b"SELECT '2 days -1 hours'::interval", [], [], [], BINARY)
    assert decode_value(1186, answer.get_value(0, 0)) == timedelta(days=2, hours=-1)


def test_a_uuid_is_like_one_that_python_made() -> None:
    made, one = decode_value(2950, bytes(range(16))), UUID(bytes=bytes(range(16)))
    assert (made, str(made), hash(made), made.is_safe) == (one, str(one), hash(one), one.is_safe)


@pytest.mark.parametrize(
    "case", [case for case in TYPES if case.name not in {"text", "varchar", "bytea"}], ids=str
)
@given(raw=st.binary(max_size=40))
def test_malformed_bytes_are_an_error_of_ours_and_never_a_panic(case: TypeCase, raw: bytes) -> None:
    try:
        decode_value(case.oid, raw)
    except DataError as error:
        assert "panic" not in str(error)  # noqa: PT017 (bytes that mean something raise nothing)


@pytest.fixture(scope="module")
def ask(postgres: PostgresServer) -> Generator[Callable[[str, Sequence[object]], Rows]]:
    """Give a plain function that asks by our own connection."""
    with asyncio.Runner() as runner:
        connection = runner.run(connect(postgres.url()))

        async def query(sql: str, parameters: Sequence[object]) -> Rows:
            return await connection.query(sql, parameters)

        yield lambda sql, parameters: runner.run(query(sql, parameters))
        runner.run(connection.close())


ALL_TYPES = ", ".join(f"${place}::{case.name}" for place, case in enumerate(TYPES, 1))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=25)
@given(values=st.tuples(*(st.none() | case.values for case in TYPES)))
def test_our_own_connection_carries_every_type_both_ways(
    ask: Callable[[str, Sequence[object]], Rows], values: tuple[object, ...]
) -> None:
    (row,) = ask(f"SELECT {ALL_TYPES}", values)
    for case, value, back in zip(TYPES, values, row, strict=True):
        assert same(back, value), (case.name, value, back)


@pytest.mark.anyio
async def test_types_of_the_schema_s_own_travel_as_text(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        await connection.script("CREATE TYPE pg_temp.mood AS ENUM ('glad', 'sad')")
        rows = await connection.query("SELECT $1::pg_temp.mood, ARRAY[$2]::pg_temp.mood[]", ("glad", "sad"))
        assert tuple(rows[0]) == ("glad", "{sad}")


@pytest.mark.anyio
async def test_what_is_not_built_in_is_text_or_an_error_and_never_another_value(
    postgres: PostgresServer,
) -> None:
    asked = (
        "SELECT ROW(1, 'x y')::pg_temp.pair, 7::pg_temp.small, ROW(1, NULL), pg_temp.spread(1, 2), B'101',"
        " '08:00:2b:01:02:03'::macaddr, '(1,2)'::point, 'a b'::tsvector, ARRAY[ROW(1, 'x')::pg_temp.pair]"
    )
    texts = ('(1,"x y")', 7, "(1,)", "[1,2)", "101", "08:00:2b:01:02:03", "(1,2)", "'a' 'b'", '{"(1,x)"}')
    async with connected(postgres) as connection:
        await connection.script(
            "CREATE TYPE pg_temp.pair AS (a int, b text); CREATE DOMAIN pg_temp.small AS int;"
            "CREATE TYPE pg_temp.spread AS RANGE (subtype = float8)"
        )
        assert tuple((await connection.query(asked))[0]) == texts
        (row,) = await connection.query("SELECT $1::pg_temp.pair, $2::pg_temp.small", ("(1,x)", "7"))
        assert tuple(row) == ("(1,x)", 7)
        with pytest.raises(ParameterError, match="not built in, sent as text"):
            await connection.query("SELECT $1::pg_temp.pair", ((1, "x"),))


@pytest.mark.anyio
async def test_the_server_sees_the_statement_alone_and_no_question_about_its_types(
    postgres: PostgresServer,
) -> None:
    seen: list[str] = []
    async with connected(postgres, log_statement="all", client_min_messages="log") as connection:
        connection.on_notice = lambda notice: seen.append(str(notice["message"]))
        await connection.query(f"SELECT {ALL_TYPES}", tuple(None for _ in TYPES))
    assert [said.split(":")[0].split()[0] for said in seen] == ["execute"]


@pytest.mark.anyio
async def test_the_lower_bounds_of_arrays_are_not_kept(postgres: PostgresServer) -> None:
    asked = "SELECT '[5:6]={1,2}'::int[], '[-1:0][3:3]={{1},{NULL}}'::int[], array_fill(0, '{0}', '{7}')"
    async with connected(postgres) as connection:
        assert tuple((await connection.query(asked))[0]) == ([1, 2], [[1], [None]], [])


@pytest.mark.anyio
async def test_numbers_are_shown_as_the_caller_wants_where_that_is_exact(postgres: PostgresServer) -> None:
    kinds: tuple[Kind, ...] = ("int", "float", "decimal", "text", "json")
    sql = "SELECT 5::numeric, 2.5::numeric, 7::int4, '{}'::jsonb, '[1]'::text"
    async with connected(postgres) as connection:
        rows = await connection.query(sql, (), result=kinds)
        assert tuple(rows[0]) == (5, 2.5, Decimal(7), "{}", [1])
        (odd,) = await connection.query("SELECT 5.5::numeric", (), result=("int",))
        with pytest.raises(DataError):
            _ = odd[0]
        with pytest.raises(UsageError, match="cannot be shown"):
            await connection.query("SELECT 'x'::text", (), result=("int",))
        numbers = await connection.query("SELECT n, n::float4 FROM generate_series(1, 3) n")
        assert (list(numbers.buffer(0)), list(numbers.buffer(1))) == ([1, 2, 3], [1.0, 2.0, 3.0])


def test_an_array_that_claims_many_rows_of_nothing_takes_no_memory() -> None:
    claim = struct.pack("!iiI iiii x", 2, 0, 23, 200_000, 1, 0, 1)
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="malformed array"):
            decode_value(1007, claim)
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()


JSON_TEXTS: list[tuple[str, object]] = [
    (str(2**70), 2**70),
    (str(-(10**300)), -(10**300)),
    ("1.7976931348623157e308", 1.7976931348623157e308),
    ("-0.0", -0.0),
    ("5e-324", 5e-324),
    ('{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}),
    (r'"\ud800"', "\ud800"),
    (r'"\ud83e\udd80\u0000"', "🦀\0"),
]


@pytest.mark.parametrize(("text", "value"), JSON_TEXTS)
def test_json_is_read_exactly(connection: psycopg.Connection[Any], text: str, value: object) -> None:
    answer = connection.pgconn.exec_params(b"SELECT $1::json", [text.encode()], None, None, BINARY)
    assert same(decode_value(114, answer.get_value(0, 0)), value)


@pytest.mark.parametrize(
    "text", ["1e400", "-1e400", "[1, 1e309]", "9" * 5_000, "[" * 100_000, "NaN", "{", ""]
)
def test_json_that_python_holds_no_exact_value_of_is_an_error(text: str) -> None:
    for oid, raw in ((114, text.encode()), (3802, b"\1" + text.encode())):
        with pytest.raises(DataError) as caught:
            decode_value(oid, raw)
        assert caught.value.sqlstate == "22032"


def deep(levels: int) -> object:
    value: object = None
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [float("nan"), [float("inf")], {"a": -math.inf}, "\ud800", {1: "one"}, [{"a": {None: 0}}], deep(100_000)],
    ids=["nan", "inf", "-inf", "surrogate", "number as key", "null as key", "deep"],
)
def test_what_json_would_not_give_back_is_refused(value: object) -> None:
    for oid in (114, 3802):
        with pytest.raises(ParameterError, match="a JSON value"):
            encode_value(value, oid)
