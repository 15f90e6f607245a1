"""Order and window by their definition, and the engine over objects in memory."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypedDict

import pytest
from pydantic import AwareDatetime, BaseModel

from queryengine.ast import (
    FilterAST,
    Nulls,
    Op,
    OrderKey,
    Slot,
    Window,
)
from queryengine.engine import Engine
from queryengine.errors import ConfigurationError
from queryengine.memory import MemoryQueryEngine, MemoryQueryResult, evaluate, sort_rows
from queryengine.parsed import Source
from queryengine.policy import SecurityPolicy
from queryengine.predicate import field as attribute
from queryengine.process import Processor, process_filter_to_ast
from queryengine.schema import IntegerType
from tests.things import Maker, Tag, Thing, compare, order


def ids(rows: Iterable[Thing]) -> list[int]:
    return [row.id for row in rows]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (order("count"), [2, 3, 1, 4]),
        (order("count", descending=True), [1, 4, 3, 2]),
        (order("count", nulls=Nulls.LAST), [3, 1, 4, 2]),
        (order("count", nulls=Nulls.FIRST), [2, 3, 1, 4]),
        (order("count", descending=True, nulls=Nulls.FIRST), [2, 1, 4, 3]),
        (order("count", descending=True, nulls=Nulls.LAST), [1, 4, 3, 2]),
    ],
)
def test_nulls_are_the_smallest_value_and_equal_rows_keep_their_places(
    key: OrderKey, expected: list[int]
) -> None:
    rows = [Thing(1, count=5), Thing(2), Thing(3, count=1), Thing(4, count=5)]
    assert ids(sort_rows([key], rows)) == expected


def test_the_first_key_of_an_order_weighs_most() -> None:
    rows = [Thing(1, name="b", count=1), Thing(2, name="a", count=2), Thing(3, name="b", count=2)]
    assert ids(sort_rows([order("name", descending=True), order("count", descending=True)], rows)) == [
        3,
        1,
        2,
    ]


def test_an_order_by_a_path_has_null_for_a_missing_row() -> None:
    rows = [Thing(1, maker=Maker("b")), Thing(2), Thing(3, maker=Maker("a")), Thing(4, maker=Maker(None))]
    assert ids(sort_rows([order("maker.name")], rows)) == [2, 4, 3, 1]


def test_text_is_ordered_by_code_point_and_false_before_true() -> None:
    names = [Thing(n, name=name) for n, name in enumerate(["a", "B", "é", "\U0001f44d", "\uffff", ""])]
    assert ids(sort_rows([order("name")], names)) == [5, 1, 0, 2, 4, 3]
    assert ids(sort_rows([order("active")], [Thing(1, active=True), Thing(2, active=False)])) == [2, 1]


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(), [0, 1, 2, 3, 4]),
        (Window(limit=2), [0, 1]),
        (Window(limit=2, offset=4), [4]),
        (Window(offset=3), [3, 4]),
        (Window(limit=0), []),
        (Window(offset=9), []),
    ],
)
def test_a_window_takes_some_of_the_ordered_rows(window: Window, expected: list[int]) -> None:
    rows = [Thing(n) for n in (4, 2, 0, 1, 3)]
    assert ids(evaluate(FilterAST(order=(order("id"),), window=window), rows)) == expected


def test_the_scope_stands_beside_the_condition() -> None:
    ast = FilterAST(condition=compare("id", Op.GT, 1), scope=compare("count", Op.EQ, 1))
    assert ids(evaluate(ast, [Thing(1, count=1), Thing(2, count=1), Thing(3, count=2)])) == [2]


@pytest.mark.parametrize(
    "ast",
    [
        FilterAST(condition=compare("id", Op.EQ, Slot(0))),
        FilterAST(window=Window(limit=Slot(0))),
        FilterAST(window=Window(offset=Slot(0))),
    ],
)
def test_the_template_of_a_shape_cannot_be_evaluated(ast: FilterAST) -> None:
    with pytest.raises(TypeError, match="template"):
        evaluate(ast, [Thing()])


def test_the_engine_gives_a_query_over_any_rows_of_its_model() -> None:
    engine: Engine[Thing, MemoryQueryResult[Thing]] = MemoryQueryEngine(Thing)
    ast = FilterAST(
        condition=compare("id", Op.GT, 1), order=(order("id", descending=True),), window=Window(2)
    )
    query, projection, sort = engine.build_query(ast)
    things = [Thing(n) for n in range(5)]
    assert ids(query.all(things)) == [4, 3]
    assert query.count(things) == 3
    assert projection is None
    assert sort == ast.order
    assert engine.execute_query(ast).filter is ast
    assert engine.model is Thing


def test_the_engine_declares_that_objects_already_carry_what_include_would_load() -> None:
    capabilities = MemoryQueryEngine(Thing).capabilities
    assert capabilities.backend == "memory"
    assert not capabilities.include
    assert capabilities.note("include")


def test_the_engine_takes_a_name_and_a_primary_key() -> None:
    engine = MemoryQueryEngine(Tag, name="Label", primary_key=["label"])
    assert engine.schema.name == "Label"
    assert engine.schema.primary_key == (engine.schema.fields["label"],)
    assert engine.schema is engine.schema


def test_numbers_of_annotations_bound_the_fields_of_the_engine() -> None:
    @dataclass
    class Stock:
        amount: Annotated[int, IntegerType(0, 9)]

    assert MemoryQueryEngine(Stock).schema.fields["amount"].type == IntegerType(0, 9)


@dataclass
class Visit:
    id: int
    begun: dt.datetime | None = None
    ended: AwareDatetime | None = None
    seen: list[dt.datetime] | None = field(default_factory=list[dt.datetime])


NAIVE, AWARE = dt.datetime(2013, 1, 1, 12), dt.datetime(2013, 1, 1, 12, tzinfo=dt.UTC)  # noqa: DTZ001  # it has no zone


@pytest.mark.parametrize(
    ("visit", "filter", "name"),
    [
        (Visit(1, begun=AWARE), {"where": {"begun": "2013-01-01T12:00:00"}}, "begun"),
        (Visit(1, begun=AWARE), {"where": {"begun": {"ne": "2013-01-01T12:00:00"}}}, "begun"),
        (Visit(1, begun=AWARE), {"where": {"begun": {"gt": "2013-01-01T12:00:00"}}}, "begun"),
        (Visit(1, ended=NAIVE), {"where": {"ended": {"in": ["2013-01-01T12:00:00Z"]}}}, "ended"),
        (Visit(1, begun=AWARE), {"order": "begun"}, "begun"),
        (Visit(1, seen=[NAIVE, AWARE]), {"where": {"seen": {"has": "2013-01-01T12:00:00"}}}, "seen"),
    ],
)
def test_a_row_with_a_date_time_of_the_other_kind_is_never_just_not_found(
    visit: Visit, filter: dict[str, Any], name: str
) -> None:
    engine = MemoryQueryEngine(Visit)
    query = engine.build_query(process_filter_to_ast(filter, engine)).query
    with pytest.raises(ConfigurationError, match=f"^a row's '{name}' is a date-time with (no|a) zone, which"):
        query.all([visit])


def test_rows_with_the_date_times_of_their_annotations_are_found() -> None:
    engine = MemoryQueryEngine(Visit)
    where = {"begun": NAIVE, "ended": AWARE, "seen": {"has": NAIVE}}
    query = engine.build_query(process_filter_to_ast({"where": where}, engine)).query
    right = Visit(1, begun=NAIVE, ended=AWARE, seen=[NAIVE])
    assert query.all([right, Visit(2, begun=NAIVE, ended=AWARE, seen=None), Visit(3)]) == [right]


class Flag(TypedDict):
    id: int
    color: str


class Ship(BaseModel):
    id: int


@dataclass(frozen=True)
class Harbour:
    id: int
    ships: Sequence[Ship] = ()
    flag: Flag | None = None
    twin: Harbour | None = None


def test_rows_hold_no_related_objects_outside_of_their_scopes() -> None:
    engine = MemoryQueryEngine(Harbour)
    twin = Harbour(2, (Ship(id=3),), Flag(id=1, color="red"))
    harbour = Harbour(1, (Ship(id=1), Ship(id=2)), Flag(id=2, color="black"), twin)
    scope = {Ship: attribute("id") < 2, Flag: attribute("color") != "black"}
    processor = Processor(engine, policy=SecurityPolicy(relations=True))
    (found,) = engine.build_query(processor.process(Source("{}"), scope=scope)).query.all([harbour])
    assert (list(found.ships), found.flag) == ([Ship(id=1)], None)
    assert found.twin is not None
    assert (list(found.twin.ships), found.twin.flag) == ([], Flag(id=1, color="red"))
    assert [ship.id for ship in harbour.ships] == [1, 2]
    assert twin.ships == (Ship(id=3),)


def test_rows_without_scopes_are_the_very_objects_that_were_given() -> None:
    engine = MemoryQueryEngine(Harbour)
    harbour = Harbour(1, ())
    (found,) = engine.build_query(process_filter_to_ast({}, engine)).query.all([harbour])
    assert found is harbour
