"""Turns dotted names into resolved paths within a view, each relation on the way with its row scope."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from queryengine.ast import Path, Step, Where
from queryengine.errors import ErrorCode, FilterError, Span, nearest, quoted
from queryengine.operators import by_name
from queryengine.policy import Access
from queryengine.schema import FieldType, ModelSchema, Relation
from queryengine.view import ModelView, ViewField, ViewRelation
from queryengine.vocabulary import logical_for

__all__ = [
    "Budget",
    "FieldTarget",
    "Place",
    "RelationTarget",
    "Right",
    "Scopes",
    "Target",
    "Trail",
    "quantifier_required",
    "resolve",
    "unscoped",
]

Trail = tuple[str | int, ...]
"""The keys that lead to a place in the caller's text."""

Scopes = Callable[[ModelSchema[object]], Where | None]
"""The row scope of a model, as a condition on its rows."""


class Right(Enum):
    """What a name is looked up for: each relation on the way must give that right."""

    FILTER = "filter"
    SORT = "sort"
    SELECT = "select"

    def of(self, access: Access) -> bool:
        """Tell whether an access has this right."""
        match self:
            case Right.FILTER:
                return bool(access.filter)
            case Right.SORT:
                return access.sort
            case Right.SELECT:
                return access.select


class Budget:
    """How many relations a filter may go through: `depth` inside of one another, `steps` in all."""

    __slots__ = ("depth", "depth_limit", "steps", "steps_left")

    def __init__(self, depth: int, steps: int, depth_limit: str = "max_relation_depth") -> None:
        self.depth: int = depth
        self.depth_limit: str = depth_limit
        self.steps: int = steps
        self.steps_left: int = steps

    def take(self, depth: int, trail: Trail, span: Span) -> None:
        """Go through one more relation. Raises FilterError where that is one too many."""
        self.steps_left -= 1
        if depth > self.depth:
            raise _exceeded(self.depth_limit, self.depth, "relations inside of one another", trail, span)
        if self.steps_left < 0:
            raise _exceeded(
                "max_relation_steps", self.steps, "relations on the ways of a filter", trail, span
            )


@dataclass(frozen=True, slots=True)
class Place:
    """Where names are looked up: a view, and the way there from the model at the root of the condition.

    `depth` counts the relations from the root of the filter; without a budget there may be any number.
    """

    view: ModelView
    names: tuple[str, ...] = ()
    steps: tuple[Step, ...] = ()
    budget: Budget | None = None
    depth: int = 0

    def inside(self) -> Place:
        """The same place as the root of a condition of its own: what a quantifier says of each row."""
        return Place(self.view, budget=self.budget, depth=self.depth)


@dataclass(frozen=True, slots=True)
class FieldTarget:
    """A name that stands for a field."""

    path: Path
    field: ViewField

    @property
    def type(self) -> FieldType:
        """The type of the field's values."""
        return self.field.field.type


@dataclass(frozen=True, slots=True)
class RelationTarget:
    """A name that stands for a relation; `end` is the place behind it."""

    path: Path
    relation: ViewRelation
    end: Place


Target: TypeAlias = FieldTarget | RelationTarget
"""What a dotted name stands for."""


def resolve(place: Place, name: str, scopes: Scopes, trail: Trail, span: Span, *, right: Right) -> Target:
    """Look up a dotted name. To-many relations may stand on the way to what is selected only.

    Raises FilterError: unknown_field for a name that the view does not have, not_allowed where a relation may
    not be used so, quantifier_required for a way through a to-many relation, unsupported_by_backend for one
    through a relation with a gap.
    """
    here = place
    parts = name.split(".")
    last = len(parts) - 1
    for position, part in enumerate(parts):
        view = here.view
        names = (*here.names, part)
        if here.steps and right is not Right.SELECT:
            _check_gap(here.steps[-1].relation, trail, span)
        found = view.fields.get(part)
        if found is not None and position == last:
            return FieldTarget(Path(names, here.steps, found.field), found)
        relation = view.relations.get(part)
        if relation is None and found is not None:
            message = f"{quoted(part)} is a field that has no fields of its own"
            raise FilterError(ErrorCode.UNKNOWN_FIELD, message, path=trail, span=span)
        if relation is None:
            raise _unknown(view, part, trail, span, condition=right is Right.FILTER and not last)
        if not right.of(relation.access):
            message = f"{quoted(part)} may not be used to {right.value}"
            raise FilterError(ErrorCode.NOT_ALLOWED, message, path=trail, span=span)
        if relation.relation.many and position != last and right is not Right.SELECT:
            raise (
                _many_in_order(part, trail, span)
                if right is Right.SORT
                else quantifier_required(part, trail, span)
            )
        depth = here.depth + (not relation.relation.embedded)
        if here.budget is not None and depth > here.depth:
            here.budget.take(depth, trail, span)
        step = Step(relation.relation, scopes(relation.relation.target))
        here = Place(relation.target, names, (*here.steps, step), here.budget, depth)
        if position == last:
            return RelationTarget(Path(names, here.steps, None), relation, here)
    raise AssertionError("split returns at least one part")  # pragma: no cover


def quantifier_required(name: str, trail: Trail, span: Span, hint: str | None = None) -> FilterError:
    """The error for a to-many relation that is used as if it had one row."""
    return FilterError(
        ErrorCode.QUANTIFIER_REQUIRED,
        f"{quoted(name)} has many rows",
        path=trail,
        span=span,
        expected=("some", "every", "none"),
        hint=hint or f'write {{"{name}": {{"some": ...}}}}',
    )


def _many_in_order(name: str, trail: Trail, span: Span) -> FilterError:
    message = f"{quoted(name)} has many rows: no order goes through it"
    return FilterError(ErrorCode.QUANTIFIER_REQUIRED, message, path=trail, span=span)


def _check_gap(relation: Relation, trail: Trail, span: Span) -> None:
    if relation.gap is not None:
        message = f"the back-end can only tell whether {quoted(relation.name)} is null"
        raise FilterError(ErrorCode.UNSUPPORTED_BY_BACKEND, message, path=trail, span=span, hint=relation.gap)


def _exceeded(name: str, most: int, what: str, trail: Trail, span: Span) -> FilterError:
    message, expected = f"more than {most} {what}", (f"{name} {most}",)
    return FilterError(ErrorCode.LIMIT_EXCEEDED, message, path=trail, span=span, expected=expected)


def unscoped(schema: ModelSchema[object]) -> None:
    """No scope for any model: for names that are looked up only, and for the service's own paths."""


def _unknown(view: ModelView, part: str, trail: Trail, span: Span, *, condition: bool) -> FilterError:
    near, hint = nearest(part, view.names()), None
    if condition and near is None:
        near = logical_for(part)
        if near is None and part in by_name:
            hint = "an operator stands in the object of a field"
    return FilterError(
        ErrorCode.UNKNOWN_FIELD, f"no field {quoted(part)}", path=trail, span=span, nearest=near, hint=hint
    )
