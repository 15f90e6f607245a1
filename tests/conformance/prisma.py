"""Prisma on SQLite and on PostgreSQL: clients that were generated for the kit's world."""

from __future__ import annotations

import asyncio
import datetime as dt
import secrets
import sqlite3
import uuid
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import psycopg
import pytest
from psycopg import sql
from psycopg.types.json import Jsonb
from queryengine_prisma import PrismaQueryEngine, fetch_page_sync

from queryengine.ast import FilterAST
from queryengine.pages import Page, Total
from queryengine.schema import ModelSchema, TypeKind
from queryengine.testing import Adapter
from queryengine.testing.world import LINK, Item
from tests.servers.postgres import PostgresServer
from tests.servers.prisma_client import connected, generated

__all__ = ["open_postgresql", "open_sqlite"]

MODELS: Final = """
model Region {{
  id        Int      @id
  code      String   @unique
  name      String?
  rank      Int?
  parent_id Int?
  parent    Region?  @relation("tree", fields: [parent_id], references: [id])
  regions   Region[] @relation("tree")
  makers    Maker[]
}}

model Maker {{
  id        Int       @id
  name      String
  alias     String?
{since}  region_id Int?
  region    Region?   @relation(fields: [region_id], references: [id])
  things    Thing[]   @relation("made")
  owned     Thing[]   @relation("owned")
  parts     Part[]
}}

model Label {{
  id     Int     @id
  name   String?
  weight Float?
  things Thing[]
}}

model Part {{
  id       Int      @id
  name     String
  size     Int?
  cost     Decimal? {cost}
  thing_id Int
  maker_id Int?
  thing    Thing    @relation(fields: [thing_id], references: [id])
  maker    Maker?   @relation(fields: [maker_id], references: [id])
}}

model Phrase {{
  id   Int     @id
  text String
  note String?
}}

model Thing {{
  id        Int       @id
  count     Int       @map("n_items") {small}
  big       BigInt?
  ratio     Float
  share     Float?
  price     Decimal   {price}
  fee       Decimal?  {fee}
  active    Boolean
  tested    Boolean?
  name      String
  note      String?
  seen      DateTime  {instant}
  gone      DateTime? {instant}
  blob      Bytes
  seal      Bytes?
  owner_id  Int
  maker_id  Int?
  parent_id Int?
  owner     Maker     @relation("owned", fields: [owner_id], references: [id])
  maker     Maker?    @relation("made", fields: [maker_id], references: [id])
  parent    Thing?    @relation("tree", fields: [parent_id], references: [id])
  children  Thing[]   @relation("tree")
  parts     Part[]
  labels    Label[]
  {more}
}}
"""

MORE: Final = """
  day       DateTime  @db.Date
  until     DateTime? @db.Date
  uid       String    @db.Uuid
  other_uid String?   @db.Uuid
  data      Json
  extra     Json?
"""

BAG: Final = """
model Bag {
  id      Int        @id
  numbers BigInt[]
  words   String[]
}
"""

SINCE: Final = "  since     DateTime? @db.Date\n"

SQLITE_MODELS: Final = MODELS.format(since="", cost="", small="", price="", fee="", instant="", more="")
POSTGRESQL_MODELS: Final = (
    MODELS.format(
        since=SINCE,
        cost="@db.Decimal(8, 2)",
        small="@db.SmallInt",
        price="@db.Decimal(10, 2)",
        fee="@db.Decimal(15, 5)",
        instant="@db.Timestamptz(6)",
        more=MORE,
    )
    + BAG
)

TABLES: Final = """
CREATE TABLE "Region" (
    id INTEGER PRIMARY KEY, code TEXT NOT NULL UNIQUE, name TEXT, rank INTEGER, parent_id INTEGER
);
CREATE TABLE "Maker" (id INTEGER PRIMARY KEY, name TEXT NOT NULL, alias TEXT, {since} region_id INTEGER);
CREATE TABLE "Label" (id INTEGER PRIMARY KEY, name TEXT, weight {double});
CREATE TABLE "Part" (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER, cost {cost},
    thing_id INTEGER NOT NULL, maker_id INTEGER
);
CREATE TABLE "Phrase" (id INTEGER PRIMARY KEY, text TEXT NOT NULL, note TEXT);
CREATE TABLE "Thing" (
    id INTEGER PRIMARY KEY, n_items {small} NOT NULL, big BIGINT, ratio {double} NOT NULL,
    share {double}, price {price} NOT NULL, fee {fee}, active BOOLEAN NOT NULL,
    tested BOOLEAN, name TEXT NOT NULL, note TEXT, seen {instant} NOT NULL, gone {instant},
    blob {bytes} NOT NULL, seal {bytes}, {more} owner_id INTEGER NOT NULL, maker_id INTEGER, parent_id INTEGER
);
CREATE TABLE "_LabelToThing" ("A" INTEGER NOT NULL, "B" INTEGER NOT NULL, UNIQUE ("A", "B"));
"""
# The driver reads the declared types as Prisma's own migrations write them.
SQLITE_TABLES: Final = TABLES.format(
    since="",
    double="REAL",
    cost="DECIMAL",
    price="DECIMAL",
    fee="DECIMAL",
    small="INTEGER",
    instant="DATETIME",
    bytes="BLOB",
    more="",
)
POSTGRESQL_TABLES: Final = (
    TABLES.format(
        since="since DATE,",
        double="DOUBLE PRECISION",
        cost="DECIMAL(8, 2)",
        price="DECIMAL(10, 2)",
        fee="DECIMAL(15, 5)",
        small="SMALLINT",
        instant="TIMESTAMPTZ(6)",
        bytes="BYTEA",
        more="day DATE NOT NULL, until DATE, uid UUID NOT NULL, other_uid UUID,"
        " data JSONB NOT NULL, extra JSONB,",
    )
    + """
CREATE TABLE "Bag" (
    id INTEGER PRIMARY KEY, numbers BIGINT[], words TEXT[]
);
"""
)

ONE_SIDED: Final = (
    ("Region", "regions"),
    ("Region", "makers"),
    ("Maker", "owned"),
    ("Maker", "parts"),
)
"""The sides of relations that Prisma asks for, and that the kit's world does not have."""

ABSENT: Final = {
    **dict.fromkeys(("Thing.made", "Thing.sold"), "Prisma's date-times are instants"),
    **dict.fromkeys(("Thing.clock", "Thing.alarm"), "Prisma has no type for times of day"),
    **dict.fromkeys(("Thing.length", "Thing.delay"), "Prisma has no type for durations"),
    **dict.fromkeys(("Thing.color", "Thing.shade"), "the members of Prisma's enums are their own values"),
    **dict.fromkeys(
        ("Thing.details", "Details", "Inner"), "Prisma has no documents in the rows of SQL databases"
    ),
}
LISTS: Final = ("Bag.scores", "Bag.tags", "Bag.days", "Bag.uids", "Bag.flags")
ABSENT_ON_POSTGRESQL: Final = {**ABSENT, **dict.fromkeys(LISTS, "Prisma's lists are never null")}
ABSENT_ON_SQLITE: Final = {
    **ABSENT,
    **dict.fromkeys(("Thing.day", "Thing.until", "Maker.since"), "Prisma has no type for dates on SQLite"),
    **dict.fromkeys(("Thing.uid", "Thing.other_uid"), "Prisma has no type for UUIDs on SQLite"),
    **dict.fromkeys(("Thing.data", "Thing.extra"), "Prisma has no type for JSON on SQLite"),
    "Bag": "Prisma has no lists on SQLite",
}


@contextmanager
def open_sqlite(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give Prisma on a file of SQLite."""
    del runner  # the client is a synchronous one
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    file = factory.mktemp("prisma") / "world.db"
    module = generated(SQLITE_MODELS, "sqlite")
    with closing(sqlite3.connect(file)) as database:
        database.executescript(SQLITE_TABLES)
    with connected(module, f"file:{file}") as client:
        world = World(module, client, set(ABSENT_ON_SQLITE))

        def load(items: Sequence[Item]) -> None:
            store_in_sqlite(file, client, module, items)

        yield Adapter(
            name="Prisma on SQLite",
            engines=world.engines,
            load=load,
            run=world.run,
            absent=ABSENT_ON_SQLITE,
            page=world.page,
        )


@contextmanager
def open_postgresql(request: pytest.FixtureRequest, runner: asyncio.Runner) -> Generator[Adapter]:
    """Give Prisma on PostgreSQL, in a schema of its own; its collation is not one by code point."""
    del runner
    server: PostgresServer = request.getfixturevalue("postgres")
    schema = f"prisma_{secrets.token_hex(8)}"
    module = generated(POSTGRESQL_MODELS, "postgresql")
    with psycopg.connect(server.url(), autocommit=True) as database:
        name = sql.Identifier(schema)
        database.execute(sql.SQL("CREATE SCHEMA {}").format(name))
        database.execute(sql.SQL("SET search_path TO {}").format(name))
        database.execute(POSTGRESQL_TABLES.encode())
        with connected(module, f"{server.url()}?schema={schema}") as client:
            world = World(module, client, set(ABSENT_ON_POSTGRESQL))
            yield Adapter(
                name="Prisma on PostgreSQL",
                engines=world.engines,
                load=lambda items: store_in_postgresql(database, items),
                run=world.run,
                absent=ABSENT_ON_POSTGRESQL,
                page=world.page,
            )
        database.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(name))


class World:
    """The engines of a generated client, and how they are run."""

    def __init__(self, module: ModuleType, client: Any, absent: set[str]) -> None:  # Any: made just now
        names = ("Region", "Maker", "Label", "Thing", "Part", "Phrase", "Bag")
        self._client = client
        for entity, name in ONE_SIDED:
            getattr(module.models, entity).__pydantic_fields__.pop(name, None)
        self.engines = {
            name: PrismaQueryEngine[object](getattr(module.models, name))
            for name in names
            if name not in absent
        }

    def run(self, entity: str, ast: FilterAST) -> Sequence[object]:
        """Return the rows of a filter, as a handler gets them."""
        query, _, _ = self.engines[entity].build_query(ast)
        rows: Sequence[object] = getattr(self._client, entity.lower()).find_many(**query)
        return [Row(row, self.engines[entity].schema) for row in rows]

    def page(self, entity: str, ast: FilterAST, total: Total) -> Page[object]:
        """Return a page of them."""
        actions = getattr(self._client, entity.lower())
        return fetch_page_sync(actions, self.engines[entity].build_query(ast), total=total)


class Row:
    """A row of the client that shows dates, UUIDs and bytes as Python's own, which are what filters ask for.

    The client gives a date as the midnight of its day, a UUID as text, and bytes in a class of its own.
    """

    def __init__(self, row: object, schema: ModelSchema[object]) -> None:
        self._row = row
        self._schema = schema

    def __getattr__(self, name: str) -> object:
        value: object = getattr(self._row, name)
        if value is None:
            return None
        relation = self._schema.relations.get(name)
        if relation is not None:
            target = relation.target
            return [Row(row, target) for row in _rows(value)] if relation.many else Row(value, target)
        return _plain(self._schema.fields[name].type.kind, value)


def _rows(value: object) -> Sequence[object]:
    assert isinstance(value, list)
    return cast("list[object]", value)


def _plain(kind: TypeKind, value: Any) -> object:  # Any: of the class that the client has for the kind
    match kind:
        case TypeKind.DATE:
            assert value.time() == dt.time()
            return value.date()
        case TypeKind.UUID:
            return uuid.UUID(value)
        case TypeKind.BYTES:
            return value.decode()
        case _:
            return value


# -- rows


def store_in_sqlite(file: Path, client: Any, module: ModuleType, items: Sequence[Item]) -> None:
    """Replace all rows. The client writes them: it alone knows how its query engine stores date-times."""
    with closing(sqlite3.connect(file)) as database, database:
        for table in ("_LabelToThing", "Part", "Thing", "Label", "Maker", "Region", "Phrase"):
            database.execute(f'DELETE FROM "{table}"')
    for entity, group in groupby(items, lambda item: item.entity):
        if entity != LINK:
            rows = [{name: _written(value, module) for name, value in item.values.items()} for item in group]
            getattr(client, entity.lower()).create_many(data=rows)
    links = [(item.values["label_id"], item.values["thing_id"]) for item in items if item.entity == LINK]
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany('INSERT INTO "_LabelToThing" VALUES (?, ?)', links)


def _written(value: object, module: ModuleType) -> object:
    return module.Base64.encode(value) if isinstance(value, bytes) else value


def store_in_postgresql(database: psycopg.Connection, items: Sequence[Item]) -> None:
    """Replace all rows."""
    database.execute('TRUNCATE "_LabelToThing", "Part", "Thing", "Label", "Maker", "Region", "Phrase", "Bag"')
    for item in items:
        table, values = item.entity, dict(item.values)
        if table == LINK:
            table, values = "_LabelToThing", {"A": values["label_id"], "B": values["thing_id"]}
        if table == "Thing":
            values["n_items"] = values.pop("count")
            values["data"] = Jsonb(values["data"])
            values["extra"] = None if values["extra"] is None else Jsonb(values["extra"])
        insert = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        database.execute(insert, list(values.values()))
