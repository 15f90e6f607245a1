"""Rows that are locked: nobody changes them until the transaction ends; objects are what they hold."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from queryengine_orm import Find, Session, create_all
from queryengine_orm.driver import Pool
from queryengine_orm.errors import (
    ConfigurationError,
    InvalidTransactionState,
    LockNotAvailable,
    UsageError,
)
from queryengine_orm.sqlite import create_pool

from tests.orm.conftest import schema_on
from tests.orm.library import Author, Base, Book, Loan, Tag
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def server(postgres: PostgresServer) -> AsyncIterator[Pool]:
    """Give a pool of PostgreSQL, which alone locks rows, with three tags."""
    async with schema_on(postgres) as pool:
        await create_all(pool, Base)
        async with Session(pool) as session, session.begin():
            session.add_all([Tag(word="a"), Tag(word="b"), Tag(word="c")])
        yield pool


async def stored(session: Session) -> Book:
    book = Book(title="Notes", author=Author(name="Ada"))
    async with session.begin():
        session.add(book)
    return book


async def words(session: Session) -> list[str]:
    found = await session.find(Tag).order_by(Tag.word).for_update(skip_locked=True).all()
    return [tag.word for tag in found]


# -- on both databases


ASKED: dict[str, Callable[[Session, Any], Any]] = {
    "get": lambda session, key: session.get(Book, key, for_update=True),
    "all": lambda session, key: session.find(Book.id == key).for_update().all(),
    "first": lambda session, key: session.find(Book.id == key).for_update().first(),
    "one": lambda session, key: session.find(Book.id == key).for_update().one(),
}


@pytest.mark.parametrize("ask", ASKED)
async def test_outside_of_a_transaction_nothing_is_locked(session: Session, ask: str) -> None:
    with pytest.raises(UsageError, match=r"use for_update inside of begin\(\)"):
        await ASKED[ask](session, 1)


@pytest.mark.parametrize("ask", ASKED)
async def test_a_known_object_gets_what_the_locked_row_holds(
    session: Session, library: Pool, ask: str
) -> None:
    book = await stored(session)
    await library.script("UPDATE books SET pages = 5, version = 7")
    async with session.begin():
        found = await ASKED[ask](session, book.id)
        assert found == [book] if ask == "all" else found is book
        assert (book.pages, book.version) == (5, 7)
        book.pages += 1
    assert await Session(library).find(Book.pages == 6, Book.version == 8).exists()


async def test_what_was_changed_is_written_before_rows_are_locked(session: Session) -> None:
    book = await stored(session)
    async with session.begin():
        book.title = "Other"
        assert await session.get(Book, book.id, for_update=True) is book
        assert book.title == "Other"
    assert await session.find(Book.title == "Other").exists()


async def test_included_rows_are_what_is_stored_too(session: Session, library: Pool) -> None:
    book = await stored(session)
    await library.script("UPDATE authors SET name = 'Bea'")
    async with session.begin():
        await session.find(Book).include(Book.author).for_update().one()
        assert book.author.name == "Bea"


async def test_who_locks_reads_what_the_one_before_has_written(library: Pool) -> None:
    async with Session(library) as session:
        book = await stored(session)

    async def turn_page() -> None:
        async with Session(library) as session, session.begin():
            locked = await session.get(Book, book.id, for_update=True)
            assert locked is not None
            pages = locked.pages
            await asyncio.sleep(0)
            locked.pages = pages + 1

    await asyncio.gather(*(turn_page() for _ in range(8)))
    assert await Session(library).find(Book.pages == 9, Book.version == 9).exists()


async def test_a_row_that_is_gone_is_none_and_its_object_forgotten(session: Session, library: Pool) -> None:
    book = await stored(session)
    assert await session.get(Book, book.id) is book
    await library.script("DELETE FROM books")
    async with session.begin():
        assert await session.get(Book, book.id, for_update=True) is None
        assert book not in session
        assert await session.get(Loan, (book.id, dt.date(2020, 1, 2)), for_update=True) is None


async def test_a_savepoint_s_roll_back_gives_objects_back_what_they_were(
    session: Session, library: Pool
) -> None:
    book = await stored(session)
    await library.script("UPDATE books SET pages = 5")

    async def look() -> None:
        async with session.begin():
            await session.get(Book, book.id, for_update=True)
            assert book.pages == 5
            raise ZeroDivisionError

    async with session.begin():
        with pytest.raises(ZeroDivisionError):
            await look()
        assert book.pages == 1


async def test_what_only_reads_locks_nothing(session: Session) -> None:
    await stored(session)
    with pytest.raises(InvalidTransactionState):
        async with session.begin(read_only=True):
            await session.find(Book).for_update().all()


ELSE: dict[str, Callable[[Find[Book]], Any]] = {
    "count": lambda found: found.count(),
    "exists": lambda found: found.exists(),
    "delete": lambda found: found.delete(),
    "update": lambda found: found.update(Book.pages.set(5)),
    "stream": lambda found: anext(aiter(found.stream())),
}


@pytest.mark.parametrize("ask", ELSE)
async def test_what_gives_the_session_no_rows_locks_none(session: Session, ask: str) -> None:
    async with session.begin():
        with pytest.raises(UsageError, match="locks no rows: for_update is for all, first and one"):
            await ELSE[ask](session.find(Book).for_update())


async def test_locked_rows_are_left_out_or_fail_and_not_both(session: Session) -> None:
    with pytest.raises(UsageError, match="not both"):
        session.find(Book).for_update(skip_locked=True, nowait=True)


# -- on PostgreSQL


async def test_the_rows_themselves_are_locked_and_no_others(server: Pool) -> None:
    shown, _ = (
        Session(server).find(Book.author.at(Author.name) == "Ada").order_by(Book.id).limit(1).for_update()
    ).statement()
    assert shown.endswith('ORDER BY "qe"."id" LIMIT $2 FOR UPDATE OF "qe"')


async def test_locked_rows_are_left_out_where_that_is_asked_for(server: Pool) -> None:
    async with Session(server) as one, Session(server) as other, one.begin(), other.begin():
        first = await one.find(Tag).order_by(Tag.word).limit(1).for_update(skip_locked=True).one()
        assert first.word == "a"
        assert await words(other) == ["b", "c"]
        assert await words(one) == ["a"]


async def test_a_locked_row_is_an_error_of_its_own_without_waiting(server: Pool) -> None:
    async with Session(server) as one, Session(server) as other, one.begin(), other.begin():
        assert await one.get(Tag, "a", for_update=True) is not None
        with pytest.raises(LockNotAvailable) as caught:
            async with other.begin():
                await other.find(Tag.word == "a").for_update(nowait=True).all()
        assert caught.value.sqlstate == "55P03"
        assert await words(other) == ["b", "c"]


async def test_a_lock_that_takes_too_long_is_the_same_error(server: Pool) -> None:
    async def hurry(session: Session) -> None:
        async with session.begin():
            await session.query("SET LOCAL lock_timeout = '1ms'")
            await session.get(Tag, "a", for_update=True)

    async with Session(server) as one, one.begin():
        assert await one.get(Tag, "a", for_update=True) is not None
        with pytest.raises(LockNotAvailable):
            await hurry(Session(server))


# -- on SQLite


async def test_sqlite_has_no_locked_rows_to_leave_out_or_to_fail_at() -> None:
    async with create_pool("sqlite://") as pool:
        await create_all(pool, Base)
        async with Session(pool) as session, session.begin():
            with pytest.raises(ConfigurationError, match="for_update knows no skip_locked there"):
                await session.find(Tag).for_update(skip_locked=True).all()
            with pytest.raises(ConfigurationError, match="for_update knows no nowait there"):
                await session.find(Tag).for_update(nowait=True).all()


async def test_nobody_else_writes_to_sqlite_between_the_read_and_the_write(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    async with create_pool(url) as pool, create_pool(url, busy_timeout=0) as other:
        await create_all(pool, Base)
        async with Session(pool) as session, session.begin():
            assert await session.find(Tag).for_update().all() == []
            with pytest.raises(LockNotAvailable):
                await other.query("INSERT INTO tags VALUES ('x')")
            with pytest.raises(LockNotAvailable):
                async with Session(other) as late, late.begin():
                    await late.get(Tag, "x", for_update=True)
        await other.query("INSERT INTO tags VALUES ('x')")


async def test_a_database_of_sqlite_that_is_only_read_cannot_be_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.db'}"
    async with create_pool(url) as pool:
        await create_all(pool, Base)
    async with create_pool(url, read_only=True) as pool:
        with pytest.raises(InvalidTransactionState):
            async with Session(pool) as session, session.begin():
                await session.get(Tag, "x", for_update=True)
