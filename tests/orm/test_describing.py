"""Expressions and queries show names and operators in their text, and no value: it may end in a log."""

from __future__ import annotations

from typing import Any

import pytest
from queryengine_orm import Session
from queryengine_orm.loading import Query
from queryengine_orm.mapping import mapper_of
from queryengine_orm.selects import Selection
from queryengine_orm.sqlite import create_pool

from tests.orm.library import Author, Book, Genre

SHOWN: list[tuple[object, str]] = [
    (Book.title, "Book.title"),
    (Book.author.at(Author.name), "Book.author.name"),
    (Book.author, "Book.author"),
    (Author.books.then(Book.tags), "Author.books.then(Book.tags)"),
    (Book.pages + 7, "(Book.pages + ...)"),
    (Book.title.length(), "Book.title.length()"),
    (Book.price.coalesce(7), "Book.price.coalesce(...)"),
    (Book.title == "hush", "Book.title == ..."),
    (Book.title != "hush", "~(Book.title == ...)"),
    (Book.pages >= 7, "Book.pages >= ..."),
    (Book.pages.in_([7, 8]), "Book.pages.in_(...)"),
    (Book.title.starts_with("hush"), "Book.title.starts_with(...)"),
    (Book.added.is_null(), "Book.added.is_null()"),
    (Book.pages > Book.id, "Book.pages > Book.id"),
    ((Book.pages > 7) & (Book.title == "hush"), "(Book.pages > ...) & (Book.title == ...)"),
    ((Book.pages > Book.id) | (Book.title == "hush"), "(Book.pages > Book.id) | (Book.title == ...)"),
    (Author.books.some(Book.title == "hush"), "Author.books.some(title == ...)"),
    (Author.books.none(), "Author.books.none()"),
    (Book.pages.desc(), "Book.pages.desc()"),
    (Book.title.set("hush"), "Book.title.set(...)"),
    (Book.genre == Genre.NOVEL, "Book.genre == ..."),
    (mapper_of(Book), "<Mapper of Book>"),
    (Query(Book, Selection(mapper_of(Book), ()), ("hush",)), "<Query of Book>"),
]


@pytest.mark.parametrize(("made", "shown"), SHOWN, ids=range(len(SHOWN)))
def test_an_expression_shows_names_and_operators_and_no_value(made: object, shown: str) -> None:
    assert repr(made) == shown


def test_a_large_condition_is_cut_short() -> None:
    deep: Any = Book.pages == 7
    for _ in range(500):
        deep = ~((deep | (Book.pages == 8)) & (Book.title == "hush"))
    assert len(repr(deep)) < 1_000
    assert repr(deep).endswith(")")


@pytest.mark.anyio
async def test_a_query_shows_its_steps() -> None:
    async with create_pool("sqlite://") as pool:
        session = Session(pool)
        assert repr(session.find(Book)) == "find(Book)"
        long = session.find(Book.title == "hush").order_by(Book.id.desc()).include(Book.author)
        assert repr(long.limit(5).offset(2)) == (
            "find(Book).where(Book.title == ...).order_by(Book.id.desc()).include(Book.author)"
            ".limit(5).offset(2)"
        )
        assert repr(session.find(Book).for_update()) == "find(Book).for_update()"
