"""The companion as a back-end: what a filter loads, within row scopes; its schema; its words and gaps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from queryengine_orm import NotLoaded, Session
from queryengine_orm.backend import ORMQueryEngine, ORMQueryResult, fetch_page
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UsageError

from queryengine import ConfigurationError, FilterError, QueryConfig, SecurityPolicy, field
from queryengine.predicate import Scope
from queryengine.process import Processor
from queryengine.request import encode
from queryengine.schema import DurationType, TypeKind
from tests.orm.library import Author, Book, Loan
from tests.orm.world import Bag, Base, Region, Thing

pytestmark = pytest.mark.anyio

POLICY = SecurityPolicy(relations=True)
Filter = dict[str, Any]  # Any: a JSON document

books: ORMQueryEngine[Book] = ORMQueryEngine(Book)
authors: ORMQueryEngine[Author] = ORMQueryEngine(Author)


def ask(filter: Filter, scope: Scope | None = None) -> ORMQueryResult[Book]:
    processor = Processor(books, policy=POLICY, config=QueryConfig(cursor_secret="a secret of the tests"))
    return books.build_query(processor.process(encode(filter, POLICY.limits), scope=scope))


@pytest.fixture
async def shelf(library: Pool) -> Pool:
    """Give a library: Ada has two books, Bea, whose mentor she is, one."""
    ada = Author(name="Ada", born=dt.date(1815, 12, 10))
    bea = Author(name="Bea", mentor=ada)
    async with Session(library) as session, session.begin():
        for title, pages, author in (("One", 10, ada), ("Two", 20, ada), ("Three", 30, bea)):
            session.add(Book(title=title, pages=pages, author=author))
    return library


def titles(found: Sequence[Book]) -> list[str]:
    return [book.title for book in found]


async def test_a_query_gives_objects_in_the_filters_order(shelf: Pool) -> None:
    query, projection_model, sort = ask({"where": {"author.name": "Ada"}, "order": "-title"})
    assert titles(await query.all(shelf)) == ["Two", "One"]
    assert projection_model is None
    assert [str(key.path) for key in sort] == ["title", "id"]


async def test_fields_load_just_their_columns_and_the_key(shelf: Pool) -> None:
    (book,) = await ask({"fields": ["title"], "limit": 1}).query.all(shelf)
    assert sorted(vars(book)) == ["id", "title"]
    with pytest.raises(NotLoaded, match=r"Book\.pages was not loaded"):
        _ = book.pages


async def test_fields_of_related_rows_load_these(shelf: Pool) -> None:
    (book,) = await ask({"fields": ["author.name"], "limit": 1}).query.all(shelf)
    assert sorted(vars(book)) == ["author", "author_id", "id"]
    assert sorted(vars(book.author)) == ["id", "name"]


async def test_an_include_loads_the_related_rows_that_meet_its_filter(shelf: Pool) -> None:
    engine, processor = authors, Processor(authors, policy=POLICY)
    window = {"where": {"pages": {"gt": 5}}, "order": "-pages", "limit": 1}
    filter: Filter = {"order": "name", "include": [{"relation": "books", "scope": window}]}
    query = engine.build_query(processor.process(encode(filter, POLICY.limits))).query
    assert [titles(author.books) for author in await query.all(shelf)] == [["Two"], ["Three"]]


async def test_a_handler_includes_what_the_filter_does_not_name(shelf: Pool) -> None:
    found = await ask({"order": "title"}).query.include(Book.author, Book.tags).all(shelf)
    assert [(book.author.name, book.tags) for book in found] == [("Ada", []), ("Bea", []), ("Ada", [])]


async def test_what_a_handler_includes_is_within_the_row_scope(shelf: Pool) -> None:
    scope = {Author: field("name") != "Ada"}
    found = await ask({"order": "title"}, scope).query.include(Book.author).all(shelf)
    assert [vars(book)["author"] and book.author.name for book in found] == [None, "Bea", None]
    assert titles(await ask({"where": {"author.name": "Ada"}}, scope).query.all(shelf)) == []


async def test_what_a_handler_includes_goes_on_within_the_row_scopes(shelf: Pool) -> None:
    scope = {Book: field("title") != "Two"}
    on = Book.author.then(Author.books)
    found = await ask({"order": "title"}, scope).query.include(Book.author, on).all(shelf)
    assert [(book.title, titles(book.author.books)) for book in found] == [
        ("One", ["One"]),
        ("Three", ["Three"]),
    ]
    with pytest.raises(UsageError, match="mentor: the query loads other columns only"):
        ask({"fields": ["author.name"]}).query.include(Book.author.then(Author.mentor))


async def test_a_relation_that_the_columns_do_not_lead_to_cannot_be_included(shelf: Pool) -> None:
    with pytest.raises(UsageError, match="author: the query loads other columns only"):
        ask({"fields": ["title"]}).query.include(Book.author)
    assert len(await ask({"fields": ["title"]}).query.all(shelf)) == 3


async def test_rows_are_streamed_with_what_they_include(shelf: Pool) -> None:
    query = ask({"order": "title"}).query.include(Book.author)
    async with shelf.acquire() as connection:
        for executor in (shelf, connection):
            assert [book.author.name async for book in query.stream(executor, batch=2)] == [
                "Ada",
                "Bea",
                "Ada",
            ]


async def test_a_page_has_a_total_and_cursors(shelf: Pool) -> None:
    first = await fetch_page(shelf, ask({"order": "title", "limit": 2}), total="exact", include=[Book.author])
    assert (titles(first.items), first.total, first.items[0].author.name) == (["One", "Three"], 3, "Ada")
    second = await fetch_page(shelf, ask({"order": "title", "limit": 2, "after": first.next}), total=1)
    assert (titles(second.items), second.next, second.total, second.capped) == (["Two"], None, 1, True)
    nothing = await fetch_page(shelf, ask({"where": {"pages": 99}}), total="exact")
    assert (nothing.items, nothing.total) == ([], 0)


async def test_a_statement_is_compiled_once_for_all_filters_of_a_shape() -> None:
    processor = Processor(books, policy=POLICY)
    one, other = (
        books.build_query(processor.process(encode({"where": {"pages": {"gt": pages}}}, POLICY.limits))).query
        for pages in (1, 2)
    )
    assert one.prepared is other.prepared is not None
    assert one.statement("sqlite")[0] == other.statement("sqlite")[0]
    assert (one.statement("sqlite")[1], other.statement("sqlite")[1]) == ([1, 100], [2, 100])


def test_a_query_can_be_shown_with_its_parameters_and_without_a_connection() -> None:
    engine = ORMQueryEngine(Author, dialect="postgresql")
    filter = {"where": {"name": {"startsWith": "A"}}, "order": "born", "limit": 5, "fields": ["name"]}
    ast = Processor(engine).process(encode(filter, POLICY.limits))
    assert engine.describe_query(ast) == (
        'SELECT "qe"."id", "qe"."name" FROM "authors" AS "qe" WHERE "qe"."name" LIKE $1'
        ' ORDER BY "qe"."born" NULLS FIRST, "qe"."id" LIMIT $2'
        "\n  $1 = 'A%'\n  $2 = 5"
    )


# -- schema and words


def test_what_a_database_holds_is_what_a_filter_may_ask() -> None:
    assert "regex" not in ORMQueryEngine(Book, dialect="sqlite").capabilities.operators[TypeKind.TEXT]
    assert "regex" in ORMQueryEngine(Book, dialect="postgresql").capabilities.operators[TypeKind.TEXT]
    narrow = ORMQueryEngine(Thing, dialect="sqlite").schema.fields["length"].type
    assert isinstance(narrow, DurationType)
    assert narrow.maximum < dt.timedelta.max
    assert "numbers" not in ORMQueryEngine(Bag).schema.fields
    assert "numbers" in ORMQueryEngine(Bag, dialect="postgresql").schema.fields


def test_a_required_relation_is_always_there_on_postgresql() -> None:
    assert not ORMQueryEngine(Thing, dialect="postgresql").schema.relations["owner"].nullable
    assert ORMQueryEngine(Thing, dialect="sqlite").schema.relations["owner"].nullable
    assert ORMQueryEngine(Region, dialect="postgresql").schema.relations["parent"].nullable


def test_a_key_of_two_columns_breaks_ties() -> None:
    assert [key.name for key in ORMQueryEngine(Loan).schema.primary_key] == ["book_id", "day"]


def test_a_gap_names_the_database_that_has_no_gap() -> None:
    with pytest.raises(FilterError, match='name the engine\'s database: dialect="postgresql"'):
        ask({"where": {"notes": {"eq": {}}}})


def test_other_words_and_other_classes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="dialect='oracle'"):
        ORMQueryEngine(Book, dialect="oracle")  # type: ignore[arg-type]  # what type checkers refuse as well
    with pytest.raises(ConfigurationError, match="text_order='french'"):
        ORMQueryEngine(Book, text_order="french")  # type: ignore[arg-type]  # what type checkers refuse as well
    with pytest.raises(ConfigurationError, match="Base is not mapped to a table"):
        _ = ORMQueryEngine(Base).schema
    with pytest.raises(ConfigurationError, match="int is not mapped to a table"):
        _ = ORMQueryEngine(int).schema  # type: ignore[type-var]  # what type checkers refuse as well


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, '"title" COLLATE "C" > $1'),
        ({"text_order": "database"}, '"title" > $1'),
        ({"text_order": "database_is_codepoint"}, '"title" > $1'),
    ],
    ids=["codepoint", "database", "database is codepoint"],
)
def test_text_is_ordered_as_the_engine_is_told(options: dict[str, Any], expected: str) -> None:
    engine = ORMQueryEngine(Book, dialect="postgresql", **options)
    ast = Processor(engine).process(encode({"where": {"title": {"gt": "a"}}}, POLICY.limits))
    assert expected in engine.build_query(ast).query.statement("postgresql")[0]
    assert engine.capabilities.cursor is (options.get("text_order") != "database")


def test_the_databases_own_lower_folds_where_the_engine_is_told() -> None:
    engine = ORMQueryEngine(Book, dialect="postgresql", case_fold="unicode")
    ast = Processor(engine).process(encode({"where": {"title": {"icontains": "É"}}}, POLICY.limits))
    text, parameters = engine.build_query(ast).query.statement("postgresql")
    assert 'lower("qe"."title") LIKE lower($1)' in text
    assert parameters[0] == "%É%"


def test_nulls_stand_where_the_engine_is_told() -> None:
    engine = ORMQueryEngine(Author, null_order="largest")
    ast = Processor(engine).process(encode({"order": "born"}, POLICY.limits))
    assert 'ORDER BY "qe"."born" NULLS LAST' in engine.build_query(ast).query.statement("sqlite")[0]
