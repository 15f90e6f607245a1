"""How what the database gives for a field is read: as Tortoise reads the column, or from a document."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias, cast

from tortoise.fields import DecimalField
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.models import Model

from queryengine.ast import Path, Value
from queryengine.schema import BooleanType, FieldType, FloatType, IntegerType
from queryengine_tortoise.meta import AnyField, fields_of, key_attribute
from queryengine_tortoise.schema import ColumnSource

__all__ = ["Decode", "decoder"]

Decode: TypeAlias = Callable[[Any], Value]  # Any: what the driver gives
"""From what the database gives, null included, to a value of a filter."""


def decoder(model: type[Model], path: Path) -> Decode:
    """Return how the value at the end of a path from a model is read."""
    field = path.field
    if field is None:
        raise TypeError(f"{path} is a relation, which has no value")
    if not isinstance(field.source, ColumnSource):
        return _member_decoder(field.type)
    for step in path.steps:
        model = cast("type[Model]", step.relation.target.model)
    column = fields_of(model)[field.source.attribute]
    if isinstance(column, ForeignKeyFieldInstance):
        column = fields_of(model)[key_attribute(field.source.attribute)]
    return _decimal_decoder(column) if isinstance(column, DecimalField) else _column_decoder(column)


def _column_decoder(column: AnyField) -> Decode:
    return cast("Decode", column.to_python_value)


def _decimal_decoder(column: AnyField) -> Decode:
    """Leave a decimal of the driver as it is: Tortoise rounds to 28 digits, or fails."""
    decode = _column_decoder(column)
    return lambda stored: stored if isinstance(stored, Decimal) else decode(stored)


def _member_decoder(type_: FieldType) -> Decode:
    """Return how a member of a document is read; a number that is no whole one stays as it is."""
    match type_:
        case BooleanType():
            return lambda stored: None if stored is None else bool(stored)
        case IntegerType():
            return lambda stored: int(stored) if stored is not None and stored == int(stored) else stored
        case FloatType():
            return lambda stored: None if stored is None else float(stored)
        case _:
            return lambda stored: stored
