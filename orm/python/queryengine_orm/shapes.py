"""What conditions share that differ only in values: their statement is compiled once. Knows no SQL."""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never, cast

from queryengine.ast import And, Comparison, Not, Op, Or, Quantified, Slot, Value, Where
from queryengine_orm.conditions import (
    Arithmetic,
    Call,
    ColumnRef,
    Compared,
    Condition,
    Constant,
    Joined,
    Opposite,
    ScalarNode,
)

__all__ = ["Shaper"]


class Shaper:
    """Takes the values out of the parts of one statement; what is left is the same for all of a shape."""

    __slots__ = ("values",)

    def __init__(self) -> None:
        self.values: list[Value] = []

    def slot(self, value: Value) -> Slot:
        """Take a value, and return its place."""
        self.values.append(value)
        return Slot(len(self.values) - 1)

    def condition(self, condition: Condition) -> Condition:
        """Return a condition with slots for its values."""
        match condition:
            case Joined():
                return replace(condition, operands=tuple(map(self.condition, condition.operands)))
            case Opposite():
                return Opposite(self.condition(condition.operand))
            case Compared():
                left = self.scalar(condition.left)
                return Compared(left, condition.op, self.scalar(condition.right))
            case And() | Or():
                return type(condition)(tuple(self._where(operand) for operand in condition.operands))
            case Not():
                return Not(self._where(condition.operand))
            case Comparison():
                if condition.op in (Op.IS_NULL, Op.IS_EMPTY):
                    return condition
                return Comparison(condition.path, condition.op, self.slot(condition.value))
            case Quantified():
                where = None if condition.where is None else self._where(condition.where)
                return Quantified(condition.path, condition.quantifier, where)
            case _:
                assert_never(condition)

    def _where(self, where: Where) -> Where:
        return cast("Where", self.condition(where))

    def scalar(self, node: ScalarNode) -> ScalarNode:
        """Return a scalar with slots for its constants."""
        match node:
            case ColumnRef():
                return node
            case Constant():
                return node if node.value is None else Constant(self.slot(node.value), node.type)
            case Arithmetic():
                left = self.scalar(node.left)
                return Arithmetic(node.operator, left, self.scalar(node.right))
            case Call():
                return Call(node.function, tuple(map(self.scalar, node.arguments)))
            case _:
                assert_never(node)
