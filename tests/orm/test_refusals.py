"""What is wrong is refused where it is said, and by name: expressions of other classes, shared defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, create_all, drop_all, mapped_column
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConfigurationError, OrmError, UsageError
from queryengine_orm.sqlite import create_pool

from tests.orm.library import Author, Book, Genre, Loan, Tag


class Place(TypedDict):
    """What a document holds."""

    city: str


pytestmark = pytest.mark.anyio

# Any: type checkers refuse what these tests hand over, and typing_tests hold that they do.
author: Any = Author
book: Any = Book
loan: Any = Loan


async def found(session: Session, ask: Callable[[Any], Any]) -> str:
    with pytest.raises(UsageError) as caught:
        await ask(session)
    return str(caught.value)


# -- expressions of another class


ASKED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda s: s.find(author).where(loan.reader == "x").all(), "Loan.reader is not of Author"),
    (lambda s: s.find(author.name == "x", loan.reader == "x").all(), "Loan.reader is not of Author"),
    (
        lambda s: s.find((author.name == "x") & ~(loan.reader == "x")).all(),
        "Loan.reader is not of Author",
    ),
    (lambda s: s.find((author.name == "x") | (loan.reader == "x")).all(), "Loan.reader is not of Author"),
    (lambda s: s.find(author).order_by(book.title).all(), "Book.title is not of Author"),
    (lambda s: s.find(author).order_by((book.pages + 1).desc()).all(), "Book.pages is not of Author"),
    (lambda s: s.find(author).include(book.tags).all(), "Book.tags is not of Author"),
    (lambda s: s.find(author).include(author.books.then(author.books)).all(), "Author.books is not of Book"),
    (lambda s: s.find(author).include(book.tags.then(author.books)).all(), "Author.books is not of Tag"),
    (
        lambda s: s.find(author).include(author.name).all(),
        "Author: Loadable of its attributes expected, not Attribute",
    ),
    (lambda s: s.find(author).update(loan.reader.set("x")), "Loan.reader is not of Author"),
    (lambda s: s.find(author).update(author.name.set(loan.reader)), "Loan.reader is not of Author"),
    (lambda s: s.upsert(Tag(word="x"), on=[book.title]), "Book.title is not of Tag"),
    (lambda s: s.upsert(Tag(word="x"), update=[book.title]), "Book.title is not of Tag"),
    (
        lambda s: s.upsert(Author(name="x"), on=[author.mentor.at(author.id)]),
        "mentor.id: an upsert knows and updates rows by columns of their own",
    ),
    (lambda s: s.upsert_all([Tag(word="x")], on=[book.title]), "Book.title is not of Tag"),
    (lambda s: s.find(author.name == loan.reader).all(), "Loan.reader is not of Author"),
    (lambda s: s.find(book.pages + author.id > 1).all(), "Author.id is not of Book"),
    (lambda s: s.find(book.author.at(loan.reader) == "x").all(), "Loan.reader is not of Author"),
    (lambda s: s.find(book.author.has(loan.reader == "x")).all(), "Loan.reader is not of Author"),
    (lambda s: s.find(author.books.some(author.name == "x")).all(), "Author.name is not of Book"),
    (lambda s: s.load(Author(name="x"), book.tags), "Book.tags is not of Author"),
    (lambda s: s.find(5).all(), "a mapped class or a condition is expected, not int"),
    (lambda s: s.find(author).where(True).all(), "Author: Expr of its attributes expected, not bool"),
    (lambda s: s.get(Author(name="x"), 1), "a mapped class is expected, not Author"),
    (lambda s: s.insert_all(Author(name="x")), "insert_all takes objects in a list, not Author"),
    (lambda s: s.upsert_all(5), "upsert_all takes objects in a list, not int"),
    (lambda s: s.find(author).limit("5").all(), "limit: a whole number is expected, 0 or more"),
    (lambda s: s.find(author).offset(-1).all(), "offset: a whole number is expected, 0 or more"),
]


@pytest.mark.parametrize(("ask", "said"), ASKED, ids=range(len(ASKED)))
async def test_an_expression_of_another_class_is_refused_by_name(
    ask: Callable[[Any], Any], said: str
) -> None:
    async with create_pool("sqlite://") as pool:
        assert await found(Session(pool), ask) == said


# -- operators and values


REFUSED: list[tuple[Callable[[], Any], str]] = [
    (lambda: book.genre > Genre.NOVEL, "Book.genre: enum values know no >"),
    (lambda: book.genre == "novel", "^Book.genre: expected one of the values"),
    (lambda: book.genre.in_(["novel"]), "^Book.genre: expected one of the values"),
    (lambda: book.title - "x", "text values know no -"),
    (lambda: book.genre + Genre.NOVEL, "enum values know no \\+"),
    (lambda: book.notes > {}, "Book.notes: json values know no >"),
    (lambda: book.title.in_("Notes"), "^Book.title: expected a collection of values, not str"),
    (lambda: book.pages.in_(5), "^Book.pages: expected a collection of values, not int"),
    (lambda: book.title.like("x\\"), "^Book.title: expected a pattern that does not end in a lone"),
    (lambda: book.title.ilike("x\\"), "^Book.title: expected a pattern that does not end in a lone"),
    (lambda: book.pages.like("x"), "Book.pages: integer values know no like"),
    (lambda: book.pages.starts_with("x"), "Book.pages: integer values know no starts_with"),
    (lambda: book.author.at(author.name) == 5, "Book.author.name: expected a string"),
    (lambda: book.title.length() > "x", r"Book.title.length\(\): expected"),
    (lambda: book.pages == book.title, "integer and text values have nothing in common"),
    (lambda: book.author.at(5), r"Book.author.at\(\): a column of the related class is expected, not int"),
    (lambda: book.author == 5, "Book.author is a relation: compare it with None, or a column of it"),
    (lambda: ~(author.mentor == Author(name="x")), "Author.mentor is a relation"),
]


@pytest.mark.parametrize(("make", "said"), REFUSED, ids=range(len(REFUSED)))
async def test_what_a_column_does_not_know_is_refused_by_name(make: Callable[[], Any], said: str) -> None:
    with pytest.raises(OrmError, match=said):
        make()


@pytest.mark.parametrize(
    "make",
    [lambda: not book.pages, lambda: book.pages > 1 and book.title == "x", lambda: 1 < book.pages < 5],
    ids=["not", "and", "chain"],
)
async def test_columns_and_expressions_have_no_truth(make: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match="not true or false by itself"):
        make()


async def test_a_key_of_too_many_or_too_few_columns_is_refused() -> None:
    async with create_pool("sqlite://") as pool:
        with pytest.raises(UsageError, match="the key of Loan has 2 columns"):
            await Session(pool).get(Loan, [1, 2])


async def test_many_objects_come_from_any_iterable(session: Session) -> None:
    assert await session.insert_all(Author(name=name) for name in "ab") == 2
    assert await session.upsert_all(Tag(word=word) for word in "xyz") == 3
    assert await session.insert_all(iter(())) == 0
    assert await session.find(Author).count() == 2


async def test_a_relation_is_compared_with_none(session: Session) -> None:
    ada = Author(name="Ada")
    session.add_all([ada, Author(name="Bea", mentor=ada)])
    await session.flush()
    alone, led = author.mentor == None, author.mentor != None  # noqa: E711  # what the operator is for
    assert [each.name for each in await session.find(alone).all()] == ["Ada"]
    assert [each.name for each in await session.find(led).all()] == ["Bea"]


async def test_a_document_knows_whether_it_is_null(library: Pool) -> None:
    class Own(DeclarativeBase):
        pass

    class Clinic(Own):
        id: Mapped[int] = mapped_column(primary_key=True)
        place: Mapped[Place | None] = mapped_column(document=Place, default=None)

    await create_all(library, Own)
    async with Session(library) as session, session.begin():
        session.add_all([Clinic(), Clinic(place={"city": "x"})])
        here = await session.find(~Clinic.place.is_null()).all()
        assert [each.place for each in here] == [{"city": "x"}]
        assert await session.find(Clinic.place == None).count() == 1  # noqa: E711  # what the operator is for
    with pytest.raises(ConfigurationError, match=r"Clinic\.place is a document"):
        _ = Clinic.place == {"city": "x"}
    await drop_all(library, Own)


# -- classes


@pytest.mark.parametrize("default", [{}, [], set[int]()], ids=["dict", "list", "set"])
async def test_a_default_that_can_change_is_refused(default: object) -> None:
    def declare() -> object:
        class Own(DeclarativeBase):
            pass

        class Noted(Own):
            id: Mapped[int] = mapped_column(primary_key=True)
            notes: Mapped[object] = mapped_column(default=default)

        return Noted

    with pytest.raises(ConfigurationError, match=r"Noted\.notes: .*default_factory=(dict|list|set)$"):
        declare()
