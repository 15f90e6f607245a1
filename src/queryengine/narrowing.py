"""Narrows a response model to what a request shows: to a subclass that reads nothing else. Knows views."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import AliasChoices, BaseModel, Field, create_model

from queryengine.response_model import outputs, read_from, written_as
from queryengine.selection import Tree, whole
from queryengine.view import ModelView

__all__ = ["Narrowing", "replaced"]

UNREAD: Final = "not asked: "
"""how the name begins that a field is read from which is read from nowhere"""

CONFIG: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "validate_by_alias": True,
        "validate_by_name": False,
        "populate_by_name": False,
        "defer_build": True,  # until the models are known that it nests
    }
)
"""A subclass reads just the names that are said here, whatever its response model may fall back to."""


class Narrowing:
    """Makes a narrowed response model, and those that it nests.

    A field that is left out is read from nowhere (it loads no deferred column) and not written. A relation
    that nobody asked for is not read either, and has its default. Validators and serializers of the response
    model hold.
    """

    def __init__(self) -> None:
        self._wholes: dict[int, type[BaseModel]] = {}
        self._made: list[type[BaseModel]] = []

    def model(self, view: ModelView, tree: Tree | None) -> type[BaseModel]:
        """Return the response model of a view, or a subclass where the tree leaves out some of it."""
        model = self._model(view, tree)
        for made in self._made:
            made.model_rebuild(force=True)
        return model

    def _model(self, view: ModelView, tree: Tree | None) -> type[BaseModel]:
        expose = view.expose
        assert expose is not None
        if _is_whole(view, tree):
            return expose
        if tree is not None:
            return self._nest(view, tree, _subclass(expose, tree))
        if id(view) not in self._wholes:
            tree = whole(view)
            # Known before it is done, as it may nest itself.
            self._wholes[id(view)] = _subclass(expose, tree)
            self._nest(view, tree, self._wholes[id(view)])
        return self._wholes[id(view)]

    def _nest(self, view: ModelView, tree: Tree, model: type[BaseModel]) -> type[BaseModel]:
        """Put narrowed models in the place of those that the response model nests."""
        self._made.append(model)
        for attribute, info in model.model_fields.items():
            name = written_as(attribute, info)
            below = tree.get(name, {})
            if name in view.relations and below != {}:
                target = view.relations[name].target
                nested = target.expose
                assert nested is not None
                info.annotation = replaced(info.annotation, nested, self._model(target, below))
        return model


def _is_whole(view: ModelView, tree: Tree | None) -> bool:
    """Whether a tree shows a response model as it is."""
    if tree is None:
        return not _leaves_out(view)
    assert view.expose is not None
    return all(name in tree for name in outputs(view.expose)) and all(
        tree[name] != {} and _is_whole(relation.target, tree[name])
        for name, relation in view.relations.items()
    )


def _leaves_out(view: ModelView) -> bool:
    """Whether a part of what a response model shows, at any depth, is withheld or shown to who asks only."""
    found = [view]
    for each in found:
        relations = each.relations.values()
        if each.pruned or any(relation.opt_in for relation in relations):
            return True
        found += [target for relation in relations if (target := relation.target) not in found]
    return False


def _subclass(expose: type[BaseModel], tree: Tree) -> type[BaseModel]:
    """Return a subclass with the names of a tree only, and with what these are read from."""
    names = {attribute: written_as(attribute, info) for attribute, info in expose.model_fields.items()}
    left_out: dict[str, Any] = {
        attribute: (Any, Field(default=None, exclude=True, validate_default=False))
        for attribute, name in names.items()
        if name not in tree
    }
    model = create_model(
        f"{expose.__name__}Projection", __base__=expose, __cls_kwargs__=dict(CONFIG), **left_out
    )
    for attribute, info in model.model_fields.items():
        unread = tree.get(names[attribute], {}) == {}
        info.validation_alias = (
            f"{UNREAD}{attribute}" if unread else AliasChoices(*read_from(expose, attribute))
        )
        info.alias_priority = 2  # before what an alias generator says
    for computed in set(expose.model_computed_fields) - set(tree):
        del model.__pydantic_decorators__.computed_fields[computed]
    return model


def replaced(
    annotation: Any, old: type[BaseModel], new: type[BaseModel]
) -> Any:  # Any: annotations at run time
    """Return an annotation with one model in the place of another, wherever it stands in it."""
    if annotation is old:
        return new
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is None:
        return annotation
    if origin is Annotated:
        return Annotated[(replaced(arguments[0], old, new), *arguments[1:])]
    parts = tuple(replaced(argument, old, new) for argument in arguments)
    return Union[parts] if origin in (Union, UnionType) else origin[parts]  # noqa: UP007  # made at run time
