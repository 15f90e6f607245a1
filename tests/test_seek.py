"""Paging by cursor gives every row once, in the order of the contract, forward and back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import FilterAST, Value
from queryengine.config import QueryConfig
from queryengine.memory import MemoryQuery, MemoryQueryEngine, value_at
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode


@dataclass(eq=False)
class Maker:
    id: int
    rank: float | None


@dataclass(eq=False)
class Thing:
    id: int
    size: int | None
    name: str | None
    maker: Maker | None


PROCESSOR = Processor(
    MemoryQueryEngine(Thing),
    policy=SecurityPolicy(relations=True),
    config=QueryConfig(cursor_secret="a secret of some length"),
)

makers = st.builds(Maker, st.integers(1, 3), st.sampled_from([None, 1.5, 2.0]))
things = st.lists(
    st.builds(
        Thing,
        st.integers(1, 99),
        st.sampled_from([None, 1, 2, 3]),
        st.sampled_from([None, "a", "A", "É"]),
        st.none() | makers,
    ),
    max_size=25,
    unique_by=lambda thing: thing.id,
)
keys = st.builds(
    "{}{}{}".format,
    st.sampled_from(["size", "name", "maker.rank", "maker.id", "id"]),
    st.sampled_from(["", " DESC"]),
    st.sampled_from(["", " NULLS FIRST", " NULLS LAST"]),
)
orders = st.lists(keys, min_size=1, max_size=3, unique_by=lambda key: key.split()[0])
conditions = st.sampled_from([{}, {"where": {"size": {"ne": 2}}}, {"where": {"maker": {"isNull": False}}}])


def ids(rows: Sequence[Thing]) -> list[int]:
    return [row.id for row in rows]


def bind(document: dict[str, object], scope: Scope | None = None) -> FilterAST:
    return PROCESSOR.process(encode(document), scope=scope, principal="ann")


def cursor(ast: FilterAST, row: Thing) -> str:
    assert ast.shape is not None
    assert ast.shape.cursors is not None
    return ast.shape.cursors.seal([cast("Value", value_at(key.path, row)) for key in ast.order], "ann")


def pages(
    document: dict[str, object], word: str, start: str | None, rows: Sequence[Thing], scope: Scope | None
) -> list[Thing]:
    """Walk from a cursor, or from the beginning, as far as there are rows."""
    found: list[Thing] = []
    while True:
        ast = bind(document if start is None else {**document, word: start}, scope)
        page = MemoryQueryEngine(Thing).build_query(ast).query.all(rows)
        if not page:
            return found
        found += page
        start = cursor(ast, page[-1])


@given(
    rows=things,
    order=orders,
    limit=st.integers(1, 7),
    condition=conditions,
    scope=st.sampled_from([None, {Maker: field("rank") == 2.0}]),
)
def test_all_pages_together_are_all_rows_in_order(
    rows: list[Thing], order: list[str], limit: int, condition: dict[str, object], scope: Scope | None
) -> None:
    document = {**condition, "order": order, "limit": limit}
    whole = MemoryQueryEngine(Thing).build_query(bind({**document, "limit": 1_000}, scope)).query.all(rows)
    # By their ids: under a scope the rows are copies, without the related objects that are out of it.
    assert ids(pages(document, "after", None, rows, scope)) == ids(whole)
    if whole:
        last = cursor(bind(document, scope), whole[-1])
        assert ids(pages(document, "before", last, rows, scope)) == ids(whole[-2::-1])


@pytest.mark.long
@given(rows=things, order=orders, limit=st.integers(1, 5), gone=st.integers(0, 24), data=st.data())
def test_rows_that_stay_are_neither_missed_nor_repeated_while_others_come_and_go(
    rows: list[Thing], order: list[str], limit: int, gone: int, data: st.DataObject
) -> None:
    document: dict[str, object] = {"order": order, "limit": limit}
    stay = [row for row in rows if row.id != gone]
    found: list[Thing] = []
    present, start = list(rows), None
    while True:
        ast = bind(document if start is None else {**document, "after": start})
        page = MemoryQueryEngine(Thing).build_query(ast).query.all(present)
        if not page:
            break
        found += page
        start = cursor(ast, page[-1])
        new = Thing(100 + len(found), data.draw(st.sampled_from([None, 2])), "b", None)
        present = [*stay, new] if len(found) < 50 else stay
    whole = MemoryQueryEngine(Thing).build_query(bind({"order": order, "limit": 1_000})).query.all(stay)
    assert [row for row in found if row in stay] == whole


@given(rows=things, order=orders, limit=st.integers(1, 7), condition=conditions)
def test_pages_lead_on_and_back_and_count_all_rows(
    rows: list[Thing], order: list[str], limit: int, condition: dict[str, object]
) -> None:
    def query(**where: object) -> MemoryQuery[Thing]:
        document = {**condition, "order": order, "limit": limit, **where}
        return MemoryQueryEngine(Thing).build_query(bind(document)).query

    whole = query(limit=1_000).all(rows)
    page = query().page(rows, total="exact")
    assert page.previous is None
    forward = list(page.items)
    while page.next is not None:
        page = query(after=page.next).page(rows, total="exact")
        assert (page.total, page.capped) == (len(whole), False)
        forward += page.items
    assert forward == whole
    back = list(page.items)
    while page.previous is not None:
        page = query(before=page.previous).page(rows, total=3)
        assert (page.total, page.capped) == (min(3, len(whole)), len(whole) > 3)
        back = page.items + back
    assert back == whole


def test_a_page_before_a_cursor_comes_nearest_first_and_says_so() -> None:
    first = bind({"order": "-size", "limit": 2})
    rows = [Thing(number, number, None, None) for number in range(6)]
    ast = bind({"order": "-size", "limit": 2, "before": cursor(first, rows[2])})
    assert [row.id for row in MemoryQueryEngine(Thing).build_query(ast).query.all(rows)] == [3, 4]
    assert ast.window.backward
    assert [(str(key.path), key.descending) for key in ast.order] == [("size", False), ("id", True)]
