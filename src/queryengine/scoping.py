"""Binds row scopes: the service's predicates become conditions over all fields, a slot for each value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from queryengine.ast import (
    And,
    Comparison,
    JSONDocument,
    ModelScope,
    Not,
    Op,
    Or,
    Path,
    Quantified,
    Quantifier,
    Scalar,
    Slot,
    Step,
    Value,
    Where,
)
from queryengine.engine import Capabilities
from queryengine.errors import ConfigurationError, FilterError, Span
from queryengine.kinds import Kind
from queryengine.operators import OPERATORS, by_name
from queryengine.predicate import AllOf, AnyOf, Compare, Negated, Predicate, Related, Scope, shape_of
from queryengine.resolver import FieldTarget, Place, RelationTarget, Right, Target, resolve, unscoped
from queryengine.schema import ArrayType, FieldType, ModelSchema, Relation, no_kinds
from queryengine.values import ValueProblem, check
from queryengine.view import whole_view

__all__ = ["Reach", "ScopeBinder", "ScopeShape", "read_scope"]

NOWHERE = Span(0, 0)
NAMES = {operator.op: operator.name for operator in reversed(OPERATORS) if not operator.negated}


@dataclass(frozen=True, slots=True)
class ScopeShape:
    """What a request's scope says: a predicate for each model, a key without values, the values in order."""

    predicates: tuple[tuple[type[object], Predicate], ...]
    key: tuple[object, ...]
    values: tuple[Value, ...]


UNSCOPED = ScopeShape((), (), ())
NOTHING = AnyOf(())  # what None means in a mapping, as by itself: no row exists


class Reach:
    """The schemas of a model and of all that its rows lead to, as far as classes are there by now."""

    def __init__(self, root: ModelSchema[object]) -> None:
        self.models: tuple[ModelSchema[object], ...] = _reachable(root)
        self._families = [schema for schema in self.models if schema.kinds is not no_kinds]
        self.kinds: tuple[Relation, ...] = self._kinds()

    def is_current(self) -> bool:
        """Tell whether no subclass of a model has been made since."""
        return self._kinds() == self.kinds

    def _kinds(self) -> tuple[Relation, ...]:
        return tuple([kind for schema in self._families for kind in schema.kinds()])


def _reachable(root: ModelSchema[object]) -> tuple[ModelSchema[object], ...]:
    """Go along relations, into embedded documents too, and to the subclasses whose rows are a model's own."""
    found = {id(root): root}
    waiting = [root]
    while waiting:
        schema = waiting.pop()
        for relation in (*schema.relations.values(), *schema.kinds()):
            try:
                target = relation.target
            except ConfigurationError:
                continue  # nothing leads to a model that cannot be read
            if id(target) not in found:
                found[id(target)] = target
                waiting.append(target)
    return tuple(found.values())


def read_scope(scope: Scope | None, model: type[object]) -> ScopeShape:
    """Bring a scope of either form to one; a single predicate is about the root model.

    Raises TypeError for what is neither, ConfigurationError for an empty mapping.
    """
    if scope is None:
        return UNSCOPED
    # None in a mapping is no value of its type, but what a service may give by mistake: it denies.
    given = cast(
        "Mapping[type[object], Predicate | None]", scope if isinstance(scope, Mapping) else {model: scope}
    )
    if not given:
        raise ConfigurationError("scope: the mapping names no model; EVERYTHING is the predicate of all rows")
    predicates = tuple(
        (model, NOTHING if predicate is None else predicate) for model, predicate in given.items()
    )
    shapes = [(model, shape_of(predicate)) for model, predicate in predicates]
    key = tuple((model, shape[0]) for model, shape in shapes)
    return ScopeShape(predicates, key, tuple(value for _, shape in shapes for value in shape[1]))


class ScopeBinder:
    """Gives the row scope of each model as a condition; its values are slots in the order of `ScopeShape`.

    `checks` has, for each slot that was bound, the function that checks its value's type on every request.
    """

    def __init__(self, scope: ScopeShape, capabilities: Capabilities) -> None:
        self._scope = scope
        self._capabilities = capabilities
        self._bound: dict[int, Where | None] = {}
        self.checks: dict[int, Callable[[Value], Value]] = {}

    def __call__(self, schema: ModelSchema[object]) -> Where | None:
        """Return the scope of a model: the predicates for its class and for those that it comes from.

        Those of its subclasses hold for their rows, under whichever class these are met.
        """
        if not self._scope.predicates:
            return None
        if id(schema) not in self._bound:
            self._bound[id(schema)] = self._bind(schema)
        return self._bound[id(schema)]

    def of(self, schemas: Sequence[ModelSchema[object]]) -> tuple[ModelScope, ...]:
        """Return the scopes of those models that have one.

        Raises ConfigurationError for a scope of a model that is none of them: it would hold nowhere.
        """
        for model, _ in self._scope.predicates:
            if not any(model in schema.model.__mro__ for schema in schemas):
                raise ConfigurationError(f"scope: no relation leads to {model.__qualname__}")
        scopes = ((schema, self(schema)) for schema in schemas)
        return tuple(ModelScope(schema, where) for schema, where in scopes if where is not None)

    def _bind(self, schema: ModelSchema[object]) -> Where | None:
        parts: list[Where] = []
        first = 0
        for model, predicate in self._scope.predicates:
            if model in schema.model.__mro__:
                bound = self._predicate(predicate, schema, first)
                parts += [] if bound is None else [bound]
            else:
                parts += self._of_kinds(model, predicate, schema, first)
            first += len(shape_of(predicate)[1])
        return And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None

    def _of_kinds(
        self, model: type[object], predicate: Predicate, schema: ModelSchema[object], first: int
    ) -> Iterator[Where]:
        """Yield what a subclass's predicate says of the rows of a model: those of the subclass meet it."""
        for kind in schema.kinds():
            if isinstance(kind.source, Kind) and model in kind.source.model.__mro__:
                bound = self._predicate(predicate, kind.target, first)
                if bound is not None:
                    yield Quantified(Path((kind.name,), (Step(kind),), None), Quantifier.EVERY, bound)

    def _predicate(self, predicate: Predicate, schema: ModelSchema[object], first: int) -> Where | None:
        binder = _PredicateBinder(self._capabilities, first, self.checks)
        return binder.bind(predicate, Place(whole_view(schema, self._capabilities)))


class _PredicateBinder:
    """Binds one predicate, counting its values from `first`. None stands for what always holds."""

    def __init__(
        self, capabilities: Capabilities, first: int, checks: dict[int, Callable[[Value], Value]]
    ) -> None:
        self._capabilities = capabilities
        self._next = first
        self._checks = checks

    def bind(self, predicate: Predicate, place: Place) -> Where | None:
        """Return the predicate as a condition on the rows at a place."""
        match predicate:
            case AllOf():
                return _all(self.bind(operand, place) for operand in predicate.operands)
            case AnyOf():
                bound = [self.bind(operand, place) for operand in predicate.operands]
                some = tuple(part for part in bound if part is not None)
                return None if len(some) < len(bound) else Or(some) if some else _never(place)
            case Negated():
                operand = self.bind(predicate.operand, place)
                return _never(place) if operand is None else Not(operand)
            case Compare():
                return self._compare(predicate, place)
            case Related():
                return self._related(predicate, place)
            case _:
                raise TypeError(f"a scope is a predicate made with field(), not {type(predicate).__name__}")

    def _compare(self, compare: Compare, place: Place) -> Where:
        target = self._resolve(compare.name, place)
        kind = target.path.kind
        name = NAMES[compare.op]
        if kind not in by_name[name].kinds or not self._capabilities.can(name, kind):
            raise ConfigurationError(
                f"scope: {self._capabilities.backend} has no {name} on {compare.name} ({kind})"
            )
        if isinstance(target, RelationTarget) or compare.op is Op.IS_NULL:
            return Comparison(target.path, compare.op, None)
        if target.field.field.gap is not None:
            raise ConfigurationError(f"scope: {compare.name}: {target.field.field.gap}")
        slot = Slot(self._next)
        self._next += 1
        self._checks[slot.index] = _checker(compare, target.type)
        return Comparison(target.path, compare.op, slot)

    def _related(self, related: Related, place: Place) -> Where | None:
        target = self._resolve(related.name, place)
        if isinstance(target, FieldTarget) or not target.relation.relation.many:
            raise ConfigurationError(f"scope: {related.name} is not a relation with many rows")
        where = self.bind(related.where, Place(target.end.view))
        if where is None and related.quantifier is Quantifier.EVERY:
            return None
        return Quantified(target.path, related.quantifier, where)

    def _resolve(self, name: str, place: Place) -> Target:
        try:
            return resolve(place, name, unscoped, ("scope", name), NOWHERE, right=Right.FILTER)
        except FilterError as error:
            raise ConfigurationError(f"scope: {error}") from None


def _all(parts: Iterable[Where | None]) -> Where | None:
    some = tuple(part for part in parts if part is not None)
    return And(some) if len(some) > 1 else some[0] if some else None


def _never(place: Place) -> Where:
    field = next(iter(place.view.schema.fields.values()))
    return Comparison(Path((field.name,), (), field), Op.IN, ())


def _checker(compare: Compare, type_: FieldType) -> Callable[[Value], Value]:
    element = type_.element if isinstance(type_, ArrayType) and compare.op is not Op.EQ else type_

    def check_value(value: Value) -> Value:
        try:
            if compare.op is Op.IN and isinstance(value, tuple):
                return tuple([_check_scalar(element, item) for item in value])
            return check(element, value)
        except ValueProblem as problem:
            raise ConfigurationError(f"scope: {compare.name}: {problem.message}") from None

    return check_value


def _check_scalar(type_: FieldType, value: Scalar) -> Scalar:
    checked = check(type_, value)
    if isinstance(checked, tuple | JSONDocument):
        raise ConfigurationError("scope: a list holds single values")
    return checked
