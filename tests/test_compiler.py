"""The compilers' base: tables are complete when the class is made, and `not` reaches the leaves."""

from __future__ import annotations

import types
from collections.abc import Callable, Sequence

import pytest

from queryengine.ast import And, Comparison, Not, Op, Or, Path, Quantified, Quantifier, Where
from queryengine.compiler import Compiler, handles

ALL = frozenset(Op)


class Words(Compiler[str, str, str], abstract=True):
    """Compiles to text, so that the walk can be read."""

    def all_of(self, operands: Sequence[str]) -> str:
        return "(" + " & ".join(operands) + ")"

    def any_of(self, operands: Sequence[str]) -> str:
        return "(" + " | ".join(operands) + ")"

    def comparison(self, node: Comparison, place: str, negated: bool) -> str:
        return "!" * negated + self.predicate(place + str(node.path), node)

    def quantified(self, node: Quantified, place: str, negated: bool) -> str:
        inner = "" if node.where is None else self.compile(node.where, f"{place}{node.path}.")
        return "!" * negated + f"{node.quantifier}({inner})"


class Equals(Words, gaps=ALL - {Op.EQ, Op.IN}):
    """Knows two operators, under one handler."""

    @handles(Op.EQ, Op.IN)
    def equal(self, operand: str, comparison: Comparison) -> str:
        return f"{operand}={comparison.value}"


def make(name: str, base: type[Words], gaps: frozenset[Op], **methods: Callable[..., str]) -> None:
    types.new_class(name, (base,), {"gaps": gaps}, lambda namespace: namespace.update(methods))


def leaf(name: str, op: Op = Op.EQ) -> Comparison:
    return Comparison(Path((name,), (), None), op, 1)


def test_not_is_pushed_to_the_leaves() -> None:
    where: Where = Not(And((leaf("a"), Or((Not(leaf("b")), leaf("c"))))))
    assert Equals().compile(where, "") == "(!a=1 | (b=1 & !c=1))"


def test_two_nots_cancel() -> None:
    assert Equals().compile(Not(Not(leaf("a"))), "") == "a=1"


def test_a_quantified_condition_compiles_its_inside_at_its_own_place() -> None:
    where = Not(Quantified(Path(("tags",), (), None), Quantifier.SOME, leaf("name")))
    assert Equals().compile(where, "") == "!some(tags.name=1)"


def test_an_operator_without_handler_fails_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="Lacking: no handler for eq; no handler for in"):
        make("Lacking", Words, ALL - {Op.EQ, Op.IN})


def test_two_handlers_of_one_operator_fail_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="equal and same both handle eq"):
        make("Twice", Equals, ALL - {Op.EQ, Op.IN}, same=handles(Op.EQ)(lambda *_: ""))


def test_a_handler_of_a_declared_gap_fails_when_the_class_is_made() -> None:
    with pytest.raises(TypeError, match="eq is handled, and declared a gap"):
        make("Both", Equals, ALL - {Op.IN})


def test_a_declared_gap_that_is_compiled_all_the_same_raises() -> None:
    with pytest.raises(KeyError):
        Equals().compile(leaf("a", Op.LIKE), "")


def test_a_subclass_may_replace_a_handler() -> None:
    class Other(Equals):
        @handles(Op.EQ, Op.IN)
        def equal(self, operand: str, comparison: Comparison) -> str:
            return f"{operand}=={comparison.value}"

    assert Other().compile(leaf("a"), "") == "a==1"
