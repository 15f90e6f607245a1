"""The session: one object a row, what changed is what is written, a transaction is all or nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable
from decimal import Decimal
from typing import Any

import pytest
from queryengine_orm import Session, create_all, drop_all
from queryengine_orm.driver import Pool, Rows
from queryengine_orm.errors import (
    CheckViolation,
    MultipleFound,
    NotFound,
    StaleRow,
    UndefinedTable,
    UniqueViolation,
    UsageError,
)

from tests.orm.library import Author, Base, Book, Genre, Loan, Tag

pytestmark = pytest.mark.anyio


async def stored(session: Session) -> tuple[Author, Book]:
    """Store an author with a mentor and a book, and forget them."""
    mentor = Author(name="Ada")
    author = Author(name="Bea", mentor=mentor)
    book = Book(title="Notes", author=author, price=Decimal("12.50"))
    async with session.begin():
        session.add(book)
    return author, book


async def titles(session: Session) -> list[str]:
    return [book.title for book in await session.find(Book).order_by(Book.title).all()]


# -- reading


async def test_a_row_comes_back_as_it_was_stored(session: Session) -> None:
    added = dt.datetime(2020, 2, 3, 4, 5, 6, 789, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    book = Book(
        title="É \U0001f600", author=Author(name="Ada"), price=Decimal("1.50"), genre=Genre.ESSAY, added=added
    )
    book.notes = {"a": [1, None, "x"]}
    session.add(book)
    await session.flush()
    session.clear()
    read = await session.find(Book).one()
    assert read is not book
    assert (read.title, str(read.price), read.genre, read.added) == (
        "É \U0001f600",
        "1.50",
        Genre.ESSAY,
        added,
    )
    assert read.notes == {"a": [1, None, "x"]}


async def test_one_row_is_one_object(session: Session) -> None:
    author, book = await stored(session)
    assert await session.get(Author, author.id) is author
    assert await session.find(Book.title == "Notes").one() is book
    session.clear()
    again = await session.get(Author, author.id)
    assert again is not author
    assert await session.find(Author.name == "Bea").one() is again


async def test_a_key_of_two_columns_is_a_tuple(session: Session) -> None:
    _, book = await stored(session)
    day = dt.date(2020, 1, 2)
    session.add(Loan(book_id=book.id, day=day, reader="x"))
    await session.flush()
    session.clear()
    loan = await session.get(Loan, (book.id, day))
    assert loan is not None
    assert loan.reader == "x"
    assert await session.get(Loan, (book.id, dt.date(2021, 1, 1))) is None
    with pytest.raises(UsageError, match="the key of Loan has 2 columns"):
        await session.get(Loan, 1)


async def test_rows_are_found_sorted_and_cut(session: Session) -> None:
    births = {"A": None, "B": dt.date(1990, 1, 1), "C": dt.date(1980, 1, 1)}
    session.add_all([Author(name=name, born=born) for name, born in births.items()])
    await session.flush()
    by_birth = session.find(Author).order_by(Author.born.desc())
    assert [author.name for author in await by_birth.all()] == ["B", "C", "A"]
    assert [author.name for author in await by_birth.offset(1).limit(1).all()] == ["C"]
    first = await session.find(Author.name > "A").order_by(Author.name).first()
    assert first is not None
    assert first.name == "B"
    assert await session.find(Author.name == "Z").first() is None
    assert await session.find(Author).count() == 3
    assert await session.find(Author.born.is_null()).exists()
    assert not await session.find(Author.name.starts_with("Z")).exists()


async def test_what_is_sent_can_be_shown(session: Session) -> None:
    text, parameters = session.find(Author.name == "Ada").order_by(Author.name).limit(2).statement()
    assert text.startswith('SELECT "qe"."id", "qe"."name"')
    assert parameters == ["Ada", 2]


async def test_one_means_one(session: Session) -> None:
    await stored(session)
    with pytest.raises(NotFound, match="no Author meets"):
        await session.find(Author.name == "Z").one()
    with pytest.raises(MultipleFound, match="more than one Author"):
        await session.find(Author).one()


async def test_conditions_reach_related_rows(session: Session) -> None:
    await stored(session)
    assert await session.find(Book.author.at(Author.mentor.at(Author.name)) == "Ada").count() == 1
    assert await session.find(Author.books.some(Book.pages < 5)).count() == 1
    assert await session.find(Author.books.none()).count() == 1
    assert await session.find(Author.mentor.has(Author.name == "Ada")).count() == 1
    assert await session.find(Author.mentor.has(~(Author.name == "Ada"))).count() == 0
    assert await session.find(Author.mentor.is_null()).count() == 1


async def test_one_column_is_compared_with_another(session: Session) -> None:
    await stored(session)
    assert await session.find(Book.pages >= Book.version).count() == 1
    assert await session.find(~(Book.pages + 1 > Book.version)).count() == 0
    assert await session.find(Book.title.length() == 5).count() == 1


async def test_related_rows_come_with_the_query(session: Session) -> None:
    author, book = await stored(session)
    session.add(Tag(word="x"))
    await session.flush()
    await session.query("INSERT INTO book_tags (book_id, tag_id) SELECT id, 'x' FROM books")
    session.clear()
    found = await session.find(Book).include(Book.author, Book.tags).one()
    assert (found.author.id, [tag.word for tag in found.tags]) == (author.id, ["x"])
    assert await session.get(Author, author.id) is found.author
    bea = await session.find(Author.id == author.id).include(Author.books, Author.mentor).one()
    assert (bea.books, bea.mentor and bea.mentor.name) == ([found], "Ada")
    assert book.id == found.id


async def test_related_rows_come_with_what_is_related_to_them(session: Session) -> None:
    author, book = await stored(session)
    session.add(Tag(word="x"))
    await session.flush()
    await session.query("INSERT INTO book_tags (book_id, tag_id) SELECT id, 'x' FROM books")
    session.clear()
    books = Author.books.then(Book.tags.then(Tag.books), Book.author)
    ada, bea = (
        await session.find(Author).include(Author.books, books, Author.mentor).order_by(Author.id).all()
    )
    assert (ada.books, bea.mentor, bea.id) == ([], ada, author.id)
    (found,) = bea.books
    assert (found.id, found.author) == (book.id, bea)
    assert [tag.books for tag in found.tags] == [[found]]


async def test_related_rows_are_loaded_with_what_is_related_to_them(session: Session) -> None:
    author, book = await stored(session)
    session.clear()
    read = await session.find(Author.id == author.id).one()
    await session.load(read, Author.books.then(Book.tags, Book.author.then(Author.mentor)))
    assert [each.tags for each in read.books] == [[]]
    assert read.books[0].id == book.id
    assert read.mentor is not None
    assert read.mentor.name == "Ada"


async def test_rows_are_streamed(session: Session) -> None:
    await session.insert_all([Author(name=f"n{number:03}") for number in range(25)])
    names = [author.name async for author in session.find(Author).order_by(Author.name).stream(batch=10)]
    assert names == [f"n{number:03}" for number in range(25)]


# -- writing


async def test_what_is_referred_to_is_stored_first_and_gives_its_key(session: Session) -> None:
    author, book = await stored(session)
    assert author.mentor is not None
    assert (author.mentor_id, book.author_id) == (author.mentor.id, author.id)


class Counting:
    """Counts the statements that a pool runs."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
        self.statements: list[str] = []
        self.parameters: list[Any] = []  # Any: values of any type
        transaction = type(pool.transaction())
        query = transaction.query

        def watched(each: object, sql: str, *arguments: object, **options: object) -> Awaitable[Rows]:
            self.statements.append(sql)
            self.parameters.extend(arguments)
            run: Awaitable[Rows] = query(each, sql, *arguments, **options)  # type: ignore[arg-type]  # as it was called
            return run

        monkeypatch.setattr(transaction, "query", watched)


async def test_only_what_changed_is_written(
    session: Session, library: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, _ = await stored(session)
    counting = Counting(monkeypatch, library)
    author.name = "Bea"
    await session.flush()
    assert counting.statements == []
    author.born = dt.date(1990, 1, 1)
    await session.flush()
    assert [line.partition(" WHERE ")[0] for line in counting.statements] == [
        f'UPDATE "authors" SET "born" = {"?1" if library.dialect == "sqlite" else "$1"}'
    ]


async def test_rows_are_updated_in_the_order_of_their_keys(
    session: Session, library: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    session.add_all([Author(name=f"author {number}") for number in range(40)])
    await session.flush()
    session.clear()
    authors = await session.find(Author).order_by(Author.name.desc()).all()
    for author in authors:
        author.born = dt.date(1990, 1, 1)
    counting = Counting(monkeypatch, library)
    await session.flush()
    written = [key for _, key in counting.parameters]
    assert written == sorted(author.id for author in authors)


async def test_another_related_object_changes_the_key(session: Session) -> None:
    author, book = await stored(session)
    book.author = Author(name="Cleo")
    author.mentor = None
    await session.flush()
    session.clear()
    read = await session.find(Book).include(Book.author).one()
    assert read.author.name == "Cleo"
    assert await session.find(Author.name == "Bea", Author.mentor.is_null()).exists()


async def test_a_deleted_object_is_gone(session: Session) -> None:
    author, book = await stored(session)
    session.delete(book)
    session.delete(author)
    await session.flush()
    assert [left.name for left in await session.find(Author).all()] == ["Ada"]
    assert await session.get(Book, book.id) is None
    with pytest.raises(UsageError, match="is not of this session"):
        session.delete(book)


async def test_a_new_object_that_is_deleted_was_never_there(session: Session) -> None:
    author = Author(name="Ada")
    session.add(author)
    session.delete(author)
    await session.flush()
    assert not await session.find(Author).exists()


async def test_a_deleted_object_that_is_added_again_stays(session: Session) -> None:
    author = Author(name="Ann")
    session.add(author)
    await session.flush()
    session.delete(author)
    session.add(author)
    await session.flush()
    assert await session.find(Author).one() is author


async def test_of_two_who_change_a_row_the_second_is_told(session: Session, library: Pool) -> None:
    _, book = await stored(session)
    other = Session(library)
    theirs = await other.find(Book).one()
    book.title, theirs.title = "mine", "theirs"
    await session.flush()
    with pytest.raises(StaleRow, match=r"Book\(id=1\) was changed or deleted"):
        await other.flush()
    assert await titles(session) == ["mine"]
    assert book.version == 2


async def test_rows_are_updated_and_deleted_by_condition(session: Session) -> None:
    await stored(session)
    assert (
        await session.find(Book.title == "Notes").update(Book.pages.set(Book.pages + 9), Book.price.set(None))
        == 1
    )
    assert await session.find(Book.pages == 10, Book.price.is_null()).count() == 1
    assert await session.find(Book.pages > 5).delete() == 1
    assert not await session.find(Book).exists()


async def test_an_update_takes_no_order_and_no_limit(session: Session) -> None:
    with pytest.raises(UsageError, match="neither order, limit"):
        await session.find(Book).limit(1).delete()
    with pytest.raises(UsageError, match="one column at least"):
        await session.find(Book).update()


async def test_an_upsert_inserts_or_updates(session: Session) -> None:
    await session.upsert(Author(name="Ada"), on=[Author.name])
    await session.upsert(Author(name="Ada", born=dt.date(1990, 1, 1)), on=[Author.name], update=[Author.born])
    ada = await session.find(Author).one()
    assert ada.born == dt.date(1990, 1, 1)
    await session.upsert(Tag(word="x"))
    await session.upsert(Tag(word="x"))
    assert await session.find(Tag).count() == 1


async def test_an_upsert_counts_the_version_on(session: Session) -> None:
    author, book = await stored(session)
    again = Book(title="Notes", pages=7, author=author)
    await session.upsert(again, on=[Book.author_id, Book.title], update=[Book.pages])
    session.clear()
    read = await session.find(Book).one()
    assert (read.id, read.pages, read.version) == (book.id, 7, 2)


async def test_many_rows_get_the_keys_and_versions_that_they_need(session: Session) -> None:
    author, _ = await stored(session)
    assert await session.insert_all([Book(title=f"v{number}", author=author) for number in range(3)]) == 3
    assert await session.find(Book.author_id == author.id, Book.version == 1).count() == 4


async def test_new_objects_that_refer_to_one_another_are_stored_in_order(session: Session) -> None:
    first = Author(name="0")
    chain = [first]
    for number in range(1, 5):
        chain.append(Author(name=str(number), mentor=chain[-1]))
    async with session.begin():
        session.add_all(reversed(chain))
    assert [each.mentor_id for each in chain] == [None, *(each.id for each in chain[:-1])]


async def test_many_rows_are_inserted_at_once(session: Session) -> None:
    assert await session.insert_all([]) == 0
    assert await session.insert_all([Author(name=f"n{number}") for number in range(50)]) == 50
    assert await session.find(Author.id > 0).count() == 50
    with pytest.raises(UsageError, match="objects of one class"):
        await session.insert_all([Author(name="x"), Tag(word="x")])


async def test_sql_of_ones_own_has_parameters(session: Session, library: Pool) -> None:
    await stored(session)
    mark = "?1" if library.dialect == "sqlite" else "$1"
    rows = await session.query(f"SELECT name FROM authors WHERE name <> {mark}", ["Ada'; DROP TABLE authors"])
    assert {row[0] for row in rows} == {"Ada", "Bea"}


# -- transactions


async def test_a_transaction_is_rolled_back_by_an_exception(session: Session) -> None:
    async def fail() -> None:
        async with session.begin():
            session.add(Author(name="Ada"))
            await session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not await session.find(Author).exists()


async def test_inside_a_transaction_a_query_sees_what_was_added(session: Session) -> None:
    async with session.begin():
        session.add(Author(name="Ada"))
        assert await session.find(Author).count() == 1


async def add_another(session: Session, name: str) -> None:
    async with session.begin():
        session.add(Author(name=name))


async def test_a_savepoint_undoes_its_own_part_only(session: Session) -> None:
    async with session.begin():
        session.add(Author(name="Ada"))
        with pytest.raises(UniqueViolation):
            await add_another(session, "Ada")
        async with session.begin():
            session.add(Author(name="Bea"))
    assert [each.name for each in await session.find(Author).order_by(Author.name).all()] == ["Ada", "Bea"]


async def test_a_savepoint_has_no_isolation_of_its_own(session: Session) -> None:
    async with session.begin():
        with pytest.raises(UsageError, match="the isolation of its transaction"):
            async with session.begin(isolation="serializable"):
                pass


async def test_what_could_not_be_stored_has_no_key(session: Session) -> None:
    author, bad = Author(name="Ada"), Author(name="Bea")
    session.add_all([author, Book(title="x", author=bad, pages=0)])
    with pytest.raises(CheckViolation):
        await session.flush()
    assert "id" not in vars(author)
    assert not await session.find(Author).exists()


async def test_of_many_statements_the_one_that_failed_is_raised(session: Session) -> None:
    await stored(session)
    session.add_all([Author(name=name) for name in ("X", "Ada", "Y", "Z")])
    with pytest.raises(UniqueViolation):
        await session.flush()
    session.clear()
    assert await session.find(Author).count() == 2


async def test_tables_are_dropped(session: Session, library: Pool) -> None:
    await stored(session)
    await drop_all(library, Base)
    with pytest.raises(UndefinedTable):
        await session.find(Author).count()
    await create_all(library, Base)
    assert not await session.find(Author).exists()
