"""JSON columns with declared members: a class says which paths a document has, and filters go along them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType

from queryengine.errors import ConfigurationError
from queryengine.model_schema import read_schema
from queryengine.schema import BooleanType, Field, FloatType, IntegerType, ModelSchema, Relation, TextType

__all__ = ["DocumentSource", "JSONFields", "MemberSource", "document_relation", "json_fields"]

MEMBER_TYPES = (TextType, IntegerType, FloatType, BooleanType)


@dataclass(frozen=True, slots=True)
class JSONFields:
    """What `json_fields` declares."""

    document: type[object]
    hidden: bool


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """Where a document is kept: the attribute of the column."""

    key: str


@dataclass(frozen=True, slots=True)
class MemberSource:
    """The key of a member within its document."""

    key: str


def json_fields(document: type[object], *, hidden: bool = False) -> dict[str, object]:
    """Declare what a JSON column holds, as its `info`: `mapped_column(JSON, info=json_fields(Size))`.

    `document` is a pydantic model, a dataclass or a typed dict whose names are the keys of the document. Its
    texts, integers, floats and booleans can be filtered and sorted by paths such as `size.width`, and so can
    those of nested classes; members of other types, and lists, are left out. A member that is missing, or
    whose JSON value is of another type than declared, is null.

    >>> from typing import TypedDict
    >>> class Size(TypedDict):
    ...     width: int
    >>> list(json_fields(Size))
    ['queryengine']
    """
    return {"queryengine": JSONFields(document, hidden)}


def document_relation(key: str, declared: JSONFields) -> Relation:
    """Return the relation that leads into the document of a column. Raises ConfigurationError."""
    schema = _members(read_schema(declared.document), key)
    return Relation(
        key,
        lambda: schema,
        embedded=True,
        hidden=declared.hidden,
        unchecked=True,
        source=DocumentSource(key),
    )


def _members(schema: ModelSchema[object], place: str) -> ModelSchema[object]:
    """The schema of a document as a column holds it: its texts, numbers, booleans and nested documents."""
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
            unchecked=True,
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
