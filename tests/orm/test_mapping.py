"""Mapped classes: what their bodies declare, what objects are, and what is refused when they are mapped."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypedDict

import pytest
from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    Mapped,
    Maybe,
    NotLoaded,
    One,
    String,
    mapped_column,
    relationship,
)
from queryengine_orm.errors import ConfigurationError
from queryengine_orm.mapping import Column, mapper_of
from queryengine_orm.tracking import changes_of

from queryengine.schema import DateType, IntegerType, TextType
from tests.orm.library import Author, Book, Genre, Loan
from tests.orm.world import Thing


class Local(DeclarativeBase):
    """A base for the classes of single tests."""


class Stamped(Local):
    """Hands its column on."""

    __abstract__ = True

    stamped: Mapped[dt.datetime | None] = mapped_column(default=None)


class Size(TypedDict):
    """What a JSON column holds."""

    width: int


class Parcel(Stamped):
    """Has a document, and the column of its abstract base."""

    id: Mapped[int] = mapped_column(primary_key=True)
    size: Mapped[Size]
    secret: Mapped[str]


def test_an_annotation_says_type_and_nullability() -> None:
    columns = mapper_of(Author).columns
    assert (columns["name"].type, columns["name"].nullable, columns["name"].length) == (TextType(), False, 50)
    assert (columns["born"].type, columns["born"].nullable) == (DateType(), True)
    assert columns["id"].type == IntegerType()


def test_a_column_may_have_another_name_than_its_attribute() -> None:
    assert mapper_of(Thing).columns["count"].name == "n_items"


def test_a_class_has_a_table_of_its_name_unless_told() -> None:
    assert mapper_of(Author).table == "authors"
    assert mapper_of(Loan).table == "loan"


def test_a_key_that_the_database_makes_is_one_number_without_default() -> None:
    assert mapper_of(Author).generated is mapper_of(Author).columns["id"]
    assert mapper_of(Loan).generated is None


def test_an_abstract_class_hands_its_columns_on() -> None:
    assert list(mapper_of(Parcel).columns) == ["stamped", "id", "size", "secret"]
    assert "Stamped" not in Local.__registry__.classes


def test_a_typed_dict_declares_the_paths_of_a_json_column() -> None:
    schema = mapper_of(Parcel).schema
    assert list(schema.relations["size"].target.fields) == ["width"]


def test_columns_with_secret_names_are_hidden() -> None:
    assert mapper_of(Parcel).schema.fields["secret"].hidden


def test_a_constructor_takes_columns_and_relations_and_fills_in_defaults() -> None:
    author = Author(name="Ada")
    book = Book(title="Notes", author=author)
    assert (author.name, author.born) == ("Ada", None)
    assert (book.pages, book.genre, book.notes, book.author) == (1, Genre.NOVEL, {}, author)


def test_each_object_gets_a_default_of_its_own_from_a_factory() -> None:
    author = Author(name="Ada")
    assert Book(title="a", author=author).notes is not Book(title="b", author=author).notes


def test_a_constructor_refuses_a_name_that_is_nothing_of_the_class() -> None:
    with pytest.raises(TypeError, match="no column and no relation 'colour'"):
        Author(name="Ada", colour="red")  # type: ignore[call-arg]  # what type checkers refuse as well


def test_what_was_not_loaded_says_so() -> None:
    with pytest.raises(NotLoaded, match=r"Author\.id was not loaded.*when it is stored, by a flush"):
        _ = Author(name="Ada").id
    with pytest.raises(NotLoaded, match=r"Author\.books was not loaded.*its key was changed since: include"):
        _ = read().books
    with pytest.raises(NotLoaded, match=r"Author\.books was not loaded: load it"):
        read().books = []


def read() -> Author:
    """Return an author as one that was read, without the rows that are related."""
    author = Author.__new__(Author)
    vars(author).update(id=1, name="Ada")
    return author


def test_a_new_object_has_empty_lists() -> None:
    author = Author(name="Ada")
    assert author.books == []
    author.books.append(Book(title="x", author=author))
    assert [book.title for book in author.books] == ["x"]


def test_an_object_notes_the_first_value_of_what_changes() -> None:
    author = Author(name="Ada")
    author.name = "Bea"
    author.name = "Cleo"
    assert changes_of(author) == {"name": "Ada"}


def test_an_object_shows_its_key() -> None:
    assert repr(Loan(book_id=1, day=dt.date(2020, 1, 2), reader="x")) == (
        "Loan(book_id=1, day=datetime.date(2020, 1, 2))"
    )


def names(columns: Sequence[Column]) -> list[str]:
    return [column.attribute for column in columns]


def test_relations_are_found_by_the_key_that_fits() -> None:
    mapper = mapper_of(Book)
    author = mapper.relationship("author")
    assert (names(author.own), names(author.other), author.many) == (["author_id"], ["id"], False)
    books = mapper_of(Author).relationship("books")
    assert (names(books.own), names(books.other), books.many) == (["id"], ["author_id"], True)


class Shelf(Local):
    """Its relations cannot be followed."""

    id: Mapped[int] = mapped_column(primary_key=True)
    left_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id"))
    right_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id"))
    other: Maybe[Shelf] = relationship()
    named: Maybe[Shelf] = relationship(foreign_key="id")
    left: Maybe[Shelf] = relationship()
    lost: One[Missing] = relationship(foreign_key="left_id")  # type: ignore[name-defined]  # noqa: F821  # the point


def test_a_relation_that_two_keys_fit_has_to_name_one() -> None:
    with pytest.raises(ConfigurationError, match="2 foreign keys to shelf; foreign_key= names"):
        mapper_of(Shelf).relationship("other")


def test_a_relation_by_what_is_no_foreign_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Shelf\.id is no foreign key"):
        mapper_of(Shelf).relationship("named")


def test_a_key_named_after_the_relation_needs_no_word() -> None:
    assert names(mapper_of(Shelf).relationship("left").own) == ["left_id"]


def test_an_annotation_that_names_nothing_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Shelf\.lost: name 'Missing' is not defined"):
        mapper_of(Shelf).relationship("lost")


def test_a_class_without_a_primary_key_is_refused() -> None:
    class Keyless(Local):
        name: Mapped[str]

    with pytest.raises(ConfigurationError, match="Keyless has no primary key"):
        mapper_of(Keyless)


def test_a_class_that_has_no_table_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="not mapped"):
        mapper_of(Local)
    with pytest.raises(ConfigurationError, match="not mapped"):
        mapper_of(Stamped)


def test_two_classes_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="two mapped classes of one base are called Parcel"):
        type("Parcel", (Local,), {})


def test_a_length_for_what_is_no_text_is_refused() -> None:
    class Long(Local):
        id: Mapped[int] = mapped_column(String(5), primary_key=True)

    with pytest.raises(ConfigurationError, match="only texts have a length"):
        mapper_of(Long)


def test_a_relation_without_its_function_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Loose\.all: a relation is made with relationship\(\)"):
        type("Loose", (Local,), {"__annotations__": {"all": "Many[Parcel]"}})
