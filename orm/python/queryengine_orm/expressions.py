"""Conditions and scalars in Python: `Expr` around the core's predicates. Knows nodes, no table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import (
    Any,
    ClassVar,
    Final,
    Generic,
    Literal,
    NoReturn,
    Protocol,
    TypeAlias,
    TypeVar,
    cast,
    overload,
)
from uuid import UUID

from queryengine.ast import Comparison, Not, Nulls, Op, Path, Value, Where
from queryengine.operators import OPERATORS
from queryengine.schema import (
    ArrayType,
    Field,
    FieldType,
    IntegerType,
    ModelSchema,
)
from queryengine.text import check_like
from queryengine.values import ValueProblem, check
from queryengine_orm.conditions import (
    Arithmetic,
    Call,
    Compared,
    Condition,
    Constant,
    Operator,
    Opposite,
    ScalarNode,
    is_core,
    join,
    path_of,
)
from queryengine_orm.describing import NAMES, condition_text, scalar_text
from queryengine_orm.errors import ConfigurationError, ParameterError, UsageError
from queryengine_orm.kinds import NUMBERS, constant_type, either, unbounded

__all__ = [
    "Assignment",
    "Expr",
    "Order",
    "Scalar",
    "check_model",
    "checked",
    "compare",
    "schema_of",
]

M = TypeVar("M")
T = TypeVar("T")
R_co = TypeVar("R_co", covariant=True)
V = TypeVar("V")

NullsPlace: TypeAlias = Nulls | Literal["first", "last"] | None
Number: TypeAlias = int | float | Decimal | None
"""what calculates"""
Ordered: TypeAlias = Number | str | bytes | dt.date | dt.time | dt.timedelta | UUID
"""what has an order; to type checkers truth values are numbers, which are refused when they are compared"""

KINDS: Final = {operator.op: operator.kinds for operator in reversed(OPERATORS) if not operator.negated}


class Expr(Generic[M]):
    """A condition on the rows of a model: `User.age > 18`. Joined by `&`, `|` and `~`.

    It is true or false of a row: a comparison with null is false, and `~` of it true. By itself it has no
    truth, so that `18 < User.age < 65` is an error and not half a condition.
    """

    __slots__ = ("condition", "model")

    def __init__(self, model: type[M], condition: Condition) -> None:
        self.model: type[M] = model
        self.condition: Condition = condition

    def __and__(self, other: Expr[M]) -> Expr[M]:
        return self._joined(other, conjunction=True)

    def __or__(self, other: Expr[M]) -> Expr[M]:
        return self._joined(other, conjunction=False)

    def _joined(self, other: Expr[M], *, conjunction: bool) -> Expr[M]:
        check_model(self.model, other, Expr)
        return Expr(self.model, join((self.condition, other.condition), conjunction=conjunction))

    def __invert__(self) -> Expr[M]:
        if is_core(self.condition):
            return Expr(self.model, Not(cast("Where", self.condition)))
        return Expr(self.model, Opposite(self.condition))

    def __bool__(self) -> NoReturn:
        raise TypeError("an expression is not true or false by itself: join expressions with &, | and ~")

    def __repr__(self) -> str:
        return condition_text(self.condition, self.model.__name__)


@dataclass(frozen=True, slots=True, repr=False)
class Order(Generic[M]):
    """A key of an order; without `nulls`, null is the smallest value."""

    model: type[M]
    scalar: ScalarNode
    descending: bool = False
    nulls: Nulls | None = None

    def __repr__(self) -> str:
        nulls = "" if self.nulls is None else f"nulls={self.nulls}"
        return (
            f"{scalar_text(self.scalar, self.model.__name__)}.{'desc' if self.descending else 'asc'}({nulls})"
        )


@dataclass(frozen=True, slots=True, repr=False)
class Assignment(Generic[M]):
    """What a column is set to: a value, or what the database computes of each row."""

    model: type[M]
    field: Field
    scalar: ScalarNode

    def __repr__(self) -> str:
        owner = self.model.__name__
        return f"{owner}.{self.field.name}.set({scalar_text(self.scalar, owner)})"


# -- whose they are


class OfModel(Protocol):
    """What is made of the attributes of a mapped class."""

    @property
    def model(self) -> type[object]:
        """The class."""
        ...


def check_model(model: type[object], given: OfModel, *kinds: type[object]) -> None:
    """Refuse what is not made of a class's own attributes: names alone would find columns of the same name.

    Raises UsageError, for what is none of the kinds of expressions too.
    """
    if not isinstance(given, kinds):
        names = " or ".join(kind.__name__ for kind in kinds)
        raise UsageError(f"{model.__name__}: {names} of its attributes expected, not {type(given).__name__}")
    if given.model is not model:
        raise UsageError(f"{_said(given)} is not of {model.__name__}")


def _said(given: OfModel) -> str:
    """Return the name of what an expression is about, as far as it has one."""
    found: object
    owner = given.model.__name__
    if isinstance(given, Expr):
        found = path_of(cast("Expr[object]", given).condition)
    elif isinstance(given, Order | Assignment):
        found = given.field.name if isinstance(given, Assignment) else path_of(given.scalar)
    else:
        found = path_of(given.node) if isinstance(given, Scalar) else getattr(given, "name", None)
    return owner if found is None else f"{owner}.{found}"


# -- what both are made with


class HasSchema(Protocol):
    """A mapped class."""

    def __schema__(self) -> ModelSchema[object]:
        """Return what filters and expressions see of it."""
        ...


def schema_of(model: type[object]) -> ModelSchema[object]:
    """Return the schema of a mapped class."""
    return cast("HasSchema", model).__schema__()


def checked(type_: FieldType, value: object, place: object) -> Value:
    """Return a value as one of the type. Raises ParameterError, which does not say the value."""
    try:
        return check(type_, value)
    except ValueProblem as problem:
        raise ParameterError(f"{place}: {problem.message}") from None


def compare(path: Path, op: Op, value: object, place: object) -> Comparison:
    """Return a comparison with a value, which is checked. Raises ConfigurationError, ParameterError."""
    field = path.field
    if field is None or path.kind not in KINDS[op]:
        raise ConfigurationError(f"{place}: {path.kind} values know no {NAMES.get(op, op)}")
    return Comparison(path, op, _operand(field.type, op, value, place))


def _operand(type_: FieldType, op: Op, value: object, place: object) -> Value:
    match op:
        case Op.IS_NULL | Op.IS_EMPTY:
            return None
        case Op.IN | Op.HAS_ANY | Op.HAS_ALL:
            element = type_.element if isinstance(type_, ArrayType) else type_
            return cast("Value", tuple(checked(element, item, place) for item in collection_of(value, place)))
        case Op.HAS if isinstance(type_, ArrayType):
            return checked(type_.element, value, place)
        case Op.SIZE:
            return checked(IntegerType(minimum=0), value, place)
        case Op.LIKE | Op.ILIKE:
            return _pattern(checked(type_, value, place), place)
        case _:
            return checked(type_, value, place)


def collection_of(values: object, place: object) -> Collection[object]:
    """Return values that are many. Raises ParameterError for one value, and for a text, which is one too."""
    if isinstance(values, Collection) and not isinstance(values, str | bytes):
        return cast("Collection[object]", values)
    raise ParameterError(f"{place}: expected a collection of values, not {type(values).__name__}")


def _pattern(value: Value, place: object) -> Value:
    try:
        check_like(str(value))
    except ValueProblem as problem:
        raise ParameterError(f"{place}: {problem.message}") from None
    return value


class Readable(Generic[M, R_co]):
    """What has a value of a type for each row of a model: a column that is not null is one that may be.

    Operators that ask for a kind of values say so by the type of `self`, of which this is all they need.
    """

    __slots__ = ("model",)

    def __init__(self, model: type[M]) -> None:
        self.model: type[M] = model

    @property
    def node(self) -> ScalarNode:
        """The node of the scalar."""
        raise NotImplementedError

    @property
    def type(self) -> FieldType:
        """The type of its values."""
        raise NotImplementedError

    def _compared(self, op: Op, other: object) -> Expr[M]:
        return Expr(self.model, Compared(self.node, op, self._operand(other)))

    def _operand(self, other: object) -> ScalarNode:
        """Return the node of another scalar of the same rows, or of a value."""
        if not isinstance(other, Scalar):
            return self._constant(other)
        scalar = cast("Scalar[object, object]", other)
        check_model(self.model, scalar, Scalar)
        own, others = self.type.kind, scalar.type.kind
        if own is not others and not {own, others} <= NUMBERS:
            raise ConfigurationError(f"{own} and {others} values have nothing in common")
        return scalar.node

    def _constant(self, value: object) -> Constant:
        type_ = unbounded(self.type)
        return Constant(checked(type_, value, self), type_)

    def _is_null(self) -> Expr[M]:
        return Expr(self.model, Opposite(Compared(self.node, Op.EQ, self.node)))

    def _arithmetic(self, operator: Operator, other: object) -> Scalar[M, Any]:  # Any: as the operator says
        if self.type.kind not in NUMBERS:
            raise ConfigurationError(f"{self.type.kind} values know no {operator}")
        node = Arithmetic(operator, self.node, self._operand(other))
        return Computed(self.model, node, unbounded(either(self.type, self._other_type(other))))

    def _other_type(self, other: object) -> FieldType:
        """Return the type of another scalar, or of a value beside this one."""
        if isinstance(other, Scalar):
            return cast("Scalar[object, object]", other).type
        return constant_type(self.type, other)


class Scalar(Readable[M, T]):
    """A value that the database has or computes of each row. Its comparisons are expressions.

    `T` is the type of the value in Python. `==` and `!=` make expressions as well, so that scalars are no
    keys of dictionaries; `None` asks for null.
    """

    __slots__ = ()
    __hash__: ClassVar[None]  # type: ignore[assignment]  # == makes an expression

    def __eq__(self, other: T | Readable[M, T | None]) -> Expr[M]:  # type: ignore[override]  # a condition, as in every ORM
        return self._is_null() if other is None else self._compared(Op.EQ, other)

    def __ne__(self, other: T | Readable[M, T | None]) -> Expr[M]:  # type: ignore[override]  # a condition, as in every ORM
        return ~(self == other)

    def __gt__(self: Readable[M, Ordered], other: T | Readable[M, T | None]) -> Expr[M]:
        return self._compared(Op.GT, other)

    def __ge__(self: Readable[M, Ordered], other: T | Readable[M, T | None]) -> Expr[M]:
        return self._compared(Op.GTE, other)

    def __lt__(self: Readable[M, Ordered], other: T | Readable[M, T | None]) -> Expr[M]:
        return self._compared(Op.LT, other)

    def __le__(self: Readable[M, Ordered], other: T | Readable[M, T | None]) -> Expr[M]:
        return self._compared(Op.LTE, other)

    def __add__(self: Readable[M, Number], other: T | Readable[M, T | None]) -> Scalar[M, T]:
        return self._arithmetic("+", other)

    def __sub__(self: Readable[M, Number], other: T | Readable[M, T | None]) -> Scalar[M, T]:
        return self._arithmetic("-", other)

    def __mul__(self: Readable[M, Number], other: T | Readable[M, T | None]) -> Scalar[M, T]:
        return self._arithmetic("*", other)

    @overload
    def coalesce(
        self: Scalar[M, Decimal | int | None], other: Decimal | int | Readable[M, Decimal | int]
    ) -> Scalar[M, Decimal | int]: ...
    @overload
    def coalesce(self: Scalar[M, V | None], other: V | Readable[M, V]) -> Scalar[M, V]: ...
    @overload
    def coalesce(self, other: T | Readable[M, T]) -> Scalar[M, T]: ...
    def coalesce(self, other: object) -> Scalar[M, Any]:  # Any: as above
        """This value, or another one where it is null."""
        node = Call("coalesce", (self.node, self._operand(other)))
        return Computed(self.model, node, either(self.type, self._other_type(other)))

    def length(self: Readable[M, str | None]) -> Scalar[M, int]:
        """How many code points a text has."""
        return Computed(self.model, Call("length", (self.node,)), IntegerType())

    def __bool__(self) -> NoReturn:
        raise TypeError("a column is not true or false by itself: compare it, and join what comes by & and |")

    def asc(self, *, nulls: NullsPlace = None) -> Order[M]:
        """From the smallest value to the greatest; null is the smallest unless `nulls` says otherwise."""
        return Order(self.model, self.node, False, _nulls(nulls))

    def desc(self, *, nulls: NullsPlace = None) -> Order[M]:
        """From the greatest value to the smallest."""
        return Order(self.model, self.node, True, _nulls(nulls))


def _nulls(given: NullsPlace) -> Nulls | None:
    if given is not None and given not in set(Nulls):
        raise UsageError(f"nulls stand first or last, not {given!r}")
    return None if given is None else Nulls(given)


class Computed(Scalar[M, T]):
    """A scalar that is no column."""

    __slots__ = ("_node", "_type")

    def __init__(self, model: type[M], node: ScalarNode, type_: FieldType) -> None:
        super().__init__(model)
        self._node = node
        self._type = type_

    def __repr__(self) -> str:
        return scalar_text(self._node, self.model.__name__)

    @property
    def node(self) -> ScalarNode:
        """The node."""
        return self._node

    @property
    def type(self) -> FieldType:
        """The type of its values."""
        return self._type
