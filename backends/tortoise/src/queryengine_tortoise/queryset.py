"""A query set that has a filter's condition, order and scopes, and keeps them in whatever is made of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any, Final, Literal, Protocol, Self, TypeAlias, TypeVar, cast

from pypika_tortoise.context import SqlContext
from pypika_tortoise.enums import Order
from pypika_tortoise.queries import QueryBuilder
from pypika_tortoise.queries import Table as PypikaTable
from pypika_tortoise.terms import Term as PypikaTerm
from tortoise.expressions import Expression, Q, ResolveContext
from tortoise.models import Model
from tortoise.query_utils import Prefetch, QueryModifier
from tortoise.queryset import FieldSelectQuery, QuerySet, ValuesListQuery, ValuesQuery
from typing_extensions import override

from queryengine.ast import Slot
from queryengine.errors import ConfigurationError
from queryengine_tortoise.meta import base_queryset, own_values, related_model, relation_of
from queryengine_tortoise.statements import BoundFilter, Term
from queryengine_tortoise.windows import Cut, Nearest

__all__ = ["Condition", "FilterQuerySet", "Key", "Scopes", "filtered", "upon"]

ModelT = TypeVar("ModelT", bound=Model)

# Any: which model a query set of related rows is of is known at run time alone.
AnyQuerySet: TypeAlias = QuerySet[Any]

Scopes: TypeAlias = Mapping[type[Model], BoundFilter]
"""The row scopes by model, each as a filter of that model."""

NO_LIMIT: Final = 2**63 - 1
NOTHING: Final[Mapping[str, Prefetch]] = MappingProxyType({})


class Conditional(Protocol):
    """Something that knows a condition, whose text depends on the statement that it is in."""

    def condition(self, context: SqlContext) -> str:
        """Return its text; its values are added to the parameters of the statement."""
        ...


class Condition(Q):
    """A filter's condition among those that Tortoise joins by AND.

    It is not for `~` and what stands below it: a condition may be NULL where it is not true.
    """

    __slots__ = ("_filter",)

    def __init__(self, bound: Conditional) -> None:
        super().__init__()
        self._filter = bound

    @override
    def resolve(self, resolve_context: ResolveContext) -> QueryModifier:
        return QueryModifier(where_criterion=Term(self._filter.condition))

    @override
    def __invert__(self) -> Q:
        raise TypeError("write `not` into the filter: its condition is compiled as a whole")

    @override
    def __bool__(self) -> bool:
        return True


class Key(str):
    """One key of a filter's order, where Tortoise has the name of a field."""

    __slots__ = ("bound", "number")

    bound: BoundFilter
    number: int

    def __new__(cls, bound: BoundFilter, number: int) -> Self:
        """Make the key of that number in the filter's order."""
        self = super().__new__(cls, f"_order_{number}")
        self.bound = bound
        self.number = number
        return self

    @property
    def direction(self) -> Order:
        """The direction that the filter gives it."""
        return Order.desc if self.bound.ast.order[self.number].descending else Order.asc

    def term(self, direction: object) -> Term:
        """Return the key as a part of a statement; in another direction than its own it is turned round."""
        turned = direction is not self.direction
        return Term(lambda context: self.bound.key(self.number, context, turned=turned))


class FilterQuerySet(QuerySet[ModelT]):
    """A `QuerySet` in a filter's order, whose related rows are loaded within their scopes.

    All that Tortoise derives from it keeps the order: clones, `first`, `last`, `values`, `values_list`.
    `order_by` gives it another.
    """

    __slots__ = ()  # no room of its own: query sets that exist already are given this class

    _scopes: Scopes
    _related: Mapping[str, Prefetch]
    """what is loaded of related rows, by the attribute that gets them"""
    taken: Cut | None
    """how many of its rows each of the rows gets that they are related to"""

    def hold(self, scopes: Scopes, related: Mapping[str, Prefetch] = NOTHING, cut: Cut | None = None) -> None:
        """Load no related rows outside of their scopes."""
        self._scopes = scopes
        self._related = related
        self.taken = cut

    def take(self, cut: Cut) -> None:
        """Be the query set of related rows of which each row gets those within a window."""
        self.taken = cut

    def arrange(self, bound: BoundFilter) -> None:
        """Take the order and the window of a filter."""
        keys = [Key(bound, number) for number in range(len(bound.ast.order))]
        self._orderings = [(key, key.direction) for key in keys]
        limit, offset = bound.ast.window.limit, bound.ast.window.offset
        if isinstance(limit, Slot) or isinstance(offset, Slot):
            raise TypeError("the template of a shape has no values; build the query of a filter")
        # Where the database wants a limit with each offset, Tortoise would cut at a million rows.
        self._limit = NO_LIMIT if limit is None and offset else limit
        self._offset = offset or None

    @property
    def bound(self) -> BoundFilter | None:
        """The filter whose order it has; None after `order_by`."""
        return next((key.bound for key, _ in self._orderings if isinstance(key, Key)), None)

    @override
    def _clone(self) -> QuerySet[ModelT]:
        queryset = super()._clone()
        cast("FilterQuerySet[ModelT]", queryset).hold(self._scopes, self._related, self.taken)
        return queryset

    # -- the order

    @override
    def resolve_ordering(
        self,
        model: type[Model],
        table: PypikaTable,
        orderings: Iterable[tuple[str, str | Order]],
        annotations: dict[str, PypikaTerm | Expression],
        fields_for_select: Collection[str] | None = None,
    ) -> None:
        orderings = list(orderings)
        keys = [(key, direction) for key, direction in orderings if isinstance(key, Key)]
        if not keys:
            super().resolve_ordering(model, table, orderings, annotations, fields_for_select)
        for key, direction in keys:
            self.query: QueryBuilder = self.query.orderby(key.term(direction), order=None)

    @override
    def values(self, *args: str, **kwargs: str) -> ValuesQuery[Literal[False]]:
        query = super().values(*args, **kwargs)
        _keep_order(query)
        return query

    @override
    def values_list(self, *fields_: str, flat: bool = False) -> ValuesListQuery[Literal[False]]:
        query = super().values_list(*fields_, flat=flat)
        _keep_order(query)
        return query

    # -- related rows

    @override
    def prefetch_related(self, *args: str | Prefetch) -> QuerySet[ModelT]:
        """Load related rows, those within their scopes. What a `Prefetch` loads in turn is its own matter."""
        further: dict[str, list[str | Prefetch]] = {}
        own: list[Prefetch] = []
        for arg in args:
            first, _, rest = (arg if isinstance(arg, str) else arg.relation).partition("__")
            if relation_of(self.model, first) is None:
                return super().prefetch_related(arg)  # which Tortoise refuses
            if isinstance(arg, str):
                further.setdefault(first, []).extend([rest] if rest else [])
            elif rest:
                further.setdefault(first, []).append(Prefetch(rest, _queryset_of(arg), arg.to_attr))
            else:
                own.append(Prefetch(first, self._within(_queryset_of(arg)), arg.to_attr))
        return self.load([*own, *(self._nested(first, below) for first, below in further.items())])

    def load(self, prefetches: Iterable[Prefetch]) -> QuerySet[ModelT]:
        """Load related rows by query sets that have their scopes already."""
        queryset = self._clone()
        added = {prefetch.to_attr or prefetch.relation: prefetch for prefetch in prefetches}
        cast("FilterQuerySet[ModelT]", queryset).hold(self._scopes, {**self._related, **added}, self.taken)
        return queryset

    def _nested(self, name: str, below: Sequence[str | Prefetch]) -> Prefetch:
        """Load what is below a relation, besides what the filter loads of it."""
        known, relation = self._related.get(name), relation_of(self.model, name)
        assert relation is not None, "relations only are loaded"
        related = (
            self._within(base_queryset(related_model(relation))) if known is None else _queryset_of(known)
        )
        return Prefetch(name, related.prefetch_related(*below) if below else related)

    @override
    async def _execute(self) -> list[ModelT]:
        """Fetch the rows, and then those related to them.

        Tortoise takes away the keys of rows that it does not find. Here these are rows that are not to be
        loaded: the keys are put back.
        """
        found = await super()._execute()
        either = cast("list[ModelT] | ModelT | None", found)  # after `first` it is one row, or none
        rows = either if isinstance(either, list) else [either] if either is not None else []
        if self._related and rows:
            keys = [own_values(row) for row in rows]
            await self._load_related(rows)
            for row, own in zip(rows, keys, strict=True):
                vars(row).update(own)
        return found

    async def _load_related(self, rows: Sequence[ModelT]) -> None:
        queries: dict[str, list[tuple[str | None, AnyQuerySet]]] = {}
        cuts: list[Cut] = []
        for prefetch in self._related.values():
            queryset = _queryset_of(prefetch)
            cut = queryset.taken if isinstance(queryset, FilterQuerySet) else None
            if cut is not None:
                cuts.append(cut)
                queryset = queryset.filter(Condition(Nearest(cut, rows))) if cut.narrows else queryset
            own: object = cast("Any", queryset)._db  # noqa: SLF001  # Any: Tortoise says that it is never None
            on_same = queryset.using_db(self._db) if own is None else queryset
            queries.setdefault(prefetch.relation, []).append((prefetch.to_attr, on_same))
        executor: Any = self._db.executor_class(model=self.model, db=self._db, prefetch_queries=queries)
        await executor.fetch_for_list(rows)
        for cut in cuts:
            cut.apply(rows)

    def _within(self, queryset: AnyQuerySet) -> AnyQuerySet:
        """Return the rows of another query set that are within the scope of their model."""
        scope = self._scopes.get(queryset.model)
        within = upon(queryset.all() if scope is None else queryset.filter(Condition(scope)))
        within.hold(self._scopes)
        return within

    @override
    def select_related(self, *fields: str) -> QuerySet[ModelT]:
        """Join related rows. Raises ConfigurationError where they have a scope: a join would not hold it."""
        for field in fields:
            model: type[Model] = self.model
            for name in field.split("__"):
                relation = relation_of(model, name)
                if relation is None:
                    break  # Tortoise refuses it
                model = related_model(relation)
                if model in self._scopes:
                    raise ConfigurationError(
                        f"select_related({field!r}) would join rows of {model.__name__} that are outside of "
                        "their scope: use prefetch_related"
                    )
        return super().select_related(*fields)


def filtered(base: QuerySet[ModelT], bound: BoundFilter, scopes: Scopes) -> FilterQuerySet[ModelT]:
    """Return the rows of a query set that a filter gives, in its order and within its window."""
    queryset = upon(base.all() if bound.ast.where is None else base.filter(Condition(bound)))
    queryset.hold(scopes)
    queryset.arrange(bound)
    return queryset


def upon(queryset: QuerySet[ModelT]) -> FilterQuerySet[ModelT]:
    """Make a new query set, of whichever class a manager has, one with a filter's order."""
    made: Any = queryset  # Any: to a checker an object does not change its class
    if not isinstance(queryset, FilterQuerySet):
        made.__class__ = (
            FilterQuerySet if type(queryset) is QuerySet else _class_upon(cast("Any", type(queryset)))
        )
    return cast("FilterQuerySet[ModelT]", made)


@cache
def _class_upon(base: Any) -> Any:  # Any: to a checker, classes of query sets cannot be hashed
    return type(base.__name__, (FilterQuerySet, base), {"__slots__": ()})


def _queryset_of(prefetch: Prefetch) -> AnyQuerySet:
    queryset: AnyQuerySet = cast("Any", prefetch).queryset  # Any: Tortoise does not say of which model
    return queryset


def _keep_order(query: FieldSelectQuery) -> None:
    """Give a query for values the order of a filter: as annotations, which it does not select.

    The attributes are those that Tortoise's own `values` has just set; it has no public way.
    """
    carried: Any = query
    orderings: list[tuple[object, object]] = carried._orderings  # noqa: SLF001
    terms = {str(key): key.term(direction) for key, direction in orderings if isinstance(key, Key)}
    if terms:
        carried._annotations = {**carried._annotations, **terms}  # noqa: SLF001
        carried._orderings = [(key, None) for key in terms]  # noqa: SLF001
