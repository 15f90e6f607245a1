"""Makes the pydantic model of what a caller may see and asked for. Reads views; knows no back-end."""

from __future__ import annotations

import math
from types import GenericAlias
from typing import Annotated, Any, ClassVar, TypeAlias

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from queryengine.ast import Path
from queryengine.cache import BoundedCache
from queryengine.errors import Span
from queryengine.narrowing import Narrowing
from queryengine.parsed import ParsedFilter
from queryengine.resolver import Place, Right, Scopes, Trail, resolve
from queryengine.schema import ArrayType, FieldType, JSONType, python_type
from queryengine.selection import Tree, asked, everything, include, names_of, whole
from queryengine.view import ModelView, ViewField

__all__ = ["Projection", "Projector"]

Key: TypeAlias = "tuple[tuple[str, Key | None], ...]"
"""A tree that can be looked up."""

Definitions: TypeAlias = dict[str, Any]  # what create_model takes: an annotation and a default for each name


class Projection(BaseModel):
    """The base of generated projection models: filled from objects as well as from mappings."""

    model_config: ClassVar[ConfigDict] = ConfigDict(from_attributes=True, populate_by_name=True)


class Projector:
    """Makes projection models and keeps them, at most `size`."""

    def __init__(self, size: int) -> None:
        self._models: BoundedCache[tuple[int, Key], type[BaseModel]] = BoundedCache(size)
        self._wholes: dict[int, type[BaseModel] | None] = {}

    def project(
        self, place: Place, parsed: ParsedFilter, scopes: Scopes, trail: Trail
    ) -> tuple[tuple[Path, ...] | None, type[BaseModel] | None]:
        """Return the paths that `fields` asks for (None: all), and the model of these and the includes.

        The paths carry the row scopes of their relations: a back-end loads no other rows. Raises FilterError
        for names that the caller may not see or select; the includes are known to be right.
        """
        view = place.view
        if parsed.fields is None:
            return None, self._included(view, parsed) if parsed.include else self._whole_once(view)
        tree = asked(place, parsed.fields, trail)
        paths = _paths(view, tree, scopes)
        include(view, tree, parsed.include)
        return paths, self._model(view, tree)

    def _included(self, view: ModelView, parsed: ParsedFilter) -> type[BaseModel] | None:
        """The model of all fields and of what is included; None where none of the models hides anything."""
        tree = whole(view)
        hides = include(view, tree, parsed.include)
        return self._model(view, tree) if hides or view.hides or view.expose is not None else None

    def _whole_once(self, view: ModelView) -> type[BaseModel] | None:
        if id(view) not in self._wholes:
            shows = view.hides or view.expose is not None
            self._wholes[id(view)] = _make(view, None) if shows else None
        return self._wholes[id(view)]

    def _model(self, view: ModelView, tree: Tree) -> type[BaseModel]:
        key = (id(view), _key(tree))
        model = self._models.get(key)
        if model is None:
            model = _make(view, tree)
            self._models.put(key, model)
        return model


def _key(tree: Tree) -> Key:
    return tuple((name, None if below is None else _key(below)) for name, below in tree.items())


def _paths(view: ModelView, tree: Tree, scopes: Scopes) -> tuple[Path, ...]:
    place, nowhere = Place(view), Span(0, 0)
    names = [".".join(parts) for parts in names_of(tree)]
    return tuple(resolve(place, name, scopes, (), nowhere, right=Right.SELECT).path for name in names)


def _make(view: ModelView, tree: Tree | None) -> type[BaseModel]:
    return _plain(view, tree or whole(view)) if view.expose is None else Narrowing().model(view, tree)


# -- the model of what has no response model


def _plain(view: ModelView, tree: Tree, *, unchecked: bool = False) -> type[BaseModel]:
    definitions: Definitions = {}
    for name, below in tree.items():
        if name in view.fields:
            definitions[name] = (_unchecked_field if unchecked else _plain_field)(view.fields[name])
            continue
        relation = view.relations[name].relation
        target = view.relations[name].target
        model = _plain(target, below or everything(target), unchecked=relation.unchecked)
        if relation.many:
            definitions[name] = (GenericAlias(list, (model,)), ...)
        elif relation.unchecked:
            definitions[name] = (Annotated[model | None, AS_DECLARED], None)
        else:
            # One that is always there may still lie outside of a scope, or of an include's condition.
            always = relation.embedded and not relation.nullable
            definitions[name] = (model, ...) if always else (model | None, None)
    return create_model(f"{view.name}Projection", __base__=Projection, **definitions)


def _plain_field(field: ViewField) -> tuple[Any, Any]:  # Any: annotations made at run time
    annotation: Any = field.field.annotation or _annotation(field.field.type)
    return (annotation | None, None) if field.field.nullable else (annotation, ...)


def _unchecked_field(field: ViewField) -> tuple[Any, Any]:  # Any: annotations made at run time
    """A member of a document that nothing holds to its types: a text of digits is no number, say."""
    annotation = _annotation(field.field.type)
    return Annotated[annotation | None, Strict(), BeforeValidator(_json_value), AS_DECLARED], None


def _json_value(value: object) -> object:
    """One type of number, so that 3.0 is an integer too; nothing that JSON in UTF-8 could not hold."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("JSON has no such number")
        return int(value) if value.is_integer() else value
    return value


def _null_unless_declared(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    try:
        return validate(value)
    except (OverflowError, ValidationError):  # an integer beyond all floats overflows
        return None


AS_DECLARED = WrapValidator(_null_unless_declared)


def _annotation(type_: FieldType) -> Any:  # Any: annotations made at run time
    if isinstance(type_, ArrayType):
        return GenericAlias(list, (_annotation(type_.element),))
    return Any if isinstance(type_, JSONType) else python_type(type_)
