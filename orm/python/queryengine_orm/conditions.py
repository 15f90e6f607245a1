"""The nodes of conditions and scalars: two closed unions around the core's AST. Knows no class.

A condition that compares a column with values is a node of the core's AST, the very one that a request's
filter becomes. What a request cannot say, such as one column against another, is a second closed union.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias, cast

from queryengine.ast import And, Comparison, Not, Op, Or, Path, Quantified, Value, Where
from queryengine.schema import FieldType

__all__ = [
    "Arithmetic",
    "Call",
    "ColumnRef",
    "Compared",
    "Condition",
    "Constant",
    "Joined",
    "Operator",
    "Opposite",
    "ScalarNode",
    "all_of",
    "is_core",
    "join",
    "path_of",
]

Function: TypeAlias = Literal["abs", "coalesce", "length", "lower", "upper"]
Operator: TypeAlias = Literal["+", "-", "*"]


# -- scalars


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """The value at the end of a path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of a type, or null; it becomes a parameter."""

    value: Value
    type: FieldType


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by an operator; null where one of them is."""

    operator: Operator
    left: ScalarNode
    right: ScalarNode


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the database that means the same on all that we know."""

    function: Function
    arguments: tuple[ScalarNode, ...]


ScalarNode: TypeAlias = ColumnRef | Constant | Arithmetic | Call
"""The closed union of scalars; no request makes one."""


# -- conditions


@dataclass(frozen=True, slots=True)
class Compared:
    """One scalar against another; false where one of them is null."""

    left: ScalarNode
    op: Op
    right: ScalarNode


@dataclass(frozen=True, slots=True)
class Joined:
    """A conjunction or disjunction that has a scalar's comparison somewhere in it."""

    operands: tuple[Condition, ...]
    conjunction: bool


@dataclass(frozen=True, slots=True)
class Opposite:
    """True exactly where the operand is false."""

    operand: Condition


Condition: TypeAlias = Where | Compared | Joined | Opposite
"""The closed union of conditions: the core's, and those over scalars."""


def is_core(condition: Condition) -> bool:
    """Tell whether a condition is the core's own throughout."""
    return isinstance(condition, And | Or | Not | Comparison | Quantified)


def all_of(conditions: Collection[Condition]) -> Condition | None:
    """Return the conjunction of conditions; None where there is none, which is true of every row."""
    return join(tuple(conditions), conjunction=True) if conditions else None


def join(operands: tuple[Condition, ...], *, conjunction: bool) -> Condition:
    """Return the conjunction or the disjunction of conditions."""
    if len(operands) == 1:
        return operands[0]
    if not all(map(is_core, operands)):
        return Joined(operands, conjunction)
    wheres = cast("tuple[Where, ...]", operands)
    return And(wheres) if conjunction else Or(wheres)


def path_of(node: Condition | ScalarNode) -> Path | None:
    """Return the first path in a condition or a scalar, if there is one."""
    match node:
        case Comparison() | Quantified() | ColumnRef():
            return node.path
        case And() | Or() | Joined():
            return path_of(node.operands[0])
        case Not() | Opposite():
            return path_of(node.operand)
        case Compared() | Arithmetic():
            return path_of(node.left) or path_of(node.right)
        case Call():
            return path_of(node.arguments[0])
        case Constant():
            return None
