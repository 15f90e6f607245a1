"""Bound aggregates to pipelines: the rows in groups, and what a filter leaves of them. Knows no server."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from beanie.odm.queries.aggregation import AggregationQuery
from bson import Decimal128
from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.errors import OperationFailure

from queryengine.aggregates import (
    AggregateAST,
    AggregateCapabilities,
    AggregateResult,
    Function,
    Measure,
    Row,
)
from queryengine.ast import Path
from queryengine.schema import DecimalType, Field, TypeKind
from queryengine_beanie.compiler import ConditionCompiler, Stored
from queryengine_beanie.encodings import DECIMAL_DIGITS, decoder_of, each, encoder_of
from queryengine_beanie.lookups import Condition, Joins, Place, Stage
from queryengine_beanie.schema import FieldSource
from queryengine_beanie.sorting import Order
from queryengine_beanie.statement import matched

__all__ = [
    "AGGREGATES",
    "AggregatePipeline",
    "BeanieAggregateResult",
    "compile_aggregate",
    "decoded",
    "fetch_groups",
]

Group: TypeAlias = Mapping[str, Any]  # Any: values of all types that BSON has
AggregatePipeline: TypeAlias = AggregationQuery[dict[str, Any]]  # Any: the same
BeanieAggregateResult: TypeAlias = AggregateResult[Row, AggregatePipeline]
"""What a dependency of aggregates gives on Beanie: `await fetch_groups(result)`."""

SUMMED_DIGITS: Final = 19
"""of decimals with so many digits and one scale, Decimal128 holds the sum of 10^15 documents exactly"""
INEXACT: Final = (
    f"Decimal128 has {DECIMAL_DIGITS} digits: it adds up decimals that declare a scale and"
    f" {SUMMED_DIGITS} digits at most"
)
AGGREGATES: Final = AggregateCapabilities(
    total_digits=DECIMAL_DIGITS,
    summed_digits=SUMMED_DIGITS,
    notes=MappingProxyType(
        {f"{TypeKind.DECIMAL}:{function}": INEXACT for function in (Function.SUM, Function.AVG)}
    ),
)
"""Which aggregates MongoDB gives exactly."""

CONVERSION_FAILURE: Final = 241
"""the code of the error that `$toLong` gives"""
GROUPS: Final = "groups"
# Added to an integer it makes a decimal, whose sum is exact; the sum of 64-bit integers becomes a double.
ZERO: Final = Decimal128("0")


async def fetch_groups(
    result: BeanieAggregateResult[Row], *, session: AsyncClientSession | None = None
) -> list[Row]:
    """Fetch the answer of an aggregate, in one command: a row for each group, in order.

    Where a sum of integers is beyond 64 bits it raises what FastAPI answers by status 422, or
    SumOutOfRangeError for a result that no dependency has made.
    """
    try:
        found = await result.query.set_session(session).to_list()
    except OperationFailure as error:
        refusal = result.beyond_64_bits() if error.code == CONVERSION_FAILURE else None
        if refusal is None:
            raise
        raise refusal from error
    return result.rows(decoded(result.aggregate, found))


def decoded(ast: AggregateAST, groups: Iterable[Group]) -> list[list[object]]:
    """Return the values of each group, in the order of the answer's names."""
    decode = [decoder_of(field.type) for field in ast.fields]
    return [
        [None if value is None else of(value) for of, value in zip(decode, _values(group), strict=True)]
        for group in groups
    ]


def _values(group: Group) -> list[object]:
    return [group[_name(number)] for number in range(len(group))]


def _name(number: int) -> str:
    """Return under which name a group has a value: a caller's names are none of MongoDB's."""
    return f"value{number}"


def compile_aggregate(ast: AggregateAST) -> tuple[Condition, list[Stage]]:
    """Return what to match first, and the pipeline after it. Its documents have `value0`, `value1` ..."""
    compiler, joins = ConditionCompiler(), Joins()
    here = Place(joins)
    match, related = matched(compiler, ast.rows.where, here)
    keys = [compiler.stored(key.path, here, negated=False) for key in ast.keys]
    columns = [
        _Column(_name(number), measure, _of(compiler, measure, here))
        for number, measure in enumerate(ast.measures, len(keys))
    ]
    stages = joins.stages()
    if related:
        stages.append({"$match": compiler.all_of(related)})
    ids = {_name(number): {"$ifNull": [f"${key.path}", None]} for number, key in enumerate(keys)}
    stages += _grouped(ids, columns)
    shown: Stage = {name: f"$_id.{name}" for name in ids} | {each.name: each.value() for each in columns}
    stages.append({"$project": {"_id": 0, **shown}})
    sources = [key.source for key in keys] + [column.source() for column in columns]
    return match, stages + _given(ast, sources)


def _of(compiler: ConditionCompiler, measure: Measure, here: Place) -> Stored | None:
    return None if measure.path is None else compiler.stored(measure.path, here, negated=False)


def _grouped(ids: Stage, columns: Sequence[_Column]) -> list[Stage]:
    """Return the stages that make the groups. Without keys there is one, of no documents too."""
    values = {name: value for column in columns for name, value in column.collected().items()}
    group: Stage = {"$group": {"_id": ids or None, **values}}
    if ids:
        return [group]
    empty = {name: value for column in columns for name, value in column.empty().items()}
    first: Stage = {"$ifNull": [{"$arrayElemAt": [f"${GROUPS}", 0]}, empty]}
    return [{"$facet": {GROUPS: [group]}}, {"$replaceRoot": {"newRoot": first}}]


def _given(ast: AggregateAST, sources: Sequence[FieldSource]) -> list[Stage]:
    """Return the stages of having, order and window."""
    found = {
        field.name: replace(source, key=_name(number))
        for number, (field, source) in enumerate(zip(ast.fields, sources, strict=True))
    }
    compiler, here = _GroupConditions(found), Place(Joins())
    stages: list[Stage] = []
    if ast.groups.where is not None:
        stages.append({"$match": compiler.compile(ast.groups.where, here)})
    order = Order(compiler, here)
    for key in ast.groups.order:
        order.add(key)
    stages += order.stages()
    if order.computed:
        stages.append({"$project": dict.fromkeys(order.computed, 0)})
    window = ast.groups.window
    if window.offset != 0:
        stages.append({"$skip": window.offset})
    if window.limit is not None:
        stages.append({"$limit": window.limit})
    return stages


class _GroupConditions(ConditionCompiler):
    """Compiles conditions on groups, whose values are found by the names of the answer."""

    def __init__(self, sources: Mapping[str, FieldSource]) -> None:
        super().__init__()
        self._sources = sources

    def stored(self, path: Path, place: Place, negated: bool) -> Stored:
        """Return where a group has a key or the value of a function."""
        del place
        source = self._sources[str(path)]
        return Stored(source.key, source, _field(path).type, negated)


@dataclass(frozen=True, slots=True)
class _Column:
    """A function of the groups: what is collected of their documents, and what is made of it."""

    name: str
    measure: Measure
    of: Stored | None

    @property
    def _number(self) -> str:
        """The name of the number of values, which are not null."""
        return f"{self.name}_number"

    @property
    def _whole(self) -> bool:
        """Whether integers are added up."""
        return self.of is not None and not isinstance(self.of.type, DecimalType)

    def collected(self) -> Stage:
        """Return the accumulators."""
        if self.of is None:
            return {self.name: {"$sum": 1}}
        path = f"${self.of.path}"
        match self.measure.function:
            case Function.COUNT | Function.COUNT_DISTINCT:
                return {self.name: {"$addToSet": path}}
            case Function.MIN:
                return {self.name: {"$min": path}}
            case Function.MAX:
                return {self.name: {"$max": path}}
            case Function.SUM | Function.AVG:
                number = {"$sum": {"$cond": [{"$gt": [path, None]}, 1, 0]}}
                return {self.name: {"$sum": {"$add": [path, ZERO]}}, self._number: number}

    def empty(self) -> Stage:
        """Return what the accumulators give of no documents."""
        if self.of is None:
            return {self.name: 0}
        match self.measure.function:
            case Function.COUNT | Function.COUNT_DISTINCT:
                return {self.name: []}
            case Function.MIN | Function.MAX:
                return {self.name: None}
            case Function.SUM | Function.AVG:
                return {self.name: None, self._number: 0}

    def value(self) -> object:
        """Return the value of the function, as an expression over what was collected."""
        collected = f"${self.name}"
        match self.measure.function:
            case Function.COUNT_DISTINCT:
                return {"$size": {"$setDifference": [collected, [None]]}}
            case Function.COUNT | Function.MIN | Function.MAX:
                return collected
            case Function.SUM:
                return self._unless_empty(self._sum())
            case Function.AVG:
                return self._unless_empty({"$divide": [{"$toDouble": self._sum()}, f"${self._number}"]})

    def source(self) -> FieldSource:
        """Return how the value is compared."""
        if self.of is not None and self.measure.function in (Function.MIN, Function.MAX):
            return self.of.source
        encode = encoder_of(self.measure.field.type)
        return FieldSource(self.name, False, encode, each(encode))

    def _sum(self) -> object:
        """Return the sum; of integers one of 64 bits: beyond them the command fails, and does not round."""
        return {"$toLong": f"${self.name}"} if self._whole else f"${self.name}"

    def _unless_empty(self, value: object) -> object:
        return {"$cond": [{"$gt": [f"${self._number}", 0]}, value, None]}


def _field(path: Path) -> Field:
    if path.field is None:
        raise TypeError(f"{path} is a relation, which has no value")
    return path.field
