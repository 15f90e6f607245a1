"""Conditions and scalars in Python: `Expr` around the core's predicates. Knows the core's AST, no table.

A condition that compares a column with values is a node of the core's AST, the very one that a request's
filter becomes. What a request cannot say, such as one column against another, is a second closed union.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Generic, Literal, NoReturn, Protocol, TypeAlias, TypeVar, cast

from queryengine.ast import And, Comparison, Not, Nulls, Op, Or, Path, Quantified, Value, Where
from queryengine.operators import OPERATORS
from queryengine.schema import (
    ArrayType,
    DecimalType,
    Field,
    FieldType,
    FloatType,
    IntegerType,
    ModelSchema,
    TextType,
    TypeKind,
)
from queryengine.values import ValueProblem, check
from queryengine_orm.errors import ConfigurationError, ParameterError

__all__ = [
    "Arithmetic",
    "Assignment",
    "Call",
    "ColumnRef",
    "Compared",
    "Condition",
    "Constant",
    "Expr",
    "Joined",
    "Opposite",
    "Order",
    "Scalar",
    "ScalarNode",
    "all_of",
    "checked",
    "compare",
    "is_core",
    "schema_of",
]

M = TypeVar("M")
T = TypeVar("T")

Function: TypeAlias = Literal["abs", "coalesce", "length", "lower", "upper"]
Operator: TypeAlias = Literal["+", "-", "*"]

KINDS: Final = {operator.op: operator.kinds for operator in reversed(OPERATORS) if not operator.negated}
NUMBERS: Final = frozenset({TypeKind.INTEGER, TypeKind.FLOAT, TypeKind.DECIMAL})


# -- scalars


@dataclass(frozen=True, slots=True)
class ColumnRef:
    """The value at the end of a path."""

    path: Path


@dataclass(frozen=True, slots=True)
class Constant:
    """A value of a type, or null; it becomes a parameter."""

    value: Value
    type: FieldType


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two numbers joined by an operator; null where one of them is."""

    operator: Operator
    left: ScalarNode
    right: ScalarNode


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the database that means the same on all that we know."""

    function: Function
    arguments: tuple[ScalarNode, ...]


ScalarNode: TypeAlias = ColumnRef | Constant | Arithmetic | Call
"""The closed union of scalars; no request makes one."""


# -- conditions


@dataclass(frozen=True, slots=True)
class Compared:
    """One scalar against another; false where one of them is null."""

    left: ScalarNode
    op: Op
    right: ScalarNode


@dataclass(frozen=True, slots=True)
class Joined:
    """A conjunction or disjunction that has a scalar's comparison somewhere in it."""

    operands: tuple[Condition, ...]
    conjunction: bool


@dataclass(frozen=True, slots=True)
class Opposite:
    """True exactly where the operand is false."""

    operand: Condition


Condition: TypeAlias = Where | Compared | Joined | Opposite
"""The closed union of conditions: the core's, and those over scalars."""


def is_core(condition: Condition) -> bool:
    """Tell whether a condition is the core's own throughout."""
    return isinstance(condition, And | Or | Not | Comparison | Quantified)


def all_of(conditions: Collection[Condition]) -> Condition | None:
    """Return the conjunction of conditions; None where there is none, which is true of every row."""
    return _join(tuple(conditions), conjunction=True) if conditions else None


def _join(operands: tuple[Condition, ...], *, conjunction: bool) -> Condition:
    if len(operands) == 1:
        return operands[0]
    if not all(map(is_core, operands)):
        return Joined(operands, conjunction)
    wheres = cast("tuple[Where, ...]", operands)
    return And(wheres) if conjunction else Or(wheres)


class Expr(Generic[M]):
    """A condition on the rows of a model: `User.age > 18`. Joined by `&`, `|` and `~`.

    It is true or false of a row: a comparison with null is false, and `~` of it true. By itself it has no
    truth, so that `18 < User.age < 65` is an error and not half a condition.
    """

    __slots__ = ("condition", "model")

    def __init__(self, model: type[M], condition: Condition) -> None:
        self.model = model
        self.condition = condition

    def __and__(self, other: Expr[M]) -> Expr[M]:
        return Expr(self.model, _join((self.condition, other.condition), conjunction=True))

    def __or__(self, other: Expr[M]) -> Expr[M]:
        return Expr(self.model, _join((self.condition, other.condition), conjunction=False))

    def __invert__(self) -> Expr[M]:
        if is_core(self.condition):
            return Expr(self.model, Not(cast("Where", self.condition)))
        return Expr(self.model, Opposite(self.condition))

    def __bool__(self) -> NoReturn:
        raise TypeError("an expression is not true or false by itself: join expressions with &, | and ~")

    def __repr__(self) -> str:
        return f"<Expr of {self.model.__name__}>"


@dataclass(frozen=True, slots=True)
class Order(Generic[M]):
    """A key of an order; without `nulls`, null is the smallest value."""

    model: type[M]
    scalar: ScalarNode
    descending: bool = False
    nulls: Nulls | None = None


@dataclass(frozen=True, slots=True)
class Assignment(Generic[M]):
    """What a column is set to: a value, or what the database computes of each row."""

    model: type[M]
    field: Field
    scalar: ScalarNode


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


def compare(path: Path, op: Op, value: object) -> Comparison:
    """Return a comparison with a value, which is checked. Raises ConfigurationError, ParameterError."""
    field = path.field
    if field is None or path.kind not in KINDS[op]:
        raise ConfigurationError(f"{path}: {op} is nothing that a {path.kind} knows")
    return Comparison(path, op, _operand(field.type, op, value, path))


def _operand(type_: FieldType, op: Op, value: object, path: Path) -> Value:
    match op:
        case Op.IS_NULL | Op.IS_EMPTY:
            return None
        case Op.IN | Op.HAS_ANY | Op.HAS_ALL:
            element = type_.element if isinstance(type_, ArrayType) else type_
            items = cast("Collection[object]", value)
            return cast("Value", tuple(checked(element, item, path) for item in items))
        case Op.HAS if isinstance(type_, ArrayType):
            return checked(type_.element, value, path)
        case Op.SIZE:
            return checked(IntegerType(minimum=0), value, path)
        case _:
            return checked(type_, value, path)


class Scalar(Generic[M, T]):
    """A value that the database has or computes of each row. Its comparisons are expressions.

    `T` is the type of the value in Python. `==` and `!=` make expressions as well, so that scalars are no
    keys of dictionaries; `None` asks for null.
    """

    __slots__ = ("model",)
    __hash__ = None  # type: ignore[assignment]  # == makes an expression

    def __init__(self, model: type[M]) -> None:
        self.model = model

    @property
    def node(self) -> ScalarNode:
        """The node of the scalar."""
        raise NotImplementedError

    @property
    def type(self) -> FieldType:
        """The type of its values."""
        raise NotImplementedError

    def _compared(self, op: Op, other: object) -> Expr[M]:
        right = other.node if isinstance(other, Scalar) else self._constant(other)
        return Expr(self.model, Compared(self.node, op, right))

    def _constant(self, value: object) -> Constant:
        type_ = unbounded(self.type)
        return Constant(checked(type_, value, type(self).__name__), type_)

    def _is_null(self) -> Expr[M]:
        return Expr(self.model, Opposite(Compared(self.node, Op.EQ, self.node)))

    def __eq__(self, other: T | Scalar[M, T]) -> Expr[M]:  # type: ignore[override]  # a condition, as in every ORM
        return self._is_null() if other is None else self._compared(Op.EQ, other)

    def __ne__(self, other: T | Scalar[M, T]) -> Expr[M]:  # type: ignore[override]  # a condition, as in every ORM
        return ~(self == other)

    def __gt__(self, other: T | Scalar[M, T]) -> Expr[M]:
        return self._compared(Op.GT, other)

    def __ge__(self, other: T | Scalar[M, T]) -> Expr[M]:
        return self._compared(Op.GTE, other)

    def __lt__(self, other: T | Scalar[M, T]) -> Expr[M]:
        return self._compared(Op.LT, other)

    def __le__(self, other: T | Scalar[M, T]) -> Expr[M]:
        return self._compared(Op.LTE, other)

    def __add__(self, other: T | Scalar[M, T]) -> Scalar[M, T]:
        return self._arithmetic("+", other)

    def __sub__(self, other: T | Scalar[M, T]) -> Scalar[M, T]:
        return self._arithmetic("-", other)

    def __mul__(self, other: T | Scalar[M, T]) -> Scalar[M, T]:
        return self._arithmetic("*", other)

    def _arithmetic(self, operator: Operator, other: object) -> Scalar[M, T]:
        if self.type.kind not in NUMBERS:
            raise ConfigurationError(f"{self.type.kind} values know no {operator}")
        right = other.node if isinstance(other, Scalar) else self._constant(other)
        return Computed(self.model, Arithmetic(operator, self.node, right), unbounded(self.type))

    def coalesce(self, other: T | Scalar[M, T]) -> Scalar[M, T]:
        """This value, or another one where it is null."""
        right = other.node if isinstance(other, Scalar) else self._constant(other)
        return Computed(self.model, Call("coalesce", (self.node, right)), self.type)

    def length(self: Scalar[M, str] | Scalar[M, str | None]) -> Scalar[M, int]:
        """How many code points a text has."""
        return Computed(self.model, Call("length", (self.node,)), IntegerType())

    def asc(self, *, nulls: Nulls | None = None) -> Order[M]:
        """From the smallest value to the greatest; null is the smallest unless `nulls` says otherwise."""
        return Order(self.model, self.node, False, nulls)

    def desc(self, *, nulls: Nulls | None = None) -> Order[M]:
        """From the greatest value to the smallest."""
        return Order(self.model, self.node, True, nulls)


class Computed(Scalar[M, T]):
    """A scalar that is no column."""

    __slots__ = ("_node", "_type")

    def __init__(self, model: type[M], node: ScalarNode, type_: FieldType) -> None:
        super().__init__(model)
        self._node = node
        self._type = type_

    @property
    def node(self) -> ScalarNode:
        """The node."""
        return self._node

    @property
    def type(self) -> FieldType:
        """The type of its values."""
        return self._type


def unbounded(type_: FieldType) -> FieldType:
    """Return the type that the results of arithmetic have: a sum may lie outside of a column's own bounds."""
    match type_:
        case IntegerType():
            return IntegerType()
        case FloatType():
            return FloatType()
        case DecimalType():
            return DecimalType(digits=1000)
        case TextType():
            return TextType()
        case _:
            return type_
