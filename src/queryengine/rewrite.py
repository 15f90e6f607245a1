"""Rules that make a condition smaller and keep its meaning, one function each. Knows the AST, never a value.

A condition may be a template, so two slots are two values, and nothing here looks into either.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, assert_never

from queryengine.ast import And, Comparison, Not, Or, Path, Quantified, Quantifier, Where

__all__ = ["RULES", "Rule", "rewrite"]

Rule: TypeAlias = Callable[[Where], Where]
"""Returns a smaller condition of the same meaning, or the very one that it was given."""


def flatten(node: Where) -> Where:
    """`a and (b and c)` -> `a and b and c`; the same for or."""
    if not isinstance(node, And | Or) or not any(isinstance(o, type(node)) for o in node.operands):
        return node
    operands: list[Where] = []
    for operand in node.operands:
        if isinstance(operand, And | Or) and type(operand) is type(node):
            operands.extend(operand.operands)
        else:
            operands.append(operand)
    return replace(node, operands=tuple(operands))


def drop_duplicates(node: Where) -> Where:
    """`a and b and a` -> `a and b`; the same for or."""
    if not isinstance(node, And | Or):
        return node
    distinct = tuple(dict.fromkeys(node.operands))
    return node if len(distinct) == len(node.operands) else replace(node, operands=distinct)


def unwrap(node: Where) -> Where:
    """`and [a]` -> `a`; the same for or."""
    return node.operands[0] if isinstance(node, And | Or) and len(node.operands) == 1 else node


def cancel_negations(node: Where) -> Where:
    """`not not a` -> `a`: there is no third value that the two could lose."""
    return node.operand.operand if isinstance(node, Not) and isinstance(node.operand, Not) else node


def negate_quantifier(node: Where) -> Where:
    """`not some a` -> `none a`; `not none a` -> `some a`; `not every a` -> `some (not a)`."""
    if not isinstance(node, Not) or not isinstance(node.operand, Quantified):
        return node
    quantified = node.operand
    match quantified.quantifier:
        case Quantifier.SOME:
            return replace(quantified, quantifier=Quantifier.NONE, span=node.span)
        case Quantifier.NONE:
            return replace(quantified, quantifier=Quantifier.SOME, span=node.span)
        case Quantifier.EVERY if quantified.where is not None:
            where = Not(quantified.where, span=quantified.where.span)
            return Quantified(quantified.path, Quantifier.SOME, where, span=node.span)
        case Quantifier.EVERY:
            return node  # without a condition every row meets it: nothing is left to negate
        case _:
            assert_never(quantified.quantifier)


def lift_negation(node: Where) -> Where:
    """`every (not a)` -> `none a`; `none (not a)` -> `every a`."""
    if not isinstance(node, Quantified) or not isinstance(node.where, Not):
        return node
    match node.quantifier:
        case Quantifier.EVERY:
            return replace(node, quantifier=Quantifier.NONE, where=node.where.operand)
        case Quantifier.NONE:
            return replace(node, quantifier=Quantifier.EVERY, where=node.where.operand)
        case Quantifier.SOME:
            return node
        case _:
            assert_never(node.quantifier)


def merge_quantifiers(node: Where) -> Where:
    """Ask once over the same relation, which is one subquery less.

    `some a or some b` -> `some (a or b)`; `every a and every b` -> `every (a and b)`;
    `none a and none b` -> `none (a or b)`.
    """
    if not isinstance(node, And | Or):
        return node
    mergeable = (Quantifier.SOME,) if isinstance(node, Or) else (Quantifier.EVERY, Quantifier.NONE)
    merged: dict[tuple[Path, Quantifier] | int, Where] = {}
    for place, operand in enumerate(node.operands):
        if not isinstance(operand, Quantified) or operand.quantifier not in mergeable:
            merged[place] = operand
            continue
        key = operand.path, operand.quantifier
        first = merged.get(key)
        merged[key] = _merge(first, operand) if isinstance(first, Quantified) else operand
    return node if len(merged) == len(node.operands) else replace(node, operands=tuple(merged.values()))


def _merge(first: Quantified, second: Quantified) -> Quantified:
    """Join two of the same quantifier; a missing condition holds for every row."""
    if first.quantifier is Quantifier.EVERY:
        wheres = tuple(where for where in (first.where, second.where) if where is not None)
        return replace(first, where=And(wheres, span=first.span) if wheres else None)
    if first.where is None or second.where is None:
        return replace(first, where=None)
    return replace(first, where=Or((first.where, second.where), span=first.span))


RULES: tuple[Rule, ...] = (
    flatten,
    drop_duplicates,
    merge_quantifiers,
    unwrap,
    cancel_negations,
    negate_quantifier,
    lift_negation,
)
"""The rules in order. Each takes a node away or moves a negation inwards, so that they come to an end."""


def rewrite(where: Where) -> Where:
    """Return the condition with every rule applied everywhere, from the leaves up, until none applies.

    The scopes of steps are left as they are. A condition that no rule touches is returned itself.

    >>> from queryengine.ast import Op
    >>> leaf = Comparison(Path(("a",), (), None), Op.IS_NULL, None)
    >>> rewrite(And((Not(Not(leaf)), Or((leaf,))))) is leaf
    True
    """
    if isinstance(where, Comparison):  # no rule is about leaves
        return where
    node = _rewrite_operands(where)
    for rule in RULES:
        smaller = rule(node)
        if smaller is not node:
            return rewrite(smaller)
    return node


def _rewrite_operands(node: Where) -> Where:
    match node:
        case Comparison():
            return node
        case And() | Or():
            operands = tuple(map(rewrite, node.operands))
            same = all(new is old for new, old in zip(operands, node.operands, strict=True))
            return node if same else replace(node, operands=operands)
        case Not():
            operand = rewrite(node.operand)
            return node if operand is node.operand else replace(node, operand=operand)
        case Quantified():
            where = None if node.where is None else rewrite(node.where)
            return node if where is node.where else replace(node, where=where)
        case _:
            assert_never(node)
