"""Included rows come in order and so many for each row, by as many statements for many rows as for one."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from queryengine_sqlalchemy.included import INCLUDED
from sqlalchemy import ForeignKey, ForeignKeyConstraint, Integer, create_engine, event, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from queryengine.errors import ErrorCode, FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode
from tests.sqlalchemy.models import Person, Place

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document
PEOPLE = SQLAlchemyQueryEngine(Person)
PROCESSOR = Processor(PEOPLE, policy=POLICY)


def rows(session: Session, model: type[Any], document: Document, scope: Scope | None = None) -> Sequence[Any]:
    """Return what a filter gives. Any: each model has attributes of its own."""
    engine = SQLAlchemyQueryEngine(model)
    ast = Processor(engine, policy=POLICY).process(encode(document), scope=scope)
    return session.scalars(engine.build_query(ast).query).all()


def including(relation: str, **scope: object) -> Document:
    return {"order": "id", "include": [{"relation": relation, "scope": scope}]}


def ids(found: Sequence[Any]) -> list[int]:
    return [row.id for row in found]


@contextmanager
def statements(session: Session) -> Generator[list[str]]:
    """Give a list to which all statements are added that run meanwhile."""
    seen: list[str] = []

    def add(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", add)
    try:
        yield seen
    finally:
        event.remove(connection, "before_cursor_execute", add)


# -- order and window


def test_related_rows_come_in_order_with_the_primary_key_last(session: Session) -> None:
    found = rows(session, Person, including("staff", order="-name"))
    assert [ids(person.staff) for person in found] == [[2, 3], [4], [], [5, 6], [], []]
    found = rows(session, Person, including("staff", order="work_id,-id"))
    assert [ids(person.staff) for person in found] == [[2, 3], [4], [], [6, 5], [], []]


def test_a_limit_holds_for_each_row(session: Session) -> None:
    found = rows(session, Person, including("staff", order="name", limit=1))
    assert [ids(person.staff) for person in found] == [[3], [4], [], [6], [], []]
    found = rows(session, Person, including("staff", order="name", limit=1, offset=1))
    assert [ids(person.staff) for person in found] == [[2], [], [], [5], [], []]
    found = rows(session, Person, including("staff", offset=1))
    assert [ids(person.staff) for person in found] == [[3], [], [], [6], [], []]


def test_a_window_over_a_table_in_between_is_that_of_each_row(session: Session) -> None:
    found = rows(session, Person, including("friends", order="-id", limit=1))
    assert [ids(person.friends) for person in found] == [[3], [1], [], [5], [5], [1]]


def test_what_is_left_out_by_a_condition_or_a_scope_takes_no_place(session: Session) -> None:
    where = {"id": {"ne": 5}}
    found = rows(session, Person, including("staff", order="id", limit=1, where=where))
    assert [ids(person.staff) for person in found] == [[2], [4], [], [6], [], []]
    scope = {Person: field("id") != 2}
    found = rows(session, Person, including("staff", order="id", limit=1), scope)
    assert {person.id: ids(person.staff) for person in found} == {1: [3], 3: [], 4: [5], 5: [], 6: []}


def test_an_order_goes_over_related_rows_within_their_scopes(session: Session) -> None:
    document = including("staff", order="-home.name")
    found = rows(session, Person, document)
    assert [ids(person.staff) for person in found] == [[2, 3], [4], [], [6, 5], [], []]
    session.expunge_all()
    found = rows(session, Person, document, {Place: field("id") != 5})
    assert [ids(person.staff) for person in found] == [[2, 3], [4], [], [5, 6], [], []]


@pytest.mark.parametrize(("offset", "expected"), [(0, [1, 2, None]), (1, [None, None, None])])
def test_an_offset_leaves_out_the_one_related_row(
    session: Session, offset: int, expected: list[int | None]
) -> None:
    for most in (3, 2, 1):  # the same shape again and again
        session.expunge_all()
        found = rows(session, Person, including("home", offset=offset, limit=most) | {"limit": most})
        assert [person.home and person.home.id for person in found] == expected[:most]


def test_windows_stand_in_windows(session: Session) -> None:
    inner = {"relation": "staff", "scope": {"order": "-id", "limit": 1, "fields": ["name"]}}
    scope = {"order": "-id", "limit": 1, "include": [inner]}
    (place,) = rows(session, Place, {"where": {"id": 1}, "include": [{"relation": "people", "scope": scope}]})
    assert [(one.id, ids(one.staff)) for one in place.people] == [(4, [6])]


def test_another_query_of_the_same_shape_has_its_own_window(session: Session) -> None:
    for limit, expected in ((1, [3]), (2, [3, 2]), (1, [3])):
        for least in (0, 1):
            scope = {"order": "name", "limit": limit, "where": {"id": {"gt": least}}}
            ast = PROCESSOR.process(encode(including("staff", **scope)))
            session.expunge_all()
            assert ids(session.scalars(PEOPLE.build_query(ast).query).all()[0].staff) == expected


def test_what_the_session_holds_of_a_relation_does_not_stay_in_its_order(session: Session) -> None:
    ada = session.get_one(Person, 1)
    assert len(ada.staff) == 2
    rows(session, Person, including("staff", order="-id"))
    assert ids(ada.staff) == [3, 2]
    rows(session, Person, including("staff", order="id", limit=1))
    assert ids(ada.staff) == [2]


def test_one_relation_of_a_row_has_one_order(session: Session) -> None:
    nested = {"relation": "boss", "scope": {"include": [{"relation": "staff", "scope": {"order": "id"}}]}}
    with pytest.raises(FilterError, match="two conditions for one relation of a row") as caught:
        rows(session, Person, {"include": [nested, {"relation": "staff", "scope": {"order": "-id"}}]})
    assert caught.value.code is ErrorCode.UNSUPPORTED_BY_BACKEND
    found = rows(
        session, Person, {"order": "id", "include": [nested, {"relation": "staff", "scope": {"order": "id"}}]}
    )
    assert ids(found[0].staff) == [2, 3]


def test_queries_without_an_order_or_a_window_carry_nothing(session: Session) -> None:
    ast = PROCESSOR.process(encode({"include": [{"relation": "staff", "scope": {"where": {"id": 2}}}]}))
    assert INCLUDED not in PEOPLE.build_query(ast).query.get_execution_options()
    assert session.scalars(select(Person).where(Person.id == 1)).one().id == 1


async def test_an_asynchronous_session_has_the_same_order_and_window(async_engine: AsyncEngine) -> None:
    ast = PROCESSOR.process(encode(including("staff", order="-id", limit=1)))
    async with AsyncSession(async_engine) as session:
        found = (await session.scalars(PEOPLE.build_query(ast).query)).all()
        assert [ids(person.staff) for person in found] == [[3], [4], [], [6], [], []]


# -- what the mapping says itself


class _Base(DeclarativeBase):
    """The models of a mapping that sorts a relation itself."""


class Room(_Base):
    """A room, which has a key of two columns."""

    __tablename__ = "room"

    house: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)

    shelves: Mapped[list[Shelf]] = relationship()


class Shelf(_Base):
    """A shelf, whose books the mapping sorts."""

    __tablename__ = "shelf"
    __table_args__ = (ForeignKeyConstraint(["house", "room"], ["room.house", "room.number"]),)

    id: Mapped[int] = mapped_column(primary_key=True)
    house: Mapped[str]
    room: Mapped[int]

    books: Mapped[list[Book]] = relationship(order_by="Book.id.desc()")


class Book(_Base):
    """A book on a shelf."""

    __tablename__ = "book"

    id: Mapped[int] = mapped_column(primary_key=True)
    pages: Mapped[int] = mapped_column(Integer)
    shelf_id: Mapped[int] = mapped_column(ForeignKey("shelf.id"))


@pytest.fixture
def library() -> Iterator[Session]:
    database = create_engine("sqlite://")
    _Base.metadata.create_all(database)
    with Session(database) as session:
        session.add_all([Room(house="A", number=number) for number in (0, 1)])
        for shelf in range(1, 51):
            books = [Book(pages=100 * shelf + n) for n in (3, 1, 2)]
            session.add(Shelf(id=shelf, house="A", room=shelf % 2, books=books))
        session.commit()
        session.expunge_all()
        yield session
    database.dispose()


def test_the_order_of_the_filter_takes_the_place_of_the_mappings_own(library: Session) -> None:
    (shelf, *_) = rows(library, Shelf, {"order": "id"} | {"include": ["books"]})
    assert [book.pages for book in shelf.books] == [102, 101, 103]
    (shelf, *_) = rows(library, Shelf, including("books", order="pages"))
    assert [book.pages for book in shelf.books] == [101, 102, 103]


def test_a_window_holds_for_rows_with_a_key_of_two_columns(library: Session) -> None:
    document = including("shelves", order="-id", limit=2) | {"order": "number"}
    assert [ids(room.shelves) for room in rows(library, Room, document)] == [[50, 48], [49, 47]]


# -- how many statements, how many columns, how many rows


@pytest.mark.parametrize("scope", [{}, {"order": "-pages", "limit": 2}, {"where": {"pages": {"gt": 150}}}])
def test_the_number_of_statements_is_the_same_for_one_row_and_for_fifty(
    library: Session, scope: Document
) -> None:
    counts: list[int] = []
    for limit in (1, 50):
        library.expunge_all()
        with statements(library) as seen:
            found = rows(library, Shelf, including("books", **scope) | {"limit": limit})
            assert [len(shelf.books) <= 3 for shelf in found] == [True] * limit
        counts.append(len(seen))
    assert counts == [2, 2]


def test_rows_beyond_the_window_are_not_sent(library: Session) -> None:
    sent: list[int] = []

    @event.listens_for(Book, "load")
    def count(book: Book, _context: object) -> None:
        sent.append(book.id)

    try:
        rows(library, Shelf, including("books", limit=1))
    finally:
        event.remove(Book, "load", count)
    assert len(sent) == 50


def test_the_columns_that_are_sent_are_those_of_the_fields(library: Session) -> None:
    document = {
        "fields": ["id"],
        "include": [{"relation": "books", "scope": {"fields": ["pages"], "limit": 1}}],
    }
    with statements(library) as seen:
        rows(library, Shelf, document)
    assert [columns(statement) for statement in seen] == [["id"], ["shelf_id", "id", "pages"]]
    with statements(library) as seen:
        rows(library, Shelf, {"fields": ["books.pages"]})
    assert [columns(statement) for statement in seen] == [["id"], ["shelf_id", "id", "pages"]]


def columns(statement: str) -> list[str]:
    """Return the names of the columns that a statement selects."""
    selected, _, _ = statement.removeprefix("SELECT ").partition("FROM")
    return [column.strip().split(" AS ")[0].rpartition(".")[2] for column in selected.split(",")]
