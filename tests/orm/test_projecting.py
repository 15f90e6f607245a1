"""Values in place of objects: as the database has them, typed as columns are, and exact or refused."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypedDict

import pytest
from queryengine_orm import DeclarativeBase, Find, Mapped, Session, create_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConfigurationError, DataError, OrmError, UsageError

from queryengine.schema import DecimalType
from tests.orm.library import Author, Book, Genre, Tag

pytestmark = pytest.mark.anyio

# Any: type checkers refuse what some tests hand over, and typing_tests hold that they do.
author: Any = Author
book: Any = Book
ADDED = dt.datetime(2020, 2, 3, 4, 5, 6, 789, tzinfo=dt.UTC)


class Place(TypedDict):
    """What a document holds."""

    city: str


@pytest.fixture
async def shelf(session: Session) -> Session:
    """Store four books of two authors, one of whom has a mentor."""
    ada = Author(name="ada", born=dt.date(1815, 12, 10))
    bea = Author(name="Bea", mentor=ada)
    price = Decimal("12.50")
    books = [
        Book(title="One", author=ada, pages=10, price=price, genre=Genre.ESSAY, added=ADDED),
        Book(title="Two", author=ada, pages=30),
        Book(title="Three", author=bea, pages=10, price=Decimal(3)),
        Book(title="Four", author=bea, pages=20, price=price),
    ]
    books[0].notes = {"a": [1]}
    async with session.begin():
        session.add_all(books)
    return session


async def test_columns_come_as_tuples_of_what_objects_have(shelf: Session) -> None:
    found = await shelf.find(Book.pages == 10).order_by(Book.id).values(Book.title, Book.price, Book.genre)
    assert found == [("One", Decimal("12.50"), Genre.ESSAY), ("Three", Decimal("3.00"), Genre.NOVEL)]
    assert [str(price) for _, price, _ in found] == ["12.50", "3.00"]
    assert await shelf.find(Book.title == "One").values(Book.added, Book.notes) == [(ADDED, {"a": [1]})]
    assert await shelf.find(Book.title == "Two").values(Book.added, Book.notes) == [(None, {})]
    assert await shelf.find(Book.pages > 99).values(Book.id) == []


async def test_a_window_cuts_them(shelf: Session) -> None:
    by_pages = shelf.find(Book).order_by(Book.pages.desc(), Book.title)
    assert await by_pages.limit(2).values(Book.title) == [("Two",), ("Four",)]
    assert await by_pages.offset(3).values(Book.title) == [("Three",)]


async def test_what_was_changed_is_written_before(shelf: Session) -> None:
    async with shelf.begin():
        one = await shelf.find(Book.title == "One").one()
        one.pages = 11
        assert await shelf.find(Book.title == "One").values(Book.pages) == [(11,)]


async def test_what_the_database_computes_comes_too(shelf: Session) -> None:
    found = shelf.find(Book).order_by(Book.id).limit(2)
    for add in (1, 2):
        assert await found.values(Book.title.length(), Book.pages + add, Book.price.coalesce(Decimal(0))) == [
            (3, 10 + add, Decimal("12.50")),
            (3, 30 + add, Decimal(0)),
        ]


async def test_a_float_that_overflows_is_an_error_and_not_infinite(library: Pool) -> None:
    class Own(DeclarativeBase):
        pass

    class Load(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        weight: Mapped[float]

    await create_all(library, Own)
    async with Session(library) as session:
        await session.insert_all([Load(weight=1.5)])
        assert await session.find(Load).values(Load.weight * 1e308) == [(1.5e308,)]
        with pytest.raises(DataError) as error:
            await session.find(Load).values(Load.weight * 1.7e308)
        assert error.value.sqlstate == "22003"
        with pytest.raises(DataError):
            await session.find(Load).max(Load.weight * -1.7e308)


async def test_columns_of_related_rows_come_too(shelf: Session) -> None:
    found = shelf.find(Book.pages == 10).order_by(Book.id)
    assert await found.values(Book.title, Book.author.at(Author.name)) == [("One", "ada"), ("Three", "Bea")]
    mentor = Book.author.at(Author.mentor.at(Author.name))
    assert await found.values(mentor.coalesce("nobody")) == [("nobody",), ("ada",)]
    assert await found.values(Book.author.at(Author.mentor.at(Author.born))) == [
        (None,),
        (dt.date(1815, 12, 10),),
    ]


@pytest.mark.parametrize(
    "scalar",
    [
        author.mentor.at(author.name),
        author.mentor.at(author.id) + 1,
        author.id + author.mentor.at(author.id),
        author.mentor.at(author.name).length(),
        author.mentor.at(author.name).coalesce(author.mentor.at(author.name)),
    ],
    ids=range(5),
)
async def test_what_is_null_without_a_related_row_says_so_in_its_type(shelf: Session, scalar: Any) -> None:
    with pytest.raises(UsageError, match="null where there is no related row, which its type does not say"):
        await shelf.find(Author).values(scalar)


async def test_a_column_of_which_conditions_know_nothing_is_a_value(library: Pool) -> None:
    class Own(DeclarativeBase):
        pass

    class Note(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        place: Mapped[dict[str, object]] = mapped_column(
            name="where_it_is", default_factory=dict[str, object]
        )

    await create_all(library, Own)
    async with Session(library) as session:
        await session.insert_all([Note(place={"city": "x"})])
        assert await session.find(Note).values(Note.place) == [({"city": "x"},)]


# -- each once


async def test_each_tuple_comes_once(shelf: Session) -> None:
    books = shelf.find(Book)
    assert sorted(await books.values(Book.pages, distinct=True)) == [(10,), (20,), (30,)]
    assert await books.order_by(Book.pages.desc()).limit(2).values(Book.pages, distinct=True) == [
        (30,),
        (20,),
    ]
    by_price = books.order_by(Book.price, Book.genre)
    assert await by_price.values(Book.price, Book.genre, distinct=True) == [
        (None, Genre.NOVEL),
        (Decimal("3.00"), Genre.NOVEL),
        (Decimal("12.50"), Genre.ESSAY),
        (Decimal("12.50"), Genre.NOVEL),
    ]
    names = shelf.find(Author).order_by(Author.name)
    assert await names.values(Author.name, distinct=True) == [("Bea",), ("ada",)]
    assert len(await books.values(Book.author.at(Author.name), Book.pages + 1, distinct=True)) == 4
    assert sorted(await books.values(Book.author.at(Author.name), distinct=True)) == [("Bea",), ("ada",)]


@pytest.mark.parametrize("key", [book.id, book.pages + 1, book.author.at(author.name)], ids=range(3))
async def test_an_order_of_distinct_values_is_by_columns_among_them(shelf: Session, key: Any) -> None:
    with pytest.raises(UsageError, match="sorted by columns that are among them"):
        await shelf.find(Book).order_by(key).values(Book.pages, distinct=True)


async def test_what_a_database_does_not_tell_apart_is_not_distinct(library: Pool) -> None:
    class Own(DeclarativeBase):
        pass

    class Long(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        number: Mapped[Decimal] = mapped_column(DecimalType(30, 2))
        notes: Mapped[object]

    await create_all(library, Own)
    async with Session(library) as session:
        await session.insert_all([Long(number=Decimal("1.50"), notes={"a": 1, "b": 2}) for _ in range(2)])
        found = session.find(Long)
        if library.dialect == "sqlite":
            with pytest.raises(ConfigurationError, match="SQLite compares decimals by their first 15 digits"):
                await found.values(Long.number, distinct=True)
            with pytest.raises(ConfigurationError, match="SQLite compares JSON as text"):
                await found.values(Long.notes, distinct=True)
        else:
            assert await found.values(Long.number, Long.notes, distinct=True) == [
                (Decimal("1.50"), {"a": 1, "b": 2})
            ]
        assert len(await found.values(Long.number, Long.notes)) == 2


# -- functions of all rows


async def test_functions_are_of_all_rows_that_meet_the_condition(shelf: Session) -> None:
    books = shelf.find(Book)
    assert (await books.sum(Book.pages), await books.avg(Book.pages)) == (70, 17.5)
    assert (await books.min(Book.pages), await books.max(Book.pages)) == (10, 30)
    assert (await books.min(Book.title), await books.max(Book.title)) == ("Four", "Two")
    assert (await books.min(Book.price), await books.max(Book.added)) == (Decimal("3.00"), ADDED)
    assert await shelf.find(Book.author.at(Author.name) == "ada").sum(Book.pages * 2) == 80
    assert await books.max(Book.author.at(Author.born)) == dt.date(1815, 12, 10)
    assert await shelf.find(Author).min(Author.name) == "Bea"


async def test_without_rows_there_is_no_value(shelf: Session) -> None:
    none = shelf.find(Book.pages > 99)
    assert await none.sum(Book.pages) is None
    assert await none.avg(Book.pages) is None
    assert await none.min(Book.title) is None


async def test_a_sum_is_exact_or_fails(shelf: Session, library: Pool) -> None:
    async with shelf.begin():
        await shelf.find(Book.title.in_(["One", "Two"])).update(Book.pages.set(2**62))
    with pytest.raises(DataError):
        await shelf.find(Book).sum(Book.pages)
    if library.dialect == "sqlite":
        with pytest.raises(ConfigurationError, match="SQLite adds decimals as doubles, which is not exact"):
            await shelf.find(Book).sum(Book.price)
    else:
        assert await shelf.find(Book).sum(Book.price) == Decimal("28.00")
        assert await shelf.find(Book).avg(Book.price) == 28 / 3


# -- what is refused

REFUSED: dict[str, Callable[[Find[Any]], Awaitable[object]]] = {
    "values takes one column at least": lambda books: books.values(),
    "Author.name is not of Book": lambda books: books.values(Author.name),
    "Book: Scalar of its attributes expected, not str": lambda books: books.values(wrong),
    "values takes one column at least, and no include": lambda books: books.include(Book.author).values(
        Book.id
    ),
    "values locks no rows": lambda books: books.for_update().values(Book.id),
    "sum takes a condition, and neither order": lambda books: books.limit(1).sum(Book.pages),
    "max locks no rows": lambda books: books.for_update().max(Book.pages),
    "Tag.word is not of Book": lambda books: books.max(Tag.word),
    "sum does not apply to text fields": lambda books: books.sum(wrong_kind),
    "max does not apply to json fields": lambda books: books.max(Book.notes),
}
wrong: Any = "title"
wrong_kind: Any = Book.title


@pytest.mark.parametrize("said", REFUSED)
async def test_what_is_wrong_is_refused_by_name(shelf: Session, said: str) -> None:
    with pytest.raises(OrmError, match=said):
        await REFUSED[said](shelf.find(Book))


async def test_a_statement_is_compiled_once_for_all_that_differ_in_values(shelf: Session) -> None:
    statements = Book.__registry__.statements
    await shelf.find(Book.pages == 1).limit(1).values(Book.pages + 1)
    before = len(statements)
    await shelf.find(Book.pages == 2).limit(2).values(Book.pages + 2)
    assert len(statements) == before
