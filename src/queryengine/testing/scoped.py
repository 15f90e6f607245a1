"""Row scopes on random rows: the world as a scope shows it, and other worlds that differ outside of it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Final, TypeAlias, cast

from hypothesis import strategies as st

from queryengine.aggregate_memory import MemoryAggregate
from queryengine.memory import evaluate, matches
from queryengine.parsed import Source
from queryengine.predicate import Predicate
from queryengine.testing.adapter import Aggregate, Stage
from queryengine.testing.aggregating import bound_aggregate, draw_aggregate, typed
from queryengine.testing.campaign import roots_of, run_examples, seed_of, store_random_rows
from queryengine.testing.predicates import predicates
from queryengine.testing.rows import Objects
from queryengine.testing.strategies import Document, filters
from queryengine.testing.world import LINK, Item, Record

__all__ = ["check_aggregates_outside", "check_changes_outside", "check_scopes"]

EntityScope: TypeAlias = Mapping[str, Predicate]
"""For each entity which of its rows exist."""

Inside: TypeAlias = Callable[[str, object], bool]

FILTERS: Final = 25
"""for each dataset"""
AGGREGATES: Final = 5
"""for each scope"""
GROUP: Final = "Thing"


def check_scopes(stage: Stage, number: int) -> int:
    """Hold that a row outside of its scope does not exist; return how many filters were compared.

    The scoped answer is the unscoped one in a world that has only the rows inside.
    """
    store_random_rows(stage, GROUP, number)
    root = _root(stage)
    if root is None:
        return 0
    differential = stage.differential(root)
    drawn_scopes, drawn_filters = _scopes(stage, root, related=True), filters(stage.ground(root))

    def compare(data: st.DataObject, _: int) -> None:
        scope = data.draw(drawn_scopes, label="scope")
        document = data.draw(drawn_filters, label="filter")
        by_model = _by_model(stage, scope)
        differential.check(document, by_model)
        differential.check_partition(cast("Document", document["where"]), by_model)
        world = _restricted(stage.objects, _inside_of(stage, scope))
        unscoped = evaluate(differential.bind(document), world[root])
        scoped = stage.keys(root, differential.bind(document, by_model))
        assert scoped == [stage.key(root, row) for row in unscoped]

    run_examples(compare, number, FILTERS)
    return FILTERS


def check_changes_outside(stage: Stage, number: int) -> None:
    """Hold that rows outside of the scope never change an answer: they are changed, and others added."""
    items = store_random_rows(stage, GROUP, number)
    root = _root(stage)
    if root is None:
        return
    drawn_scopes, drawn_filters = _scopes(stage, root, related=False), filters(stage.ground(root))
    choose = random.Random(seed_of(number))  # noqa: S311  # the same for the same seed
    differential = stage.differential(root)

    def compare(data: st.DataObject, _: int) -> None:
        scope = data.draw(drawn_scopes, label="scope")
        documents = data.draw(st.lists(drawn_filters, min_size=5, max_size=5), label="filters")
        bound = [differential.bind(document, _by_model(stage, scope)) for document in documents]
        before = [stage.keys(root, ast) for ast in bound]
        stage.store(_changed_outside(stage, items, _inside_of(stage, scope), choose))
        after = [stage.keys(root, ast) for ast in bound]
        stage.store(items)
        assert after == before

    run_examples(compare, number, FILTERS // 5)


def check_aggregates_outside(stage: Stage, aggregate: Aggregate, number: int) -> None:
    """Hold that an aggregate is of the rows in scope, and that those outside never change its answer."""
    items = store_random_rows(stage, GROUP, number)
    root = _root(stage)
    if root is None:
        return
    drawn_scopes = _scopes(stage, root, related=False)
    ground, engine = stage.ground(root), aggregate.engines[root]
    choose = random.Random(seed_of(number))  # noqa: S311  # the same for the same seed

    def compare(data: st.DataObject, _: int) -> None:
        scope = data.draw(drawn_scopes, label="scope")
        world = _restricted(stage.objects, _inside_of(stage, scope))[root]
        drawn = [draw_aggregate(data, engine, ground, world) for _ in range(AGGREGATES)]
        bound = [
            bound_aggregate(engine, document, _by_model(stage, scope))
            for document in drawn
            if document is not None
        ]
        unscoped = [bound_aggregate(engine, document) for document in drawn if document is not None]
        before = [typed(stage.wait(aggregate.run(root, ast))) for ast in bound]
        assert before == [typed(MemoryAggregate(ast).all(world)) for ast in unscoped]
        stage.store(_changed_outside(stage, items, _inside_of(stage, scope), choose))
        after = [typed(stage.wait(aggregate.run(root, ast))) for ast in bound]
        stage.store(items)
        assert after == before

    run_examples(compare, number, FILTERS // 5)


def _root(stage: Stage) -> str | None:
    """The entity that filters are about: that of the group's name, or else the first that is there."""
    present = roots_of(stage, GROUP)
    return GROUP if GROUP in present else next(iter(present), None)


def _scopes(stage: Stage, root: str, *, related: bool) -> st.SearchStrategy[EntityScope]:
    """Draw scopes for the root and some other entities; if `related`, predicates look at related rows too."""
    ground, schemas = stage.ground(root), stage.schemas(root)
    entities = dict.fromkeys(entity for entity in roots_of(stage, GROUP) if entity in schemas)
    for_each = {entity: predicates(ground, schemas[entity], related=related) for entity in entities}
    return st.fixed_dictionaries({root: for_each.pop(root)}, optional=for_each)


def _by_model(stage: Stage, scope: EntityScope) -> Mapping[type[object], Predicate]:
    return {stage.engine(entity).model: predicate for entity, predicate in scope.items()}


def _inside_of(stage: Stage, scope: EntityScope) -> Inside:
    """Return the function that tells whether a row of an entity is inside of the scope."""
    bound = {
        entity: stage.processor(entity).process(Source("{}"), scope={stage.engine(entity).model: predicate})
        for entity, predicate in scope.items()
    }
    return lambda entity, row: entity not in bound or matches(bound[entity].scope, row)


# -- other worlds


def _restricted(objects: Objects, inside: Inside) -> Objects:
    """Return the rows inside as if there were no others: related rows outside are gone from them."""
    kept = {entity: [row for row in rows if inside(entity, row)] for entity, rows in objects.items()}
    copies = {id(row): copy(row) for rows in kept.values() for row in rows}
    all_rows = {id(row) for rows in objects.values() for row in rows}
    for row in copies.values():
        for name, value in vars(row).items():
            if id(value) in all_rows:
                setattr(row, name, copies.get(id(value)))
            elif isinstance(value, list) and any(
                id(each) in all_rows for each in cast("list[object]", value)
            ):
                related = cast("list[object]", value)
                setattr(row, name, [copies[id(each)] for each in related if id(each) in copies])
    return {entity: [copies[id(row)] for row in rows] for entity, rows in kept.items()}


def _changed_outside(
    stage: Stage, items: Sequence[Item], inside: Inside, choose: random.Random
) -> list[Item]:
    """Return the rows with those outside changed, and others added to them that are outside too.

    `inside` may look at a row's own values only; the rows inside stay as they are.
    """
    changed: list[Item] = []
    for item in items:
        if item.entity == LINK or inside(item.entity, stage.plain(item)):
            changed.append(item)
            continue
        donor = choose.choice([other for other in items if other.entity == item.entity])
        kept = {name: item.values[name] for name in stage.world.identity_of(item.entity)}
        other = replace(item, values=donor.values | kept)
        changed.append(item if inside(item.entity, stage.plain(other)) else other)
        added = replace(item, values=item.values | _new_key(stage, item))
        changed += [] if inside(item.entity, stage.plain(added)) else [added]
    return changed


def _new_key(stage: Stage, item: Item) -> Record:
    name = stage.world.key_of(item.entity)[-1]
    key: Record = {name: cast("int", item.values[name]) + 1_000}
    return key | ({"code": f"new {item.values['code']}"} if "code" in item.values else {})
