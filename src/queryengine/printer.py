"""Prints a bound filter in the reference syntax, in canonical form. Knows the AST and how to write values.

Binding what was printed gives an equal filter. What the service adds is not printed, since binding adds it
again: row scopes, and the primary key at the end of an order. Nor is a cursor: it is not the filter's own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TypeAlias, assert_never, cast

from queryengine.ast import (
    And,
    Comparison,
    FilterAST,
    Include,
    Not,
    Nulls,
    Op,
    Or,
    OrderKey,
    Quantified,
    Slot,
    Value,
    Where,
)
from queryengine.operators import LOGICAL, OPERATORS, Arity
from queryengine.seek import reversed_order
from queryengine.values import write

__all__ = ["Document", "to_document", "to_text"]

Document: TypeAlias = dict[str, object]
"""A filter, or a part of one, as a JSON object."""

_NEGATED: Mapping[Op, str] = MappingProxyType(
    {
        operator.op: operator.name
        for operator in OPERATORS
        if operator.negated and operator.arity is not Arity.FLAG
    }
)
"""The operators that are true exactly where a predicate is false."""

_FLAGS = frozenset({Op.IS_NULL, Op.IS_EMPTY})


def to_text(ast: FilterAST) -> str:
    """Return the filter as JSON text without white space.

    >>> to_text(FilterAST())
    '{}'
    """
    return json.dumps(to_document(ast), ensure_ascii=False, separators=(",", ":"))


def to_document(ast: FilterAST) -> Document:
    """Return the filter as a JSON object, its clauses in the order in which the language lists them.

    Raises TypeError for the template of a shape, whose values are slots.

    >>> to_document(FilterAST())
    {}
    """
    document: Document = {}
    if ast.condition is not None:
        document["where"] = _where(ast.condition)
    caller_order = reversed_order(ast.order) if ast.window.backward else ast.order
    order = [_order_key(key) for key in caller_order if not key.implied]
    if order:
        document["order"] = ",".join(order)
    if ast.fields is not None:
        document["fields"] = [str(path) for path in ast.fields]
    if ast.include:
        document["include"] = [_include(include) for include in ast.include]
    if ast.window.limit is not None:
        document["limit"] = _number(ast.window.limit)
    if ast.window.offset != 0:
        document["offset"] = _number(ast.window.offset)
    return document


def _where(node: Where) -> Document:
    match node:
        case And():
            return _and([_where(operand) for operand in node.operands])
        case Or():
            return {"or": [_where(operand) for operand in node.operands]}
        case Not():
            return _not(node.operand)
        case Comparison():
            operand = True if node.op in _FLAGS else _value(node.value)
            return {str(node.path): {node.op.value: operand}}
        case Quantified():
            where = {} if node.where is None else _where(node.where)
            return {str(node.path): {node.quantifier.value: where}}
        case _:
            assert_never(node)


def _and(operands: Sequence[Document]) -> Document:
    """Join conditions into one object where their names allow it, in order; otherwise into an `and`."""
    joined: Document = {}
    for operand in operands:
        for name, test in operand.items():
            if name not in joined:
                joined[name] = test
            elif not _join_tests(joined, name, test):
                return {"and": list(operands)}
    return joined


def _join_tests(joined: Document, name: str, test: object) -> bool:
    """Add the operators of a test to those of the same name, if that name came last and has none of them."""
    if name in LOGICAL or name != next(reversed(joined)):
        return False
    before, after = cast("Document", joined[name]), cast("Document", test)  # under a name stand operators
    if not before.keys().isdisjoint(after):
        return False
    joined[name] = before | after
    return True


def _not(operand: Where) -> Document:
    if isinstance(operand, Comparison):
        if operand.op in _FLAGS:
            return {str(operand.path): {operand.op.value: False}}
        if operand.op in _NEGATED:
            return {str(operand.path): {_NEGATED[operand.op]: _value(operand.value)}}
    return {"not": _where(operand)}


def _order_key(key: OrderKey) -> str:
    match key.nulls:
        case None:
            return f"-{key.path}" if key.descending else str(key.path)
        case Nulls.FIRST | Nulls.LAST:
            direction = "DESC" if key.descending else "ASC"
            return f"{key.path} {direction} NULLS {key.nulls.value.upper()}"
        case _:
            assert_never(key.nulls)


def _include(include: Include) -> object:
    scope, order = to_document(include.filter), include.filter.order
    if order and not scope.keys() & {"order", "limit", "offset"}:
        scope["offset"] = 0  # it leaves nothing out, and yet asks for the order of the primary key
    return {"relation": str(include.path), "scope": scope} if scope else str(include.path)


def _number(value: int | Slot) -> int:
    if isinstance(value, Slot):
        raise TypeError("a template has no values to print")
    return value


def _value(value: Value) -> object:
    if isinstance(value, Slot) or value is None:
        raise TypeError("a template has no values to print")
    return write(value)
