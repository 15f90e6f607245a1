"""What a handler makes of documents: projection models that read Beanie's objects, and raw documents too."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, cast

from beanie import BackLink, Document, Link
from bson import DBRef, Decimal128, ObjectId
from pydantic import BaseModel, create_model, model_validator

from queryengine.cache import BoundedCache
from queryengine.members import members_of
from queryengine.response_model import nested_model
from queryengine.schema import DateTimeType, Field, FieldType, ModelSchema, Relation
from queryengine_beanie.links import BackLinkSource, LinkSource
from queryengine_beanie.schema import EmbeddedSource, FieldSource

__all__ = ["Projections"]

SIZE: Final = 256
"""projection models that are kept"""

# Any: documents hold values of all types.
Raw = Mapping[str, Any]


class Projections:
    """The projection models of one engine, each made once."""

    def __init__(self) -> None:
        self._models: BoundedCache[type[BaseModel], type[BaseModel]] = BoundedCache(SIZE)

    def of(self, projection: type[BaseModel], schema: ModelSchema[object]) -> type[BaseModel]:
        """Return a subclass of a projection model that is filled from documents of a schema."""
        model = self._models.get(projection)
        if model is None:
            model = _reading(projection, schema)
            self._models.put(projection, model)
        return model


def _reading(projection: type[BaseModel], schema: ModelSchema[object]) -> type[BaseModel]:
    def read(value: object) -> object:
        return DocumentView(value, schema) if _is_document(value) else value

    model = create_model(
        projection.__name__,
        __base__=projection,
        __module__=projection.__module__,
        __cls_kwargs__={"from_attributes": True},
        __validators__={"read_document": cast("Any", model_validator(mode="before")(read))},
    )
    # Beanie asks a projection model by this name which keys of a document to fetch.
    model.Settings = type("Settings", (), {"projection": _keys(projection, schema)})  # type: ignore[attr-defined]
    return model


def _is_document(value: object) -> bool:
    return isinstance(value, (Document, Mapping))


def _keys(projection: type[BaseModel], schema: ModelSchema[object]) -> dict[str, int]:
    """Return the keys that a projection model reads, for MongoDB; those within documents have dots."""
    keys = dict.fromkeys(_paths(projection, schema, ()), 1)
    # Two members may read one document, the one as a whole: MongoDB takes no key along with one within it.
    return {"_id": 1} | {key: 1 for key in keys if not any(whole in keys for whole in _around(key))}


def _around(key: str) -> Iterator[str]:
    """Yield the keys of the documents that a key lies in."""
    *parents, _ = key.split(".")
    for end in range(1, len(parents) + 1):
        yield ".".join(parents[:end])


def _paths(
    model: type[BaseModel], schema: ModelSchema[object], above: tuple[type[BaseModel], ...]
) -> Iterator[str]:
    for member, info in members_of(model, schema):
        nested = nested_model(info.annotation)
        within: list[str] = []
        # A link is read as a whole: nothing of it is there where it has not become a document.
        if isinstance(member, Relation) and member.embedded and nested is not None and model not in above:
            within = list(_paths(nested, member.target, (*above, model)))
        yield from [f"{_key(member)}.{path}" for path in within] or [_key(member)]


def _key(member: Field | Relation) -> str:
    source = member.source
    if not isinstance(source, (FieldSource, EmbeddedSource, LinkSource, BackLinkSource)):
        raise TypeError(f"{member.name} is not stored in a document")
    return source.key


class DocumentView:
    """A document, or a raw one, by attributes: values are as its schema has them.

    A link that has not become a document is None: it leads nowhere, or out of its row scope.
    """

    def __init__(self, document: object, schema: ModelSchema[object]) -> None:
        self._document = document
        self._raw = cast("Raw", document) if isinstance(document, Mapping) else None
        self._schema = schema

    def __getattr__(self, name: str) -> Any:  # Any: values of all types
        field = self._schema.fields.get(name)
        relation = self._schema.relations.get(name)
        member = field or relation
        if member is None:
            return getattr(self._document, name)
        if isinstance(member.source, FieldSource) and not member.source.shown:
            return None
        raw = self._raw
        value = getattr(self._document, name) if raw is None else raw.get(_key(member))
        return (
            _related(value, relation)
            if relation is not None
            else _value(value, field.type if field else None)
        )


def _related(value: object, relation: Relation) -> object:
    match value:
        case list():
            documents = [_related(item, relation) for item in cast("list[object]", value)]
            return [document for document in documents if document is not None]
        case None | Link() | BackLink() | DBRef():
            return None
        case _:
            return DocumentView(value, relation.target)


def _value(value: object, type_: FieldType | None) -> object:
    match value:
        case ObjectId():
            return str(value)
        case Decimal128():
            return value.to_decimal()
        case dt.datetime() if isinstance(type_, DateTimeType):
            return _in_zone(value, type_.aware)
        case list() | tuple():
            return [_value(item, None) for item in cast("Sequence[object]", value)]
        case _:
            return value


def _in_zone(value: dt.datetime, aware: bool) -> dt.datetime:
    """BSON has UTC; clients give it with or without the zone."""
    in_utc = value.replace(tzinfo=dt.UTC) if value.utcoffset() is None else value.astimezone(dt.UTC)
    return in_utc if aware else in_utc.replace(tzinfo=None)
