"""A shape's result as a function of its filters: Python's own dictionary display, compiled once.

A dictionary display is the fastest way to a fresh dictionary; to copy one takes many times as long. The tree
of the function is built from nodes, never from text, so that no name and no value can be read as code.
"""

from __future__ import annotations

import ast as python
from collections.abc import Callable
from copy import deepcopy
from typing import Final, TypeAlias, TypeVar, cast

from queryengine.ast import FilterAST
from queryengine_prisma.results import PrismaQueryResult
from queryengine_prisma.structure import Pending

__all__ = ["Template", "fill"]

T = TypeVar("T")

Template: TypeAlias = Callable[[FilterAST], PrismaQueryResult[T]]
"""Makes the result of a filter from its values."""

FUNCTION: Final = python.parse(
    """
def made(bound):
    values = bound.values
    result = new(kind, (ARGUMENTS, bound.projection, bound.order))
    result.filter = bound
    return result
"""
)
"""`PrismaQueryResult.of`, with the arguments in the place of a name: to call it takes a fifth of the time"""
ARGUMENTS: Final = "ARGUMENTS"
VALUES = "values"
PLAIN = (str, int, float, bool, type(None))


def fill(structure: object, kind: type[PrismaQueryResult[T]]) -> Template[T]:
    """Return the function from filters to results, whose query is a copy of a structure with the values.

    >>> template = fill({"where": {"age": {"gt": Pending(0, None)}}}, PrismaQueryResult)
    >>> template(FilterAST(values=(18,))).query
    {'where': {'age': {'gt': 18}}}
    """
    writer = _Writer(kind)
    tree = _Insertion(writer.expression(structure)).visit(deepcopy(FUNCTION))
    names = writer.names
    exec(compile(python.fix_missing_locations(tree), "<filter>", "exec"), names)  # noqa: S102  # no text of others
    return cast("Template[T]", names["made"])


class _Insertion(python.NodeTransformer):
    """Puts an expression in the place of the arguments."""

    def __init__(self, expression: python.expr) -> None:
        self._expression = expression

    def visit_Name(self, node: python.Name) -> python.expr:
        return self._expression if node.id == ARGUMENTS else node


class _Writer:
    """Writes a structure as an expression; `names` has what is no constant of Python."""

    def __init__(self, kind: type[PrismaQueryResult[T]]) -> None:
        self.names: dict[str, object] = {
            "__builtins__": {},
            "new": tuple.__new__,  # pyright: ignore[reportUnknownMemberType]  # of any tuple
            "kind": kind,
        }

    def expression(self, part: object) -> python.expr:
        """Return the expression that makes a fresh copy of a part."""
        if isinstance(part, Pending):
            value = python.Subscript(_name(VALUES), python.Constant(part.index), python.Load())
            if part.convert is None:
                return value
            if part.convert is list:  # a display takes half as long as the call
                return python.List([python.Starred(value, python.Load())], python.Load())
            return python.Call(self._named(part.convert), [value], [])
        if isinstance(part, dict):
            items = cast("dict[str, object]", part)
            return python.Dict(
                [python.Constant(key) for key in items], [self.expression(value) for value in items.values()]
            )
        if isinstance(part, list):
            return python.List([self.expression(item) for item in cast("list[object]", part)], python.Load())
        return python.Constant(part) if isinstance(part, PLAIN) else self._named(part)

    def _named(self, value: object) -> python.expr:
        name = f"known_{len(self.names)}"
        self.names[name] = value
        return _name(name)


def _name(name: str) -> python.expr:
    return python.Name(name, python.Load())
