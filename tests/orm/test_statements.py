"""SQL as each database reads it: parameters for all values, one text for all that differ in values only."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import TypeVar

import pytest
from queryengine_orm import DeclarativeBase, Expr, ForeignKey, Mapped, mapped_column, schema_sql
from queryengine_orm.driver import Dialect
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import mapper_of
from queryengine_orm.selects import Selection, count_of, select_of
from queryengine_orm.shapes import Shaper
from queryengine_orm.writes import update_of, upsert_of

from queryengine.testing.world import Color
from tests.orm.library import Base, Book, Tag
from tests.orm.world import ArrayBase, Bag, Thing
from tests.orm.world import Base as WorldBase

M = TypeVar("M", bound=DeclarativeBase)


def where(expression: Expr[M], dialect: Dialect) -> tuple[str, list[object]]:
    mapper = mapper_of(expression.model)
    text, parameters = count_of(mapper, expression.condition, dialect).bound()
    return text.partition(" WHERE ")[2].removesuffix(') AS "rows"'), parameters


def test_a_value_is_a_parameter() -> None:
    assert where(Book.title == "x'; --", "sqlite") == ('"counted"."title" = ?1', ["x'; --"])
    assert where(Book.title == "x'; --", "postgresql") == ('"counted"."title" = $1', ["x'; --"])


def test_the_opposite_of_a_comparison_is_true_of_null() -> None:
    text, _ = where(~(Book.price > Decimal(5)), "postgresql")
    assert text == '("counted"."price" IS NULL OR NOT ("counted"."price" > $1))'


def test_text_is_ordered_by_code_point_on_postgresql() -> None:
    assert where(Book.title > "a", "postgresql")[0] == '"counted"."title" COLLATE "C" > $1'


def test_a_list_is_one_parameter_on_postgresql_and_one_each_on_sqlite() -> None:
    among = Book.pages.in_([1, 2, 3])
    assert where(among, "postgresql") == ('"counted"."pages" = ANY($1)', [[1, 2, 3]])
    assert where(among, "sqlite") == ('"counted"."pages" IN (?1, ?2, ?3)', [1, 2, 3])


def test_enums_are_written_as_their_values() -> None:
    assert where(Thing.color == Color.BLUE, "postgresql")[1] == ["É"]
    assert where(Thing.color.in_([Color.RED]), "sqlite")[1] == ["z"]


def test_patterns_are_glob_on_sqlite_and_like_on_postgresql() -> None:
    assert where(Book.title.icontains("a*%"), "sqlite") == ('"counted"."title" GLOB ?1', ["*[Aa][*]%*"])
    text, parameters = where(Book.title.icontains("A*%"), "postgresql")
    assert (text, parameters) == ('lower("counted"."title" COLLATE "C") LIKE $1', ["%a*\\%%"])


def test_one_scalar_against_another_is_false_of_null_and_its_opposite_true() -> None:
    assert where(Book.pages + 1 > Book.version, "sqlite")[0] == (
        'integer_add("counted"."pages", ?1) > "counted"."version"'
    )
    assert where(~(Book.pages > Book.version), "sqlite")[0] == (
        '("counted"."pages" > "counted"."version") IS NOT TRUE'
    )


def test_sqlite_does_not_calculate_with_decimals() -> None:
    with pytest.raises(ConfigurationError, match="not exact"):
        where(Book.price.coalesce(Decimal(0)) + Decimal(1) > Decimal(5), "sqlite")
    assert where(Book.price + Decimal(1) > Decimal(5), "postgresql")[0] == '("counted"."price" + $1) > $2'


def test_sqlite_does_not_compare_json() -> None:
    with pytest.raises(ConfigurationError, match="as text, not by value"):
        where(Book.notes == {}, "sqlite")
    assert where(Book.notes == {}, "postgresql")[0] == '"counted"."notes" = CAST(CAST($1 AS TEXT) AS JSONB)'


def test_arrays_are_asked_on_postgresql_only() -> None:
    assert where(Bag.numbers.has(5), "postgresql") == ('"counted"."numbers" @> $1', [[5]])
    with pytest.raises(ConfigurationError, match="SQLite has no arrays"):
        where(Bag.numbers.has(5), "sqlite")


def test_conditions_that_differ_in_values_only_have_one_shape() -> None:
    one, other = Shaper(), Shaper()
    first = (Book.pages > 1) & Book.title.in_(["a", "b"])
    second = (Book.pages > 2) & Book.title.in_(["c"])
    assert one.condition(first.condition) == other.condition(second.condition)
    assert (one.values, other.values) == ([1, ("a", "b")], [2, ("c",)])


def test_an_update_may_compute_from_the_row() -> None:
    statement = update_of(
        mapper_of(Book), [Book.pages.set(Book.pages + 1)], (Book.pages > 1).condition, "sqlite"
    )
    text, parameters = statement.bound()
    assert text == (
        'UPDATE "books" AS "qe" SET "pages" = integer_of_bits(integer_add("qe"."pages", ?1), 64),'
        ' "version" = "qe"."version" + 1'
        ' WHERE "qe"."pages" > ?2'
    )
    assert parameters == [1, 1]


def test_an_upsert_without_columns_to_update_does_nothing() -> None:
    key = mapper_of(Tag).primary_key
    text, _ = upsert_of(mapper_of(Tag), key, key, (), "postgresql").bound(["x"])
    assert text == 'INSERT INTO "tags" ("word") VALUES ($1) ON CONFLICT ("word") DO NOTHING RETURNING "word"'


def test_names_are_quoted() -> None:
    assert select_of(Selection(mapper_of(Tag), ()), "sqlite").bound()[0] == 'SELECT  FROM "tags" AS "qe"'


@pytest.mark.parametrize("base", [Base, WorldBase], ids=["library", "world"])
def test_sqlite_takes_the_tables(base: type[DeclarativeBase]) -> None:
    database = sqlite3.connect(":memory:")
    for statement in schema_sql(base, "sqlite"):
        database.execute(statement)
    database.close()


def test_tables_come_after_those_that_they_refer_to() -> None:
    made = [line.split('"')[1] for line in schema_sql(Base, "postgresql") if line.startswith("CREATE TABLE")]
    assert made.index("authors") < made.index("books") < made.index("loan")
    assert made[-1] == "book_tags"


class Ring(DeclarativeBase):
    """A base whose tables refer to one another."""


class Team(Ring):
    """Has a leader."""

    id: Mapped[int] = mapped_column(primary_key=True)
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("player.id"))


class Player(Ring):
    """Is of a team."""

    id: Mapped[int] = mapped_column(primary_key=True)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("team.id"))


def test_tables_in_a_ring_get_their_keys_afterwards_and_again() -> None:
    *_, last = schema_sql(Ring, "postgresql")
    assert last == (
        'ALTER TABLE "team" DROP CONSTRAINT IF EXISTS "fk_team_leader_id", ADD CONSTRAINT "fk_team_leader_id"'
        ' FOREIGN KEY ("leader_id") REFERENCES "player" ("id")'
    )


def test_a_tables_constraints_are_in_its_sql() -> None:
    books = next(line for line in schema_sql(Base, "postgresql") if 'TABLE IF NOT EXISTS "books"' in line)
    for part in (
        '"id" bigint GENERATED BY DEFAULT AS IDENTITY',
        '"title" text COLLATE "C" NOT NULL',
        'UNIQUE ("author_id", "title")',
        "CHECK (pages > 0)",
        'FOREIGN KEY ("author_id") REFERENCES "authors" ("id") ON DELETE CASCADE',
    ):
        assert part in books
    assert 'CREATE INDEX IF NOT EXISTS "ix_books_genre_title" ON "books" ("genre", "title")' in schema_sql(
        Base, "sqlite"
    )


def test_a_database_without_a_type_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="SQLite has no arrays"):
        schema_sql(ArrayBase, "sqlite")
