"""The executable definition of what a filter means: the rules of the contract as functions over objects.

Every back-end is tested against this module. It is written to be read, not to be fast.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Generic, TypeVar, assert_never, cast

from queryengine.aggregates import AggregateAST, AggregateCapabilities
from queryengine.ast import (
    And,
    Comparison,
    FilterAST,
    ModelScope,
    Not,
    Nulls,
    Or,
    OrderKey,
    Path,
    Quantified,
    Quantifier,
    Slot,
    Step,
    Value,
    Where,
)
from queryengine.comparing import holds, less, template_has_no_values
from queryengine.engine import Capabilities, QueryResult
from queryengine.errors import ConfigurationError
from queryengine.kinds import Kind
from queryengine.model_schema import read_schema
from queryengine.pages import Page, Total, count_filter, counting, make_page, page_size
from queryengine.schema import ArrayType, DateTimeType, Field, ModelSchema, Relation

if TYPE_CHECKING:
    from queryengine.aggregate_memory import MemoryAggregate

__all__ = [
    "MemoryQuery",
    "MemoryQueryEngine",
    "MemoryQueryResult",
    "evaluate",
    "matches",
    "sort_rows",
    "value_at",
]

T = TypeVar("T")

CAPABILITIES: Final = Capabilities(
    backend="memory",
    include=False,
    include_window=False,
    cursor=True,
    notes=MappingProxyType({"include": "objects in memory carry their related objects"}),
)


def evaluate(ast: FilterAST, rows: Iterable[T]) -> list[T]:
    """Return the rows that a filter gives, in its order and within its window.

    >>> evaluate(FilterAST(), [2, 1])
    [2, 1]
    """
    found = sort_rows(ast.order, [row for row in rows if matches(ast.where, row)])
    offset, limit = ast.window.offset, ast.window.limit
    if isinstance(offset, Slot) or isinstance(limit, Slot):
        raise template_has_no_values()
    return found[offset:] if limit is None else found[offset : offset + limit]


def matches(where: Where | None, row: object) -> bool:
    """Tell whether a row meets a condition. Rule 1: true or false, and `not` turns one into the other.

    >>> matches(None, object())
    True
    """
    match where:
        case None:
            return True
        case And():
            return all(matches(operand, row) for operand in where.operands)
        case Or():
            return any(matches(operand, row) for operand in where.operands)
        case Not():
            return not matches(where.operand, row)
        case Comparison():
            return holds(where.op, value_at(where.path, row), where.value)
        case Quantified():
            return _quantified(where, row)
        case _:
            assert_never(where)


# -- paths


def value_at(path: Path, row: object) -> object:
    """Return what stands at the end of a to-one path. Rule 3: behind a missing row or field, it is null."""
    found = _follow(path.steps, row)
    if found is None or path.field is None:
        return found
    return _of_type(path.field, _attribute(found, path.field.name))


def _of_type(field: Field, value: object) -> object:
    """Return a row's value, unless it is a date-time of the other kind: Python calls those just unequal."""
    many = isinstance(field.type, ArrayType) and value is not None
    type_ = field.type.element if isinstance(field.type, ArrayType) else field.type
    if isinstance(type_, DateTimeType):
        for item in cast("Sequence[object]", value) if many else (value,):
            if isinstance(item, dt.datetime) and (item.utcoffset() is not None) is not type_.aware:
                raise _other_kind(field.name, aware=type_.aware)
    return value


def _other_kind(name: str, *, aware: bool) -> ConfigurationError:
    holds, annotation = ("no zone", "NaiveDatetime") if aware else ("a zone", "AwareDatetime")
    return ConfigurationError(
        f"a row's {name!r} is a date-time with {holds}, which its annotation does not say; "
        f"pydantic's {annotation} does"
    )


def _follow(steps: Sequence[Step], row: object) -> object:
    """Return the related row at the end of to-one steps; one outside of its scope does not exist."""
    found: object = row
    for step in steps:
        found = _attribute(found, step.relation.name)
        if found is None or not matches(step.scope, found):
            return None
    return found


def _attribute(row: object, name: str) -> object:
    """Rule 3: what a document or an object does not have is null."""
    if isinstance(row, Mapping):
        return cast("Mapping[str, object]", row).get(name)
    return getattr(row, name, None)


def _quantified(node: Quantified, row: object) -> bool:
    """Rule 9: one related row must meet the whole condition; without rows, `every` and `none` hold."""
    *to_one, to_many = node.path.steps
    parent = _follow(to_one, row)
    existing = [item for item in _related(to_many.relation, parent) if matches(to_many.scope, item)]
    meet = [matches(node.where, item) for item in existing]
    match node.quantifier:
        case Quantifier.SOME:
            return any(meet)
        case Quantifier.EVERY:
            return all(meet)
        case Quantifier.NONE:
            return not any(meet)
        case _:
            assert_never(node.quantifier)


def _related(relation: Relation, parent: object) -> Iterable[object]:
    """Return the rows that a to-many relation leads to; as one of a subclass, a row leads to itself."""
    if isinstance(relation.source, Kind):
        return [parent] if isinstance(parent, relation.source.model) else []
    related = None if parent is None else _attribute(parent, relation.name)
    return cast("Iterable[object]", related or ())


# -- order


def sort_rows(order: Sequence[OrderKey], rows: Iterable[T]) -> list[T]:
    """Return the rows in order. Rule 8: nulls are the smallest value unless a key says where they stand.

    Rows that are equal in all keys keep their places.
    """
    ordered = list(rows)
    for key in reversed(order):
        ordered = _sort_by(key, ordered)
    return ordered


def _sort_by(key: OrderKey, rows: list[T]) -> list[T]:
    nulls = [row for row in rows if value_at(key.path, row) is None]
    others = [row for row in rows if value_at(key.path, row) is not None]
    others.sort(key=lambda row: _Ranked(value_at(key.path, row)), reverse=key.descending)
    first = not key.descending if key.nulls is None else key.nulls is Nulls.FIRST
    return nulls + others if first else others + nulls


@dataclass(frozen=True, slots=True)
class _Ranked:
    value: object

    def __lt__(self, other: _Ranked) -> bool:
        return less(self.value, other.value)


# -- what rows hold


class _Within:
    """Copies rows without the related objects that lie outside of their scopes; each object once."""

    def __init__(self, scopes: Sequence[ModelScope]) -> None:
        self._scopes = {id(scope.schema): scope.where for scope in scopes}
        self._copies: dict[int, tuple[object, object]] = {}  # with the original, so that no id is used anew

    def copied(self, row: T, schema: ModelSchema[object]) -> T:
        """Return the copy of a row of a model."""
        if id(row) not in self._copies:
            made = copy(row)
            self._copies[id(row)] = row, made
            for name, relation in schema.relations.items():
                related = self._related(_attribute(row, name), relation.target)
                if isinstance(made, dict):
                    made[name] = related
                else:
                    object.__setattr__(made, name, related)  # frozen classes and pydantic's too
        return cast("T", self._copies[id(row)][1])

    def _related(self, related: object, schema: ModelSchema[object]) -> object:
        where = self._scopes.get(id(schema))
        if isinstance(related, (list, tuple)):
            rows = cast("Sequence[object]", related)
            return [self.copied(row, schema) for row in rows if matches(where, row)]
        return self.copied(related, schema) if related is not None and matches(where, related) else None


# -- the engine


@dataclass(frozen=True)
class MemoryQuery(Generic[T]):
    """A filter over any rows of one model."""

    filter: FilterAST
    schema: ModelSchema[T]

    def all(self, rows: Iterable[T]) -> list[T]:
        """Return the rows that the filter gives, in its order and within its window.

        Where related models have row scopes, they are copies, which hold related objects in scope only.
        """
        return self._shown(evaluate(self.filter, rows))

    def count(self, rows: Iterable[T]) -> int:
        """Return how many rows meet the filter's condition, whatever its window and its cursor."""
        where = count_filter(self.filter).where
        return sum(matches(where, row) for row in rows)

    def page(self, rows: Iterable[T], *, total: Total = "none") -> Page[T]:
        """Return one page of the rows that the filter gives; `total` is as in `queryengine.pages`.

        Raises ConfigurationError where there is no limit, no primary key, or no extra `cursors`.
        """
        known, ast, count = list(rows), self.filter, counting(total)
        window = replace(ast.window, limit=page_size(ast) + 1)
        found = self._shown(evaluate(replace(ast, window=window), known))
        keyed = [(row, [cast("Value", value_at(key.path, row)) for key in ast.order]) for row in found]
        number = None if count is None else self.count(known)
        return make_page(ast, keyed, count=count, found=number)

    def _shown(self, found: list[T]) -> list[T]:
        within = _Within(self.filter.scopes)
        return [within.copied(row, self.schema) for row in found] if self.filter.scopes else found


class MemoryQueryResult(QueryResult[MemoryQuery[T]], Generic[T]):
    """`(query, projection_model, sort)`: the query is run by `query.all(rows)`."""


class MemoryQueryEngine(Generic[T]):
    """The engine over objects in memory: pydantic models, dataclasses or typed dicts.

    Nested models and lists of models are relations. `name` is what documents call the model; `primary_key`
    names the fields of the tie-breaker, in order (default: those marked `PrimaryKey`, or else `id`).

    Rows hold what the annotations say: a plain `datetime` is a wall-clock time, and an instant is pydantic's
    `AwareDatetime`. A row of the other kind is a ConfigurationError when a filter comes upon it.

    >>> @dataclass
    ... class Point:
    ...     x: int
    >>> engine = MemoryQueryEngine(Point)
    >>> engine.schema.fields["x"].type.kind.value
    'integer'
    >>> engine.build_query(FilterAST()).query.all([Point(1)])
    [Point(x=1)]
    """

    def __init__(self, model: type[T], *, name: str | None = None, primary_key: Sequence[str] = ()) -> None:
        self._model = model
        self._name = name
        self._primary_key = tuple(primary_key)
        self._schema: ModelSchema[T] | None = None

    @property
    def model(self) -> type[T]:
        """The model whose objects the queries return."""
        return self._model

    @property
    def schema(self) -> ModelSchema[T]:
        """The model as filters see it, read from its annotations when it is first asked for."""
        if self._schema is None:
            self._schema = read_schema(self._model, name=self._name, primary_key=self._primary_key)
        return self._schema

    @property
    def capabilities(self) -> Capabilities:
        """Everything but `include`: objects carry what they are related to."""
        return CAPABILITIES

    def build_query(self, ast: FilterAST) -> MemoryQueryResult[T]:
        """Return the filter as a query over rows of the model."""
        return MemoryQueryResult(MemoryQuery[T](ast, self.schema), ast.projection, ast.order, filter=ast)

    def execute_query(self, ast: FilterAST) -> MemoryQueryResult[T]:
        """Return the same as `build_query`."""
        return self.build_query(ast)

    @property
    def aggregates(self) -> AggregateCapabilities:
        """All of them."""
        return AggregateCapabilities()

    def build_aggregate(self, ast: AggregateAST) -> MemoryAggregate:
        """Return the aggregate as a query over rows of the model."""
        from queryengine.aggregate_memory import MemoryAggregate  # noqa: PLC0415  # it evaluates with this module

        return MemoryAggregate(ast)
