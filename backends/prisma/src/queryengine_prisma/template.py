"""A shape's arguments as a function of its values: Python's own dictionary display, compiled once.

A dictionary display is the fastest way to a fresh dictionary; to copy one takes many times as long. The tree
of the expression is built from nodes, never from text, so that no name and no value can be read as code.
"""

from __future__ import annotations

import ast as python
from collections.abc import Callable, Sequence
from typing import TypeAlias, cast
from weakref import ref

from queryengine.ast import FilterAST, Shape, Value
from queryengine_prisma.results import FindManyArguments
from queryengine_prisma.structure import Pending

__all__ = ["Template", "Templates", "fill"]

Template: TypeAlias = Callable[[Sequence[Value]], FindManyArguments]
"""Makes the arguments of a shape with one request's values."""

VALUES = "values"
PLAIN = (str, int, float, bool, type(None))


class Templates:
    """The templates of an engine's shapes. They go with the shapes, which a bounded cache of plans holds."""

    def __init__(self, compile_filter: Callable[[FilterAST], dict[str, object]]) -> None:
        self._compile = compile_filter
        # A plain dictionary of references: a WeakKeyDictionary takes as long to ask as a query to be made.
        self._known: dict[ref[Shape], Template | None] = {}

    def __len__(self) -> int:
        return len(self._known)

    def arguments(self, ast: FilterAST) -> FindManyArguments:
        """Return the arguments of a filter. Raises FilterError for what the client cannot say.

        A template costs several times what compiling does: it is made when a shape comes for the second time.
        """
        shape = ast.shape
        if shape is not None:
            template = self._known.get(ref(shape))
            if template is not None:
                return template(ast.values)
            self._meet(shape)
        return cast(FindManyArguments, self._compile(ast))

    def _meet(self, shape: Shape) -> None:
        key = ref(shape, self._forget)
        self._known[key] = fill(self._compile(shape.template)) if key in self._known else None

    def _forget(self, key: ref[Shape]) -> None:
        self._known.pop(key, None)


def fill(structure: object) -> Template:
    """Return the function from values to a copy of a structure with the values in their places.

    >>> fill({"where": {"age": {"gt": Pending(0, None)}}})((18,))
    {'where': {'age': {'gt': 18}}}
    """
    writer = _Writer()
    body = writer.expression(structure)
    arguments = python.arguments(
        posonlyargs=[], args=[python.arg(arg=VALUES)], kwonlyargs=[], kw_defaults=[], defaults=[]
    )
    tree = python.Expression(python.Lambda(args=arguments, body=body))
    code = compile(python.fix_missing_locations(tree), "<filter>", "eval")
    made: Template = eval(code, writer.names)  # noqa: S307  # the tree has constants, and names of our own, only
    return made


class _Writer:
    """Writes a structure as an expression; `names` has what is no constant of Python."""

    def __init__(self) -> None:
        self.names: dict[str, object] = {"__builtins__": {}}

    def expression(self, part: object) -> python.expr:
        """Return the expression that makes a fresh copy of a part."""
        if isinstance(part, Pending):
            value = python.Subscript(_name(VALUES), python.Constant(part.index), python.Load())
            if part.convert is None:
                return value
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
