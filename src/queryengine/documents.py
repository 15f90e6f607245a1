"""JSON columns with declared members: which paths their documents have. Knows schemas and their readers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, partial
from types import MappingProxyType

from queryengine.errors import ConfigurationError
from queryengine.model_schema import read_schema
from queryengine.schema import BooleanType, Field, FloatType, IntegerType, ModelSchema, Relation, TextType

__all__ = ["DocumentSource", "MemberSource", "document_relation"]

MEMBER_TYPES = (TextType, IntegerType, FloatType, BooleanType)


@dataclass(frozen=True, slots=True)
class DocumentSource:
    """Where a document is kept: the attribute of the column."""

    key: str


@dataclass(frozen=True, slots=True)
class MemberSource:
    """The key of a member within its document."""

    key: str


def document_relation(
    key: str, document: type[object], *, hidden: bool = False, unchecked: bool = False
) -> Relation:
    """Return the relation that leads into the document of a column, which a class declares.

    A member that is missing, or is of another JSON type than declared, is null; with `unchecked` it may be
    such in the rows that are loaded too. Raises ConfigurationError for names that no path can say.

    >>> from typing import TypedDict
    >>> class Size(TypedDict):
    ...     width: int
    >>> document_relation("size", Size).target.fields["width"].nullable
    True
    """
    schema = _members(read_schema(document), key, unchecked)
    source = DocumentSource(key)
    return Relation(key, lambda: schema, embedded=True, hidden=hidden, unchecked=unchecked, source=source)


def _members(schema: ModelSchema[object], place: str, unchecked: bool) -> ModelSchema[object]:
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
            load=cache(partial(_nested, relation, f"{place}.{name}", unchecked)),
            nullable=True,
            unchecked=unchecked,
            source=MemberSource(name),
        )
        for name, relation in schema.relations.items()
        if not relation.many
    }
    return replace(
        schema, fields=MappingProxyType(fields), relations=MappingProxyType(relations), primary_key=()
    )


def _nested(relation: Relation, place: str, unchecked: bool) -> ModelSchema[object]:
    return _members(relation.target, place, unchecked)
