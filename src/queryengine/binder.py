"""Binds a parsed filter to a view: paths, typed slots, row scopes. Its plans alone make `FilterAST`s."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from pydantic import BaseModel

from queryengine.ast import FilterAST, Include, ModelScope, Nulls, OrderKey, Path, Slot, Step, Where, Window
from queryengine.conditions import ConditionBinder
from queryengine.config import QueryConfig
from queryengine.cursor import CursorCodec, Cursors, has_cursors
from queryengine.engine import Capabilities
from queryengine.errors import ErrorCode, FilterError, Refusal, Span, nearest, quoted
from queryengine.operands import OperandReader, Readers
from queryengine.operators import SORTABLE
from queryengine.parsed import Literal, ParsedFilter, ParsedInclude, ParsedOrder, Style
from queryengine.plan import Plan, SlotTable
from queryengine.policy import SecurityPolicy
from queryengine.projection import Projector
from queryengine.related import check_fields, check_include
from queryengine.resolver import Budget, FieldTarget, Place, RelationTarget, Right, Trail, resolve
from queryengine.rewrite import rewrite
from queryengine.schema import ModelSchema
from queryengine.scoping import ScopeBinder, ScopeShape
from queryengine.seek import reversed_order
from queryengine.view import ModelView

__all__ = ["Binder"]


@dataclass(frozen=True, slots=True)
class Binder:
    """Binds filters to one view of one engine's model."""

    view: ModelView
    capabilities: Capabilities
    policy: SecurityPolicy
    config: QueryConfig
    projector: Projector
    readers: Readers
    reachable: Callable[[], tuple[ModelSchema[object], ...]]
    codec: Callable[[], CursorCodec]
    refusal: Refusal

    def bind(self, parsed: ParsedFilter, text: str, style: Style, scope: ScopeShape) -> Plan:
        """Return the plan of the parsed filter's shape.

        Raises FilterError for all that does not depend on the values; `Plan.instantiate` checks those.
        """
        scopes = ScopeBinder(scope, self.capabilities)
        slots = SlotTable(len(scope.values))
        operands = OperandReader(text, style, self.readers, slots, self.capabilities.unescaped)
        conditions = ConditionBinder(self.capabilities, scopes, operands)
        clauses = _Clauses(self, scopes, operands, conditions)
        models = self.reachable() if scope.predicates else ()
        template = clauses.root(parsed, scopes(self.view.schema), scopes.of(models))
        cursors = None
        if self.capabilities.cursor and self.view.schema.primary_key and has_cursors():
            cursors = Cursors(self.codec, self.view.name, self.policy, template, self.refusal)
        if template.window.backward:
            template = replace(template, order=reversed_order(template.order))
        return Plan(template, slots.readers, scopes.checks, cursors, clauses.cursor)


class _Clauses:
    """Binds the clauses of one text, and those of its includes."""

    def __init__(
        self, binder: Binder, scopes: ScopeBinder, operands: OperandReader, conditions: ConditionBinder
    ) -> None:
        self._binder = binder
        self._capabilities = binder.capabilities
        self._policy = binder.policy
        self._scopes = scopes
        self._operands = operands
        self._conditions = conditions
        limits = self._policy.limits
        self._budget = Budget(limits.max_relation_depth, limits.max_relation_steps)
        self.cursor: Slot | None = None
        """the slot of the text of a cursor"""

    def root(self, parsed: ParsedFilter, scope: Where | None, scopes: tuple[ModelScope, ...]) -> FilterAST:
        """Bind the clauses of the root model."""
        view = self._binder.view
        external = self._binder.config.paging == "external"
        default = self._policy.limits.default_limit
        condition = self._where(parsed, view, ())
        window = self._external(parsed) if external else self._window(parsed, (), default)
        order = self._order(parsed, view, ())
        order = (*order, *_tie_breakers(view, order))
        self._check_followed(order, parsed)
        include = self._include(parsed, view, ())
        fields, projection = self._project(view, parsed, ("fields",))
        return FilterAST(
            condition=condition,
            order=order,
            fields=fields,
            include=include,
            window=window,
            scope=scope,
            scopes=scopes,
            projection=projection,
        )

    def _project(
        self, view: ModelView, parsed: ParsedFilter, trail: Trail
    ) -> tuple[tuple[Path, ...] | None, type[BaseModel] | None]:
        limits = self._policy.limits
        budget = Budget(limits.max_include_depth, limits.max_relation_steps, "max_include_depth")
        shown = self._binder.projector.project(Place(view, budget=budget), parsed, self._scopes, trail)
        if parsed.fields is not None and not self._capabilities.projection:
            raise self._unsupported("fields", "projection", trail, parsed.fields.span)
        if limits.max_related is not None:
            check_fields(view, parsed, limits.max_related, trail)
        for step in [step for path in shown[0] or () for step in path.steps if step.scope is not None]:
            self._check_required(step, trail, parsed.fields.span if parsed.fields is not None else Span(0, 0))
        return shown

    def _check_required(self, step: Step, trail: Trail, span: Span) -> None:
        """Refuse to leave out the one related row that a back-end always loads."""
        relation = step.relation
        if not (self._capabilities.include_missing or relation.many or relation.nullable):
            what = f"condition on {quoted(relation.name)}, which is required, where it is loaded"
            raise self._unsupported(what, "include_missing", trail, span)

    def _where(self, parsed: ParsedFilter, view: ModelView, trail: Trail) -> Where | None:
        if parsed.where is None:
            return None
        return rewrite(self._conditions.group(parsed.where, self._place(view), (*trail, "where")))

    def _place(self, view: ModelView) -> Place:
        return Place(view, budget=self._budget)

    # -- order

    def _order(self, parsed: ParsedFilter, view: ModelView, trail: Trail) -> tuple[OrderKey, ...]:
        trail = (*trail, "order")
        keys: list[OrderKey] = []
        for item in parsed.order:
            key = self._order_key(item, view, trail)
            if any(key.path.names == other.path.names for other in keys):
                raise FilterError(
                    ErrorCode.DUPLICATE_KEY, f"{quoted(item.name)} orders twice", path=trail, span=item.span
                )
            keys.append(key)
        return tuple(keys)

    def _order_key(self, item: ParsedOrder, view: ModelView, trail: Trail) -> OrderKey:
        target = resolve(self._place(view), item.name, self._scopes, trail, item.span, right=Right.SORT)
        path = target.path
        if isinstance(target, RelationTarget):
            raise FilterError(
                ErrorCode.NOT_ALLOWED, f"{quoted(item.name)} is a relation", path=trail, span=item.span
            )
        if not target.field.sort:
            raise self._unsortable(item, target, trail)
        if path.steps and not self._capabilities.order_by_relation:
            raise self._unsupported("order by a relation's field", "order_by_relation", trail, item.span)
        if not self._capabilities.order_by_missing and _may_be_missing(path):
            what = "order by a field of rows that may be missing"
            raise self._unsupported(what, "order_by_missing", trail, item.span)
        return OrderKey(path, item.descending, self._nulls(item, path, trail), span=item.span)

    def _nulls(self, item: ParsedOrder, path: Path, trail: Trail) -> Nulls | None:
        if not path.nullable:
            return None
        if not self._capabilities.nulls_order:
            raise self._unsupported("order by a field that can be null", "nulls_order", trail, item.span)
        smallest = self._capabilities.null_order == "smallest"
        default = Nulls.LAST if item.descending is smallest else Nulls.FIRST
        return item.nulls or default

    def _unsortable(self, item: ParsedOrder, target: FieldTarget, trail: Trail) -> FilterError:
        what, kind, gap = f"order by {quoted(item.name)}", target.type.kind, target.field.field.gap
        if not target.field.access.sort:
            return FilterError(ErrorCode.NOT_ALLOWED, f"{what} is not allowed", path=trail, span=item.span)
        if gap is not None:
            return self._unsupported(what, None, trail, item.span, gap)
        if kind in SORTABLE:
            return self._unsupported(f"order by {kind} fields", f"{kind}:order", trail, item.span)
        message = f"{kind} fields have no order"
        return FilterError(ErrorCode.OPERATOR_NOT_APPLICABLE, message, path=trail, span=item.span)

    # -- window

    def _external(self, parsed: ParsedFilter) -> Window:
        for word, literal in parsed.window:
            message = f"{word} is left to the paging of this service"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=(word,), span=literal.span)
        return Window()

    def _window(
        self, parsed: ParsedFilter, trail: Trail, default: int | None, most: int | None = None
    ) -> Window:
        limits = self._policy.limits
        rows = limits.max_limit if most is None else min(limits.max_limit, most)
        window = Window(default)
        for word, literal in parsed.window:
            place = (*trail, word)
            if word in ("after", "before"):
                self._seek(parsed, literal, place)
                window = replace(window, backward=word == "before")
            elif word == "limit":
                window = replace(window, limit=self._operands.window(literal, 1, rows, place))
            else:
                window = replace(window, offset=self._operands.window(literal, 0, limits.max_offset, place))
        return window

    def _seek(self, parsed: ParsedFilter, literal: Literal, trail: Trail) -> None:
        """Take a cursor: by itself, at the root, where rows have a total order."""
        word = str(trail[-1])
        others = [other for other, _ in parsed.window if other not in ("limit", word)]
        if not self._capabilities.cursor:
            raise self._unsupported(f"paging by cursor ({word})", "cursor", trail, literal.span)
        message = None
        if len(trail) > 1:
            message = f"{word} is for the rows of the filter itself, not for those that it includes"
        elif not has_cursors():
            message = "this service gives out no cursors"
        elif others:
            message = f"{word} and {others[0]} exclude one another"
        elif not self._binder.view.schema.primary_key:
            message = f"{self._binder.view.name} has no primary key: its rows have no order to page by"
        if message is not None:
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=literal.span)
        self.cursor = self._operands.cursor(literal, trail)

    def _check_followed(self, order: Sequence[OrderKey], parsed: ParsedFilter) -> None:
        """Refuse a cursor in an order by a field that the back-end sorts, but does not compare."""
        for word, literal in parsed.window:
            kinds = [key.path.kind for key in order if not self._capabilities.can("gt", key.path.kind)]
            if kinds and word in ("after", "before"):
                what = f"paging by cursor ({word}) in an order by {kinds[0]} fields"
                raise self._unsupported(what, f"{kinds[0]}:gt", (word,), literal.span)

    # -- include

    def _include(self, parsed: ParsedFilter, view: ModelView, trail: Trail) -> tuple[Include, ...]:
        trail = (*trail, "include")
        includes: list[Include] = []
        for item in parsed.include:
            include = self._one_include(item, view, (*trail, item.name))
            if any(include.path.names == other.path.names for other in includes):
                raise FilterError(
                    ErrorCode.DUPLICATE_KEY,
                    f"{quoted(item.name)} is included twice",
                    path=trail,
                    span=item.span,
                )
            includes.append(include)
        return tuple(includes)

    def _one_include(self, item: ParsedInclude, view: ModelView, trail: Trail) -> Include:
        relation = view.relations.get(item.name)
        if relation is None or relation.relation.embedded:
            if item.name in view.fields or relation is not None:
                message = f"{quoted(item.name)} is not a relation to another model"
                raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=item.span)
            raise FilterError(
                ErrorCode.UNKNOWN_FIELD,
                f"no relation {quoted(item.name)}",
                path=trail,
                span=item.span,
                nearest=nearest(item.name, view.relations),
            )
        if not relation.access.include:
            message = f"{quoted(item.name)} may not be included"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=item.span)
        if not self._capabilities.include:
            raise self._unsupported("include", "include", trail, item.span)
        gap = relation.relation.gap
        if gap is not None and item.filter is not None and item.filter.where is not None:
            raise self._unsupported(f"condition on {quoted(item.name)}", None, trail, item.span, gap)
        step = Step(relation.relation, self._scopes(relation.relation.target))
        if (item.filter is not None and item.filter.where is not None) or step.scope is not None:
            self._check_required(step, trail, item.span)
        most = self._policy.limits.max_related
        if relation.relation.many and most is not None:
            check_include(item, most, trail)
        else:
            most = None
        inner = self._scoped(item.filter or ParsedFilter(), relation.target, trail, most)
        return Include(Path((item.name,), (step,), None), inner, item.span)

    def _scoped(self, parsed: ParsedFilter, view: ModelView, trail: Trail, most: int | None) -> FilterAST:
        """Bind the filter of an include. It has no limit unless it says so: all related rows are meant.

        `most` bounds its limit, beside that of all rows.
        """
        order = self._order(parsed, view, trail)
        if (parsed.window or parsed.order) and not self._capabilities.include_window:
            span = parsed.window[0][1].span if parsed.window else parsed.order[0].span
            raise self._unsupported("order and limit in an include", "include_window", trail, span)
        include = self._include(parsed, view, trail)
        fields, projection = self._project(view, parsed, (*trail, "fields"))
        return FilterAST(
            condition=self._where(parsed, view, trail),
            order=(*order, *_tie_breakers(view, order)) if parsed.window or order else order,
            fields=fields,
            include=include,
            window=self._window(parsed, trail, None, most),
            projection=projection,
        )

    def _unsupported(
        self, what: str, feature: str | None, trail: Trail, span: Span, note: str | None = None
    ) -> FilterError:
        hint = note if feature is None else self._capabilities.note(feature)
        message = f"{self._capabilities.backend} has no {what}"
        return FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, message, path=trail, span=span, hint=hint)


def _may_be_missing(path: Path) -> bool:
    """Whether an order has to place rows by whether there is a related one, and not by its field alone."""
    scoped = any(step.scope is not None for step in path.steps)
    optional = any(step.relation.nullable for step in path.steps)
    return scoped or (optional and path.field is not None and not path.field.nullable)


def _tie_breakers(view: ModelView, order: tuple[OrderKey, ...]) -> tuple[OrderKey, ...]:
    """The fields of the primary key that the order does not name: they make it total."""
    named = {key.path.field for key in order if not key.path.steps}
    return tuple(
        OrderKey(Path((field.name,), (), field), implied=True)
        for field in view.schema.primary_key
        if field not in named
    )
