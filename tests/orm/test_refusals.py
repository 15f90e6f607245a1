"""What is wrong is refused where it is said, and by name: expressions of other classes, shared defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from queryengine_orm import DeclarativeBase, Mapped, Session, mapped_column
from queryengine_orm.errors import ConfigurationError, UsageError
from queryengine_orm.sqlite import create_pool

from tests.orm.library import Author, Book, Loan, Tag

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
    (lambda s: s.find(author).update(loan.reader.set("x")), "Loan.reader is not of Author"),
    (lambda s: s.find(author).update(author.name.set(loan.reader)), "Loan.reader is not of Author"),
    (lambda s: s.upsert(Tag(word="x"), on=[book.title]), "Book.title is not of Tag"),
    (lambda s: s.upsert(Tag(word="x"), update=[book.title]), "Book.title is not of Tag"),
    (lambda s: s.find(author.name == loan.reader).all(), "Loan.reader is not of Author"),
    (lambda s: s.find(book.pages + author.id > 1).all(), "Author.id is not of Book"),
    (lambda s: s.find(book.author.at(loan.reader) == "x").all(), "Loan.reader is not of Author"),
    (lambda s: s.find(book.author.has(loan.reader == "x")).all(), "Loan.reader is not of Author"),
    (lambda s: s.find(author.books.some(author.name == "x")).all(), "Author.name is not of Book"),
    (lambda s: s.load(Author(name="x"), book.tags), "Book.tags is not of Author"),
    (lambda s: s.find(5).all(), "a mapped class or a condition is expected, not int"),
    (lambda s: s.find(author).where(True).all(), "Author: Expr of its attributes expected, not bool"),
    (lambda s: s.find(author).limit("5").all(), "limit: a whole number is expected, 0 or more"),
    (lambda s: s.find(author).offset(-1).all(), "offset: a whole number is expected, 0 or more"),
]


@pytest.mark.parametrize(("ask", "said"), ASKED, ids=range(len(ASKED)))
async def test_an_expression_of_another_class_is_refused_by_name(
    ask: Callable[[Any], Any], said: str
) -> None:
    async with create_pool("sqlite://") as pool:
        assert await found(Session(pool), ask) == said


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
