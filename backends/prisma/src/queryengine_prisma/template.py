"""A shape's result as a function of its filters: Python's own dictionary display, compiled once.

A dictionary display is the fastest way to a fresh dictionary; to copy one takes many times as long. The tree
of the function is built from nodes, never from text, so that no name and no value can be read as code.
"""

from __future__ import annotations

import ast as python
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final, Generic, TypeAlias, TypeVar, cast
from weakref import ref

from queryengine.ast import FilterAST, Shape
from queryengine_prisma.results import FindManyArguments, PrismaQueryResult
from queryengine_prisma.structure import Pending

__all__ = ["Template", "Templates", "fill"]

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


class Templates(Generic[T]):
    """The templates of an engine's shapes. They go with the shapes, which a bounded cache of plans holds."""

    def __init__(self, compile_filter: Callable[[FilterAST], dict[str, object]]) -> None:
        self._compile = compile_filter
        # A plain dictionary of references: a WeakKeyDictionary takes as long to ask as a query to be made.
        self._known: dict[ref[Shape], Template[T] | None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def build(self, ast: FilterAST) -> PrismaQueryResult[T]:
        """Return the result of a filter. Raises FilterError for what the client cannot say.

        A template costs several times what compiling does: it is made when a shape comes for the second time.
        """
        shape = ast.shape
        if shape is not None:
            template = self._known.get(ref(shape))
            if template is not None:
                return template(ast)
            self._meet(shape)
        return PrismaQueryResult[T].of(cast(FindManyArguments, self._compile(ast)), ast)

    def _meet(self, shape: Shape) -> None:
        key = ref(shape, self._forget)
        self._known[key] = fill(self._compile(shape.template)) if key in self._known else None

    def _forget(self, key: ref[Shape]) -> None:
        self._known.pop(key, None)


def fill(structure: object) -> Template[Any]:  # Any: the model of whoever asks
    """Return the function from filters to results, whose query is a copy of a structure with the values.

    >>> template = fill({"where": {"age": {"gt": Pending(0, None)}}})
    >>> template(FilterAST(values=(18,))).query
    {'where': {'age': {'gt': 18}}}
    """
    writer = _Writer()
    tree = _Insertion(writer.expression(structure)).visit(deepcopy(FUNCTION))
    names = writer.names
    exec(compile(python.fix_missing_locations(tree), "<filter>", "exec"), names)  # noqa: S102  # no text of others
    return cast("Template[Any]", names["made"])


class _Insertion(python.NodeTransformer):
    """Puts an expression in the place of the arguments."""

    def __init__(self, expression: python.expr) -> None:
        self._expression = expression

    def visit_Name(self, node: python.Name) -> python.expr:
        return self._expression if node.id == ARGUMENTS else node


class _Writer:
    """Writes a structure as an expression; `names` has what is no constant of Python."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {
            "__builtins__": {},
            "new": tuple.__new__,  # pyright: ignore[reportUnknownMemberType]  # of any tuple
            "kind": PrismaQueryResult,
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
