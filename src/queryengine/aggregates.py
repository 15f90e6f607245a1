"""The bound aggregate: which rows are counted, in which groups, by which functions. Knows ast and schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel

from queryengine.ast import FilterAST, Path
from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode, FilterError, Refusal, as_it_is
from queryengine.operators import NUMBERS, SORTABLE
from queryengine.schema import (
    DecimalType,
    Field,
    FieldType,
    FloatType,
    IntegerType,
    ModelSchema,
    TypeKind,
)

__all__ = [
    "APPLIES",
    "AggregateAST",
    "AggregateCapabilities",
    "AggregateEngine",
    "AggregateResult",
    "Function",
    "GroupKey",
    "Measure",
    "SumOutOfRangeError",
    "inapplicable",
    "result_name",
    "result_type",
]

Q = TypeVar("Q")
Q_co = TypeVar("Q_co", covariant=True)
Row = TypeVar("Row", bound=BaseModel)

K = TypeKind


class Function(StrEnum):
    """What can be asked of a group. All but `count` are of a field, and pass over its nulls."""

    COUNT = "count"
    COUNT_DISTINCT = "countDistinct"
    SUM = "sum"
    AVG = "avg"
    MIN = "min"
    MAX = "max"


EXTREMES = NUMBERS | {K.TEXT, K.DATE, K.DATETIME, K.TIME, K.DURATION}
EXACT = frozenset({K.INTEGER, K.DECIMAL})
APPLIES: Mapping[Function, frozenset[TypeKind]] = MappingProxyType(
    {
        Function.COUNT: frozenset(),
        Function.COUNT_DISTINCT: SORTABLE,
        Function.SUM: EXACT,
        Function.AVG: EXACT,
        Function.MIN: EXTREMES,
        Function.MAX: EXTREMES,
    }
)
"""For each function the kinds of fields that it is of."""

TOTAL_DIGITS = 1_000
"""significant digits of a sum of decimals"""


def inapplicable(function: Function | None, kind: TypeKind) -> str:
    """Return what is wrong with a function, or without one with groups, of fields of a kind.

    >>> inapplicable(Function.SUM, TypeKind.TEXT)
    'sum does not apply to text fields'
    """
    if function is None:
        return f"{kind} fields have no order, so that no groups are made by them"
    return f"{function} does not apply to {kind} fields"


def result_name(path: str, function: Function | None = None) -> str:
    """Return the name that a group's key, or a function of a field, has in the answer.

    >>> result_name("carrier.name"), result_name("delay", Function.AVG), result_name("", Function.COUNT)
    ('carrier_name', 'avg_delay', 'count')
    """
    plain = path.replace(".", "_")
    if function is None or function is Function.COUNT:
        return plain or Function.COUNT.value
    word = "count_distinct" if function is Function.COUNT_DISTINCT else function.value
    return f"{word}_{plain}"


def result_type(function: Function, type_: FieldType, digits: int = TOTAL_DIGITS) -> FieldType:
    """Return the type of what a function gives: of integers a sum is one of 64 bits; an average is a double.

    A sum of decimals has so many significant digits.

    >>> result_type(Function.SUM, IntegerType(0, 10)).maximum == 2**63 - 1
    True
    """
    match function:
        case Function.COUNT | Function.COUNT_DISTINCT:
            return IntegerType()
        case Function.AVG:
            return FloatType()
        case Function.SUM:
            return DecimalType(digits) if isinstance(type_, DecimalType) else IntegerType()
        case Function.MIN | Function.MAX:
            return type_


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What rows of one group have in common: the field of the answer, and the path of the rows."""

    field: Field
    path: Path


@dataclass(frozen=True, slots=True)
class Measure:
    """A function of each group: the field of the answer; the path is None for `count` alone."""

    field: Field
    function: Function
    path: Path | None


@dataclass(frozen=True, slots=True)
class AggregateAST:
    """A bound aggregate: the only thing that `build_aggregate` takes, and only the binder makes it.

    `rows` says which rows are counted (its `where`; order and window mean nothing there), `groups` which
    groups are given, as a filter over rows that have the fields of `keys` and `measures` by name: `having`
    is its condition, and its order is total. Without keys there is one group, of no rows too.
    """

    rows: FilterAST
    keys: tuple[GroupKey, ...]
    measures: tuple[Measure, ...]
    groups: FilterAST

    @property
    def fields(self) -> tuple[Field, ...]:
        """The answer's fields, the keys first."""
        return (*(key.field for key in self.keys), *(measure.field for measure in self.measures))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the answer's fields, the keys first."""
        return tuple([field.name for field in self.fields])


class SumOutOfRangeError(FilterError, ArithmeticError):
    """An aggregate that adds up integers to a sum that 64 bits do not hold. `path` names its function."""

    def __init__(self, ast: AggregateAST) -> None:
        super().__init__(
            ErrorCode.OUT_OF_RANGE,
            "a sum is no integer of 64 bits",
            path=[measure.function.value for measure in ast.measures if _adds_integers(measure)][:1],
            hint="`where` narrows the rows",
        )


def _adds_integers(measure: Measure) -> bool:
    field = None if measure.path is None else measure.path.field
    adds = measure.function in (Function.SUM, Function.AVG)
    return adds and field is not None and isinstance(field.type, IntegerType)


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateCapabilities:
    """Which aggregates a back-end gives exactly. What is not declared is refused at bind.

    `functions` has the kinds of fields for each function. Without `documents`, no key and no function is of
    a member of an embedded document. A sum of decimals has `total_digits`; where `summed_digits` is said,
    sums and averages are only of decimals that have a scale and no more digits. `notes` gives the reasons,
    under the function's name, "kind:function" or "documents".
    """

    functions: Mapping[Function, frozenset[TypeKind]] = field(default_factory=lambda: APPLIES)
    documents: bool = True
    total_digits: int = TOTAL_DIGITS
    summed_digits: int | None = None
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def can(self, function: Function, type_: FieldType) -> bool:
        """Whether a function of fields of a type is given.

        >>> few = AggregateCapabilities(summed_digits=19)
        >>> few.can(Function.SUM, DecimalType(19, 2)), few.can(Function.SUM, DecimalType(34))
        (True, False)
        """
        if type_.kind not in self.functions.get(function, frozenset()):
            return False
        if self.summed_digits is None or not isinstance(type_, DecimalType):
            return True
        exact = type_.scale is not None and type_.digits <= self.summed_digits
        return exact or function not in (Function.SUM, Function.AVG)

    def note(self, function: Function, kind: TypeKind) -> str | None:
        """Return why a function of fields of a kind is not given, if the back-end says so."""
        return self.notes.get(f"{kind}:{function}") or self.notes.get(function)


@dataclass(frozen=True, slots=True)
class AggregateResult(Generic[Row, Q]):
    """What a dependency of aggregates gives: the native query, and the way from its rows to the answer's.

    `fetch_groups` of the back-end runs it. `refusal` makes of an error what a handler raises, so that FastAPI
    answers it as one of the request.
    """

    query: Q
    row: type[Row]
    aggregate: AggregateAST
    refusal: Refusal = field(default=as_it_is, repr=False, compare=False)

    def rows(self, found: Iterable[Sequence[object]]) -> list[Row]:
        """Return the answer of what the query found: one tuple for each group, in the order of the query.

        What was not asked for has the default of the row's model.
        """
        names = self.aggregate.names
        return [self.row.model_validate(dict(zip(names, each, strict=True))) for each in found]

    def beyond_64_bits(self) -> Exception | None:
        """Return what to raise where the database says that a number is out of range.

        None where no integers are added up, so that it is something else that the database means.
        """
        if not any(_adds_integers(measure) for measure in self.aggregate.measures):
            return None
        return self.refusal(SumOutOfRangeError(self.aggregate))


class AggregateEngine(Protocol[Q_co]):
    """An engine that has aggregates too; `Q_co` is its native query."""

    @property
    def model(self) -> type[object]:
        """The model whose rows are counted."""
        ...

    @property
    def schema(self) -> ModelSchema[object]:
        """The model as filters see it."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the engine can do exactly with conditions and orders."""
        ...

    @property
    def aggregates(self) -> AggregateCapabilities:
        """Which aggregates the engine gives exactly."""
        ...

    def build_query(self, ast: FilterAST) -> object:
        """Compile a bound filter."""
        ...

    def execute_query(self, ast: FilterAST) -> object:
        """Compile a bound filter to the form that is ready to run."""
        ...

    def build_aggregate(self, ast: AggregateAST) -> Q_co:
        """Compile a bound aggregate to the native query, whose rows are tuples in the order of its names."""
        ...
