"""Predicates: how scopes are written in Python."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from queryengine.ast import Op, Quantifier
from queryengine.predicate import (
    EVERYTHING,
    AllOf,
    AnyOf,
    Compare,
    Negated,
    Predicate,
    Related,
    field,
    shape_of,
)


def test_operators_make_comparisons() -> None:
    a = field("a")
    assert (a == 1) == Compare("a", Op.EQ, 1)
    assert (a != 1) == Negated(Compare("a", Op.EQ, 1))
    assert (a > 1) == Compare("a", Op.GT, 1)
    assert (a >= 1) == Compare("a", Op.GTE, 1)
    assert (a < 1) == Compare("a", Op.LT, 1)
    assert (a <= 1) == Compare("a", Op.LTE, 1)
    assert a.between(1, 2) == AllOf((Compare("a", Op.GTE, 1), Compare("a", Op.LTE, 2)))
    assert a.contains("x") == Compare("a", Op.CONTAINS, "x")
    assert a.starts_with("x") == Compare("a", Op.STARTS_WITH, "x")
    assert a.has("x") == Compare("a", Op.HAS, "x")


def test_none_asks_for_null() -> None:
    null = Compare("a", Op.IS_NULL, None)
    assert (field("a") == None) == null  # noqa: E711  # the operator of the language
    assert (field("a") != None) == Negated(null)  # noqa: E711  # the operator of the language
    assert field("a").in_([1, None]) == AnyOf((Compare("a", Op.IN, (1,)), null))
    assert field("a").in_([]) == Compare("a", Op.IN, ())


def test_predicates_join() -> None:
    a, b = field("a") == 1, field("b") == 2
    assert (a & b) == AllOf((a, b))
    assert (a | b) == AnyOf((a, b))
    assert ~a == Negated(a)


def test_a_predicate_has_no_truth_value() -> None:
    with pytest.raises(TypeError, match="join predicates"):
        bool(field("a") == 1)


def test_relations_are_quantified() -> None:
    where = field("stars") == 5
    assert field("reviews").some(where) == Related("reviews", Quantifier.SOME, where)
    assert field("reviews").every(where) == Related("reviews", Quantifier.EVERY, where)
    assert field("reviews").none() == Related("reviews", Quantifier.NONE, EVERYTHING)


def test_a_mapped_attribute_gives_its_name() -> None:
    @dataclass
    class Attribute:
        key: str

    assert (field(Attribute("a")) == 1) == Compare("a", Op.EQ, 1)


def test_shapes_leave_out_values_and_keep_their_order() -> None:
    first = (field("a") == 1) & (field("b").in_(["x"]) | ~field("c").some(field("d") > 2))
    second = (field("a") == 9) & (field("b").in_(["y", "z"]) | ~field("c").some(field("d") > 0))
    assert shape_of(first)[0] == shape_of(second)[0]
    assert shape_of(second)[1] == (9, ("y", "z"), 0)
    assert shape_of(field("a").is_null()) == (("a", Op.IS_NULL), ())


def test_what_is_no_predicate_has_no_shape() -> None:
    class Other(Predicate):
        __slots__ = ()

    with pytest.raises(TypeError, match="made with field"):
        shape_of(Other())
