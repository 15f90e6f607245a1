"""Row scopes hold under every filter: what is outside of them does not exist, and never changes an answer."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeAlias, cast

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from queryengine.memory import evaluate
from queryengine.predicate import Predicate
from queryengine.testing.predicates import predicates
from queryengine.testing.strategies import Document, filters
from tests.meaning.campaign import ONE_EXAMPLE, THINGS, how_to_repeat, seed_of, store_random_rows
from tests.meaning.databases import Database
from tests.meaning.models import Label, Maker, Part, Region, Thing
from tests.meaning.scopes import ModelScope, changed_outside, inside_of, restricted

pytestmark = pytest.mark.fuzz

RecordProperty: TypeAlias = Callable[[str, object], None]

MODELS = (Thing, Maker, Part, Region, Label)
FILTERS = 25
"""for each dataset"""


def scopes(database: Database, *, related: bool) -> st.SearchStrategy[ModelScope]:
    """Draw scopes for things and some other models; if `related`, predicates look at related rows too."""
    ground = database.ground(Thing)
    for_each: dict[type[object], st.SearchStrategy[Predicate]] = {
        model: predicates(ground, database.schema_of(Thing, model), related=related) for model in MODELS
    }
    return st.fixed_dictionaries({Thing: for_each.pop(Thing)}, optional=for_each)


@pytest.mark.parametrize("number", range(4))
def test_a_row_outside_of_its_scope_does_not_exist(
    number: int, database: Database, record_property: RecordProperty
) -> None:
    """The scoped answer is the unscoped one in a world that has only the rows inside."""
    store_random_rows(database, THINGS, number)
    differential = database.differential(Thing)
    drawn_scopes, drawn_filters = scopes(database, related=True), filters(database.ground(Thing))

    @ONE_EXAMPLE
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        scope = data.draw(drawn_scopes, label="scope")
        document = data.draw(drawn_filters, label="filter")
        differential.check(document, scope)
        differential.check_partition(_where(document), scope)
        world = restricted(database.mirrors, inside_of(database, scope))
        unscoped = evaluate(differential.bind(document), world[Thing])
        scoped = database.run(Thing, differential.bind(document, scope))
        assert scoped == [row.key for row in unscoped]

    for index in range(FILTERS):
        _run(compare, number, index)
    record_property(f"filters on {database.name}, with row scopes,", FILTERS)


@pytest.mark.parametrize("number", range(4))
def test_rows_outside_of_the_scope_never_change_an_answer(number: int, database: Database) -> None:
    """Rows outside are changed, and others added: every filter gives the same rows as before."""
    items = store_random_rows(database, THINGS, number)
    drawn_scopes, drawn_filters = scopes(database, related=False), filters(database.ground(Thing))
    choose = random.Random(seed_of(number))

    @ONE_EXAMPLE
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        scope = data.draw(drawn_scopes, label="scope")
        documents = data.draw(st.lists(drawn_filters, min_size=5, max_size=5), label="filters")
        bound = [database.differential(Thing).bind(document, scope) for document in documents]
        before = [database.run(Thing, ast) for ast in bound]
        database.store(changed_outside(items, inside_of(database, scope), choose))
        after = [database.run(Thing, ast) for ast in bound]
        database.store(items)
        assert after == before

    for index in range(FILTERS // 5):
        _run(compare, number, index)


def _run(compare: Callable[[], None], number: int, index: int) -> None:
    try:
        seed(seed_of(number) * 10_000 + index)(compare)()
    except Exception as error:
        error.add_note(how_to_repeat(number))
        raise


def _where(document: Document) -> Document:
    return cast("Document", document["where"])
