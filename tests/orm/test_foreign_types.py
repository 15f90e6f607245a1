"""Types that the driver has no binary form of: domains, enums, composites, those of extensions, and odd ones.

They travel as text, so that what comes is what the server writes, and what goes is what it reads.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Final
from uuid import UUID

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, mapped_column
from queryengine_orm.errors import DatabaseError, DataError, ParameterError, UsageError
from queryengine_orm.postgres import Connection, create_pool

from tests.orm.postgres_world import connected, value
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio

TYPES: Final = """
    CREATE EXTENSION citext SCHEMA {0}; CREATE EXTENSION hstore SCHEMA {0};
    CREATE TYPE {0}.mood AS ENUM ('glad', 'so''so');
    CREATE TYPE {0}.spot AS (x int, name text, mood {0}.mood);
    CREATE DOMAIN {0}.age AS int CHECK (VALUE > 0);
    CREATE DOMAIN {0}.price AS numeric(8, 2);
    CREATE DOMAIN {0}.mail AS text CHECK (VALUE LIKE '%@%');
    CREATE DOMAIN {0}.feeling AS {0}.mood;
"""

# Each with a text that PostgreSQL writes for a value of it.
FOREIGN: Final = {
    "citext": "Ab",
    "hstore": '"a"=>"1", "b"=>NULL',
    "mood": "so'so",
    "feeling": "glad",
    "spot": '(1,"x y",glad)',
    "money": "$12.34",
    "bit(4)": "1010",
    "varbit": "101",
    "xml": "<a>x</a>",
    "tsvector": "'a' 'cat'",
    "tsquery": "'a' & 'b'",
    "macaddr": "08:00:2b:01:02:03",
    "macaddr8": "08:00:2b:01:02:03:04:05",
    "point": "(1,2)",
    "box": "(3,4),(1,2)",
    "polygon": "((1,2),(3,4))",
    "circle": "<(1,2),3>",
    "jsonpath": '$."a"',
    "pg_lsn": "0/10",
    "tid": "(1,2)",
    "regclass": "pg_class",
    "int2vector": "1 2",
    "xid8": "5",
}


@asynccontextmanager
async def world(server: PostgresServer) -> AsyncGenerator[Connection]:
    """Give a connection to a database that has such types, in a schema of their own."""
    schema = f"far_{secrets.token_hex(4)}"
    async with connected(server) as connection:
        await connection.script(f"CREATE SCHEMA {schema}; SET search_path = {schema}, pg_catalog")
        await connection.script(TYPES.format(schema))
        try:
            yield connection
        finally:
            await connection.script(f"DROP SCHEMA {schema} CASCADE")


async def test_they_are_read_and_written_as_text_by_queries_and_by_copy(postgres: PostgresServer) -> None:
    async with world(postgres) as connection:
        for number, (name, text) in enumerate(FOREIGN.items()):
            assert (name, await value(connection, f"SELECT $1::{name}", text)) == (name, text)
            many = await value(connection, f"SELECT ARRAY[$1::{name}, NULL]", text)
            assert await value(connection, f"SELECT ($1::{name}[])[1]", many) == text
            await connection.script(f"CREATE TABLE t{number} (v {name})")
            assert await connection.copy_rows(f"t{number}", ["v"], [[text], [None]]) == 2
            rows = await connection.query(f"SELECT v FROM t{number}")  # names of this file
            assert rows.column(0) == [text, None]


async def test_a_domain_is_read_as_what_it_stands_on(postgres: PostgresServer) -> None:
    async with world(postgres) as connection:
        asked = "SELECT 5::age, 1.5::price, 'a@b'::mail, 'glad'::feeling, ARRAY[5::age]"
        (row,) = await connection.query(asked)
        assert tuple(row) == (5, Decimal("1.50"), "a@b", "glad", "{5}")


@pytest.mark.parametrize(
    ("base", "given"),
    [
        ("bigint", -(2**63)),
        ("numeric", Decimal("1E-7")),
        ("double precision", 0.1),
        ("double precision", float("-inf")),
        ("boolean", False),
        ("date", dt.date(1, 1, 1)),
        ("uuid", UUID(int=5)),
        ("text", "x"),
        ("text", None),
    ],
)
async def test_a_domain_takes_what_it_stands_on(postgres: PostgresServer, base: str, given: object) -> None:
    async with connected(postgres) as connection:
        await connection.script(
            f"CREATE DOMAIN pg_temp.own AS {base}; CREATE TEMP TABLE kept (v pg_temp.own)"
        )
        await connection.query("INSERT INTO kept VALUES ($1)", [given])
        assert await connection.copy_rows("kept", ["v"], [[given]]) == 1
        assert (await connection.query("SELECT v FROM kept")).column(0) == [given, given]


async def test_what_is_no_value_is_refused_and_the_connection_goes_on(postgres: PostgresServer) -> None:
    async with world(postgres) as connection:
        for name, given in (
            ("citext", ["a"]),
            ("mood[]", ["glad"]),
            ("spot", (1, "x")),
            ("hstore", {"a": "1"}),
        ):
            with pytest.raises(ParameterError, match="cast the parameter"):
                await connection.query(f"SELECT $1::{name}", [given])
        with pytest.raises(ParameterError, match="cast the parameter"):
            await connection.query("SELECT $1::age", [dt.datetime(2020, 1, 1, tzinfo=dt.UTC)])
        for name, text in (("mood", "gone"), ("age", "x"), ("age", "-1"), ("spot", "(1"), ("macaddr", "x")):
            with pytest.raises(DatabaseError):
                await connection.query(f"SELECT $1::{name}", [text])
        with pytest.raises(UsageError, match="cast it to text"):
            _ = [rows async for rows in connection.copy_rows_out("SELECT 'glad'::mood")]
        assert await value(connection, "SELECT 1") == 1


async def test_text_that_is_as_long_as_a_binary_form_is_not_taken_for_it(postgres: PostgresServer) -> None:
    async with connected(postgres) as connection:
        await connection.script("CREATE TEMP TABLE kept (paid money, part macaddr)")
        assert await connection.copy_rows("kept", ["paid"], [["12345.67"]]) == 1
        assert await value(connection, "SELECT paid::numeric FROM kept") == Decimal("12345.67")
        with pytest.raises(DataError):
            await connection.copy_rows("kept", ["part"], [["abcdef"]])


class Base(DeclarativeBase):
    """A base of a table that was there before."""


class Member(Base):
    """Is mapped to columns of an extension's type and of domains."""

    id: Mapped[int] = mapped_column(primary_key=True)
    mail: Mapped[str]
    age: Mapped[int]
    price: Mapped[Decimal | None] = mapped_column(default=None)


async def test_mapped_classes_know_tables_with_citext_and_domains(postgres: PostgresServer) -> None:
    async with world(postgres) as connection:
        schema = await value(connection, "SELECT current_schema()")
        await connection.script(
            "CREATE TABLE member (id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,"
            " mail citext UNIQUE, age age, price price)"
        )
        options = f"-c search_path={schema},pg_catalog"
        async with create_pool(postgres.url(), options=options) as pool, Session(pool) as session:
            session.add(Member(mail="Ann@x.org", age=5))
            await session.flush()
            await session.insert_all([Member(mail="bob@x.org", age=7, price=Decimal("1.50"))])
            session.clear()
            ann = await session.find(Member.mail == "ann@X.org", Member.age < 6).one()
            assert (ann.mail, ann.age, ann.price) == ("Ann@x.org", 5, None)
            ann.age = 6
            await session.flush()
            assert (
                await session.find(Member.price == Decimal("1.5")).update(Member.age.set(Member.age + 1)) == 1
            )
            assert [member.age for member in await session.find(Member).order_by(Member.id).all()] == [6, 8]
