"""Typed Python predicates for row scopes: the service's own conditions. Knows ast's operators only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NoReturn, Protocol, TypeAlias

from queryengine.ast import Op, Quantifier, Scalar, Value

__all__ = [
    "EVERYTHING",
    "AllOf",
    "AnyOf",
    "Compare",
    "FieldReference",
    "Negated",
    "Predicate",
    "Related",
    "Scope",
    "field",
    "shape_of",
]


class Named(Protocol):
    """Anything that knows the name of its attribute, such as the class attributes of mapped models."""

    @property
    def key(self) -> str:
        """The attribute's name."""
        ...


class Predicate:
    """A condition on the rows of a model, made with `field`; joined by `&`, `|` and `~`.

    >>> mine = (field("tenant_id") == 7) & ~field("archived_at").is_null()
    >>> bool(mine)
    Traceback (most recent call last):
    TypeError: a predicate is not true or false by itself: join predicates with &, | and ~
    """

    __slots__ = ()

    def __and__(self, other: Predicate) -> Predicate:
        return AllOf((self, other))

    def __or__(self, other: Predicate) -> Predicate:
        return AnyOf((self, other))

    def __invert__(self) -> Predicate:
        return Negated(self)

    def __bool__(self) -> NoReturn:
        raise TypeError("a predicate is not true or false by itself: join predicates with &, | and ~")


@dataclass(frozen=True, slots=True)
class AllOf(Predicate):
    """True where all operands are; without operands, of all rows."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf(Predicate):
    """True where one of the operands is."""

    operands: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class Negated(Predicate):
    """True exactly where the operand is false."""

    operand: Predicate


@dataclass(frozen=True, slots=True)
class Compare(Predicate):
    """A dotted path of attribute names, an operator, a Python value of the field's own type."""

    name: str
    op: Op
    value: Scalar | tuple[Scalar, ...] | None


@dataclass(frozen=True, slots=True)
class Related(Predicate):
    """Some, every or none of the related rows meet a predicate."""

    name: str
    quantifier: Quantifier
    where: Predicate


EVERYTHING: Predicate = AllOf(())
"""The predicate of all rows, for those who may see everything: a scope that returns None denies."""

Scope: TypeAlias = Predicate | Mapping[type[Any], Predicate]  # Any: a mapping's keys are invariant
"""What a row scope says: which rows of the root model, or of each model, exist for the caller."""


class FieldReference:
    """A field to compare. Comparisons with it are predicates; a null field meets none but `is_null`."""

    __slots__ = ("_name",)
    __hash__: ClassVar[None]  # type: ignore[assignment]  # == makes a predicate, so a reference cannot be a key

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, value: Scalar | None) -> Predicate:  # type: ignore[override]  # a condition, as in every ORM
        return self.is_null() if value is None else Compare(self._name, Op.EQ, value)

    def __ne__(self, value: Scalar | None) -> Predicate:  # type: ignore[override]  # a condition, as in every ORM
        return Negated(self == value)

    def __gt__(self, value: Scalar) -> Predicate:
        return Compare(self._name, Op.GT, value)

    def __ge__(self, value: Scalar) -> Predicate:
        return Compare(self._name, Op.GTE, value)

    def __lt__(self, value: Scalar) -> Predicate:
        return Compare(self._name, Op.LT, value)

    def __le__(self, value: Scalar) -> Predicate:
        return Compare(self._name, Op.LTE, value)

    def in_(self, values: Collection[Scalar | None]) -> Predicate:
        """One of these values; a None among them stands for null."""
        among = Compare(self._name, Op.IN, tuple(value for value in values if value is not None))
        return AnyOf((among, self.is_null())) if any(value is None for value in values) else among

    def between(self, low: Scalar, high: Scalar) -> Predicate:
        """From `low` to `high`, both included."""
        return AllOf((self >= low, self <= high))

    def is_null(self) -> Predicate:
        """Null, or missing because a relation on the way is."""
        return Compare(self._name, Op.IS_NULL, None)

    def contains(self, text: str) -> Predicate:
        """Text that has this text in it, every character meaning itself."""
        return Compare(self._name, Op.CONTAINS, text)

    def starts_with(self, text: str) -> Predicate:
        """Text that starts with this text."""
        return Compare(self._name, Op.STARTS_WITH, text)

    def has(self, value: Scalar) -> Predicate:
        """An array that has this element."""
        return Compare(self._name, Op.HAS, value)

    def some(self, where: Predicate = EVERYTHING) -> Predicate:
        """One of the related rows at least meets the predicate."""
        return Related(self._name, Quantifier.SOME, where)

    def every(self, where: Predicate) -> Predicate:
        """All related rows meet the predicate; true where there are none."""
        return Related(self._name, Quantifier.EVERY, where)

    def none(self, where: Predicate = EVERYTHING) -> Predicate:
        """None of the related rows meets the predicate."""
        return Related(self._name, Quantifier.NONE, where)


def field(name: str | Named) -> FieldReference:
    """Return a reference to a field by its attribute name, a dotted path, or a mapped class attribute.

    >>> field("carrier.code") == "UA"
    Compare(name='carrier.code', op=<Op.EQ: 'eq'>, value='UA')
    """
    return FieldReference(name if isinstance(name, str) else name.key)


def shape_of(predicate: Predicate) -> tuple[tuple[object, ...], tuple[Value, ...]]:
    """Return what predicates that differ only in values share, and the values from left to right.

    >>> shape_of(field("a") > 5)
    (('a', <Op.GT: 'gt'>), (5,))
    """
    match predicate:
        case AllOf() | AnyOf():
            parts = [shape_of(operand) for operand in predicate.operands]
            return (type(predicate), *(part[0] for part in parts)), tuple(
                value for part in parts for value in part[1]
            )
        case Negated():
            key, values = shape_of(predicate.operand)
            return (Negated, key), values
        case Compare():
            return (predicate.name, predicate.op), () if predicate.op is Op.IS_NULL else (predicate.value,)
        case Related():
            key, values = shape_of(predicate.where)
            return (predicate.name, predicate.quantifier, key), values
        case _:
            raise TypeError(f"a scope is a predicate made with field(), not {type(predicate).__name__}")
