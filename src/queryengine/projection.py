"""Makes the pydantic model of what a caller may see and asked for. Reads views; knows no back-end."""

from __future__ import annotations

import math
from collections.abc import Iterable
from copy import copy
from types import GenericAlias, UnionType
from typing import Annotated, Any, TypeAlias, Union, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    create_model,
)

from queryengine.ast import Path
from queryengine.cache import BoundedCache
from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.parsed import ParsedFields, ParsedFilter, ParsedInclude
from queryengine.resolver import FieldTarget, Place, Right, Scopes, Trail, resolve, unscoped
from queryengine.schema import ArrayType, FieldType, JSONType, ModelSchema, python_type
from queryengine.view import ModelView, ViewField

__all__ = ["Projection", "Projector"]

Tree: TypeAlias = "dict[str, Tree | None]"
"""The names to show; None is all that the policy shows of a field or relation."""

Names: TypeAlias = tuple[tuple[str, ...], ...]
Definitions: TypeAlias = dict[str, Any]  # what create_model takes: an annotation and a default for each name


class Projection(BaseModel):
    """The base of generated projection models: filled from objects as well as from mappings."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class Projector:
    """Makes projection models and keeps them, at most `size`."""

    def __init__(self, size: int) -> None:
        self._models: BoundedCache[tuple[int, Names], type[BaseModel]] = BoundedCache(size)
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
        tree = _asked(place, parsed.fields, trail)
        paths = _paths(view, tree, scopes)
        _include(view, tree, parsed.include)
        return paths, self._model(view, tree)

    def _included(self, view: ModelView, parsed: ParsedFilter) -> type[BaseModel] | None:
        """The model of all fields and of what is included; None where none of the models hides anything."""
        if view.expose is not None and not view.pruned:
            return view.expose
        tree = _everything(view)
        hides = _include(view, tree, parsed.include)
        return self._model(view, tree) if hides or view.hides else None

    def _whole_once(self, view: ModelView) -> type[BaseModel] | None:
        if id(view) not in self._wholes:
            self._wholes[id(view)] = self._whole(view)
        return self._wholes[id(view)]

    def _whole(self, view: ModelView) -> type[BaseModel] | None:
        if view.expose is not None:
            return self._model(view, _everything(view)) if view.pruned else view.expose
        return self._model(view, _everything(view)) if view.hides else None

    def _model(self, view: ModelView, tree: Tree) -> type[BaseModel]:
        key = (id(view), tuple(_flat(tree)))
        model = self._models.get(key)
        if model is None:
            model = _make(view, tree)
            self._models.put(key, model)
        return model


# -- which names


def _include(view: ModelView, tree: Tree, includes: Iterable[ParsedInclude]) -> bool:
    """Add the relations that are loaded with each row; tell whether their models hide anything."""
    hides = False
    for item in includes:
        target = view.relations[item.name].target
        inner = item.filter or ParsedFilter()
        below: Tree | None = None
        if inner.fields is not None:
            below = _asked(Place(target), inner.fields, ("include", item.name, "fields"))
        elif inner.include:
            below = _everything(target)
        if below is not None:
            hides |= _include(target, below, inner.include)
        tree[item.name] = below
        hides |= target.hides or inner.fields is not None
    return hides


def _asked(place: Place, parsed: ParsedFields, trail: Trail) -> Tree:
    view = place.view
    tree: Tree = _everything(view) if parsed.exclude else {}
    for name, span in parsed.names:
        _check(place, name, trail, span)
        parts = name.split(".")
        if parsed.exclude:
            _remove(view, tree, parts)
        else:
            _add(tree, parts)
    if not tree:
        raise FilterError(ErrorCode.EMPTY_CONDITION, "no field is left to show", path=trail, span=parsed.span)
    return tree


def _check(place: Place, name: str, trail: Trail, span: Span) -> None:
    target = resolve(place, name, unscoped, trail, span, right=Right.SELECT)
    access = target.field.access if isinstance(target, FieldTarget) else target.relation.access
    if not access.select:
        raise FilterError(ErrorCode.NOT_ALLOWED, f"{quoted(name)} may not be selected", path=trail, span=span)


def _everything(view: ModelView) -> Tree:
    """All that a caller may select: the model's own fields, and what the response model nests."""
    tree: Tree = {name: None for name, field in view.fields.items() if field.select}
    for name, relation in view.relations.items():
        nested = relation.relation.embedded and not _leads_back(relation.target.schema, view.schema)
        if relation.access.select and (view.expose is not None or nested):
            tree[name] = _everything(relation.target) if view.pruned else None
    return tree


def _leads_back(schema: ModelSchema[object], origin: ModelSchema[object]) -> bool:
    """Whether objects may hold, somewhere inside, others of the model that holds them: without end."""
    found = [schema]
    for each in found:
        nested = (relation.target for relation in each.relations.values() if relation.embedded)
        found += [target for target in nested if target not in found]
    return origin in found


def _add(tree: Tree, parts: list[str]) -> None:
    for part in parts[:-1]:
        below = tree.setdefault(part, {})
        if below is None:
            return
        tree = below
    tree[parts[-1]] = None


def _remove(view: ModelView, tree: Tree, parts: list[str]) -> None:
    head, *rest = parts
    if not rest or head not in tree:  # what is not shown stays so
        tree.pop(head, None)
        return
    target = view.relations[head].target
    below = tree[head] or _everything(target)
    tree[head] = below
    _remove(target, below, rest)
    if not below:
        del tree[head]


def _flat(tree: Tree, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    names: list[tuple[str, ...]] = []
    for name, below in tree.items():
        names += [(*prefix, name)] if below is None else _flat(below, (*prefix, name))
    return names


def _paths(view: ModelView, tree: Tree, scopes: Scopes) -> tuple[Path, ...]:
    place, nowhere = Place(view), Span(0, 0)
    names = [".".join(parts) for parts in _flat(tree)]
    return tuple(resolve(place, name, scopes, (), nowhere, right=Right.SELECT).path for name in names)


# -- the model


def _make(view: ModelView, tree: Tree) -> type[BaseModel]:
    return _pruned(view, tree, view.expose) if view.expose is not None else _plain(view, tree)


def _plain(view: ModelView, tree: Tree, *, unchecked: bool = False) -> type[BaseModel]:
    definitions: Definitions = {}
    for name, below in tree.items():
        if name in view.fields:
            definitions[name] = (_unchecked_field if unchecked else _plain_field)(view.fields[name])
            continue
        relation = view.relations[name].relation
        target = view.relations[name].target
        model = _plain(target, below or _everything(target), unchecked=relation.unchecked)
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


def _pruned(view: ModelView, tree: Tree, expose: type[BaseModel]) -> type[BaseModel]:
    """A subclass of the response model (its validators and serializers hold) without what was not asked.

    A field that is left out is read from nowhere (it loads no deferred column) and not written.
    """
    by_attribute = {_alias(expose, name): name for name in expose.model_fields}
    definitions: Definitions = {
        attribute: (Any, Field(default=None, exclude=True, validation_alias=f"not asked: {attribute}"))
        for alias, attribute in by_attribute.items()
        if alias not in tree
    }
    for alias, below in tree.items():
        if below is not None:
            attribute = by_attribute[alias]
            relation = view.relations[alias]
            nested = relation.target.expose
            assert nested is not None
            info = expose.model_fields[attribute]
            model = _pruned(relation.target, below, nested)
            # A copy: the first releases of pydantic 2.11 write the new annotation into what they are given.
            definitions[attribute] = (_replaced(info.annotation, nested, model), copy(info))
    model = create_model(f"{expose.__name__}Projection", __base__=expose, **definitions)
    model.__pydantic_decorators__.computed_fields.clear()  # nobody asked for what is computed
    model.model_rebuild(force=True)
    return model


def _alias(expose: type[BaseModel], name: str) -> str:
    info = expose.model_fields[name]
    return info.serialization_alias or info.alias or name


def _replaced(
    annotation: Any, old: type[BaseModel], new: type[BaseModel]
) -> Any:  # Any: annotations at run time
    if annotation is old:
        return new
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None:
        return annotation
    if origin is Annotated:
        return Annotated[(_replaced(arguments[0], old, new), *arguments[1:])]
    parts = tuple(_replaced(argument, old, new) for argument in arguments)
    return Union[parts] if origin in (Union, UnionType) else origin[parts]  # noqa: UP007  # made at run time
