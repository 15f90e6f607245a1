"""A bound shape and how to fill in its values. Every filter, first or repeated, is `Plan.instantiate`d."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar, assert_never, cast

from queryengine.ast import (
    And,
    Comparison,
    FilterAST,
    Include,
    ModelScope,
    Not,
    Or,
    OrderKey,
    Path,
    Quantified,
    Shape,
    Slot,
    Step,
    Value,
    Where,
    Window,
)
from queryengine.cursor import Cursors, InvalidCursor
from queryengine.errors import ErrorCode, FilterError, Span
from queryengine.seek import rows_after
from queryengine.values import ValueProblem

if TYPE_CHECKING:
    from queryengine.lexer import Lexed

__all__ = ["Plan", "SlotReader", "SlotTable"]

Values = tuple[Value, ...]
N = TypeVar("N")
Fill = Callable[[Values], N]


@dataclass(frozen=True, slots=True)
class SlotReader:
    """How one slot gets its value from lexemes; `chunks` are their numbers, `path` is for errors."""

    read: Callable[[Sequence[str]], Value]
    path: tuple[str | int, ...]
    chunks: tuple[int, ...]


class SlotTable:
    """The slots of a shape while it is bound: those of the scope first, then those of the text."""

    def __init__(self, scope_values: int) -> None:
        self._first = scope_values
        self.readers: list[SlotReader] = []

    def add(self, reader: SlotReader) -> Slot:
        """Add a slot that is read from the text."""
        self.readers.append(reader)
        return Slot(self._first + len(self.readers) - 1)


class Plan:
    """What is known of all filters of one shape: the template, and a reader for each value of the text."""

    __slots__ = ("_checks", "_fill", "_reads", "_seek", "readers", "shape")

    def __init__(
        self,
        template: FilterAST,
        readers: Sequence[SlotReader],
        checks: Mapping[int, Callable[[Value], Value]],
        cursors: Cursors | None = None,
        seek: Slot | None = None,
    ) -> None:
        self.shape: Shape = Shape(template, cursors)
        self.readers: tuple[SlotReader, ...] = tuple(readers)
        self._checks = checks
        self._reads = tuple(reader.read for reader in readers)
        self._fill = _Filler(self.shape)
        self._seek = None if cursors is None or seek is None else _Seek(template, cursors, seek.index)

    def value_chunks(self) -> set[int]:
        """The numbers of the lexemes that are values; all others belong to the shape."""
        return {chunk for reader in self.readers for chunk in reader.chunks}

    def instantiate(self, lexed: Lexed, scope_values: Values, principal: str | None) -> FilterAST:
        """Read and check the values of a text, and return the filter with them.

        Raises FilterError, with path and span, for the first value that is not of its field's type.
        """
        lexemes = lexed.lexemes
        try:
            values: Values = tuple([read(lexemes) for read in self._reads])
        except ValueProblem:
            raise self._explain(lexed) from None
        if scope_values:
            checks = self._checks
            scoped = [checks[i](value) if i in checks else value for i, value in enumerate(scope_values)]
            values = (*scoped, *values)
        if self._seek is None:
            return self._fill(values, principal)
        try:
            return self._seek(values, principal)
        except InvalidCursor:
            raise self._refuse_cursor(lexed, self._seek.index - len(scope_values)) from None

    def _refuse_cursor(self, lexed: Lexed, number: int) -> FilterError:
        reader = self.readers[number]
        return FilterError(
            ErrorCode.INVALID_CURSOR,
            "the cursor does not belong to this filter, or is too old",
            path=reader.path,
            span=lexed.span(reader.chunks[0]),
            expected=("a cursor of this filter's own pages",),
        )

    def _explain(self, lexed: Lexed) -> FilterError:
        for reader in self.readers:
            try:
                reader.read(lexed.lexemes)
            except ValueProblem as problem:
                spans = [lexed.span(chunk, problem.element) for chunk in reader.chunks]
                span = Span(spans[0].start, spans[-1].end)
                return FilterError(
                    problem.code, problem.message, path=reader.path, span=span, expected=problem.expected
                )
        raise AssertionError("a reader that failed once reads the same text now")  # pragma: no cover


class _Seek:
    """Makes the filters that begin beyond a cursor: a shape for each pattern of nulls in the row it is of."""

    def __init__(self, template: FilterAST, cursors: Cursors, index: int) -> None:
        self._template = template
        self._cursors = cursors
        self._fills: dict[tuple[bool, ...], _Filler] = {}
        self.index = index

    def __call__(self, values: Values, principal: str | None) -> FilterAST:
        row = self._cursors.open(str(values[self.index]), principal)
        nulls = tuple([value is None for value in row])
        fill = self._fills.get(nulls)
        if fill is None:
            fill = self._fills[nulls] = self._filler(nulls, len(values))
        return fill((*values, *row), principal)

    def _filler(self, nulls: Sequence[bool], first: int) -> _Filler:
        slots = [None if null else Slot(first + number) for number, null in enumerate(nulls)]
        template = replace(self._template, seek=rows_after(self._template.order, slots))
        return _Filler(Shape(template, self._cursors))


class _Filler:
    """Makes the filter of a shape with given values. Parts without slots are shared, all others made anew."""

    def __init__(self, shape: Shape) -> None:
        template = shape.template
        self._shape = shape
        self._template = template
        self._condition = _where(template.condition) if template.condition is not None else None
        self._scope = _where(template.scope) if template.scope is not None else None
        self._scopes = _each(template.scopes, _model_scope)
        self._seek = _where(template.seek) if template.seek is not None else None
        self._order = _each(template.order, _order_key)
        self._fields = None if template.fields is None else _each(template.fields, _path)
        self._include = _each(template.include, _include)
        self._window = _window(template.window)

    def __call__(self, values: Values, principal: str | None) -> FilterAST:
        template = self._template
        return FilterAST(
            template.condition if self._condition is None else self._condition(values),
            template.order if self._order is None else self._order(values),
            template.fields if self._fields is None else self._fields(values),
            template.include if self._include is None else self._include(values),
            template.window if self._window is None else self._window(values),
            template.scope if self._scope is None else self._scope(values),
            template.scopes if self._scopes is None else self._scopes(values),
            template.seek if self._seek is None else self._seek(values),
            template.projection,
            principal,
            self._shape,
            values,
        )


# Each function below returns how to make a node from values, or None where the node has no slot.


def _each(nodes: tuple[N, ...], one: Callable[[N], Fill[N] | None]) -> Fill[tuple[N, ...]] | None:
    fills = [one(node) for node in nodes]
    if not any(fills):
        return None
    complete = [_constant(node) if fill is None else fill for node, fill in zip(nodes, fills, strict=True)]
    return lambda values: tuple([fill(values) for fill in complete])


def _constant(node: N) -> Fill[N]:
    return lambda _: node


def _where(node: Where) -> Fill[Where] | None:
    match node:
        case And() | Or():
            operands = _each(node.operands, _where)
            make = type(node)
            return None if operands is None else lambda values: make(operands(values))
        case Not():
            operand = _where(node.operand)
            return None if operand is None else lambda values: Not(operand(values))
        case Comparison():
            return _comparison(node)
        case Quantified():
            return _quantified(node)
        case _:
            assert_never(node)


def _comparison(node: Comparison) -> Fill[Where] | None:
    path, op, constant = node.path, node.op, node.value
    scoped = _path(path)
    if isinstance(constant, Slot):
        index = constant.index
        if scoped is None:
            return lambda values: Comparison(path, op, values[index])
        return lambda values: Comparison(scoped(values), op, values[index])
    return None if scoped is None else lambda values: Comparison(scoped(values), op, constant)


def _quantified(node: Quantified) -> Fill[Where] | None:
    path = _path(node.path)
    where = None if node.where is None else _where(node.where)
    if path is None and where is None:
        return None
    to = path or _constant(node.path)
    inner: Fill[Where | None] = where or _constant(node.where)
    return lambda values: Quantified(to(values), node.quantifier, inner(values))


def _path(path: Path) -> Fill[Path] | None:
    if not path.steps:
        return None  # as most are: a shape is met for the first time more often than one thinks
    steps = _each(path.steps, _step)
    return None if steps is None else lambda values: Path(path.names, steps(values), path.field)


def _step(step: Step) -> Fill[Step] | None:
    scope = None if step.scope is None else _where(step.scope)
    return None if scope is None else lambda values: Step(step.relation, scope(values))


def _model_scope(scope: ModelScope) -> Fill[ModelScope] | None:
    where = _where(scope.where)
    return None if where is None else lambda values: ModelScope(scope.schema, where(values))


def _order_key(key: OrderKey) -> Fill[OrderKey] | None:
    path = _path(key.path)
    return None if path is None else lambda values: replace(key, path=path(values))


def _include(include: Include) -> Fill[Include] | None:
    path = _path(include.path)
    inner = _Filler(Shape(include.filter))
    return lambda values: Include(include.path if path is None else path(values), inner(values, None))


def _window(window: Window) -> Fill[Window] | None:
    limit, offset, backward = window.limit, window.offset, window.backward
    if not isinstance(limit, Slot) and not isinstance(offset, Slot):
        return None
    return lambda values: Window(
        _number(limit, values) if limit is not None else None, _number(offset, values), backward
    )


def _number(bound: int | Slot, values: Values) -> int:
    value = values[bound.index] if isinstance(bound, Slot) else bound
    return cast(int, value)  # the readers of a window read integers
