"""From classes to schemas: pydantic models, dataclasses and typed dicts. Knows schema; imports no ORM."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, TypeGuard, TypeVar, cast, get_origin, get_type_hints, is_typeddict

from pydantic import BaseModel, Secret, SecretBytes, SecretStr
from pydantic.dataclasses import is_pydantic_dataclass
from pydantic.fields import FieldInfo

from queryengine.annotations import Annotation, element_of, field_type, take_apart
from queryengine.errors import ConfigurationError
from queryengine.schema import Field, JSONType, ModelSchema, Relation

__all__ = ["Hidden", "PrimaryKey", "read_schema"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class PrimaryKey:
    """Marks a field of the primary key: `Annotated[str, PrimaryKey()]`."""


@dataclass(frozen=True, slots=True)
class Hidden:
    """Marks a field or relation that no default policy shows: `Annotated[str, Hidden()]`."""


def read_schema(
    model: type[T], *, name: str | None = None, primary_key: Sequence[str] = ()
) -> ModelSchema[T]:
    """Return the schema of a pydantic model, a dataclass or a typed dict.

    Nested models are embedded relations, to-many where they stand in a list. A field is hidden by `Hidden`,
    by pydantic's `exclude`, or because it is a secret. A plain `datetime` is taken for a wall-clock time: say
    pydantic's `AwareDatetime`, or `Annotated[datetime, DateTimeType(aware=True)]`, for an instant. What
    filters cannot compare is a field with a gap. Raises `ConfigurationError` for other classes.

    >>> @dataclass
    ... class Point:
    ...     id: int
    ...     label: str | None
    >>> schema = read_schema(Point)
    >>> schema.fields["label"].nullable, schema.primary_key[0].name
    (True, 'id')
    """
    schema = _Schemas().read(model)
    if name is None and not primary_key:
        return schema
    missing = [key for key in primary_key if key not in schema.fields]
    if missing:
        raise ConfigurationError(f"{model.__name__} has no field {missing[0]!r} for its primary key")
    key = tuple(schema.fields[field] for field in primary_key) or schema.primary_key
    return dataclasses.replace(schema, name=name or schema.name, primary_key=key)


class _Schemas:
    """The schemas of models that may refer to one another: each is read once."""

    def __init__(self) -> None:
        self._known: dict[type[Any], ModelSchema[Any]] = {}  # Any: the key's own type

    def read(self, model: type[T]) -> ModelSchema[T]:
        if model not in self._known:
            self._known[model] = self._read(model)
        return cast("ModelSchema[T]", self._known[model])

    def _read(self, model: type[T]) -> ModelSchema[T]:
        fields: dict[str, Field] = {}
        relations: dict[str, Relation] = {}
        marked: list[str] = []
        for name, annotation, excluded in _members(model):
            hidden = excluded or Hidden() in annotation.metadata
            if PrimaryKey() in annotation.metadata:
                marked.append(name)
            relation = self._relation(name, annotation, hidden)
            if relation is None:
                fields[name] = _field(name, annotation, hidden)
            else:
                relations[name] = relation
        key = marked or [name for name in ("id",) if name in fields]
        return ModelSchema(
            model.__name__,
            model,
            MappingProxyType(fields),
            MappingProxyType(relations),
            tuple(fields[name] for name in key),
        )

    def _relation(self, name: str, annotation: Annotation, hidden: bool) -> Relation | None:
        element = element_of(annotation)
        target = (element or annotation).type
        if not _is_model(target):
            return None
        return Relation(
            name,
            partial(self.read, target),
            many=element is not None,
            nullable=annotation.nullable,
            embedded=True,
            hidden=hidden,
        )


def _field(name: str, annotation: Annotation, hidden: bool) -> Field:
    if _is_secret(annotation):
        gap = "secrets are not compared"
        return Field(name, JSONType(), annotation.nullable, hidden=True, gap=gap)
    type_ = field_type(annotation)
    if type_ is None:
        gap = "values of this annotation cannot be compared"
        return Field(name, JSONType(), nullable=True, hidden=hidden, gap=gap)
    nullable = annotation.nullable or isinstance(type_, JSONType)
    return Field(name, type_, nullable, hidden)


def _is_secret(annotation: Annotation) -> bool:
    origin = get_origin(annotation.type) or annotation.type
    return isinstance(origin, type) and issubclass(origin, (Secret, SecretStr, SecretBytes))


def _is_model(candidate: object) -> TypeGuard[type[object]]:
    if not isinstance(candidate, type):
        return False
    model = cast("type[object]", candidate)
    return issubclass(model, BaseModel) or dataclasses.is_dataclass(model) or is_typeddict(model)


def _members(model: type[object]) -> Iterator[tuple[str, Annotation, bool]]:
    """Yield the name and the annotation of each member, and whether pydantic leaves it out of its output."""
    if not _is_model(model):
        raise ConfigurationError(f"{model!r} is not a pydantic model, a dataclass or a typed dict")
    if issubclass(model, BaseModel):
        model.model_rebuild()
        yield from _pydantic_members(model.model_fields)
        for name, computed in model.model_computed_fields.items():
            yield name, take_apart(computed.return_type), False
    elif is_pydantic_dataclass(model):
        yield from _pydantic_members(model.__pydantic_fields__)
    else:
        hints = get_type_hints(model, include_extras=True)
        optional: frozenset[str] = getattr(model, "__optional_keys__", frozenset())
        fields = dataclasses.fields(model) if dataclasses.is_dataclass(model) else None
        for name in hints if fields is None else [field.name for field in fields]:
            annotation = take_apart(hints[name])
            yield (
                name,
                dataclasses.replace(annotation, nullable=annotation.nullable or name in optional),
                False,
            )


def _pydantic_members(fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, Annotation, bool]]:
    for name, info in fields.items():
        yield name, take_apart(info.annotation, info.metadata), info.exclude is True
