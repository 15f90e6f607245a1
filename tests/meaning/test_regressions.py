"""What random filters found once, as the smallest filter and rows that showed it; on every database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from queryengine.testing.strategies import Document
from tests.meaning.campaign import BAGS, THINGS, store_random_rows
from tests.meaning.databases import Database
from tests.meaning.dataset import Item, consistent, make_items
from tests.meaning.models import Bag, Thing


def check(database: Database, document: Document, *, root: type[object] = Thing) -> None:
    """Compare one filter with the reference evaluator, and with its own negation."""
    differential = database.differential(root)
    differential.check(document)
    if "where" in document:
        differential.check_partition(cast("Document", document["where"]))


def store(database: Database, **things: dict[str, object]) -> Sequence[Item]:
    """Store random rows, in which the first things have these values."""
    items = make_items(0, THINGS, lambda model: database.schema_of(Thing, model))
    places = [place for place, item in enumerate(items) if item.model is Thing]
    for place, values in zip(places, things.values(), strict=False):
        items[place] = Item(Thing, items[place].values | values)
    mended = consistent(items)
    database.store(mended)
    return mended


def test_what_a_database_computes_of_a_missing_row_is_null(database: Database) -> None:
    store(database)
    check(database, {"order": "parent.noted,id"})
    check(database, {"order": ["-maker.region.parent.id", "-parent.noted NULLS LAST", "parent.half"]})


def test_an_array_of_text_has_elements_whatever_its_column_calls_text(postgresql: Database) -> None:
    store_random_rows(postgresql, BAGS, 0)
    for column in ("words", "tags"):
        check(postgresql, {"where": {column: {"has": "a"}}}, root=Bag)
