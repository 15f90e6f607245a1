"""Conditions and scalars as short text, for logs: names, operators, `...` for each value. Knows no class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final, assert_never

from queryengine.ast import And, Comparison, Not, Op, Or, Path, Quantified
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

__all__ = ["NAMES", "condition_text", "scalar_text"]

SYMBOLS: Final[Mapping[Op, str]] = {Op.EQ: "==", Op.GT: ">", Op.GTE: ">=", Op.LT: "<", Op.LTE: "<="}
NAMES: Final[Mapping[Op, str]] = {
    **SYMBOLS,
    Op.IN: "in_",
    Op.STARTS_WITH: "starts_with",
    Op.ISTARTS_WITH: "istarts_with",
    Op.ENDS_WITH: "ends_with",
    Op.IENDS_WITH: "iends_with",
    Op.IS_NULL: "is_null",
    Op.HAS_ANY: "has_any",
    Op.HAS_ALL: "has_all",
    Op.SIZE: "size_is",
    Op.IS_EMPTY: "is_empty",
}
"""what operators are called in Python, where it is not what filters call them"""
WITHOUT_VALUE: Final = (Op.IS_NULL, Op.IS_EMPTY)
MOST: Final = 10
"""how many conditions side by side, and how deep, are shown"""


def condition_text(condition: Condition, of: str, depth: int = 0) -> str:
    """Return a condition on the rows of `of`, such as `Book.pages > ...`."""
    if depth > MOST:
        return "..."
    match condition:
        case Comparison():
            return _comparison(_path(condition.path, of), condition.op)
        case Quantified():
            inner = condition.where
            said = "" if inner is None else condition_text(inner, "", depth + 1)
            return f"{_path(condition.path, of)}.{condition.quantifier}({said})"
        case Not() | Opposite():
            return f"~({condition_text(condition.operand, of, depth + 1)})"
        case And() | Or() | Joined():
            is_and = isinstance(condition, And) or (isinstance(condition, Joined) and condition.conjunction)
            return _listed(
                condition.operands,
                " & " if is_and else " | ",
                lambda each: f"({condition_text(each, of, depth + 1)})",
            )
        case Compared():
            left, right = (scalar_text(each, of) for each in (condition.left, condition.right))
            return f"{left} {NAMES.get(condition.op, condition.op)} {right}"
        case _:
            assert_never(condition)


def scalar_text(node: ScalarNode, of: str, depth: int = 0) -> str:
    """Return a scalar of the rows of `of`, such as `Book.title.length()`."""
    if depth > MOST:
        return "..."
    match node:
        case ColumnRef():
            return _path(node.path, of)
        case Constant():
            return "..."
        case Arithmetic():
            left, right = (scalar_text(each, of, depth + 1) for each in (node.left, node.right))
            return f"({left} {node.operator} {right})"
        case Call():
            first, *others = node.arguments
            rest = ", ".join(scalar_text(each, of, depth + 1) for each in others)
            return f"{scalar_text(first, of, depth + 1)}.{node.function}({rest})"
        case _:
            assert_never(node)


def _comparison(path: str, op: Op) -> str:
    if op in SYMBOLS:
        return f"{path} {SYMBOLS[op]} ..."
    return f"{path}.{NAMES.get(op, op)}({'' if op in WITHOUT_VALUE else '...'})"


def _path(path: Path, of: str) -> str:
    return ".".join([of, *path.names] if of else path.names)


def _listed(operands: Sequence[Condition], between: str, text: Callable[[Condition], str]) -> str:
    shown = [text(each) for each in operands[:MOST]]
    return between.join([*shown, "..."] if len(operands) > MOST else shown)
