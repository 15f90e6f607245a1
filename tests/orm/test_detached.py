"""Objects from elsewhere: what has a row is never inserted again, and one row is one object of a session."""

from __future__ import annotations

from typing import Any

import pytest
from queryengine_orm import Session
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UniqueViolation, UsageError

from tests.orm.library import Author, Book, Tag

pytestmark = pytest.mark.anyio


async def ada(library: Pool) -> Author:
    """Store an author, whose session ends."""
    author = Author(name="Ada")
    async with Session(library) as session, session.begin():
        session.add(author)
    return author


async def names(library: Pool) -> list[str]:
    return [each.name for each in await Session(library).find(Author).order_by(Author.name).all()]


async def test_what_refers_to_an_object_of_an_ended_session_is_stored(
    session: Session, library: Pool
) -> None:
    author = await ada(library)
    async with session.begin():
        session.add(Book(title="Notes", author=author))
    assert author in session
    assert await names(library) == ["Ada"]
    assert await Session(library).find(Book.author.at(Author.name) == "Ada").count() == 1


async def test_an_object_may_come_back_with_its_changes(session: Session, library: Pool) -> None:
    author = await ada(library)
    author.name = "Bea"
    assert author not in session
    session.add(author)
    assert author in session
    await session.flush()
    assert await names(library) == ["Bea"]


async def test_a_list_takes_objects_from_elsewhere(session: Session, library: Pool) -> None:
    tag = Tag(word="x")
    async with Session(library) as other, other.begin():
        other.add(tag)
    async with session.begin():
        book = Book(title="Notes", author=Author(name="Ada"))
        book.tags.append(tag)
        session.add(book)
    assert await Session(library).find(Book.tags.some(Tag.word == "x")).count() == 1


async def test_a_second_object_of_a_row_is_refused(session: Session, library: Pool) -> None:
    author = await ada(library)
    own = await session.get(Author, author.id)
    assert own is not author
    with pytest.raises(UsageError, match=r"another object of the row of .*: merge it"):
        session.add(author)
    session.add(Book(title="Notes", author=author))
    with pytest.raises(UsageError, match=r"another object of the row of .*: merge it"):
        await session.flush()
    assert await session.merge(author) is own


async def test_what_a_roll_back_undid_is_new_again(session: Session, library: Pool) -> None:
    author = Author(name="Ada")

    async def fail() -> None:
        async with session.begin():
            session.add(author)
            await session.flush()
            session.add(Author(name="Ada"))

    with pytest.raises(UniqueViolation):
        await fail()
    assert author not in session
    async with session.begin():
        session.add(author)
    assert await names(library) == ["Ada"]


async def test_what_a_roll_back_undid_is_what_its_row_is(session: Session, library: Pool) -> None:
    author = await ada(library)
    session.add(author)

    async def fail() -> None:
        async with session.begin():
            author.name = "Bea"
            await session.flush()
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert author not in session
    assert author.name == "Ada"
    author.name = "Cleo"
    session.add(author)
    await session.flush()
    assert await names(library) == ["Cleo"]


async def test_what_was_deleted_is_new_again(session: Session, library: Pool) -> None:
    author = await ada(library)
    session.add(author)
    session.delete(author)
    await session.flush()
    assert await names(library) == []
    session.add(author)
    await session.flush()
    assert await names(library) == ["Ada"]


async def test_what_has_no_row_any_more_is_merged_as_new(session: Session, library: Pool) -> None:
    author = await ada(library)
    await session.find(Author).delete()
    assert await session.merge(author) is author
    await session.flush()
    assert await names(library) == ["Ada"]


async def test_a_relation_to_another_class_is_refused_by_name(session: Session) -> None:
    wrong: list[Any] = [5, Tag(word="x")]
    for other in wrong:
        session.add(Book(title="Notes", author=other))
        with pytest.raises(UsageError, match=r"Book\.author: Author expected, not (int|Tag)"):
            await session.flush()
        session.clear()
    author: Any = Author(name="Ada")
    author.books.append(5)
    session.add(author)
    with pytest.raises(UsageError, match=r"Author\.books: Book expected, not int"):
        await session.flush()
