"""Lists, enums, dates and bytes on PostgreSQL, null columns among them: the query engine beside Python."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Callable, Generator
from types import ModuleType
from typing import Any

import psycopg
import pytest
from psycopg import sql
from queryengine_prisma import PrismaQueryEngine

from queryengine import Processor, SecurityPolicy
from queryengine.request import encode
from tests.servers.postgres import PostgresServer
from tests.servers.prisma_client import connected, generated

MODELS = """
enum Color {
  RED   @map("z")
  GREEN
}

model Box {
  id      Int        @id
  color   Color?
  colors  Color[]
  numbers Int[]
  scores  Float[]
  days    DateTime[] @db.Date
  keys    String[]   @db.Uuid
  seal    Bytes?
}
"""
KEY = "abcdefab-cdef-abcd-efab-cdefabcdefab"
ROWS = f"""
CREATE TYPE "Color" AS ENUM ('z', 'GREEN');
CREATE TABLE "Box" (
    id INTEGER PRIMARY KEY, color "Color", colors "Color"[], numbers INTEGER[], scores DOUBLE PRECISION[],
    days DATE[], keys UUID[], seal BYTEA
);
INSERT INTO "Box" VALUES
    (1, 'z', '{{z,GREEN}}', '{{1,2}}', '{{0.5}}', '{{2024-02-29}}', '{{{KEY}}}', '\\x00ff'),
    (2, 'GREEN', '{{GREEN}}', '{{2,1}}', '{{}}', '{{}}', '{{}}', NULL),
    (3, NULL, '{{}}', '{{}}', NULL, NULL, NULL, NULL),
    (4, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
"""

ASKED: list[tuple[dict[str, Any], set[int]]] = [
    ({"numbers": {"has": 1}}, {1, 2}),
    ({"not": {"numbers": {"has": 1}}}, {3, 4}),
    ({"numbers": {"hasAny": [2, 9]}}, {1, 2}),
    ({"numbers": {"hasAny": []}}, set()),
    ({"not": {"numbers": {"hasAny": []}}}, {1, 2, 3, 4}),
    ({"numbers": {"hasAll": [1, 2]}}, {1, 2}),
    ({"numbers": {"hasAll": []}}, {1, 2, 3, 4}),
    ({"not": {"numbers": {"hasAll": []}}}, set()),
    ({"not": {"numbers": {"hasAll": [1]}}}, {3, 4}),
    ({"numbers": {"isEmpty": True}}, {3, 4}),
    ({"numbers": {"isEmpty": False}}, {1, 2}),
    ({"numbers": [1, 2]}, {1}),
    ({"numbers": []}, {3, 4}),
    ({"numbers": {"ne": []}}, {1, 2}),
    ({"numbers": {"ne": [1, 2]}}, {2, 3, 4}),
    ({"numbers": None}, set()),
    ({"scores": {"has": 0.5}}, {1}),
    ({"days": {"has": "2024-02-29"}}, {1}),
    ({"keys": {"hasAny": [KEY]}}, {1}),
    ({"colors": {"has": "RED"}}, {1}),
    ({"colors": ["GREEN"]}, {2}),
    ({"color": "RED"}, {1}),
    ({"color": {"nin": ["RED"]}}, {2, 3, 4}),
    ({"color": {"in": ["GREEN", None]}}, {2, 3, 4}),
    ({"seal": "AP8="}, {1}),
    ({"seal": {"ne": "AP8="}}, {2, 3, 4}),
]


@pytest.fixture(scope="module")
def boxes() -> ModuleType:
    return generated(MODELS, "postgresql")


@pytest.fixture(scope="module")
def ask(postgres: PostgresServer, boxes: ModuleType) -> Generator[Callable[[dict[str, Any]], list[Any]]]:
    schema = f"boxes_{secrets.token_hex(8)}"
    engine = PrismaQueryEngine[Any](boxes.models.Box)
    processor = Processor(engine, policy=SecurityPolicy())
    with psycopg.connect(postgres.url(), autocommit=True) as database:
        database.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        database.execute(sql.SQL("SET search_path TO {}").format(sql.Identifier(schema)))
        database.execute(ROWS.encode())
        with connected(boxes, f"{postgres.url()}?schema={schema}") as client:

            def rows(document: dict[str, Any]) -> list[Any]:
                query, projection, _ = engine.build_query(processor.process(encode(document)))
                found = client.box.find_many(**query)
                return found if projection is None else [projection.model_validate(row) for row in found]

            yield rows


@pytest.mark.parametrize(("where", "expected"), ASKED)
def test_the_rows_are_those_that_a_reader_of_the_client_sees(
    ask: Callable[[dict[str, Any]], list[Any]], where: dict[str, Any], expected: set[int]
) -> None:
    """A list whose column is null is empty, as the client shows it."""
    assert {row.id for row in ask({"where": where})} == expected


def test_a_projection_has_pythons_own_values(
    ask: Callable[[dict[str, Any]], list[Any]], boxes: ModuleType
) -> None:
    (row,) = ask({"where": {"id": 1}, "fields": ["seal", "days", "keys", "colors", "color"]})
    assert row.model_dump(mode="python") == {
        "seal": b"\x00\xff",
        "days": [dt.date(2024, 2, 29)],
        "keys": [uuid.UUID(KEY)],
        "colors": [boxes.enums.Color.RED, boxes.enums.Color.GREEN],
        "color": boxes.enums.Color.RED,
    }
