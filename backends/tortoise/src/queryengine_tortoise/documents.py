"""JSON fields whose documents are declared by a pydantic model."""

from __future__ import annotations

from pydantic import BaseModel
from tortoise.fields import JSONField

from queryengine_tortoise.meta import AnyField

__all__ = ["declared_document"]


def declared_document(field: AnyField) -> type[BaseModel] | None:
    """Return the pydantic model of `JSONField(field_type=...)`; None for all other fields.

    >>> declared_document(JSONField()) is None
    True
    """
    declared: object = field.field_type if isinstance(field, JSONField) else None
    return declared if isinstance(declared, type) and issubclass(declared, BaseModel) else None
