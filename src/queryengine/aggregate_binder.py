"""Binds a parsed aggregate to a view: the rows as a filter is bound, the groups as a filter of their own."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from queryengine.aggregate_view import askable, groups_view
from queryengine.aggregates import (
    APPLIES,
    AggregateAST,
    AggregateCapabilities,
    Function,
    GroupKey,
    Measure,
    inapplicable,
    result_name,
    result_type,
)
from queryengine.ast import FilterAST, Path, Value
from queryengine.binder import Binder
from queryengine.conditions import ConditionBinder
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.lexer import Lexed
from queryengine.operands import OperandReader
from queryengine.operators import SORTABLE
from queryengine.parsed import ParsedAggregate, ParsedMeasure, ParsedOrder, Style
from queryengine.plan import Plan, SlotTable
from queryengine.resolver import Budget, FieldTarget, Place, Right, Scopes, Trail, resolve
from queryengine.rewrite import rewrite
from queryengine.schema import Field, IntegerType, ModelSchema
from queryengine.scoping import ScopeBinder, ScopeShape

__all__ = ["AggregateBinder", "AggregatePlan"]


@dataclass(frozen=True, slots=True)
class AggregatePlan:
    """A bound aggregate and how to fill in its values: the plans of its rows and of its groups.

    The paths of keys and measures are the fields of the rows, so that row scopes on their way are filled in.
    """

    rows: Plan
    groups: Plan
    keys: tuple[Field, ...]
    measures: tuple[tuple[Field, Function], ...]

    def value_chunks(self) -> set[int]:
        """The numbers of the lexemes that are values; all others belong to the shape."""
        return self.rows.value_chunks() | self.groups.value_chunks()

    def instantiate(
        self, lexed: Lexed, scope_values: tuple[Value, ...], principal: str | None
    ) -> AggregateAST:
        """Read and check the values of a text. Raises FilterError for those that do not fit."""
        rows = self.rows.instantiate(lexed, scope_values, principal)
        groups = self.groups.instantiate(lexed, (), principal)
        paths = iter(rows.fields or ())
        keys = tuple([GroupKey(field, next(paths)) for field in self.keys])
        measures = tuple(
            [
                Measure(field, function, None if function is Function.COUNT else next(paths))
                for field, function in self.measures
            ]
        )
        return AggregateAST(rows, keys, measures, groups)


@dataclass(frozen=True, slots=True)
class AggregateBinder:
    """Binds aggregates to what `binder` binds filters to; `names` are the fields that the answer has."""

    binder: Binder
    able: AggregateCapabilities
    names: frozenset[str]
    reachable: Callable[[], tuple[ModelSchema[object], ...]]

    def bind(self, parsed: ParsedAggregate, text: str, style: Style, scope: ScopeShape) -> AggregatePlan:
        """Return the plan. Raises FilterError for all that does not depend on the values."""
        limits, view = self.binder.policy.limits, self.binder.view
        scopes = ScopeBinder(scope, self.binder.capabilities)
        slots = SlotTable(len(scope.values))
        budget = Budget(limits.max_relation_depth, limits.max_relation_steps)
        condition = None
        if parsed.where is not None:
            operands = OperandReader(
                text, style, self.binder.readers, slots, self.binder.capabilities.unescaped
            )
            conditions = ConditionBinder(self.binder.capabilities, scopes, operands)
            condition = rewrite(conditions.group(parsed.where, Place(view, budget=budget), ("where",)))
        columns = _Columns(self, scopes, Place(view, budget=budget))
        keys = tuple([columns.key(name, span) for name, span in parsed.group_by])
        measures = tuple([columns.measure(each, grouped=bool(keys)) for each in parsed.measures])
        models = self.reachable() if scope.predicates else ()
        rows = FilterAST(
            condition=condition,
            fields=tuple(columns.paths),
            scope=scopes(view.schema),
            scopes=scopes.of(models),
        )
        groups = self._groups(parsed, text, style, keys, [field for field, _ in measures])
        return AggregatePlan(Plan(rows, slots.readers, scopes.checks), groups, keys, measures)

    def _groups(
        self,
        parsed: ParsedAggregate,
        text: str,
        style: Style,
        keys: Sequence[Field],
        measures: Sequence[Field],
    ) -> Plan:
        """Bind having, order and window as a filter of rows that have the fields of the answer."""
        fields = {field.name: field for field in (*keys, *measures)}
        able = replace(self.binder.capabilities, cursor=False)
        view = groups_view(fields, able, self.binder.policy)
        binder = replace(self.binder, view=view, capabilities=able)
        named = {key.name for key in parsed.groups.order}
        order = list(parsed.groups.order)
        order += [ParsedOrder(key.name, False, None, Span(0, 0)) for key in keys if key.name not in named]
        whole = replace(parsed.groups, order=tuple(order))
        try:
            return binder.bind(whole, text, style, ScopeShape((), (), ()))
        except FilterError as error:
            error.hint = error.hint or self._how_to_ask(error, parsed.groups.order)
            raise

    def _how_to_ask(self, error: FilterError, order: Sequence[ParsedOrder]) -> str | None:
        """Return how to ask for what a condition or an order names though it is not asked for."""
        if error.code is not ErrorCode.UNKNOWN_FIELD:
            return None
        sorted_by = (key.name for key in order if key.span == error.span)
        name = next(sorted_by, None) or str(error.path[-1])
        found = askable(self.binder.view, name) if name in self.names else ()
        asked = (each.asked for each in found if each.supported(self.binder.capabilities, self.able))
        document = next(asked, None)
        return None if document is None else f"it is not asked for: add {json.dumps(document)[1:-1]}"


class _Columns:
    """Resolves the keys and measures of one aggregate, and collects the paths that they read."""

    def __init__(self, binder: AggregateBinder, scopes: Scopes, place: Place) -> None:
        self._able = binder.able
        self._backend = binder.binder.capabilities
        self._answer = binder.names
        self._scopes = scopes
        self._place = place
        self._names: set[str] = set()
        self.paths: list[Path] = []

    def key(self, name: str, span: Span) -> Field:
        """Return the field of a key of the groups."""
        trail = ("groupBy",)
        path = self._path(name, trail, span)
        if path.kind not in SORTABLE:
            message = inapplicable(None, path.kind)
            raise FilterError(ErrorCode.OPERATOR_NOT_APPLICABLE, message, path=trail, span=span)
        if path.kind not in self._backend.sortable:
            note = self._backend.note(f"{path.kind}:order")
            raise self._unsupported(f"groups by {path.kind} fields", note, trail, span)
        own = _field(path)
        answer = Field(result_name(name), own.type, path.nullable, annotation=own.annotation)
        return self._named(answer, trail, span)

    def measure(self, parsed: ParsedMeasure, *, grouped: bool) -> tuple[Field, Function]:
        """Return the field of a function, and the function."""
        function = Function(parsed.word)
        trail, span = (parsed.word,), parsed.span
        if function is Function.COUNT:
            counted = Field(result_name("", function), IntegerType(), nullable=False)
            return self._named(counted, trail, span), function
        path = self._path(parsed.name, trail, span)
        if path.kind not in APPLIES[function]:
            raise _not_applicable(function, path, trail, span)
        type_ = _field(path).type
        if not self._able.can(function, type_):
            note = self._able.note(function, path.kind)
            raise self._unsupported(f"{function} of {path.kind} fields", note, trail, span)
        nullable = function is not Function.COUNT_DISTINCT and (path.nullable or not grouped)
        name = result_name(parsed.name, function)
        given = result_type(function, type_, self._able.total_digits)
        return self._named(Field(name, given, nullable), trail, span), function

    def _named(self, field: Field, trail: Trail, span: Span) -> Field:
        """Return a field of the answer, if the answer has one of its name, and this is the first one."""
        if field.name in self._names:
            message = f"two fields of the answer would have the name {quoted(field.name)}"
            raise FilterError(ErrorCode.DUPLICATE_KEY, message, path=trail, span=span)
        if field.name not in self._answer:
            message, expected = f"the answer has no {quoted(field.name)}", sorted(self._answer)
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=span, expected=expected)
        self._names.add(field.name)
        return field

    def _path(self, name: str, trail: Trail, span: Span) -> Path:
        """Return the path of a field that the caller may see, in rows of which there is one at most."""
        target = resolve(self._place, name, self._scopes, trail, span, right=Right.SELECT)
        if not isinstance(target, FieldTarget):
            message = f"{quoted(name)} is a relation"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=span)
        if not target.field.select:
            message = f"{quoted(name)} may not be used to select"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=span)
        relations = [step.relation for step in target.path.steps]
        if any(relation.many for relation in relations):
            message = f"{quoted(name)} has many rows"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=span)
        gaps = [relation.gap for relation in relations] + [target.field.field.gap]
        gap = next((gap for gap in gaps if gap is not None), None)
        if gap is not None:
            raise self._unsupported("aggregates of this field", gap, trail, span)
        if any(relation.embedded for relation in relations) and not self._able.documents:
            what = "aggregates of a document's members"
            raise self._unsupported(what, self._able.notes.get("documents"), trail, span)
        self.paths.append(target.path)
        return target.path

    def _unsupported(self, what: str, note: str | None, trail: Trail, span: Span) -> FilterError:
        message = f"{self._backend.backend} has no {what}"
        return FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, message, path=trail, span=span, hint=note)


def _field(path: Path) -> Field:
    assert path.field is not None, "a column is of a field"
    return path.field


def _not_applicable(function: Function, path: Path, trail: Trail, span: Span) -> FilterError:
    kinds = sorted(kind.value for kind in APPLIES[function])
    hint = None
    if path.kind.value == "float" and function in (Function.SUM, Function.AVG):
        hint = "a sum of doubles depends on the order in which they are added"
    return FilterError(
        ErrorCode.OPERATOR_NOT_APPLICABLE,
        inapplicable(function, path.kind),
        path=trail,
        span=span,
        expected=[f"a field of the kind {', '.join(kinds)}"],
        hint=hint,
    )
