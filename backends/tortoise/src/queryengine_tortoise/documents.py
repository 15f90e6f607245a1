"""JSON fields whose documents are declared by a pydantic model: filters go along the paths of its members."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType

from pydantic import BaseModel
from tortoise.fields import JSONField

from queryengine.errors import ConfigurationError
from queryengine.model_schema import read_schema
from queryengine.schema import BooleanType, Field, FloatType, IntegerType, ModelSchema, Relation, TextType
from queryengine_tortoise.meta import AnyField

__all__ = ["DocumentSource", "MemberSource", "declared_document", "document_relation"]

MEMBER_TYPES = (TextType, IntegerType, FloatType, BooleanType)


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """Where a document is kept: the attribute of the JSON field."""

    attribute: str


@dataclass(frozen=True, slots=True)
class MemberSource:
    """The key of a member within its document."""

    key: str


def declared_document(field: AnyField) -> type[BaseModel] | None:
    """Return the pydantic model of `JSONField(field_type=...)`; None for all other fields.

    >>> declared_document(JSONField()) is None
    True
    """
    declared: object = field.field_type if isinstance(field, JSONField) else None
    return declared if isinstance(declared, type) and issubclass(declared, BaseModel) else None


def document_relation(name: str, document: type[BaseModel], *, hidden: bool) -> Relation:
    """Return the relation that leads into the documents of a field. Raises ConfigurationError."""
    schema = _members(read_schema(document), name)
    return Relation(name, lambda: schema, embedded=True, hidden=hidden, source=DocumentSource(name))


def _members(schema: ModelSchema[object], place: str) -> ModelSchema[object]:
    """The schema of a document as JSON holds it: its texts, numbers, booleans and nested documents.

    What is missing there, or is of another JSON type than declared, is null.
    """
    if any('"' in name or "\\" in name for name in (*schema.fields, *schema.relations)):
        raise ConfigurationError(f"{place}: a key of {schema.name} has a quote or a backslash")
    fields = {
        name: Field(name, field.type, nullable=True, hidden=field.hidden, source=MemberSource(name))
        for name, field in schema.fields.items()
        if isinstance(field.type, MEMBER_TYPES) and field.gap is None
    }
    relations = {
        name: replace(
            relation,
            load=cache(partial(_nested, relation, f"{place}.{name}")),
            nullable=True,
            source=MemberSource(name),
        )
        for name, relation in schema.relations.items()
        if not relation.many
    }
    return replace(
        schema, fields=MappingProxyType(fields), relations=MappingProxyType(relations), primary_key=()
    )


def _nested(relation: Relation, place: str) -> ModelSchema[object]:
    return _members(relation.target, place)
