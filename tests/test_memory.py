"""The executable definition of meaning, rule by rule, on trees built by hand."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import (
    And,
    Comparison,
    FilterAST,
    JSONDocument,
    Not,
    Op,
    Or,
    Quantified,
    Quantifier,
    Value,
    Where,
)
from queryengine.errors import ConfigurationError
from queryengine.memory import evaluate, matches
from queryengine.model_schema import read_schema
from queryengine.values import json_document
from tests.things import Color, Maker, Tag, Thing, compare, path, some, tag

NAN = float("nan")


# -- rules 1 and 2


EVERY_FIELD: list[tuple[str, Op, Value]] = [
    ("name", Op.EQ, "a"),
    ("name", Op.IN, ("a",)),
    ("name", Op.LIKE, "%"),
    ("name", Op.CONTAINS, ""),
    ("name", Op.REGEX, "a"),
    ("count", Op.GT, 0),
    ("count", Op.GTE, 0),
    ("count", Op.LT, 0),
    ("count", Op.LTE, 0),
    ("data", Op.EQ, json_document([])),
    ("words", Op.EQ, ()),
    ("words", Op.HAS, "a"),
    ("words", Op.HAS_ANY, ()),
    ("words", Op.HAS_ALL, ()),
    ("words", Op.SIZE, 0),
    ("words", Op.IS_EMPTY, None),
    ("maker.name", Op.EQ, "a"),
    ("maker.parent.name", Op.EQ, "a"),
]


@pytest.mark.parametrize(("name", "op", "value"), EVERY_FIELD)
def test_a_comparison_with_null_is_false_and_its_negation_is_true(name: str, op: Op, value: Value) -> None:
    assert not matches(compare(name, op, value), Thing())
    assert matches(Not(compare(name, op, value)), Thing())


@pytest.mark.parametrize("name", ["name", "maker", "maker.name", "maker.parent", "maker.parent.name"])
def test_only_is_null_holds_of_null_and_of_what_is_behind_a_missing_row(name: str) -> None:
    assert matches(compare(name, Op.IS_NULL), Thing())
    assert not matches(compare(name, Op.IS_NULL), Thing(name="", maker=Maker("", parent=Maker(""))))


def test_and_or_and_not_are_those_of_logic() -> None:
    yes, no = compare("id", Op.EQ, 0), compare("id", Op.EQ, 1)
    assert matches(And((yes, yes)), Thing())
    assert not matches(And((yes, no)), Thing())
    assert matches(Or((no, yes)), Thing())
    assert not matches(Or((no, no)), Thing())
    assert matches(Not(no), Thing())


# -- rule 3


def test_a_document_is_read_by_keys_and_what_it_lacks_is_null() -> None:
    document = {"id": 1, "maker": {"name": "x"}, "tags": [{"label": "a"}]}
    assert matches(compare("maker.name", Op.EQ, "x"), document)
    assert matches(compare("price", Op.IS_NULL), document)
    assert matches(compare("maker.parent.name", Op.IS_NULL), document)
    assert matches(some("tags", tag("label", Op.EQ, "a")), document)
    assert not matches(some("maker.tags", None), document)


def test_an_attribute_that_an_object_lacks_is_null() -> None:
    assert matches(compare("name", Op.IS_NULL), object())


# -- rules 4, 5 and 6


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.IN, (), False),
        (Op.IN, ("x", "A%b"), True),
        (Op.EQ, "A%b", True),
        (Op.EQ, "a%b", False),
        (Op.EQ, "A%b ", False),
        (Op.GT, "A", True),
        (Op.LT, "a", True),
        (Op.LT, "\U0001f44d", True),
        (Op.GTE, "A%b", True),
        (Op.LTE, "A%b", True),
        (Op.LTE, "A", False),
        (Op.CONTAINS, "%", True),
        (Op.CONTAINS, "A_b", False),
        (Op.ICONTAINS, "a%B", True),
        (Op.STARTS_WITH, "A%", True),
        (Op.STARTS_WITH, "a", False),
        (Op.ISTARTS_WITH, "a%", True),
        (Op.ENDS_WITH, "%b", True),
        (Op.ENDS_WITH, "%B", False),
        (Op.IENDS_WITH, "%B", True),
        (Op.LIKE, "A_b", True),
        (Op.LIKE, "a_b", False),
        (Op.ILIKE, "a_B", True),
        (Op.ILIKE, "a\\_B", False),
        (Op.REGEX, "^A.b$", True),
        (Op.REGEX, "^b", False),
    ],
)
def test_text_is_compared_by_code_point(op: Op, value: Value, expected: bool) -> None:
    assert matches(compare("name", op, value), Thing(name="A%b")) is expected


def test_the_i_operators_fold_nothing_beyond_ascii() -> None:
    row = Thing(name="ÉTÉ \u212a")
    assert matches(compare("name", Op.ICONTAINS, "Ét"), row)
    assert not matches(compare("name", Op.ICONTAINS, "ét"), row)
    assert not matches(compare("name", Op.ICONTAINS, "k"), row)


def test_an_operator_that_text_does_not_have_raises() -> None:
    with pytest.raises(TypeError):
        matches(Comparison(path("name"), "near", "a"), Thing(name="a"))  # type: ignore[arg-type]  # the test


# -- rule 9


def test_some_means_one_related_row_that_meets_both_conditions() -> None:
    both = And((tag("label", Op.EQ, "a"), tag("weight", Op.GT, 5)))
    assert not matches(some("tags", both), Thing(tags=[Tag("a", 1), Tag("b", 9)]))
    assert matches(some("tags", both), Thing(tags=[Tag("b", 1), Tag("a", 9)]))


@pytest.mark.parametrize("row", [Thing(), Thing(maker=Maker("x"))])
def test_without_related_rows_some_is_false_and_every_and_none_are_true(row: Thing) -> None:
    heavy = tag("weight", Op.GT, 5)
    for name in ("tags", "maker.tags"):
        for where in (heavy, None):
            assert not matches(some(name, where), row)
            assert matches(some(name, where, Quantifier.EVERY), row)
            assert matches(some(name, where, Quantifier.NONE), row)


def test_every_and_none_ask_all_related_rows() -> None:
    heavy = tag("weight", Op.GT, 5)
    mixed, all_heavy = Thing(tags=[Tag("a", 1), Tag("b", 9)]), Thing(tags=[Tag("a", 8), Tag("b", 9)])
    assert not matches(some("tags", heavy, Quantifier.EVERY), mixed)
    assert matches(some("tags", heavy, Quantifier.EVERY), all_heavy)
    assert not matches(some("tags", heavy, Quantifier.NONE), mixed)
    assert matches(some("tags", None), mixed)


def test_a_related_row_outside_of_its_scope_does_not_exist() -> None:
    shown = compare("name", Op.EQ, "shown", read_schema(Maker))
    name = path("maker.name", {"maker": shown})
    hidden_row, shown_row = Thing(maker=Maker("hidden")), Thing(maker=Maker("shown"))
    assert matches(Comparison(name, Op.IS_NULL, None), hidden_row)
    assert not matches(Comparison(name, Op.EQ, "hidden"), hidden_row)
    assert matches(Comparison(name, Op.EQ, "shown"), shown_row)

    light = tag("weight", Op.LT, 5)
    scoped = path("tags", {"tags": light})
    row = Thing(tags=[Tag("a", 9)])
    assert not matches(Quantified(scoped, Quantifier.SOME, None), row)
    assert matches(Quantified(scoped, Quantifier.EVERY, tag("label", Op.EQ, "b")), row)
    assert matches(Quantified(scoped, Quantifier.NONE, tag("label", Op.EQ, "a")), row)


# -- rule 10


NOON = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("row", "name", "op", "value", "expected"),
    [
        (Thing(count=5), "count", Op.EQ, 5.0, True),
        (Thing(count=5), "count", Op.IN, (Decimal("5.0"),), True),
        (Thing(count=1), "count", Op.EQ, True, False),
        (Thing(count=2**53 + 1), "count", Op.EQ, float(2**53), False),
        (Thing(price=Decimal("0.10")), "price", Op.EQ, Decimal("0.1"), True),
        (Thing(ratio=0.1), "ratio", Op.EQ, Decimal("0.1"), False),
        (Thing(ratio=0.5), "ratio", Op.GT, Decimal("0.49"), True),
        (Thing(ratio=NAN), "ratio", Op.EQ, 0.5, False),
        (Thing(active=True), "active", Op.EQ, True, True),
        (Thing(active=True), "active", Op.EQ, 1, False),
        (Thing(active=False), "active", Op.IN, (True,), False),
        (Thing(day=NOON.date()), "day", Op.LT, dt.date(2024, 3, 1), True),
        (Thing(at=NOON), "at", Op.EQ, NOON.astimezone(dt.timezone(dt.timedelta(hours=5))), True),
        (Thing(at=NOON), "at", Op.GT, NOON - dt.timedelta(microseconds=1), True),
        (Thing(clock=dt.time(12)), "clock", Op.GTE, dt.time(12), True),
        (Thing(span=dt.timedelta(days=1)), "span", Op.EQ, dt.timedelta(hours=24), True),
        (Thing(key=uuid.UUID(int=2)), "key", Op.GT, uuid.UUID(int=1), True),
        (Thing(raw=b"\xff"), "raw", Op.GT, b"a", True),
        (Thing(color=Color.RED), "color", Op.EQ, Color.RED, True),
        (Thing(color=Color.RED), "color", Op.IN, (Color.BLUE,), False),
        (Thing(color="red"), "color", Op.EQ, Color.RED, True),
        (Thing(data={"b": 1.0, "a": [None]}), "data", Op.EQ, JSONDocument('{"a":[null],"b":1}'), True),
        (Thing(data=True), "data", Op.EQ, json_document(1), False),
        (Thing(data="1"), "data", Op.EQ, json_document(1), False),
    ],
)
def test_values_compare_by_their_type(row: Thing, name: str, op: Op, value: Value, expected: bool) -> None:
    assert matches(compare(name, op, value), row) is expected


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [
        (Op.EQ, ("a", "b", "a"), True),
        (Op.EQ, ("b", "a", "a"), False),
        (Op.EQ, ("a", "b"), False),
        (Op.HAS, "b", True),
        (Op.HAS, "c", False),
        (Op.HAS_ANY, ("c", "b"), True),
        (Op.HAS_ANY, ("c",), False),
        (Op.HAS_ANY, (), False),
        (Op.HAS_ALL, ("a", "b"), True),
        (Op.HAS_ALL, ("a", "c"), False),
        (Op.HAS_ALL, (), True),
        (Op.SIZE, 3, True),
        (Op.SIZE, 2, False),
        (Op.IS_EMPTY, None, False),
    ],
)
def test_arrays_have_elements_in_an_order(op: Op, value: Value, expected: bool) -> None:
    assert matches(compare("words", op, value), Thing(words=["a", "b", "a"])) is expected


def test_an_empty_array_is_not_null() -> None:
    row = Thing(words=[])
    assert matches(compare("words", Op.IS_EMPTY), row)
    assert matches(compare("words", Op.HAS_ALL, ()), row)
    assert not matches(compare("words", Op.IS_NULL), row)


def test_a_row_of_another_type_than_its_field_is_a_mistake_of_the_service() -> None:
    wrong: Any = "5"  # Any: that is the mistake
    with pytest.raises(ConfigurationError, match="not of its field's type"):
        matches(compare("count", Op.GT, 1), Thing(count=wrong))
    assert not matches(compare("count", Op.EQ, 5), Thing(count=wrong))
    naive = Thing(at=dt.datetime(2024, 2, 29))  # noqa: DTZ001 - it has no zone
    for op in (Op.GT, Op.EQ):
        with pytest.raises(ConfigurationError, match="a date-time with no zone"):
            matches(compare("at", op, NOON), naive)
    assert not matches(compare("data", Op.EQ, json_document([])), Thing(data={1: NOON}))


def test_what_is_not_of_a_closed_union_raises() -> None:
    unknown: Any = object()
    with pytest.raises(AssertionError):
        matches(unknown, Thing())
    with pytest.raises(AssertionError):
        matches(some("tags", None, unknown), Thing())


# -- the laws


leaves = st.sampled_from(
    [compare(name, op, value) for name, op, value in EVERY_FIELD]
    + [some("tags", tag("weight", Op.GT, 1), quantifier) for quantifier in Quantifier]
)
conditions: st.SearchStrategy[Where] = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda operands: And(tuple(operands)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda operands: Or(tuple(operands)))
        | inner.map(Not)
    ),
    max_leaves=8,
)
rows = st.builds(
    Thing,
    name=st.none() | st.sampled_from(["", "a", "b"]),
    count=st.none() | st.integers(-1, 1),
    words=st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=2),
    data=st.none() | st.just([]),
    maker=st.none() | st.builds(Maker, st.none() | st.just("a")),
    tags=st.lists(st.builds(Tag, st.none(), st.integers(0, 2)), max_size=2),
)


@given(conditions, st.lists(rows, max_size=6))
def test_a_condition_and_its_negation_part_all_rows(where: Where, things: list[Thing]) -> None:
    meet = evaluate(FilterAST(condition=where), things)
    rest = evaluate(FilterAST(condition=Not(where)), things)
    assert len(meet) + len(rest) == len(things)
    assert all(any(row is thing for row in [*meet, *rest]) for thing in things)
