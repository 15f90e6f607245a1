"""The JSON Schema of a dependency's aggregates. Knows views; no HTTP."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from queryengine.aggregate_view import Askable, groups_view
from queryengine.aggregates import Function
from queryengine.engine import Capabilities
from queryengine.json_schema import FilterSchema, SchemaWriter
from queryengine.policy import SecurityPolicy
from queryengine.schema import Field
from queryengine.schema_parts import identifier, object_schema, one_of
from queryengine.value_schema import JSONSchema
from queryengine.view import ModelView

__all__ = ["aggregate_schema"]

TEXTS: Final[Mapping[Function | None, str]] = {
    None: "What the rows of one group have in common.",
    Function.COUNT: "How many rows there are.",
    Function.COUNT_DISTINCT: "How many different values there are.",
    Function.SUM: "The exact sum.",
    Function.AVG: "The average.",
    Function.MIN: "The smallest value.",
    Function.MAX: "The largest value.",
}


def aggregate_schema(
    view: ModelView,
    found: Sequence[Askable],
    capabilities: Capabilities,
    policy: SecurityPolicy,
    *,
    windowed: bool = True,
    name: str | None = None,
) -> FilterSchema:
    """Return the schema (draft 2020-12) of the aggregates of one view's rows; `found` is what may be asked.

    It is true as that of filters is: what it accepts binds, up to what no schema says well. Besides what
    holds for filters that is: `having` and `order` name what is asked for, and no two parts of the answer
    get the same name.
    """
    name = identifier(name or view.name)
    fields: dict[str, Field] = {}
    for each in found:
        fields.setdefault(each.field.name, each.field)
    groups = groups_view(fields, capabilities, policy)
    writer = SchemaWriter(capabilities, policy)
    writer.call(view, name)
    writer.call(groups, f"{name}Group")
    limits = policy.limits
    asked: JSONSchema = {}
    for function in (None, *Function):
        paths = [each.path for each in found if each.function is function]
        if function is Function.COUNT and paths:
            asked[function] = one_of([True]) | {"description": TEXTS[function]}
        elif paths:
            most = limits.max_order_keys if function is None else limits.max_conditions
            asked[function or "groupBy"] = _names(paths, most) | {"description": TEXTS[function]}
    properties = {
        **asked,
        "where": writer.where(view),
        "having": writer.where(groups),
        **writer.order(groups),
    }
    if windowed:
        properties |= writer.window()
    root = f"{name}Aggregate"
    writer.component(root, lambda: _aggregate(properties, asked, view.name))
    # In the namespace of the model's filters: the conditions on rows are the same components.
    return FilterSchema(root, writer.finish(), f"{name}Filter")


def _aggregate(properties: JSONSchema, asked: Iterable[str], of: str) -> JSONSchema:
    whole = object_schema(properties, f"What to count, add up or compare of which rows of {of}.")
    return whole | {"anyOf": [{"required": [word]} for word in asked]}


def _names(paths: Sequence[str], most: int) -> JSONSchema:
    """One name, or a list of names."""
    one = one_of(paths)
    many: JSONSchema = {"type": "array", "items": one, "minItems": 1, "maxItems": most, "uniqueItems": True}
    return {"anyOf": [one, many]}
