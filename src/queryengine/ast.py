"""The bound filter: a closed union of frozen nodes, resolved paths, typed values. Knows schema and errors."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, assert_never

from queryengine.errors import Span
from queryengine.schema import Field, ModelSchema, Relation, TypeKind

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = [
    "And",
    "Comparison",
    "FilterAST",
    "Include",
    "JSONDocument",
    "ModelScope",
    "Not",
    "Nulls",
    "Op",
    "Or",
    "OrderKey",
    "Path",
    "Quantified",
    "Quantifier",
    "Scalar",
    "SealsCursors",
    "Shape",
    "Slot",
    "Step",
    "Value",
    "Where",
    "Window",
    "comparisons",
]


class Op(StrEnum):
    """The predicates that a back-end meets. All else in the language is written with these."""

    EQ = "eq"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    IN = "in"
    LIKE = "like"
    ILIKE = "ilike"
    CONTAINS = "contains"
    ICONTAINS = "icontains"
    STARTS_WITH = "startsWith"
    ISTARTS_WITH = "istartsWith"
    ENDS_WITH = "endsWith"
    IENDS_WITH = "iendsWith"
    REGEX = "regex"
    IS_NULL = "isNull"
    HAS = "has"
    HAS_ANY = "hasAny"
    HAS_ALL = "hasAll"
    SIZE = "size"
    IS_EMPTY = "isEmpty"


class Quantifier(StrEnum):
    """How many related rows must meet a condition; `every` holds where there are none."""

    SOME = "some"
    EVERY = "every"
    NONE = "none"


class Nulls(StrEnum):
    """Where nulls stand in an order."""

    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a value in a `Shape`: the value itself is `FilterAST.values[index]`."""

    index: int


Scalar: TypeAlias = (
    bool
    | int
    | float
    | Decimal
    | str
    | dt.date
    | dt.datetime
    | dt.time
    | dt.timedelta
    | uuid.UUID
    | enum.Enum
    | bytes
)
"""A typed value, never null: `isNull` is an operator of its own."""

Value: TypeAlias = "Scalar | tuple[Scalar, ...] | JSONDocument | Slot | None"
"""What a comparison compares with: a scalar; a tuple for in, has… and arrays; None for isNull and isEmpty.

A `Slot` stands in shapes only, which a back-end meets when it asks for `FilterAST.shape`.
"""


@dataclass(frozen=True, slots=True)
class JSONDocument:
    """A JSON value to compare a JSON field with, as canonical text (sorted keys) that can be hashed."""

    text: str


@dataclass(frozen=True, slots=True)
class Step:
    """One relation on a path. Related rows outside `scope` do not exist: each compiler must add it."""

    relation: Relation
    scope: Where | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A resolved path: to-one steps, then a field; without a field it means the last relation itself.

    `names` are the caller's names of the parts. Only the path of a `Quantified` ends in a to-many step.
    """

    names: tuple[str, ...]
    steps: tuple[Step, ...]
    field: Field | None

    def __str__(self) -> str:
        return ".".join(self.names)

    @property
    def kind(self) -> TypeKind:
        """The kind of value at the end of the path."""
        return TypeKind.RELATION if self.field is None else self.field.type.kind

    @property
    def nullable(self) -> bool:
        """Whether the value at the end can be null: by itself or because a related row can be missing."""
        own = self.field is None or self.field.nullable
        return own or any(step.relation.nullable or step.scope is not None for step in self.steps)


@dataclass(frozen=True, slots=True)
class And:
    """True where all of `operands` (one or more) are."""

    operands: tuple[Where, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """True where one of `operands` (one or more) is."""

    operands: tuple[Where, ...]
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """True exactly where `operand` is false: there is no third value."""

    operand: Where
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Comparison:
    """`path op value`. False where the path is null, but for `isNull` (whose value is None)."""

    path: Path
    op: Op
    value: Value
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """Some, every or none of the rows at the to-many end of `path` meet `where` (None: any row does)."""

    path: Path
    quantifier: Quantifier
    where: Where | None
    span: Span | None = field(default=None, compare=False)


Where: TypeAlias = And | Or | Not | Comparison | Quantified
"""The closed union of conditions."""


@dataclass(frozen=True, slots=True)
class OrderKey:
    """One key of an order; `nulls` is None where the value cannot be null, so that an index serves.

    `implied` marks the primary key that the binder appends as the tie-breaker.
    """

    path: Path
    descending: bool = False
    nulls: Nulls | None = None
    implied: bool = field(default=False, compare=False)
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Window:
    """Which of the ordered rows: at most `limit` (None: all) after the first `offset`.

    `backward` says that the order is the caller's, turned round: the rows before a cursor, the nearest first.
    """

    limit: int | Slot | None = None
    offset: int | Slot = 0
    backward: bool = False


@dataclass(frozen=True, slots=True)
class Include:
    """A relation to load with each row, narrowed by a filter of its own; `path` ends in the relation."""

    path: Path
    filter: FilterAST
    span: Span | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ModelScope:
    """The row scope of a model that rows may lead to: whatever is loaded of it has to meet `where`."""

    schema: ModelSchema[object]
    where: Where


class SealsCursors(Protocol):
    """Makes the cursors of the rows of one filter's shape."""

    def seal(self, values: Sequence[Value], principal: str | None) -> str:
        """Return the cursor of a row with these values of the order's keys, in the caller's order.

        Raises FilterError, or what a service answers by, for values that no cursor holds.
        """
        ...


class Shape:
    """What filters that differ only in values share: a template whose values are slots. Compared by identity.

    `cursors` makes the cursors of rows; it is None where rows have no total order.
    A back-end may keep in `compiled` what it made of `template`, under a key of its own, and fill in
    `FilterAST.values`; so it goes with the shape, which a bounded cache of plans holds.
    """

    __slots__ = ("__weakref__", "compiled", "cursors", "template")

    def __init__(self, template: FilterAST, cursors: SealsCursors | None = None) -> None:
        self.template: FilterAST = template
        self.cursors: SealsCursors | None = cursors
        self.compiled: dict[object, Any] = {}  # Any: each key knows its own


@dataclass(frozen=True, slots=True)
class FilterAST:
    """A bound filter: the only thing that `Engine.build_query` takes, and only the binder makes it.

    `condition` is what the caller asked for, `scope` what the service lets the caller see; a back-end
    compiles `where`, which is both and `seek`, what is true of the rows beyond a cursor. `scopes` has the
    row scopes of all models that rows may lead to: a back-end whose rows load their relations later has to
    hold them there too. `fields` is None for all that the policy shows; `projection` is the pydantic model of
    the same. `shape` and `values` (one per slot of the shape) are there when the filter may come again with
    other values.

    Spans of its nodes, where there are any, are places in the first text of the shape, which may have been
    another caller's: an engine's FilterError names the path, and no span.
    """

    condition: Where | None = None
    order: tuple[OrderKey, ...] = ()
    fields: tuple[Path, ...] | None = None
    include: tuple[Include, ...] = ()
    window: Window = Window()
    scope: Where | None = None
    scopes: tuple[ModelScope, ...] = ()
    seek: Where | None = None
    projection: type[BaseModel] | None = field(default=None, compare=False)
    principal: str | None = field(default=None, compare=False)
    shape: Shape | None = field(default=None, compare=False, repr=False)
    values: tuple[Value, ...] = field(default=(), compare=False, repr=False)

    @property
    def where(self) -> Where | None:
        """The scope, the caller's condition and that of a cursor, the scope outermost; None for all rows."""
        parts = tuple([part for part in (self.scope, self.condition, self.seek) if part is not None])
        return And(parts) if len(parts) > 1 else parts[0] if parts else None


def comparisons(where: Where | None) -> Iterator[Comparison | Quantified]:
    """Yield the leaves of a condition from left to right, those inside of quantifiers after their quantifier.

    >>> list(comparisons(None))
    []
    """
    stack: list[Where] = [] if where is None else [where]
    while stack:
        node = stack.pop()
        match node:
            case And() | Or():
                stack.extend(reversed(node.operands))
            case Not():
                stack.append(node.operand)
            case Comparison():
                yield node
            case Quantified():
                yield node
                if node.where is not None:
                    stack.append(node.where)
            case _:
                assert_never(node)
