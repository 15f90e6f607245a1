"""The operators of the language as one table, which all stages and documents read. Knows ast and schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from queryengine.ast import Op, Quantifier
from queryengine.schema import TypeKind

__all__ = ["LOGICAL", "OPERATORS", "QUANTIFIERS", "SORTABLE", "Arity", "Operator", "by_name", "find_operator"]

K = TypeKind
NUMBERS = frozenset({K.INTEGER, K.FLOAT, K.DECIMAL})
ORDERED = NUMBERS | {K.TEXT, K.DATE, K.DATETIME, K.TIME, K.DURATION, K.UUID, K.BYTES}
SCALARS = ORDERED | {K.BOOLEAN, K.ENUM}
TEXT = frozenset({K.TEXT})
ARRAYS = frozenset({K.ARRAY})

SORTABLE: frozenset[TypeKind] = ORDERED | {K.BOOLEAN}
"""The kinds that an order may name: enums, JSON and arrays have no order that all back-ends share."""

LOGICAL: Mapping[str, str] = MappingProxyType(
    {"and": "all hold", "or": "one holds", "nor": "none holds", "not": "it does not hold"}
)
"""The words that join conditions."""

QUANTIFIERS: Mapping[str, Quantifier] = MappingProxyType(
    {
        "some": Quantifier.SOME,
        "every": Quantifier.EVERY,
        "none": Quantifier.NONE,
        "elemMatch": Quantifier.SOME,
    }
)
"""The words that go into a to-many relation."""


class Arity(StrEnum):
    """What an operator takes."""

    ONE = "one"
    """a value of the field's type (of its element's type for arrays), a pattern or a number of elements"""
    MANY = "many"
    """a list of values"""
    PAIR = "pair"
    """a list of two values"""
    FLAG = "flag"
    """true or false, false being the opposite"""


@dataclass(frozen=True, slots=True)
class Operator:
    """One word of the language: `name` (and `aliases`) over fields of `kinds`, made of the predicate `op`.

    `negated` operators are true exactly where the plain predicate is false, null rows included.
    `pair` gives the two predicates that a sugar such as between stands for.
    """

    name: str
    op: Op
    arity: Arity
    kinds: frozenset[TypeKind]
    text: str
    aliases: tuple[str, ...] = ()
    negated: bool = False
    pair: tuple[Op, Op] | None = None


def _text_operators() -> Iterable[Operator]:
    texts = {
        Op.CONTAINS: "contains this text; every character means itself",
        Op.ICONTAINS: "contains this text, A-Z and a-z being equal",
        Op.STARTS_WITH: "starts with this text",
        Op.ISTARTS_WITH: "starts with this text, A-Z and a-z being equal",
        Op.ENDS_WITH: "ends with this text",
        Op.IENDS_WITH: "ends with this text, A-Z and a-z being equal",
    }
    for op, text in texts.items():
        yield Operator(op.value, op, Arity.ONE, TEXT, text)
        name = "not" + op.value[0].upper() + op.value[1:]
        yield Operator(name, op, Arity.ONE, TEXT, "not: " + text, negated=True)


def _table() -> Iterable[Operator]:
    one, many, pair, flag = Arity.ONE, Arity.MANY, Arity.PAIR, Arity.FLAG
    equal = SCALARS | {K.JSON, K.ARRAY}
    like = "matches this pattern: % is any text, _ one character, \\ makes the next one plain"
    yield Operator("eq", Op.EQ, one, equal, "is this value; null asks for null")
    yield Operator("ne", Op.EQ, one, equal, "is not this value, or is null", ("neq",), negated=True)
    yield Operator("gt", Op.GT, one, ORDERED, "is greater")
    yield Operator("gte", Op.GTE, one, ORDERED, "is greater or equal")
    yield Operator("lt", Op.LT, one, ORDERED, "is less")
    yield Operator("lte", Op.LTE, one, ORDERED, "is less or equal")
    yield Operator("in", Op.IN, many, SCALARS, "is one of these; none of an empty list", ("inq",))
    yield Operator("nin", Op.IN, many, SCALARS, "is none of these", negated=True)
    yield Operator("between", Op.GTE, pair, ORDERED, "is from the first to the second", pair=(Op.GTE, Op.LTE))
    yield Operator("like", Op.LIKE, one, TEXT, like)
    yield Operator("nlike", Op.LIKE, one, TEXT, "not: " + like, negated=True)
    yield Operator("ilike", Op.ILIKE, one, TEXT, like + "; A-Z and a-z are equal")
    yield Operator("nilike", Op.ILIKE, one, TEXT, "not: " + like + "; A-Z and a-z are equal", negated=True)
    yield from _text_operators()
    yield Operator("regex", Op.REGEX, one, TEXT, "has a match of this pattern (off by default)", ("regexp",))
    yield Operator("isNull", Op.IS_NULL, flag, SCALARS | {K.JSON, K.ARRAY, K.RELATION}, "is null or missing")
    yield Operator(
        "exists", Op.IS_NULL, flag, SCALARS | {K.JSON, K.ARRAY, K.RELATION}, "is not null", negated=True
    )
    yield Operator("has", Op.HAS, one, ARRAYS, "has this element")
    yield Operator("hasAny", Op.HAS_ANY, many, ARRAYS, "has one of these elements")
    yield Operator("hasAll", Op.HAS_ALL, many, ARRAYS, "has all of these elements")
    yield Operator("size", Op.SIZE, one, ARRAYS, "has this many elements")
    yield Operator("isEmpty", Op.IS_EMPTY, flag, ARRAYS, "has no element, and is not null")


OPERATORS: tuple[Operator, ...] = tuple(_table())
"""All operators, in the order in which documents list them."""

by_name: Mapping[str, Operator] = MappingProxyType(
    {name: operator for operator in OPERATORS for name in (operator.name, *operator.aliases)}
)
"""Operators by name and alias, without `$`."""


def find_operator(word: str) -> Operator | None:
    """Return the operator that `word` (with or without a leading `$`) names, or None.

    >>> find_operator("$neq").name
    'ne'
    >>> find_operator("gtt") is None
    True
    """
    return by_name.get(word.removeprefix("$"))
