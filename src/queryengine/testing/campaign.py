"""Runs random filters over random rows, and reduces what it finds to the smallest filter and rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Final, cast

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from queryengine.testing.adapter import Stage
from queryengine.testing.differential import Disagreement, smallest
from queryengine.testing.rows import consistent, make_items
from queryengine.testing.selections import selections
from queryengine.testing.strategies import Document, siblings
from queryengine.testing.world import Item

__all__ = [
    "ONE_EXAMPLE",
    "PAIRS",
    "WEIGHTS",
    "how_to_repeat",
    "roots_of",
    "run_campaign",
    "run_examples",
    "seed_of",
    "store_random_rows",
]

WEIGHTS: Final = {"Thing": 4}
"""how often filters are about an entity"""
PAIRS: Final = 60
"""of random filters over each dataset"""

# One random filter at a time: Hypothesis would spend most of a long run on mutations of a few. Its first
# example is always the simplest one, hence two.
ONE_EXAMPLE: Final[settings] = settings(
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


def how_to_repeat(number: int) -> str:
    """Say which settings lead to a dataset and its filters again."""
    seed_given = os.environ.get("QE_FUZZ_SEED", "0")
    return f"to repeat: QE_FUZZ_SEED={seed_given}, dataset {number}"


def store_random_rows(stage: Stage, group: str, number: int) -> list[Item]:
    """Fill a group of entities with the rows of a numbered dataset, all of which the back-end holds."""
    present = [entity for entity in stage.world.groups[group] if entity in stage.entities]
    items = make_items(
        stage.world, seed_of(number), present, lambda entity: [stage.engine(entity).schema.fields]
    )
    stage.store(items)
    return items


def roots_of(stage: Stage, group: str) -> list[str]:
    """Return the entities of a group that filters are drawn for, each as often as it is to come."""
    present = [entity for entity in stage.world.groups[group] if entity in stage.entities]
    return [entity for entity in present for _ in range(WEIGHTS.get(entity, 1))]


def run_campaign(stage: Stage, group: str, number: int, pairs: int = PAIRS) -> int:
    """Compare pairs of random filters over the rows of a numbered dataset; return how many different ones.

    Of each pair both have one form, so that the second meets all that was cached of the first. What is found
    is reported with the rows that show it and the seed that leads to it.
    """
    items = store_random_rows(stage, group, number)
    roots = roots_of(stage, group)
    if not roots:
        return 0
    grounds = {root: stage.ground(root) for root in roots}
    agreed: set[tuple[str, str]] = set()
    root = roots[0]

    def compare(data: st.DataObject, index: int) -> None:
        nonlocal root
        root = roots[index % len(roots)]
        documents = data.draw(siblings(grounds[root], 2), label="filters")
        selection = data.draw(selections(grounds[root]), label="selection")
        differential = stage.differential(root)
        for place, document in enumerate(each | selection for each in documents):
            if (root, str(document)) in agreed:
                continue
            differential.check(document)
            if place == 0:
                differential.check_partition(cast("Document", document["where"]))
                differential.check_print(document)
                differential.check_brackets(document)
            agreed.add((root, str(document)))

    try:
        run_examples(compare, number, pairs)
    except Disagreement as found:
        raise AssertionError(_reduced(found, stage, root, items, number)) from None
    return len(agreed)


def run_examples(example: Callable[[st.DataObject, int], None], number: int, count: int) -> None:
    """Run an example on random data so many times; an error says how to come back to it.

    The example is told its place among them, to choose by it what has to come as often as all else: of few
    choices, Hypothesis hardly ever takes the first.
    """
    for index in range(count):
        run = ONE_EXAMPLE(given(st.data(), st.just(index))(example))
        try:
            seed(seed_of(number) * 10_000 + index)(run)()
        except Exception as error:
            error.add_note(how_to_repeat(number))
            raise


def _reduced(found: Disagreement, stage: Stage, root: str, items: Sequence[Item], number: int) -> str:
    last = found

    def fails(some: Sequence[Item]) -> bool:
        nonlocal last
        stage.store(consistent(stage.world, some))
        try:
            found.again(stage.differential(root))
        except Disagreement as still:
            last = still
            return True
        return False

    few = consistent(stage.world, smallest(items, fails))
    rows = "\n".join(f"    {item.entity}: {item.values}" for item in few)
    return f"{root} on {stage.adapter.name}: {last}\n  rows:\n{rows}\n{how_to_repeat(number)}"
