"""What Tortoise keeps about a model: columns, relations, tables. The one module that reads `_meta`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

from tortoise.fields import Field
from tortoise.fields.relational import (
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    RelationalField,
)
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet

from queryengine.errors import ConfigurationError

__all__ = [
    "AnyField",
    "AnyRelation",
    "ForeignKey",
    "ManyToMany",
    "Table",
    "all_models",
    "base_queryset",
    "check_model",
    "columns_of",
    "fields_of",
    "foreign_key_of",
    "is_abstract",
    "is_connected",
    "key_attribute",
    "key_columns_of",
    "key_of",
    "label_of",
    "own_values",
    "pk_attribute",
    "pk_field",
    "referred_attribute",
    "referred_field",
    "related_model",
    "relation_of",
    "shows_all",
    "table_of",
]

ModelT = TypeVar("ModelT", bound=Model)

# Any: what a field's Python values are is known to the model alone.
AnyField: TypeAlias = Field[Any]
AnyRelation: TypeAlias = RelationalField[Any]
ForeignKey: TypeAlias = ForeignKeyFieldInstance[Any]
ManyToMany: TypeAlias = ManyToManyFieldInstance[Any]


@dataclass(frozen=True, slots=True)
class Table:
    """The name of a table, and the database's schema that it lies in."""

    name: str
    schema: str | None = None


# Any: half of Tortoise's annotations name no parameters, and all that comes of them would be unknown.
def _meta(model: type[Model]) -> Any:
    # Tortoise has no other way to ask; its own extensions go this one.
    return model._meta  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]


def is_abstract(model: type[Model]) -> bool:
    """Tell whether a model has no table of its own."""
    abstract: bool = _meta(model).abstract
    return abstract


def label_of(model: type[Model]) -> str | None:
    """Return the label of the app that a model is in; None before Tortoise has seen it."""
    label: str | None = _meta(model).app
    return label


def is_connected(model: type[Model]) -> bool:
    """Tell whether Tortoise has worked out the relations of a model."""
    connected: bool = _meta(model)._inited  # noqa: SLF001
    return connected


def fields_of(model: type[Model]) -> dict[str, AnyField]:
    """Return the fields of a model by attribute name, those that Tortoise has added among them."""
    fields: dict[str, AnyField] = _meta(model).fields_map
    return fields


def columns_of(model: type[Model]) -> dict[str, str]:
    """Return the names of a model's columns by attribute name."""
    columns: dict[str, str] = _meta(model).fields_db_projection
    return columns


def key_columns_of(model: type[Model]) -> dict[str, str]:
    """Return a model's columns of foreign keys by attribute name, also before Tortoise is initialised."""
    keys = {
        key_attribute(name): field
        for name, field in fields_of(model).items()
        if isinstance(field, ForeignKeyFieldInstance)
    }
    known = columns_of(model)  # once it is initialised, the relation's `source_field` is the attribute
    return {
        attribute: known.get(attribute) or field.source_field or attribute
        for attribute, field in keys.items()
    }


def foreign_key_of(field: AnyField) -> ForeignKey | None:
    """Return the foreign key that a field holds the keys of, if Tortoise made it for one."""
    reference = cast("AnyField | None", getattr(field, "reference", None))
    return reference if isinstance(reference, ForeignKeyFieldInstance) else None


def pk_field(model: type[Model]) -> AnyField:
    """Return the field of the primary key."""
    field: AnyField = _meta(model).pk
    return field


def referred_field(field: AnyRelation) -> AnyField | None:
    """Return the field that foreign keys of a relation refer to; None where Tortoise does not know it yet."""
    return cast("AnyField | None", cast("Any", field).to_field_instance)


def pk_attribute(model: type[Model]) -> str:
    """Return the attribute with the column of the primary key, which may be that behind a foreign key."""
    attribute = pk_field(model).model_field_name
    return attribute if attribute in columns_of(model) else key_attribute(attribute)


def referred_attribute(field: AnyRelation) -> str:
    """Return the attribute that foreign keys of a relation refer to, once Tortoise knows it."""
    return cast("AnyField", referred_field(field)).model_field_name


def related_model(field: AnyRelation) -> type[Model]:
    """Return the model that a relation leads to, once Tortoise knows it."""
    return cast("type[Model]", field.related_model)


def relation_of(model: type[Model], name: str) -> AnyRelation | None:
    """Return the relation of that name, if there is one."""
    field = fields_of(model).get(name)
    return field if isinstance(field, RelationalField) else None


def table_of(model: type[Model]) -> Table:
    """Return a model's table."""
    meta = _meta(model)
    # Before Tortoise is initialised, a model that names no table has none yet: this is what it will get.
    return Table(meta.db_table or model.__name__.lower(), meta.schema)


def base_queryset(model: type[ModelT]) -> QuerySet[ModelT]:
    """Return what a model's default manager gives: the rows that the service itself sees."""
    queryset: QuerySet[ModelT] = _meta(model).manager.get_queryset()
    return queryset


def shows_all(model: type[Model]) -> bool:
    """Tell whether a model's default manager leaves no rows out."""
    return type(_meta(model).manager) is Manager


def key_of(row: Model) -> object:
    """Return the primary key of a row as the database has it."""
    return pk_field(type(row)).to_db_value(row.pk, row)


def key_attribute(name: str) -> str:
    """Return the attribute in which the key behind a foreign key field stands."""
    return f"{name}_id"


def own_values(row: Model) -> dict[str, object]:
    """Return the values of a row's columns, as far as they are loaded."""
    columns, values = columns_of(type(row)), vars(row)
    return {name: values[name] for name in columns if name in values}


def all_models() -> Iterator[type[Model]]:
    """Yield all models that are loaded, whether Tortoise knows them yet or not."""
    waiting: list[type[Model]] = Model.__subclasses__()
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        if not is_abstract(model):
            yield model


def check_model(model: type[object]) -> type[Model]:
    """Return a class that is a model with a table. Raises ConfigurationError for all others."""
    if not issubclass(model, Model) or is_abstract(model):
        raise ConfigurationError(f"{model!r} is not a Tortoise model with a table")
    return model
