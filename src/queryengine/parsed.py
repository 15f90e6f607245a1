"""What the parser hands to the binder: names as written, raw literals, spans. Nothing is resolved yet.

The nodes are slotted, but not frozen: each is made and read once, and freezing takes a tenth of
a first sight's time.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from queryengine.ast import Nulls
from queryengine.errors import Span
from queryengine.operators import Operator

__all__ = [
    "Condition",
    "Group",
    "Item",
    "Literal",
    "LiteralKind",
    "Logical",
    "Negation",
    "Node",
    "OperatorTest",
    "ParsedAggregate",
    "ParsedFields",
    "ParsedFilter",
    "ParsedInclude",
    "ParsedList",
    "ParsedMeasure",
    "ParsedObject",
    "ParsedOrder",
    "QuantifierTest",
    "Source",
    "Style",
]


class Style(StrEnum):
    """How literals are typed: JSON's keep their JSON type, the text of brackets is typed by the model."""

    JSON = "json"
    BRACKETS = "brackets"


@dataclass(frozen=True, slots=True)
class Source:
    """One filter's text in the reference syntax, as the reader made it.

    For brackets the text is a JSON rendering in which each value is a string; `original` is then the raw
    query string, and `places` maps each value's span in `text` to its span in `original`.
    """

    text: str
    style: Style = Style.JSON
    original: str | None = None
    places: tuple[tuple[Span, Span], ...] = ()


class LiteralKind(StrEnum):
    """The JSON type of a literal."""

    STRING = "string"
    NUMBER = "number"
    TRUE = "true"
    FALSE = "false"
    NULL = "null"


@dataclass(slots=True)
class Literal:
    """A scalar as written: `text` is the raw JSON lexeme, quotes included.

    `chunk` is its number among the lexed literals of the text and `element` its place when that literal is
    a whole list of scalars; true, false and null belong to the shape of a filter and have no chunk.
    """

    kind: LiteralKind
    text: str
    span: Span
    chunk: int | None = None
    element: int | None = None


@dataclass(slots=True)
class ParsedList:
    """A list; `chunk` is its number when it was lexed as one literal (only strings and numbers in it)."""

    items: tuple[Node, ...]
    span: Span
    chunk: int | None = None


@dataclass(slots=True)
class ParsedObject:
    """A JSON object that is a value (the operand of eq on a JSON field)."""

    entries: tuple[tuple[str, Node], ...]
    span: Span


Node: TypeAlias = Literal | ParsedList | ParsedObject
"""A JSON value with its place."""


@dataclass(slots=True)
class OperatorTest:
    """`{"gt": 5}` inside of a field's object; `word` as written."""

    word: str
    operator: Operator
    operand: Node
    span: Span


@dataclass(slots=True)
class QuantifierTest:
    """`{"some": W}` inside of a field's object; `word` as written."""

    word: str
    where: Group
    span: Span


@dataclass(slots=True)
class Condition:
    """`"a.b": test`: a value stands for eq, a group for operators or, under a relation, for further names."""

    name: str
    test: Node | Group
    name_span: Span
    span: Span


@dataclass(slots=True)
class Logical:
    """`"and": [W, ...]`; `word` is and, or, nor (without `$`)."""

    word: str
    operands: tuple[Group, ...]
    span: Span


@dataclass(slots=True)
class Negation:
    """`"not": W`."""

    operand: Group
    span: Span


@dataclass(slots=True)
class Group:
    """An object of conditions, all of which must hold. Operators and quantifiers stand only under a field."""

    items: tuple[Item, ...]
    span: Span


Item: TypeAlias = Condition | Logical | Negation | OperatorTest | QuantifierTest


@dataclass(slots=True)
class ParsedOrder:
    """One key of an order. `nulls` is None where the text says nothing of nulls."""

    name: str
    descending: bool
    nulls: Nulls | None
    span: Span


@dataclass(slots=True)
class ParsedFields:
    """The names of `fields`, to show (`exclude` false) or to leave out."""

    names: tuple[tuple[str, Span], ...]
    exclude: bool
    span: Span


@dataclass(slots=True)
class ParsedInclude:
    """A relation to load, with the filter of its scope."""

    name: str
    filter: ParsedFilter | None
    span: Span


@dataclass(slots=True)
class ParsedFilter:
    """A filter as written. Clauses that the text does not have are None or empty.

    `window` holds the literals of limit, offset (or skip), after and before under the word as written.
    """

    where: Group | None = None
    order: tuple[ParsedOrder, ...] = ()
    fields: ParsedFields | None = None
    include: tuple[ParsedInclude, ...] = ()
    window: tuple[tuple[str, Literal], ...] = ()


@dataclass(slots=True)
class ParsedMeasure:
    """A function of a field, by its word; `count` is of no field."""

    word: str
    name: str
    span: Span


@dataclass(slots=True)
class ParsedAggregate:
    """An aggregate as written; `groups` has having, order, limit and offset, as a filter of the groups."""

    where: Group | None
    group_by: tuple[tuple[str, Span], ...]
    measures: tuple[ParsedMeasure, ...]
    groups: ParsedFilter
