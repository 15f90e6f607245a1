"""Many rows are inserted or updated at once: as one by one, and in few statements."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from typing import Any

import pytest
from queryengine_orm import (
    DeclarativeBase,
    Mapped,
    NativeEnum,
    Session,
    create_all,
    drop_all,
    mapped_column,
)
from queryengine_orm.driver import Pool
from queryengine_orm.errors import (
    CheckViolation,
    ParameterError,
    UniqueViolation,
    UsageError,
)
from queryengine_orm.mapping import mapper_of
from queryengine_orm.writes import upsert_all_of

from queryengine.schema import IntegerType
from tests.orm.conftest import schema_on
from tests.orm.library import Author, Book, Genre, Loan, Tag
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio


async def authors(session: Session) -> dict[str, dt.date | None]:
    session.clear()
    return {author.name: author.born for author in await session.find(Author).order_by(Author.name).all()}


def born(year: int) -> dt.date:
    return dt.date(year, 1, 1)


async def test_rows_are_inserted_or_updated(session: Session) -> None:
    assert await session.upsert_all([]) == 0
    await session.upsert_all([Author(name="Ada", born=born(1815)), Author(name="Bea")], on=[Author.name])
    again = [Author(name="Ada"), Author(name="Bea", born=born(1900)), Author(name="Cleo", born=born(1950))]
    assert await session.upsert_all(again, on=[Author.name]) == 3
    assert await authors(session) == {"Ada": None, "Bea": born(1900), "Cleo": born(1950)}


async def test_what_is_not_to_be_updated_stays(session: Session) -> None:
    await session.upsert_all([Author(name="Ada", born=born(1815))], on=[Author.name])
    some = [Author(name="Ada", born=born(1)), Author(name="Bea", born=born(2))]
    assert await session.upsert_all(some, on=[Author.name], update=[]) == 1
    assert await authors(session) == {"Ada": born(1815), "Bea": born(2)}
    assert await session.upsert_all(some, on=[Author.name], update=[Author.born]) == 2
    assert await authors(session) == {"Ada": born(1), "Bea": born(2)}


async def test_values_of_all_kinds_are_what_an_upsert_of_each_stores(session: Session) -> None:
    author = Author(name="Ada")
    session.add(author)
    await session.flush()

    def made(title: str) -> list[Book]:
        added = dt.datetime(2020, 2, 3, 4, 5, 6, 789, tzinfo=dt.timezone(dt.timedelta(hours=2)))
        price = Decimal("1.5")
        full = Book(title=title, author=author, price=price, genre=Genre.ESSAY, added=added, pages=9)
        full.notes = {"a": [1, None, "x'"]}
        return [full, Book(title=f"{title} empty", author=author)]

    for _ in range(2):
        assert await session.upsert_all(made("many"), on=[Book.author_id, Book.title]) == 2
        for each in made("one"):
            await session.upsert(each, on=[Book.author_id, Book.title])
    session.clear()
    rows = [
        {name: value for name, value in vars(book).items() if name not in {"id", "title"}}
        for book in await session.find(Book).order_by(Book.title).all()
    ]
    assert rows[:2] == rows[2:]
    assert [(row["price"], row["version"]) for row in rows[:2]] == [(Decimal("1.50"), 2), (None, 2)]


async def test_objects_of_the_session_get_what_their_rows_hold(session: Session) -> None:
    ada = Author(name="Ada")
    book = Book(title="Notes", author=ada)
    session.add(book)
    await session.flush()
    async with session.begin():
        ada.born = born(1815)
        some = [Book(title="Notes", pages=7, author=ada), Book(title="More", author=ada)]
        await session.upsert_all(some, on=[Book.author_id, Book.title], update=[Book.pages])
        assert (book.pages, book.version, ada.born) == (7, 2, born(1815))
        book.pages = 8
    assert await session.find(Book.pages == 8, Book.version == 3).exists()
    assert await session.find(Author.born == born(1815)).exists()
    assert some[1] not in session


async def test_keys_of_several_columns_and_of_none_that_is_given(session: Session) -> None:
    book = Book(title="Notes", author=Author(name="Ada"))
    session.add(book)
    await session.flush()
    loans = [Loan(book_id=book.id, day=born(year), reader="x") for year in range(1900, 1910)]
    assert await session.upsert_all(loans) == 10
    for loan in loans:
        loan.reader = "y"
    assert await session.upsert_all(loans) == 10
    assert await session.find(Loan.reader == "y").count() == 10
    assert await session.upsert_all([Author(name="B"), Author(name="C")]) == 2
    known = Author(name="D")
    known.id = book.author_id
    assert await session.upsert_all([Author(name="E"), known]) == 2
    assert list(await authors(session)) == ["B", "C", "D", "E"]


@pytest.mark.parametrize("many", [1, 2, 511, 1030])
async def test_any_number_of_rows_is_written(session: Session, many: int) -> None:
    tags = [Tag(word=f"w{number}") for number in range(many)]
    assert await session.upsert_all(tags[::2]) == (many + 1) // 2
    assert await session.upsert_all(tags, update=[]) == many // 2
    assert await session.find(Tag).count() == many


async def test_two_objects_of_one_row_are_refused_before_anything_is_sent(session: Session) -> None:
    twice = [Author(name="Ada"), Author(name="Bea"), Author(name="Ada")]
    with pytest.raises(ParameterError, match=r"Author: two objects have the same name$"):
        await session.upsert_all(twice, on=[Author.name])
    one = Author(name="x")
    one.id = 5
    other = Author(name="y", born=born(1))
    other.id = 5
    with pytest.raises(ParameterError, match=r"Author: two objects have the same id$"):
        await session.upsert_all([one, other])
    assert await authors(session) == {}


async def test_nulls_are_not_the_same(session: Session) -> None:
    class Own(DeclarativeBase):
        pass

    class Part(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str | None] = mapped_column(unique=True)

    await create_all(session.executor, Own)
    assert await session.upsert_all([Part(code=None), Part(code=None)], on=[Part.code]) == 2
    await drop_all(session.executor, Own)


async def test_all_are_written_or_none(session: Session) -> None:
    author = Author(name="Ada")
    session.add(author)
    await session.flush()
    books = [Book(title=f"v{number}", author=author) for number in range(600)]
    books[-1].pages = -1
    with pytest.raises(CheckViolation):
        await session.upsert_all(books, on=[Book.author_id, Book.title])
    assert await session.find(Book).count() == 0
    async with session.begin():
        with pytest.raises(CheckViolation):
            await session.upsert_all(books, on=[Book.author_id, Book.title])
        books[-1].pages = 1
        assert await session.upsert_all(books, on=[Book.author_id, Book.title]) == 600
    assert await session.find(Book).count() == 600


async def test_another_key_that_is_there_already_is_an_error(session: Session) -> None:
    await session.upsert_all([Author(name="Ada")], on=[Author.name])
    known = Author(name="Ada")
    known.id = 99
    with pytest.raises(UniqueViolation):
        await session.upsert_all([known, Author(name="Bea")])


async def test_a_value_that_a_column_does_not_take_is_named_before_anything_is_sent(
    session: Session,
) -> None:
    wrong: Any = "5"
    book = Book(title="Notes", author=Author(name="x"), pages=wrong)
    book.author.id = 1
    good = Book(title="Other", author=book.author)
    with pytest.raises(ParameterError, match=r"Book\.pages: expected an integer; given: str"):
        await session.upsert_all([good, book], on=[Book.author_id, Book.title])


async def test_objects_of_two_classes_are_refused(session: Session) -> None:
    some: Any = [Tag(word="x"), Author(name="Ada")]
    with pytest.raises(UsageError, match="upsert_all takes objects of one class"):
        await session.upsert_all(some)
    with pytest.raises(UsageError, match="one column at least"):
        await session.upsert_all([Tag(word="x")], on=[])
    with pytest.raises(UsageError, match="has no values"):
        await session.upsert_all([Tag.__new__(Tag)])


class Mood(enum.Enum):
    """A type of PostgreSQL's own."""

    GLAD = "glad"
    SAD = "sad"


async def test_rows_of_types_that_postgresql_alone_has(library: Pool) -> None:
    class Own(DeclarativeBase):
        pass

    class Day(Own):
        number: Mapped[int] = mapped_column(IntegerType(0, 366), primary_key=True, init=True)
        mood: Mapped[Mood] = mapped_column(NativeEnum("bulk_mood"))
        other: Mapped[Mood | None] = mapped_column(NativeEnum("bulk_mood"), default=None)

    await create_all(library, Own)
    async with Session(library) as session:
        for mood in Mood:
            await session.upsert_all([Day(number=number, mood=mood) for number in range(3)])
        days = await session.find(Day).order_by(Day.number).all()
        assert [(day.number, day.mood, day.other) for day in days] == [
            (number, Mood.SAD, None) for number in range(3)
        ]
    await drop_all(library, Own)


async def test_a_row_may_be_known_by_an_array(postgres: PostgresServer) -> None:
    class Own(DeclarativeBase):
        pass

    class Way(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        stops: Mapped[list[int]] = mapped_column(unique=True)
        name: Mapped[str]

    async with schema_on(postgres) as pool, Session(pool) as session:
        await create_all(pool, Own)
        ways = [Way(stops=[1, 2], name="x"), Way(stops=[2, 1], name="x")]
        assert await session.upsert_all(ways, on=[Way.stops]) == 2
        ways[0].name = ways[1].name = "y"
        assert await session.upsert_all(ways, on=[Way.stops]) == 2
        assert [way.name for way in await session.find(Way).all()] == ["y", "y"]
        with pytest.raises(ParameterError, match="two objects have the same stops"):
            await session.upsert_all([*ways, ways[0]], on=[Way.stops])


def test_a_statement_has_a_row_of_parameters_for_each_object() -> None:
    mapper = mapper_of(Book)
    columns = [mapper.columns[name] for name in ("title", "notes", "version")]
    statement = upsert_all_of(mapper, columns, columns[:1], [columns[1], columns[2]], "postgresql", count=2)
    assert statement.text == (
        'INSERT INTO "books" ("title", "notes", "version") VALUES'
        " ($1, CAST(CAST($2 AS TEXT) AS JSONB), $3), ($4, CAST(CAST($5 AS TEXT) AS JSONB), $6)"
        ' ON CONFLICT ("title") DO UPDATE SET "notes" = excluded."notes",'
        ' "version" = "books"."version" + 1'
    )
