"""What cannot be written as it was said is an error that says what helps, and not lost in silence."""

from __future__ import annotations

import pytest
from queryengine_orm import Session
from queryengine_orm.driver import Pool
from queryengine_orm.errors import CheckViolation, UniqueViolation, UsageError

from tests.orm.library import Author, Book, Tag

pytestmark = pytest.mark.anyio


async def two(session: Session) -> tuple[Book, Author]:
    """Store a book of one author, and another author."""
    book, other = Book(title="Notes", author=Author(name="Ada")), Author(name="Bea")
    session.add_all([book, other])
    await session.flush()
    return book, other


async def test_the_columns_of_a_taken_key_are_the_same_on_both_databases(session: Session) -> None:
    book, _ = await two(session)
    session.add(Book(title="Notes", author=book.author))
    with pytest.raises(UniqueViolation) as error:
        await session.flush()
    assert error.value.columns == ("author_id", "title")
    session.clear()
    session.add(Author(name="Ada"))
    with pytest.raises(UniqueViolation) as error:
        await session.flush()
    assert (error.value.columns, error.value.table) == (("name",), "authors")


async def test_a_check_has_one_name_on_both_databases(session: Session) -> None:
    book, _ = await two(session)
    book.pages = 0
    with pytest.raises(CheckViolation) as error:
        await session.flush()
    assert error.value.constraint == "ck_books_1"


async def test_who_writes_what_a_deleted_row_has_is_told_to_flush_between(session: Session) -> None:
    _, other = await two(session)
    session.delete(other)
    session.add(Author(name="Bea"))
    with pytest.raises(UniqueViolation) as error:
        await session.flush()
    assert error.value.__notes__ == ["rows of authors are deleted last: flush in between"]
    session.clear()
    session.add(Author(name="Bea"))
    with pytest.raises(UniqueViolation) as error:
        await session.flush()
    assert not hasattr(error.value, "__notes__")


async def test_two_ways_to_say_different_rows_are_an_error(session: Session) -> None:
    book, other = await two(session)
    first = book.author
    book.author_id, book.author = other.id, first
    with pytest.raises(UsageError, match=r"^Book\(id=1\): author and author_id were set to different rows$"):
        await session.flush()
    third = Author(name="Cid")
    session.expunge(book)
    session.add(third)
    await session.flush()
    session.add(book)
    book.author, book.author_id = other, third.id
    with pytest.raises(UsageError, match="different rows"):
        await session.flush()
    book.author_id = other.id
    await session.flush()
    book.author, book.author_id = third, third.id
    await session.flush()
    book.author_id, book.author = third.id, first  # what it is already says nothing
    await session.flush()
    other.mentor, other.mentor_id = None, first.id
    with pytest.raises(UsageError, match="mentor and mentor_id"):
        await session.flush()
    other.mentor_id = None
    await session.flush()
    session.clear()
    assert (await session.find(Book).include(Book.author).one()).author.name == "Ada"


async def test_lists_are_not_lost_by_writes_past_the_unit_of_work(session: Session, library: Pool) -> None:
    book, _ = await two(session)
    book.tags.append(Tag(word="x"))
    await session.flush()
    new = Author(name="Cid")
    new.books.append(Book(title="x", author=new))
    with pytest.raises(UsageError, match=r"^Author\.books: a list is written with an object that is added"):
        await session.insert_all([Author(name="Dan"), new])
    with pytest.raises(UsageError, match=r"^Author\.books: "):
        await session.upsert(new, on=[Author.name])
    read = await Session(library).find(Book).include(Book.tags).one()
    read.pages = 7
    assert (await session.upsert(read)).pages == 7
    assert await session.find(Author).count() == 2
