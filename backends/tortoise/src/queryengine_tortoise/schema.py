"""From Tortoise models to schemas, before or after `Tortoise.init`: relations are found when first needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import LiteralString, TypeVar, cast

from tortoise.fields.relational import (
    BackwardFKRelation,
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    OneToOneFieldInstance,
)
from tortoise.models import Model

from queryengine.ast import Step
from queryengine.documents import document_relation
from queryengine.errors import ConfigurationError
from queryengine.policy import looks_secret
from queryengine.schema import Field, JSONType, ModelSchema, Relation
from queryengine_tortoise.column_types import Database, Databases, array_operand, column_type, databases
from queryengine_tortoise.documents import declared_document
from queryengine_tortoise.meta import (
    AnyField,
    ForeignKey,
    check_model,
    fields_of,
    foreign_key_of,
    key_attribute,
    pk_field,
)
from queryengine_tortoise.relations import back_relations, key_behind, target_of

__all__ = ["ColumnSource", "RelationSource", "SchemaReader", "relation_attribute"]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ColumnSource:
    """A field with a column: its attribute, and for arrays what makes an operand such an array."""

    attribute: str
    array: LiteralString | None = None


@dataclass(frozen=True, slots=True)
class RelationSource:
    """A relation, by the name of its attribute."""

    attribute: str


def relation_attribute(step: Step) -> str:
    """Return the attribute of the relation that a step goes along."""
    source = step.relation.source
    if not isinstance(source, RelationSource):
        raise TypeError(f"{step.relation.name} is no relation of a model")
    return source.attribute


class SchemaReader:
    """Reads the schemas of models, each once, for the databases that an engine may meet."""

    def __init__(self, database: Database | None, *, use_tz: bool) -> None:
        self.databases: Databases = databases(database)
        self.use_tz = use_tz
        # PostgreSQL enforces foreign keys always, SQLite where the connection asks for it.
        self.references_hold: bool = database == "postgresql"
        self._schemas: dict[type[object], ModelSchema[object]] = {}

    def read(self, model: type[T]) -> ModelSchema[T]:
        """Return the schema of a model. Raises ConfigurationError for what is no model with a table."""
        if model not in self._schemas:
            schema = _ModelReader(check_model(model), self).schema()
            # Two threads may both read it; they must go on with one and the same schema.
            self._schemas.setdefault(model, schema)
        return cast("ModelSchema[T]", self._schemas[model])


class _ModelReader:
    """Reads one model: columns, keys of foreign keys, relations forward and back."""

    def __init__(self, model: type[Model], reader: SchemaReader) -> None:
        self.model = model
        self.reader = reader
        self.shown = _Shown(model)
        self.fields: dict[str, Field] = {}
        self.relations: dict[str, Relation] = {}

    def schema(self) -> ModelSchema[object]:
        for name, field in fields_of(self.model).items():
            match field:
                case _ if foreign_key_of(field) is not None:
                    pass  # the key behind a foreign key, which comes with that
                case ForeignKeyFieldInstance():
                    self._foreign_key(name, field)
                case ManyToManyFieldInstance():
                    self._relate(name, partial(target_of, self.model, field), many=True)
                case BackwardFKRelation():
                    pass  # below, as Tortoise may not have made them yet
                case _:
                    self._column(name, field)
        for back in back_relations(self.model):
            self._relate(back.name, partial(_itself, back.model), many=back.many)
        return ModelSchema(
            self.model.__name__,
            self.model,
            MappingProxyType(self.fields),
            MappingProxyType(self.relations),
            self._primary_key(),
        )

    def _column(self, name: str, field: AnyField) -> None:
        hidden = self.shown.hides(name, field.source_field)
        document = declared_document(field)
        if document is not None:
            self.relations[name] = document_relation(name, document, hidden=hidden)
        else:
            self._field(name, field, nullable=field.null, hidden=hidden)

    def _foreign_key(self, name: str, field: ForeignKey) -> None:
        """A relation to one row, and the field of its key, which Tortoise makes when it is initialised."""
        key = key_attribute(name)
        made = fields_of(self.model).get(key, field)
        hidden = self.shown.hides(name) or self.shown.hides(key, made.source_field)
        self._field(key, key_behind(self.model, field), nullable=field.null, hidden=hidden)
        always_there = self.reader.references_hold and field.db_constraint and not field.null
        self._relate(name, partial(target_of, self.model, field), nullable=not always_there)

    def _field(self, name: str, field: AnyField, *, nullable: bool, hidden: bool) -> None:
        found = column_type(field, self.reader.databases, use_tz=self.reader.use_tz)
        if found is None:
            return
        # A JSON column that is never NULL may still hold JSON's own null.
        nullable = nullable or isinstance(found.type, JSONType)
        source = ColumnSource(name, array_operand(field))
        self.fields[name] = Field(name, found.type, nullable, hidden, found.gap, source)

    def _relate(
        self, name: str, find: Callable[[], type[Model]], *, many: bool = False, nullable: bool = True
    ) -> None:
        self.relations[name] = Relation(
            name,
            lambda: self.reader.read(find()),
            many=many,
            nullable=nullable,
            hidden=self.shown.hides(name),
            source=RelationSource(name),
        )

    def _primary_key(self) -> tuple[Field, ...]:
        field = pk_field(self.model)
        name = field.model_field_name
        name = key_attribute(name) if isinstance(field, OneToOneFieldInstance) else name
        if name not in self.fields:
            raise ConfigurationError(
                f"{self.model.__name__}.{name}: filters know no order of {type(field).__name__}, "
                "and the primary key must have one"
            )
        return (self.fields[name],)


def _itself(model: type[Model]) -> type[Model]:
    return model


class _Shown:
    """What a model's author lets Tortoise's own pydantic models show: `PydanticMeta`."""

    def __init__(self, model: type[Model]) -> None:
        declared: object = getattr(model, "PydanticMeta", None)
        self.include: frozenset[str] = frozenset(getattr(declared, "include", ()))
        self.exclude: frozenset[str] = frozenset(getattr(declared, "exclude", ()))

    def hides(self, name: str, column: str | None = None) -> bool:
        """Tell whether a field is hidden: by its name or its column's, or because its author says so."""
        if looks_secret(name) or (column is not None and looks_secret(column)):
            return True
        return name in self.exclude or (bool(self.include) and name not in self.include)
