"""The tools for testing back-ends find what is wrong with a back-end, and draw all of the language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from queryengine.ast import FilterAST, Quantified, comparisons
from queryengine.memory import MemoryQueryEngine, evaluate
from queryengine.operators import OPERATORS
from queryengine.predicate import field, shape_of
from queryengine.process import Processor
from queryengine.schema import DecimalType, IntegerType, TextType
from queryengine.testing import differential as differential_module
from queryengine.testing.adapter import POLICY
from queryengine.testing.differential import Differential, Disagreement, smallest
from queryengine.testing.predicates import predicates
from queryengine.testing.samples import samples, storable
from queryengine.testing.strategies import Document, Ground, conditions, filters, siblings

pytestmark = pytest.mark.long


@dataclass
class Tag:
    id: int
    name: str


@dataclass
class Note:
    id: int
    text: str | None
    stars: int
    words: Sequence[str] = ()
    parent: Note | None = None
    tags: Sequence[Tag] = ()


ROOT = Note(1, "a", 5, ["x"], tags=[Tag(1, "red")])
ROWS = [ROOT, Note(2, None, 3, parent=ROOT), Note(3, "B", 5, ["x", "y"], parent=ROOT)]
ENGINE = MemoryQueryEngine(Note)


def compare(run: Callable[[FilterAST], Sequence[Hashable]], rows: Sequence[Note] = ROWS) -> Differential:
    def key(row: object) -> int:
        assert isinstance(row, Note)
        return row.id

    return Differential(Processor(ENGINE, policy=POLICY), run, rows, key)


def right(ast: FilterAST) -> list[int]:
    return [row.id for row in evaluate(ast, ROWS)]


COMPARISON = compare(right)


def ground(depth: int = 3) -> Ground:
    return Ground(COMPARISON.processor.view, ENGINE.capabilities, depth=depth)


FEW = settings(deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(st.data())
def test_a_right_back_end_agrees_with_every_filter(data: st.DataObject) -> None:
    document = data.draw(filters(ground()))
    COMPARISON.check(document)
    COMPARISON.check_partition(data.draw(conditions(ground())))
    COMPARISON.check_print(document)


def forgetful(ast: FilterAST) -> list[int]:
    return right(ast)[1:]


def generous(ast: FilterAST) -> list[int]:
    return [*right(ast), 2]


def backwards(ast: FilterAST) -> list[int]:
    return right(ast)[::-1]


def silent(ast: FilterAST) -> list[int]:
    del ast
    return []


SEVERAL = {"where": {"or": [{"not": {"stars": 9}}, {"tags": {"some": {"id": 1}}}]}}


@pytest.mark.parametrize(
    ("wrong", "document", "word"),
    [
        (forgetful, {"where": {"stars": 5}}, "missing 1: stars=5"),
        (generous, {"where": {"stars": 5}}, "too many 2: stars=3"),
        (backwards, {"order": "text"}, "misplaced 2: text=None"),
        (generous, {"where": {"parent.stars": {"lt": 1}}}, "too many 2: parent.stars=5"),
        (silent, SEVERAL, "expected: [1, 2, 3]"),
    ],
)
def test_a_wrong_answer_is_reported_with_the_rows_that_are_wrong(
    wrong: Callable[[FilterAST], Sequence[Hashable]], document: Document, word: str
) -> None:
    with pytest.raises(Disagreement) as caught:
        compare(wrong).check(document)
    assert word in str(caught.value)
    assert "filter: {" in str(caught.value)


def test_a_scope_is_reported_with_what_was_bound() -> None:
    with pytest.raises(Disagreement, match="bound: ") as caught:
        compare(silent).check({"where": {"stars": 5}}, field("id") > 0)
    assert "op=<Op.GT" in str(caught.value)


def test_a_row_that_neither_a_condition_nor_its_negation_gives_is_found() -> None:
    def three_values(ast: FilterAST) -> list[int]:
        return [key for key in right(ast) if key != 2 or ast.condition is None]

    with pytest.raises(Disagreement, match="do not give all rows once each"):
        compare(three_values).check_partition({"text": "a"})


def test_a_row_that_comes_twice_is_found() -> None:
    with pytest.raises(Disagreement, match="do not give all rows once each"):
        compare(lambda ast: right(ast) * (1 if ast.condition is None else 2)).check_partition({"text": "a"})


def test_a_printer_that_changes_the_filter_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def lie(ast: FilterAST) -> str:
        del ast
        return '{"where":{"stars":6}}'

    monkeypatch.setattr(differential_module, "to_text", lie)
    with pytest.raises(Disagreement, match="printing changes a filter"):
        compare(right).check_print({"where": {"stars": 5}})


def test_a_disagreement_can_be_looked_for_among_other_rows() -> None:
    def without_three(rows: Sequence[Note]) -> Differential:
        return compare(lambda ast: [row.id for row in evaluate(ast, rows) if row.id != 3], rows)

    with pytest.raises(Disagreement) as caught:
        without_three(ROWS).check({})

    def fails(rows: Sequence[Note]) -> bool:
        try:
            caught.value.again(without_three(rows))
        except Disagreement:
            return True
        return False

    assert [row.id for row in smallest(ROWS, fails)] == [3]


@given(st.sets(st.integers(0, 60), min_size=1, max_size=4))
def test_the_smallest_failing_part_is_what_the_failure_needs(needed: set[int]) -> None:
    assert set(smallest(range(61), lambda some: needed <= set(some))) == needed


@pytest.mark.long
def test_all_operators_quantifiers_and_orders_by_relations_are_drawn() -> None:
    expected = {operator.op for operator in OPERATORS} | {"some", "every", "none", "to-one"}
    seen = Counter[str]()

    @settings(FEW, max_examples=500)
    @given(filters(ground(depth=1)))
    def count(document: Document) -> None:
        bound = COMPARISON.bind(document)
        seen["to-one"] += any(key.path.steps for key in bound.order)
        for leaf in comparisons(bound.condition):
            seen[leaf.quantifier if isinstance(leaf, Quantified) else leaf.op] += 1

    for number in range(6):  # by chance, a few hundred filters may do without a rare word
        seed(number)(count)()
        if not expected - (+seen).keys():
            break
    assert expected - (+seen).keys() == set()


@FEW
@given(st.data())
def test_siblings_differ_in_values_only(data: st.DataObject) -> None:
    first, second = data.draw(siblings(ground(), 2))
    assert _form(first) == _form(second)


def _form(part: object) -> object:
    """What is left of a document without its values."""
    if not isinstance(part, dict):
        return None
    return {name: _form(inner) for name, inner in cast("Document", part).items()}


@FEW
@given(st.data())
def test_drawn_predicates_can_be_scopes(data: st.DataObject) -> None:
    related = data.draw(st.booleans())
    scope = data.draw(predicates(ground(), ENGINE.schema, related=related))
    bound = compare(right).bind({}, scope)
    assert related or not any(leaf.path.steps for leaf in comparisons(bound.scope))
    assert isinstance(shape_of(scope), tuple)


def test_samples_lie_inside_of_their_domain() -> None:
    assert all(isinstance(value, int) and -2 <= value <= 2 for value in samples(IntegerType(-2, 2)))
    assert {"", "%", "\u212a", "\U00010000"} <= set(samples(TextType()))
    assert all(storable(TextType(), value) for value in samples(TextType()))


def test_a_column_with_a_scale_stores_no_more_digits() -> None:
    type_ = DecimalType(5, scale=2)
    stored = [str(value) for value in samples(type_) if storable(type_, value)]
    assert "99.99" in stored
    assert "0.001" not in stored
