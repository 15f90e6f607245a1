"""Example filters of one view, for documents: each binds, and is likely to find rows. Knows views."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from queryengine.ast import Quantifier
from queryengine.engine import Capabilities
from queryengine.limits import Limits
from queryengine.operators import LOGICAL
from queryengine.schema import DecimalType, FieldType, FloatType, IntegerType, TypeKind
from queryengine.view import ModelView, ViewField

__all__ = ["Example", "examples"]

ROWS = 10
PLAIN_CONDITIONS: tuple[tuple[TypeKind, str, object], ...] = (
    (TypeKind.DATE, "gte", "2000-01-01"),
    (TypeKind.TEXT, "icontains", "a"),
    (TypeKind.TEXT, "contains", "a"),
    (TypeKind.BOOLEAN, "eq", True),
)
"""What to ask of a kind whose values are not known, the best to show first. Numbers come before them all."""


@dataclass(frozen=True, slots=True)
class Example:
    """A filter with a word of what it asks."""

    summary: str
    filter: dict[str, object]


def examples(
    view: ModelView, capabilities: Capabilities, limits: Limits, *, windowed: bool = True
) -> dict[str, Example]:
    """Return a few filters that bind against the view, the most telling one first."""
    window: dict[str, object] = {"limit": min(ROWS, limits.max_limit)} if windowed else {}
    conditions = list(_conditions(view))
    order = _order(view, capabilities)
    found: dict[str, Example] = {}
    if conditions:
        found["condition"] = Example("A condition", {"where": conditions[0], **order, **window})
    if len(conditions) > 1:
        either: dict[str, object] = {"or": conditions[:2]}
        found["either"] = Example("One of two conditions", {"where": either, **window})
    related = next(_related(view, capabilities, limits), None)
    if related is not None:
        found["relation"] = Example("A condition on a relation", {"where": related, **window})
    if order:
        found["order"] = Example("The first rows of an order", {**order, **window})
    return found or {"all": Example("All rows", {**window})}


def _order(view: ModelView, capabilities: Capabilities) -> dict[str, object]:
    names = (
        field.name
        for field in _telling(view)
        if field.sort and field.name.isidentifier() and (capabilities.nulls_order or not field.field.nullable)
    )
    name = next(names, None)
    return {} if name is None else {"order": f"-{name}"}


def _conditions(view: ModelView) -> Iterator[dict[str, object]]:
    for field in _telling(view):
        condition = _condition(field)
        if condition is not None and _can_be_key(field.name):
            yield {field.name: condition}


def _related(view: ModelView, capabilities: Capabilities, limits: Limits) -> Iterator[dict[str, object]]:
    far = limits.max_relation_depth > 0 and limits.max_relation_steps > 0
    for name, relation in view.relations.items():
        reachable = (far or relation.relation.embedded) and relation.relation.gap is None
        if not relation.access.filter or not _can_be_key(name) or not reachable:
            continue
        for condition in _conditions(relation.target):
            if not relation.relation.many:
                yield {f"{name}.{field}": test for field, test in condition.items()}
            elif Quantifier.SOME in capabilities.quantifiers:
                yield {name: {"some": condition}}


def _telling(view: ModelView) -> list[ViewField]:
    """The fields by how much a condition on them would show: plain ones before keys, numbers before texts."""
    kinds = [kind for kind, _, _ in PLAIN_CONDITIONS]

    def rank(field: ViewField) -> tuple[bool, int]:
        kind = field.field.type.kind
        if isinstance(field.field.type, IntegerType | FloatType | DecimalType):
            place = 0
        else:
            place = 1 + (kinds.index(kind) if kind in kinds else len(kinds))
        return field.field in view.schema.primary_key, place

    return sorted(view.fields.values(), key=rank)


def _condition(field: ViewField) -> dict[str, object] | None:
    type_ = field.field.type
    if "gte" in field.operators and _has_zero(type_):
        return {"gte": 0}
    for kind, operator, value in PLAIN_CONDITIONS:
        if kind is type_.kind and operator in field.operators:
            return {operator: value}
    return {"isNull": False} if "isNull" in field.operators else None


def _can_be_key(name: str) -> bool:
    return name.isidentifier() and name not in LOGICAL


def _has_zero(type_: FieldType) -> bool:
    if not isinstance(type_, IntegerType | FloatType | DecimalType):
        return False
    above = type_.minimum is None or type_.minimum <= 0
    return above and (type_.maximum is None or type_.maximum >= 0)
