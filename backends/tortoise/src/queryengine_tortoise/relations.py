"""Which models the relations of a model lead to, before Tortoise has worked it out and after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tortoise.fields.relational import (
    BackwardFKRelation,
    BackwardOneToOneRelation,
    ForeignKeyFieldInstance,
    ManyToManyFieldInstance,
    OneToOneFieldInstance,
)
from tortoise.models import Model

from queryengine.errors import ConfigurationError
from queryengine_tortoise.meta import (
    AnyField,
    ForeignKey,
    ManyToMany,
    all_models,
    fields_of,
    foreign_key_of,
    is_connected,
    key_attribute,
    label_of,
    pk_field,
    referred_field,
    table_of,
)

__all__ = ["BackRelation", "back_relations", "key_behind", "target_of"]


@dataclass(frozen=True, slots=True)
class BackRelation:
    """The other side of a relation: its name, the model that declares it, whether there can be many rows."""

    name: str
    model: type[Model]
    many: bool


def target_of(model: type[Model], field: ForeignKey | ManyToMany) -> type[Model]:
    """Return the model that a relation of `model` leads to.

    Before `Tortoise.init` a relation is a name such as "models.Maker". It means the model Maker of the same
    module, or else the one model Maker that is loaded. Raises ConfigurationError if there is not just one.
    """
    known: type[Model] | None = getattr(field, "related_model", None)  # for Tortoise it is never None
    if known is not None:
        return known
    if not isinstance(field.model_name, str):
        return field.model_name
    label, _, name = field.model_name.partition(".")
    found = [other for other in all_models() if other.__name__ == name and label_of(other) in (None, label)]
    near = [other for other in found if other.__module__ == model.__module__]
    if len(near or found) == 1:
        return (near or found)[0]
    problem = "several models of that name are loaded" if found else "no such model is loaded yet"
    raise ConfigurationError(
        f"{model.__name__}.{field.model_field_name} leads to {field.model_name!r}, and {problem}: "
        "call Tortoise.init or Tortoise.init_models first"
    )


def key_behind(model: type[Model], field: ForeignKey) -> AnyField:
    """Return the field of the other model whose values a foreign key holds.

    Raises ConfigurationError for a foreign key to a relation, which has no column: Tortoise then makes none
    for the key either, and finds no rows by it.
    """
    target = target_of(model, field)
    found = referred_field(field) or _named(target, field.to_field)
    place = f"{model.__name__}.{field.model_field_name}"
    if found is None:
        raise ConfigurationError(f"{place}: {target.__name__} has no field {field.to_field!r}")
    if isinstance(found, ForeignKeyFieldInstance):
        raise ConfigurationError(
            f"{place} refers to {target.__name__}.{found.model_field_name}, which is a relation, and has no "
            f"column in Tortoise: say to_field={key_attribute(found.model_field_name)!r}"
        )
    behind = foreign_key_of(found)
    return found if behind is None else key_behind(target, behind)


def _named(model: type[Model], name: str | None) -> AnyField | None:
    """Return the field that a foreign key names, or None; without a name it is the primary key."""
    if not name:
        return pk_field(model)
    for attribute, field in fields_of(model).items():
        # Tortoise makes the fields of keys when it is initialised.
        if isinstance(field, ForeignKeyFieldInstance) and key_attribute(attribute) == name:
            return key_behind(model, field)
    return fields_of(model).get(name)


def back_relations(model: type[Model]) -> Iterator[BackRelation]:
    """Yield the relations by which others lead to `model`, for those of its own see its fields."""
    if is_connected(model):
        for name, field in fields_of(model).items():
            if isinstance(field, BackwardFKRelation):
                yield BackRelation(name, field.related_model, not isinstance(field, BackwardOneToOneRelation))
        return
    for other in all_models():
        for field in list(fields_of(other).values()):
            if isinstance(field, (ForeignKeyFieldInstance, ManyToManyFieldInstance)):
                back = _back_name(other, field)
                if back is not None and _may_lead_to(model, field) and target_of(other, field) is model:
                    yield BackRelation(back, other, not isinstance(field, OneToOneFieldInstance))


def _back_name(model: type[Model], field: ForeignKey | ManyToMany) -> str | None:
    """What Tortoise will call the relation on its other side; None where it will have no other side."""
    declared: object = field.related_name
    if declared is False:
        return None
    return declared if isinstance(declared, str) and declared else f"{table_of(model).name}s"


def _may_lead_to(model: type[Model], field: ForeignKey | ManyToMany) -> bool:
    """Tell whether a relation's name is that of the model, before anything is looked up."""
    reference = field.model_name
    return reference is model if not isinstance(reference, str) else reference.endswith(f".{model.__name__}")
