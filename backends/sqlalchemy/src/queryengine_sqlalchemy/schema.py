"""From mapped classes to schemas, by attribute name; related classes are read when they are first needed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal, TypeGuard, TypeVar, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel
from sqlalchemy import Column, ColumnElement, inspect
from sqlalchemy.exc import NoInspectionAvailable, SQLAlchemyError
from sqlalchemy.ext.hybrid import HybridExtensionType
from sqlalchemy.orm import (
    ColumnProperty,
    InspectionAttrInfo,
    Mapped,
    Mapper,
    RelationshipProperty,
)
from sqlalchemy.sql import visitors
from sqlalchemy.sql.elements import CollationClause

from queryengine.annotations import take_apart
from queryengine.documents import document_relation
from queryengine.errors import ConfigurationError
from queryengine.kinds import Kinds
from queryengine.policy import looks_secret
from queryengine.schema import Field, JSONType, ModelSchema, Relation, TextType, python_type
from queryengine_sqlalchemy.cardinality import always_there, leads_to_one
from queryengine_sqlalchemy.column_types import SAFE_COLLATIONS, Databases, column_type, databases, transforms
from queryengine_sqlalchemy.documents import JSONFields
from queryengine_sqlalchemy.indexes import is_indexed
from queryengine_sqlalchemy.operands import SQLType, operand_type

__all__ = ["AttributeSource", "RelationshipSource", "SchemaReader", "expression_of"]

T = TypeVar("T")

NOT_UNIQUE = "the mapping has no primary key and no unique constraint by which it leads to one row at most"

STREAMS = ("dynamic", "write_only")
"""ways of loading that give a query in place of the related rows"""


@dataclass(frozen=True, slots=True)
class AttributeSource:
    """A mapped attribute with a value: its name in the class, and the type of its operands.

    `computed` marks a hybrid, which is no attribute that could be loaded.
    """

    key: str
    operand: SQLType
    computed: bool = False


@dataclass(frozen=True, slots=True)
class RelationshipSource:
    """A relationship: its name in the class, and whether it can be loaded as a whole."""

    key: str
    loads: bool = True


def expression_of(entity: object, key: str) -> ColumnElement[Any]:  # Any: the attribute's own type
    """Return the SQL expression of an attribute of a mapped class, or of an alias of one.

    It is the bare expression: operators that an attribute or a hybrid redefines do not come with it.
    """
    expression: Any = getattr(entity, key)
    while not _is_expression(expression) and hasattr(expression, "__clause_element__"):
        expression = expression.__clause_element__()  # an expression within a class would go on for ever
    if not _is_expression(expression):
        raise ConfigurationError(f"{key} is not an SQL expression")
    return expression


# Any: pyright takes a class's parameters for unknown after isinstance, hence these guards.


def _is_expression(part: object) -> TypeGuard[ColumnElement[Any]]:
    return isinstance(part, ColumnElement)


def _is_column(part: object) -> TypeGuard[Column[Any]]:
    return isinstance(part, Column)


def _is_mapper(part: object) -> TypeGuard[Mapper[Any]]:
    return isinstance(part, Mapper)


class SchemaReader:
    """Reads the schemas of mapped classes, each once, for the databases that an engine may meet."""

    def __init__(self, dialect: str | None) -> None:
        self.databases: Databases = databases(dialect)
        # SQLite does not enforce foreign keys unless a connection asks for it.
        self.references_hold: bool = dialect == "postgresql"
        self._schemas: dict[type[object], ModelSchema[object]] = {}

    def read(self, model: type[T]) -> ModelSchema[T]:
        """Return the schema of a mapped class. Raises ConfigurationError for what is no mapped class."""
        if model not in self._schemas:
            # Two threads may both read it; they must go on with one and the same schema.
            self._schemas.setdefault(model, _read(model, self))
        return cast("ModelSchema[T]", self._schemas[model])


def _read(model: type[object], reader: SchemaReader) -> ModelSchema[object]:
    try:
        return _ModelReader(_mapper(model), reader).schema()
    except SQLAlchemyError as error:
        raise ConfigurationError(f"{model.__name__} cannot be read: {error}") from error


def _mapper(model: type[object]) -> Mapper[Any]:
    try:
        mapper: object = inspect(model)
    except NoInspectionAvailable:
        mapper = None
    if not _is_mapper(mapper):
        raise ConfigurationError(f"{model!r} is not a mapped class")
    return mapper


class _ModelReader:
    """Reads one mapped class: columns, relationships, synonyms, hybrids."""

    def __init__(self, mapper: Mapper[Any], reader: SchemaReader) -> None:
        self.mapper = mapper
        self.model: type[object] = mapper.class_
        self.reader = reader
        self.fields: dict[str, Field] = {}
        self.relations: dict[str, Relation] = {}

    def schema(self) -> ModelSchema[object]:
        for key in self._keys():
            descriptor = self.mapper.all_orm_descriptors[key]
            synonym = self.mapper.synonyms.get(key)
            target = key if synonym is None else synonym.name
            if descriptor.extension_type is HybridExtensionType.HYBRID_PROPERTY:
                own_name: str = getattr(descriptor, "__name__", key)
                if own_name != key and self.mapper.all_orm_descriptors.get(own_name) is descriptor:
                    continue  # `@total.inplace.expression` leaves the same hybrid under a second name
                self._hybrid(key, descriptor.info if isinstance(descriptor, InspectionAttrInfo) else {})
            elif target in self.mapper.column_attrs:
                self._column(key, self.mapper.column_attrs[target])
            elif target in self.mapper.relationships:
                self._relationship(key, self.mapper.relationships[target])
        return ModelSchema(
            self.model.__name__,
            self.model,
            MappingProxyType(self.fields),
            MappingProxyType(self.relations),
            tuple(self._primary_key()),
            Kinds(self._heirs, self.reader.read),
        )

    def _keys(self) -> list[str]:
        """All names of the class, its columns first, in the order of their tables."""
        places: dict[object, int] = {
            column: place for place, column in enumerate(self.mapper.persist_selectable.columns)
        }

        def place(attribute: ColumnProperty[Any]) -> int:
            return min(places.get(column, len(places)) for column in attribute.columns)

        columns = sorted(self.mapper.column_attrs, key=place)
        return list(dict.fromkeys([*(c.key for c in columns), *self.mapper.all_orm_descriptors.keys()]))

    def _column(self, key: str, attribute: ColumnProperty[Any]) -> None:
        column: ColumnElement[Any] = attribute.columns[0]
        own = column.info if _is_column(column) else {}
        declared = self._declared(key, {**own, **attribute.info})
        if isinstance(declared, JSONFields):
            self.relations[key] = document_relation(
                key, declared.document, hidden=declared.hidden, unchecked=True
            )
        else:
            nullable = column.nullable is not False if _is_column(column) else True
            source = AttributeSource(attribute.key, operand_type(column.type))
            gap = self._form_of_its_own(key, column.type)
            self._field(key, column, source, nullable=nullable, hidden=declared is not None, gap=gap)

    def _hybrid(self, key: str, info: Mapping[Any, Any]) -> None:
        try:
            expression = expression_of(self.model, key)
        except (AttributeError, ConfigurationError, NotImplementedError, SQLAlchemyError, TypeError):
            return  # it works on instances only
        source = AttributeSource(key, operand_type(expression.type), computed=True)
        self._field(key, expression, source, nullable=True, hidden=self._declared(key, info) is not None)

    def _field(
        self,
        key: str,
        expression: ColumnElement[Any],
        source: AttributeSource,
        *,
        nullable: bool,
        hidden: bool,
        gap: str | None = None,
    ) -> None:
        found = column_type(expression.type, self.reader.databases)
        if found is None:
            return
        gap = gap or found.gap
        if gap is None and isinstance(found.type, TextType):
            gap = self._folding_part(expression)
        # A JSON column that is never NULL may still hold JSON's own null.
        nullable = nullable or isinstance(found.type, JSONType)
        hidden = hidden or self._excluded(key) or self._has_hidden_part(expression)
        self.fields[key] = Field(
            key, found.type, nullable, hidden, gap, source, indexed=is_indexed(expression)
        )

    def _relationship(self, key: str, relationship: RelationshipProperty[Any]) -> None:
        declared = self._declared(key, relationship.info)
        target: type[object] = relationship.mapper.class_
        self.relations[key] = Relation(
            key,
            partial(self.reader.read, target),
            many=bool(relationship.uselist),
            nullable=not (self.reader.references_hold and always_there(relationship)),
            hidden=declared is not None or self._excluded(key),
            gap=None if relationship.uselist or leads_to_one(relationship) else NOT_UNIQUE,
            source=RelationshipSource(relationship.key, relationship.lazy not in STREAMS),
        )

    def _heirs(self) -> Iterator[type[object]]:
        for mapper in self.mapper.self_and_descendants:
            if mapper is not self.mapper and not mapper.concrete:  # a concrete class's rows are its own only
                yield mapper.class_

    def _declared(self, key: str, info: Mapping[Any, Any]) -> JSONFields | Literal["hidden"] | None:
        """What the model's author says of an attribute, in `info`."""
        word: object = info.get("queryengine")
        if word is None or isinstance(word, JSONFields):
            return word
        if word == "hidden":
            return "hidden"
        place = f'{self.model.__name__}.{key}: info["queryengine"]'
        raise ConfigurationError(f'{place} is "hidden" or made by json_fields(), not {word!r}')

    def _excluded(self, key: str) -> bool:
        """Whether the class is a pydantic model too (SQLModel's are), and does not output the field."""
        if not issubclass(self.model, BaseModel):
            return False
        info = self.model.model_fields.get(key)
        return info is not None and info.exclude is True

    def _form_of_its_own(self, key: str, type_: SQLType) -> str | None:
        """Why a decorated column does not compare as its Python values do: they are of another class."""
        found = column_type(type_, self.reader.databases)
        annotated = self._annotations.get(key)
        if found is None or annotated is None or not transforms(type_):
            return None
        own, stored = take_apart(annotated).type, python_type(found.type)
        if not isinstance(own, type) or own is stored:
            return None
        return f"{type(type_).__name__} stores {own.__name__} values as {stored.__name__}"

    @cached_property
    def _annotations(self) -> Mapping[str, Any]:  # Any: annotations are what they are
        """What the class says of its attributes; nothing where names stand for types that are not loaded."""
        try:
            hints = get_type_hints(self.model, include_extras=True)
        except (AttributeError, NameError, TypeError):
            return {}
        return {key: get_args(hint)[0] if get_origin(hint) is Mapped else hint for key, hint in hints.items()}

    def _has_hidden_part(self, expression: ColumnElement[Any]) -> bool:
        """Whether an attribute shows a hidden column, or one with a secret's name, under another name."""
        for column in visitors.iterate(expression):
            if not _is_column(column):
                continue
            if _hides(column.name, column.info):
                return True
            for attribute in self.mapper.column_attrs:
                own = any(part.shares_lineage(column) for part in attribute.columns)
                if own and _hides(attribute.key, attribute.info):
                    return True
        return False

    def _folding_part(self, expression: ColumnElement[Any]) -> str | None:
        """Why an expression of text does not compare by code point: a part of it has another collation."""
        for part in visitors.iterate(expression):
            if _is_column(part):
                found = column_type(part.type, self.reader.databases)
                if found is not None and found.gap is not None and isinstance(found.type, TextType):
                    return found.gap
            elif isinstance(part, CollationClause) and str(part).strip('"') not in SAFE_COLLATIONS:
                return f"the collation {part} does not compare by code point"
        return None

    def _primary_key(self) -> Iterator[Field]:
        for column in self.mapper.primary_key:
            key = self.mapper.get_property_by_column(column).key
            if key not in self.fields:
                raise ConfigurationError(
                    f"{self.model.__name__}.{key}: filters know no order of {column.type!r}, "
                    "and the primary key must have one"
                )
            yield self.fields[key]


def _hides(name: str, info: Mapping[Any, Any]) -> bool:
    return info.get("queryengine") == "hidden" or looks_secret(name)
