"""Rewriting keeps the meaning of every condition, makes none larger, and comes to an end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias, assert_never

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import (
    And,
    Comparison,
    Not,
    Op,
    Or,
    Path,
    Quantified,
    Quantifier,
    Slot,
    Step,
    Where,
)
from queryengine.errors import Span
from queryengine.rewrite import RULES, rewrite
from queryengine.schema import BooleanType, Field, ModelSchema, Relation

SOME, EVERY, NONE = Quantifier.SOME, Quantifier.EVERY, Quantifier.NONE

Row: TypeAlias = "Mapping[str, bool | Sequence[Row]]"

NODE: ModelSchema[object] = ModelSchema("Node", object)
FIELDS = [Field(name, BooleanType(), nullable=False) for name in "abc"]
RELATIONS = [Relation(name, lambda: NODE, many=True) for name in ("left", "right")]

A, B, C = (Comparison(Path((f.name,), (), f), Op.EQ, Slot(0)) for f in FIELDS)
LEFT, RIGHT = (Path((r.name,), (Step(r),), None) for r in RELATIONS)
SCOPED = Path(("left",), (Step(RELATIONS[0], scope=A),), None)


def holds(where: Where | None, row: Row) -> bool:
    """Evaluate a condition whose comparisons are all `field eq true`."""
    match where:
        case None:
            return True
        case And():
            return all(holds(operand, row) for operand in where.operands)
        case Or():
            return any(holds(operand, row) for operand in where.operands)
        case Not():
            return not holds(where.operand, row)
        case Comparison():
            return row[str(where.path)] is True
        case Quantified():
            related = row[str(where.path)]
            assert not isinstance(related, bool)
            scope = where.path.steps[-1].scope
            found = [holds(where.where, other) for other in related if holds(scope, other)]
            match where.quantifier:
                case Quantifier.SOME:
                    return any(found)
                case Quantifier.EVERY:
                    return all(found)
                case Quantifier.NONE:
                    return not any(found)
                case _:
                    assert_never(where.quantifier)
        case _:
            assert_never(where)


def size(where: Where | None) -> int:
    """Count the nodes of a condition."""
    match where:
        case None:
            return 0
        case And() | Or():
            return 1 + sum(map(size, where.operands))
        case Not():
            return 1 + size(where.operand)
        case Comparison():
            return 1
        case Quantified():
            return 1 + size(where.where)
        case _:
            assert_never(where)


def subqueries(where: Where | None) -> int:
    match where:
        case None | Comparison():
            return 0
        case And() | Or():
            return sum(map(subqueries, where.operands))
        case Not():
            return subqueries(where.operand)
        case Quantified():
            return 1 + subqueries(where.where)
        case _:
            assert_never(where)


def branches(operand: st.SearchStrategy[Where]) -> st.SearchStrategy[Where]:
    operands = st.lists(operand, min_size=1, max_size=4).map(tuple)
    paths = st.sampled_from([LEFT, RIGHT, SCOPED])
    return st.one_of(
        st.builds(And, operands),
        st.builds(Or, operands),
        st.builds(Not, operand),
        st.builds(Quantified, paths, st.sampled_from(Quantifier), st.none() | operand),
    )


CONDITIONS = st.recursive(st.sampled_from([A, B, C]), branches, max_leaves=12)


def make_row(flags: tuple[bool, bool, bool], left: Sequence[Row] = (), right: Sequence[Row] = ()) -> Row:
    a, b, c = flags
    return {"a": a, "b": b, "c": c, "left": left, "right": right}


FLAGS = st.tuples(st.booleans(), st.booleans(), st.booleans())


def parents(rows: st.SearchStrategy[Row]) -> st.SearchStrategy[Row]:
    related = st.lists(rows, max_size=2)
    return st.builds(make_row, FLAGS, related, related)


ROWS = st.recursive(st.builds(make_row, FLAGS), parents, max_leaves=6)


@given(where=CONDITIONS, rows=st.lists(ROWS, min_size=1, max_size=6))
def test_a_rewritten_condition_holds_for_the_same_rows(where: Where, rows: Sequence[Row]) -> None:
    rewritten = rewrite(where)
    assert [holds(rewritten, row) for row in rows] == [holds(where, row) for row in rows]


@given(where=CONDITIONS)
def test_rewriting_never_makes_more_subqueries_nor_more_nodes(where: Where) -> None:
    rewritten = rewrite(where)
    assert size(rewritten) <= size(where)
    assert subqueries(rewritten) <= subqueries(where)


@given(where=CONDITIONS)
def test_a_rewritten_condition_is_returned_itself(where: Where) -> None:
    rewritten = rewrite(where)
    assert rewrite(rewritten) is rewritten


@given(where=CONDITIONS)
def test_every_rule_alone_keeps_the_meaning(where: Where) -> None:
    rows: list[Row] = [
        {"a": a, "b": b, "c": False, "left": left, "right": ()}
        for a in (True, False)
        for b in (True, False)
        for left in ((), ({"a": a, "b": not b, "c": True, "left": (), "right": ()},))
    ]
    for rule in RULES:
        after = rule(where)
        assert [holds(after, row) for row in rows] == [holds(where, row) for row in rows], rule.__name__


def test_nested_groups_of_one_kind_become_one() -> None:
    assert rewrite(And((A, And((B, And((C,))))))) == And((A, B, C))
    assert rewrite(Or((Or((A, B)), C))) == Or((A, B, C))
    assert rewrite(And((A, Or((B, C))))) == And((A, Or((B, C))))


def test_a_group_of_one_is_its_operand() -> None:
    assert rewrite(Or((And((A,)),))) is A


def test_a_condition_that_is_said_twice_is_asked_once() -> None:
    assert rewrite(And((A, B, A))) == And((A, B))
    assert rewrite(Or((A, And((A, A))))) is A


def test_two_slots_are_two_values() -> None:
    other = Comparison(A.path, Op.EQ, Slot(1))
    assert rewrite(Or((A, other))) == Or((A, other))


def test_two_negations_cancel() -> None:
    assert rewrite(Not(Not(A))) is A
    assert rewrite(Not(And((Not(A),)))) is A
    assert rewrite(Not(A)) == Not(A)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Not(Quantified(LEFT, SOME, A)), Quantified(LEFT, NONE, A)),
        (Not(Quantified(LEFT, NONE, A)), Quantified(LEFT, SOME, A)),
        (Not(Quantified(LEFT, EVERY, A)), Quantified(LEFT, SOME, Not(A))),
        (Not(Quantified(LEFT, EVERY, Not(A))), Quantified(LEFT, SOME, A)),
        (Quantified(LEFT, EVERY, Not(A)), Quantified(LEFT, NONE, A)),
        (Quantified(LEFT, NONE, Not(A)), Quantified(LEFT, EVERY, A)),
        (Quantified(LEFT, SOME, Not(A)), Quantified(LEFT, SOME, Not(A))),
        (Not(Quantified(LEFT, EVERY, None)), Not(Quantified(LEFT, EVERY, None))),
    ],
)
def test_a_negation_and_a_quantifier_become_one_quantifier(before: Where, after: Where) -> None:
    assert rewrite(before) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (Or((Quantified(LEFT, SOME, A), Quantified(LEFT, SOME, B))), Quantified(LEFT, SOME, Or((A, B)))),
        (And((Quantified(LEFT, EVERY, A), Quantified(LEFT, EVERY, B))), Quantified(LEFT, EVERY, And((A, B)))),
        (And((Quantified(LEFT, NONE, A), Quantified(LEFT, NONE, B))), Quantified(LEFT, NONE, Or((A, B)))),
        (Or((Quantified(LEFT, SOME, A), Quantified(LEFT, SOME, None))), Quantified(LEFT, SOME, None)),
        (And((Quantified(LEFT, NONE, None), Quantified(LEFT, NONE, A))), Quantified(LEFT, NONE, None)),
        (And((Quantified(LEFT, EVERY, None), Quantified(LEFT, EVERY, A))), Quantified(LEFT, EVERY, A)),
        (
            Or((Quantified(LEFT, SOME, A), C, Quantified(LEFT, SOME, B))),
            Or((Quantified(LEFT, SOME, Or((A, B))), C)),
        ),
    ],
)
def test_the_same_relation_is_asked_once(before: Where, after: Where) -> None:
    assert rewrite(before) == after


@pytest.mark.parametrize(
    "where",
    [
        And((Quantified(LEFT, SOME, A), Quantified(LEFT, SOME, B))),
        Or((Quantified(LEFT, EVERY, A), Quantified(LEFT, EVERY, B))),
        Or((Quantified(LEFT, NONE, A), Quantified(LEFT, NONE, B))),
        Or((Quantified(LEFT, SOME, A), Quantified(RIGHT, SOME, B))),
        Or((Quantified(LEFT, SOME, A), Quantified(SCOPED, SOME, B))),
    ],
)
def test_what_may_be_two_related_rows_stays_two_questions(where: Where) -> None:
    assert rewrite(where) is where


def test_scopes_and_spans_stay() -> None:
    where = Not(Quantified(SCOPED, SOME, A), span=Span(3, 9))
    rewritten = rewrite(where)
    assert isinstance(rewritten, Quantified)
    assert rewritten.path is SCOPED
    assert rewritten.span == Span(3, 9)


def test_rewriting_stands_the_deepest_nesting_that_limits_allow() -> None:
    where: Where = A
    for _ in range(64):
        where = Not(And((where, B)))
    assert rewrite(where) == where
