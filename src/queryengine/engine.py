"""What a back-end is: a Protocol, its capabilities, its result tuple. Knows ast, operators and schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Generic, Literal, Protocol, Self, TypeVar, runtime_checkable

from pydantic import BaseModel

from queryengine.ast import FilterAST, Op, OrderKey, Quantifier
from queryengine.operators import OPERATORS, SORTABLE
from queryengine.schema import ModelSchema, TypeKind

__all__ = ["FULL", "Capabilities", "DescribesQueries", "Engine", "QueryResult", "Sort"]

T_co = TypeVar("T_co", covariant=True)
Q_co = TypeVar("Q_co", covariant=True)
QueryResultType_co = TypeVar("QueryResultType_co", covariant=True)

Sort = tuple[OrderKey, ...]
"""The resolved order of a query."""

FULL: Mapping[TypeKind, frozenset[str]] = MappingProxyType(
    {kind: frozenset(o.name for o in OPERATORS if kind in o.kinds) for kind in TypeKind}
)
"""For each kind all operators of the language, by their names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a back-end can do exactly. What is not declared here is refused at bind, with the back-end's name.

    `notes` gives the reason for a gap, under the operator's name, `kind:operator`, or a feature's name;
    that of an engine without aggregates under "aggregates".
    Without `order_by_missing`, an order by a path cannot say where rows stand whose related row is missing:
    it goes only where there always is one, or to fields that can be null themselves, and never through a row
    scope. Without `include_missing`, one related row that is required is loaded whatever it is: no condition
    and no row scope can leave it out. `unescaped` are predicates of text in which `%` and `_` cannot be made
    plain: no value has them.

    >>> Capabilities(backend="toy", quantifiers=frozenset()).can("contains", TypeKind.TEXT)
    True
    """

    backend: str
    operators: Mapping[TypeKind, frozenset[str]] = field(default_factory=lambda: FULL)
    sortable: frozenset[TypeKind] = SORTABLE
    quantifiers: frozenset[Quantifier] = frozenset(Quantifier)
    order_by_relation: bool = True
    order_by_missing: bool = True
    nulls_order: bool = True
    projection: bool = True
    include: bool = True
    include_window: bool = True
    include_missing: bool = True
    cursor: bool = False
    null_order: Literal["smallest", "largest"] = "smallest"
    unescaped: frozenset[Op] = frozenset()
    notes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def can(self, operator: str, kind: TypeKind) -> bool:
        """Tell whether fields of this kind have this operator (its table name, not an alias)."""
        return operator in self.operators.get(kind, frozenset())

    def note(self, feature: str, kind: TypeKind | None = None) -> str | None:
        """Return the declared reason for a gap, if there is one."""
        return self.notes.get(f"{kind}:{feature}") or self.notes.get(feature)


class QueryResult(tuple[Q_co, type[BaseModel] | None, Sort], Generic[Q_co]):  # noqa: SLOT001  # it carries `filter`
    """What an engine returns: it unpacks as `query, projection_model, sort`, for ever three.

    A back-end's own subclass fixes the type of `query`.

    >>> result = QueryResult("SELECT 1", None, (), filter=FilterAST())
    >>> query, projection_model, sort = result
    >>> query, result.filter.where is None
    ('SELECT 1', True)
    """

    filter: FilterAST
    """the bound filter, for pages, totals and explain"""

    def __new__(
        cls, query: Q_co, projection_model: type[BaseModel] | None, sort: Sort, *, filter: FilterAST
    ) -> Self:
        """Make the tuple of the three; `filter` is carried beside them."""
        # `super()` takes as long again, of the one or two microseconds that a query takes to make.
        self = tuple.__new__(cls, (query, projection_model, sort))  # pyright: ignore[reportUnknownMemberType]  # of any tuple
        self.filter = filter
        return self

    @property
    def query(self) -> Q_co:
        """The native query."""
        return self[0]

    @property
    def projection_model(self) -> type[BaseModel] | None:
        """What the caller may see and asked for; None only when nothing is hidden and no field was named."""
        return self[1]

    @property
    def sort(self) -> Sort:
        """The resolved order, already applied to `query`."""
        return self[2]


@runtime_checkable
class DescribesQueries(Protocol):
    """An engine that can show the native query of a filter as text, for explain and the command line."""

    def describe_query(self, ast: FilterAST) -> str:
        """Return the native query with its parameters, as text for people."""
        ...


class Engine(Protocol[T_co, QueryResultType_co]):
    """A back-end for one model. Both methods are pure: they do no I/O and know no connection."""

    @property
    def model(self) -> type[T_co]:
        """The model whose rows the queries return."""
        ...

    @property
    def schema(self) -> ModelSchema[T_co]:
        """The model as filters see it, read from the class when it is first asked for."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this engine can do exactly."""
        ...

    def build_query(self, ast: FilterAST) -> QueryResultType_co:
        """Compile a bound filter to the native query."""
        ...

    def execute_query(self, ast: FilterAST) -> QueryResultType_co:
        """Compile a bound filter to the form that is ready to run; mostly the same as `build_query`."""
        ...
