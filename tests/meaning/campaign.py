"""Runs random filters over a random dataset, and reduces what it finds to the smallest filter and rows."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial
from typing import cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from queryengine.testing.differential import Disagreement, smallest
from queryengine.testing.strategies import Document, siblings
from tests.meaning.databases import Database
from tests.meaning.dataset import Item, consistent, make_items
from tests.meaning.models import Bag, Label, Maker, Part, Phrase, Region, Thing

__all__ = [
    "BAGS",
    "ONE_EXAMPLE",
    "PHRASES",
    "THINGS",
    "how_to_repeat",
    "run_campaign",
    "seed_of",
    "store_random_rows",
]

THINGS: Sequence[type[object]] = (Region, Maker, Label, Thing, Part)
BAGS: Sequence[type[object]] = (Bag,)
PHRASES: Sequence[type[object]] = (Phrase,)

# One random filter at a time: Hypothesis would spend most of a long run on mutations of a few. Its first
# example is always the simplest one, hence two.
ONE_EXAMPLE = settings(
    max_examples=2,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)


def seed_of(number: int) -> int:
    """Return the seed of a numbered dataset; QE_FUZZ_SEED gives other datasets and filters."""
    return int(os.environ.get("QE_FUZZ_SEED", "0")) * 1_000 + number


def store_random_rows(database: Database, models: Sequence[type[object]], number: int) -> list[Item]:
    """Fill the models' tables with the rows of a numbered dataset."""
    root = Thing if Thing in models else models[0]
    items = make_items(seed_of(number), models, partial(database.schema_of, root))
    database.store(items)
    return items


def run_campaign(
    database: Database,
    models: Sequence[type[object]],
    roots: Sequence[type[object]],
    number: int,
    pairs: int,
) -> int:
    """Compare pairs of random filters over the rows of a numbered dataset; return how many different ones.

    Of each pair both have one form, so that the second meets all that was cached of the first. What is
    found is reported with the rows that show it and the seed that leads to it.
    """
    items = store_random_rows(database, models, number)
    grounds = {root: database.ground(root) for root in roots}
    agreed: set[tuple[type[object], str]] = set()
    root = roots[0]

    @ONE_EXAMPLE
    @given(st.data())
    def compare(data: st.DataObject) -> None:
        nonlocal root
        root = data.draw(st.sampled_from(roots), label="root")
        documents = data.draw(siblings(grounds[root], 2), label="filters")
        differential = database.differential(root)
        for document in documents:
            if (root, str(document)) not in agreed:
                differential.check(document)
                agreed.add((root, str(document)))
        differential.check_partition(cast("Document", documents[0]["where"]))

    for index in range(pairs):
        try:
            seed(seed_of(number) * 10_000 + index)(compare)()
        except Disagreement as found:
            raise AssertionError(_reduced(found, database, root, items, number)) from None
        except Exception as error:
            error.add_note(how_to_repeat(number))
            raise
    return len(agreed)


def _reduced(
    found: Disagreement, database: Database, root: type[object], items: Sequence[Item], number: int
) -> str:
    last = found

    def fails(some: Sequence[Item]) -> bool:
        nonlocal last
        database.store(consistent(some))
        try:
            found.again(database.differential(root))
        except Disagreement as still:
            last = still
            return True
        return False

    few = consistent(smallest(items, fails))
    rows = "\n".join(f"    {item.model}: {item.values}" for item in few)
    return f"{root.__name__} on {database.name}: {last}\n  rows:\n{rows}\n{how_to_repeat(number)}"


def how_to_repeat(number: int) -> str:
    seed_given = os.environ.get("QE_FUZZ_SEED", "0")
    return f"to repeat: QE_FUZZ_SEED={seed_given}, dataset {number}"
