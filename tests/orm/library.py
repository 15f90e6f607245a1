"""A small family of mapped classes: authors, books with a version, tags between."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal

from queryengine_orm import (
    Check,
    DeclarativeBase,
    ForeignKey,
    Index,
    Many,
    Mapped,
    Maybe,
    One,
    Secondary,
    String,
    Unique,
    mapped_column,
    relationship,
)

from queryengine.schema import DateTimeType, DecimalType

__all__ = ["Author", "Base", "Book", "Genre", "Loan", "Tag"]


class Base(DeclarativeBase):
    """The base of the library."""


class Genre(enum.Enum):
    """An enum that is kept by its values."""

    NOVEL = "novel"
    ESSAY = "essay"


class Author(Base):
    """Has books, and perhaps a mentor."""

    __tablename__ = "authors"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    born: Mapped[dt.date | None] = mapped_column(default=None)
    mentor_id: Mapped[int | None] = mapped_column(ForeignKey("authors.id"), init=False)
    mentor: Maybe[Author] = relationship(init=True, default=None)
    books: Many[Book] = relationship()


class Book(Base):
    """Has a version, so that two who change it do not undo each other's work."""

    __tablename__ = "books"
    __constraints__ = (Unique("author_id", "title"), Check("pages > 0"), Index("genre", "title"))

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    pages: Mapped[int] = mapped_column(default=1)
    price: Mapped[Decimal | None] = mapped_column(DecimalType(8, 2), default=None)
    genre: Mapped[Genre] = mapped_column(default=Genre.NOVEL)
    added: Mapped[dt.datetime | None] = mapped_column(DateTimeType(aware=True), default=None)
    notes: Mapped[dict[str, object]] = mapped_column(default_factory=dict[str, object])
    author_id: Mapped[int] = mapped_column(ForeignKey("authors.id", on_delete="cascade"), init=False)
    version: Mapped[int] = mapped_column(version=True, init=False)
    author: One[Author] = relationship(init=True)
    tags: Many[Tag] = relationship(secondary=Secondary("book_tags", "book_id", "tag_id"))


class Tag(Base):
    """A word that is its own key."""

    __tablename__ = "tags"

    word: Mapped[str] = mapped_column(String(20), primary_key=True, init=True)
    books: Many[Book] = relationship(secondary=Secondary("book_tags", "tag_id", "book_id"))


class Loan(Base):
    """A key of two columns."""

    book_id: Mapped[int] = mapped_column(ForeignKey("books.id"), primary_key=True, init=True)
    day: Mapped[dt.date] = mapped_column(primary_key=True, init=True)
    reader: Mapped[str]
