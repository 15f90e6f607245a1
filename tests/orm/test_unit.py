"""What the session knows of its objects is what the database has: after savepoints, bulk writes, failures."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from decimal import Decimal

import pytest
from queryengine_orm import DeclarativeBase, Mapped, NotLoaded, Session, create_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import (
    InvalidTransactionState,
    NotFound,
    ParameterError,
    StaleRow,
    UndefinedColumn,
    UniqueViolation,
    UsageError,
)

from tests.orm.library import Author, Book, Loan, Tag

pytestmark = pytest.mark.anyio


async def stored(session: Session) -> Book:
    """Store an author with a book, which the session knows then."""
    book = Book(title="Notes", author=Author(name="Ada"), price=Decimal("12.50"))
    session.add(book)
    await session.flush()
    return book


async def read_again(library: Pool) -> Book:
    """Read the book by a session of its own."""
    return await Session(library).find(Book).one()


class Undone(Exception):  # noqa: N818  # it says what is to happen
    """Ends a transaction that is not to last."""


# -- values that change inside


async def test_a_change_inside_of_a_value_is_written(session: Session, library: Pool) -> None:
    await stored(session)
    session.clear()
    book = await session.find(Book).one()
    book.notes["a"] = [1]
    await session.flush()
    assert (await read_again(library)).notes == {"a": [1]}
    held: list[object] = [2]
    book.notes["b"] = held
    await session.flush()
    held.append({"c": None})
    await session.flush()
    assert (await read_again(library)).notes == {"a": [1], "b": [2, {"c": None}]}


async def test_a_change_inside_of_a_new_objects_value_is_written(session: Session, library: Pool) -> None:
    notes: dict[str, object] = {}
    session.add(Book(title="x", author=Author(name="Ada"), notes=notes))
    await session.flush()
    notes["a"] = 1
    await session.flush()
    assert (await read_again(library)).notes == {"a": 1}


async def test_what_is_equal_to_python_only_is_a_change(session: Session, library: Pool) -> None:
    book = await stored(session)
    book.notes = {"a": 1}
    await session.flush()
    book.notes = {"a": True}
    await session.flush()
    assert (await read_again(library)).notes["a"] is True


async def test_what_was_read_only_is_not_written(session: Session) -> None:
    await stored(session)
    session.clear()
    book = await session.find(Book).one()
    assert book.notes == {}
    await session.flush()
    assert book.version == 1


async def test_what_json_does_not_know_is_refused(session: Session) -> None:
    book = await stored(session)
    book.notes["a"] = object()
    with pytest.raises(ParameterError, match=r"^Book\.notes: expected a JSON value"):
        await session.flush()
    book.notes["a"] = float("nan")
    with pytest.raises(ParameterError):
        await session.flush()


class Lists(DeclarativeBase):
    """A base of arrays."""


class Basket(Lists):
    """Has an array."""

    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[list[str]]
    numbers: Mapped[list[int] | None] = mapped_column(default=None)


@pytest.mark.parametrize("library", ["postgresql"], indirect=True)
async def test_a_change_inside_of_an_array_is_written(session: Session, library: Pool) -> None:
    await create_all(library, Lists)
    basket = Basket(words=["a"])
    session.add(basket)
    await session.flush()
    basket.words.append("b")
    basket.numbers = [1]
    await session.flush()
    session.clear()
    read = await session.find(Basket).one()
    assert (read.words, read.numbers) == (["a", "b"], [1])


# -- savepoints


@asynccontextmanager
async def undoing(session: Session) -> AsyncGenerator[None]:
    """Give a savepoint that is rolled back at its end."""
    with suppress(Undone):
        async with session.begin():
            yield
            raise Undone


async def test_a_savepoint_that_is_undone_leaves_objects_as_they_were(
    session: Session, library: Pool
) -> None:
    book = await stored(session)
    async with session.begin():
        book.pages = 2
        async with undoing(session):
            book.title, book.notes = "Other", {"a": 1}
            session.add(Author(name="Bea"))
            await session.flush()
            book.pages = 9
            await session.find(Book.title == "Other").update(Book.price.set(None))
            assert str(book.price) == "None"
            session.add(Tag(word="x"))
            session.delete(await session.find(Author.name == "Bea").one())
        assert (book.title, book.pages, book.notes, str(book.price)) == ("Notes", 2, {}, "12.50")
        assert not await session.find(Author.name == "Bea").exists()
        assert await session.find(Book).one() is book
        book.pages = 3
    read = await read_again(library)
    assert (read.title, read.pages, read.version) == ("Notes", 3, book.version)
    assert not await session.find(Tag).exists()


async def test_what_a_savepoint_added_is_new_again(session: Session) -> None:
    author = Author(name="Bea")
    async with session.begin():
        async with undoing(session):
            session.add(Book(title="x", author=author))
            await session.flush()
        with pytest.raises(NotLoaded):
            _ = author.id
        session.add(author)
    assert await session.get(Author, author.id) is author
    assert not await session.find(Book).exists()


async def test_a_savepoint_that_lasts_is_undone_with_the_one_around_it(session: Session) -> None:
    book = await stored(session)
    async with session.begin():
        async with undoing(session), session.begin():
            book.title = "Other"
            session.add(Tag(word="x"))
        assert book.title == "Notes"
        assert await session.get(Tag, "x") is None


async def test_what_a_savepoint_deleted_is_there_again(session: Session) -> None:
    book = await stored(session)
    async with session.begin():
        async with undoing(session):
            session.delete(book)
            await session.flush()
        assert await session.get(Book, book.id) is book
        book.pages = 7
    assert (await session.find(Book.pages == 7).one()) is book


async def test_what_is_forgotten_in_a_savepoint_stays_forgotten(session: Session) -> None:
    book = await stored(session)
    async with session.begin():
        async with undoing(session):
            session.clear()
        async with session.begin():
            session.clear()
        assert await session.get(Book, book.id) is not book


# -- failures


async def test_a_flush_that_failed_ends_the_transaction(session: Session) -> None:
    await stored(session)

    async def go_on() -> None:
        async with session.begin():
            session.add_all([Tag(word="x"), Author(name="Ada")])
            with pytest.raises(UniqueViolation):
                await session.flush()
            with pytest.raises(InvalidTransactionState):
                await session.find(Author).count()

    with pytest.raises(InvalidTransactionState, match="can be rolled back only"):
        await go_on()
    assert not await session.find(Tag).exists()
    session.add(Author(name="Bea"))
    await session.flush()
    assert await session.find(Author).count() == 2


async def test_a_flush_may_be_tried_again(session: Session, library: Pool) -> None:
    book = await stored(session)
    book.title = "Other"
    author = Author(name="Ada")
    session.add(author)
    with pytest.raises(UniqueViolation):
        await session.flush()
    author.name = "Bea"
    await session.flush()
    read = await read_again(library)
    assert (read.title, read.version) == ("Other", book.version)


# -- many rows at once


async def test_objects_are_told_of_an_update_by_condition(session: Session) -> None:
    book = await stored(session)
    await session.find(Book.title == "Notes").update(Book.pages.set(Book.pages + 9))
    assert (book.pages, book.version) == (10, 2)
    book.title = "Other"
    await session.flush()
    assert book.version == 3


async def test_what_is_not_written_yet_outlasts_an_update_by_condition(
    session: Session, library: Pool
) -> None:
    book = await stored(session)
    book.title = "Other"
    await session.find(Book.pages == 1).update(Book.pages.set(5), Book.title.set("Third"))
    assert (book.title, book.pages) == ("Other", 5)
    await session.flush()
    assert (await read_again(library)).title == "Other"


async def test_a_related_object_that_an_update_replaced_is_let_go(session: Session) -> None:
    book = await stored(session)
    other = Author(name="Bea")
    session.add(other)
    await session.flush()
    await session.load(other, Author.books)
    await session.find(Book).update(Book.author_id.set(other.id))
    assert book.author_id == other.id
    assert other.books == [book]
    with pytest.raises(NotLoaded):
        _ = book.author


async def test_another_session_sees_the_version_of_an_update_by_condition(
    session: Session, library: Pool
) -> None:
    await stored(session)
    mine = Session(library)
    book = await mine.find(Book).one()
    await session.find(Book).update(Book.pages.set(5))
    book.title = "Other"
    with pytest.raises(StaleRow):
        await mine.flush()


async def test_objects_of_rows_that_are_deleted_by_condition_are_forgotten(session: Session) -> None:
    book = await stored(session)
    author = book.author
    await session.find(Author.name == "Ada").delete()
    assert await session.get(Author, author.id) is None
    assert await session.get(Book, book.id) is None
    book.title = "Other"
    await session.flush()
    assert not await session.find(Book).exists()


async def test_an_upsert_gives_the_stored_object(session: Session) -> None:
    ada = await session.upsert(Author(name="Ada"), on=[Author.name])
    assert await session.get(Author, ada.id) is ada
    again = await session.upsert(Author(name="Ada", born=dt.date(1990, 1, 1)), on=[Author.name])
    assert again is ada
    assert ada.born == dt.date(1990, 1, 1)
    tag = await session.upsert(Tag(word="x"))
    assert await session.upsert(Tag(word="x")) is tag


# -- single objects


async def test_an_object_is_read_again(session: Session, library: Pool) -> None:
    book = await stored(session)
    await library.script("UPDATE books SET pages = 5, version = 7")
    book.title = "Other"
    await session.refresh(book)
    assert (book.title, book.pages, book.version) == ("Notes", 5, 7)
    await library.script("DELETE FROM books")
    with pytest.raises(NotFound, match=r"the row of Book\(id=1\) is gone"):
        await session.refresh(book)
    with pytest.raises(UsageError, match="is not of this session"):
        await session.refresh(book)


async def test_an_object_is_forgotten_with_its_changes(session: Session, library: Pool) -> None:
    book = await stored(session)
    book.title = "Other"
    session.expunge(book)
    new = Tag(word="x")
    session.add(new)
    session.expunge(new)
    await session.flush()
    assert (await read_again(library)).title == "Notes"
    assert await session.find(Book).one() is not book
    assert not await session.find(Tag).exists()


async def test_values_of_another_object_are_taken_over(session: Session, library: Pool) -> None:
    book = await stored(session)
    theirs = await read_again(library)
    theirs.title = "Other"
    assert await session.merge(theirs) is book
    await session.flush()
    assert (await read_again(library)).title == "Other"
    with pytest.raises(StaleRow, match="since"):
        await session.merge(theirs)
    loan = Loan(book_id=book.id, day=dt.date(2020, 1, 2), reader="x")
    assert await session.merge(loan) is loan
    tag = await session.merge(Tag(word="x"))
    await session.flush()
    assert (await session.find(Tag).one(), await session.find(Loan).one()) == (tag, loan)


async def test_objects_come_by_sql_of_ones_own(session: Session, library: Pool) -> None:
    book = await stored(session)
    session.add_all([Author(name="Cy"), Author(name="Bea", born=dt.date(1990, 1, 1))])
    await session.flush()
    mark = "?1" if library.dialect == "sqlite" else "$1"
    sql = f"SELECT 1 AS more, a.* FROM authors a WHERE name <> {mark} ORDER BY name DESC;"
    found = await session.find_sql(Author, sql, ["x"])
    assert [each.name for each in found] == ["Cy", "Bea", "Ada"]
    assert (found[2] is book.author, found[1].born) == (True, dt.date(1990, 1, 1))
    assert await session.find_sql(Author, "SELECT * FROM authors WHERE name = 'Cy' -- alone") == found[:1]
    with pytest.raises(UndefinedColumn):
        await session.find_sql(Book, "SELECT id FROM authors")


# -- at the same time


async def test_of_many_who_count_up_none_is_lost(session: Session, library: Pool) -> None:
    book = await stored(session)

    async def count_up() -> int:
        for tries in range(1, 50):
            async with Session(library) as mine:
                found = await mine.get(Book, book.id)
                assert found is not None
                found.pages += 1
                try:
                    await mine.flush()
                except StaleRow:
                    continue
                return tries
        raise AssertionError("it was never its turn")

    await asyncio.gather(*(count_up() for _ in range(8)))
    read = await read_again(library)
    assert (read.pages, read.version) == (9, 9)
