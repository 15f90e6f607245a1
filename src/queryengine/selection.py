"""Which names of a view are shown, as trees: from all of it, by `fields` and `include`. Knows views only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from queryengine.errors import ErrorCode, FilterError, Span, quoted
from queryengine.parsed import ParsedFields, ParsedFilter, ParsedInclude
from queryengine.resolver import FieldTarget, Place, Right, Trail, resolve, unscoped
from queryengine.response_model import outputs
from queryengine.schema import ModelSchema
from queryengine.view import ModelView

__all__ = ["Tree", "asked", "everything", "include", "names_of", "whole"]

Tree: TypeAlias = "dict[str, Tree | None]"
"""The names to show. None is all that the policy shows of a field or relation; an empty tree is a relation
that nobody asked for, of which the default in the response model is shown."""


def everything(view: ModelView) -> Tree:
    """Return all that a caller may select: the model's own fields, and what the response model nests."""
    tree: Tree = {name: None for name, field in view.fields.items() if field.select}
    for name, relation in view.relations.items():
        nested = relation.relation.embedded and not _leads_back(relation.target.schema, view.schema)
        if relation.opt_in and relation.access.select:
            tree[name] = {}
        elif relation.access.select and (view.expose is not None or nested):
            tree[name] = everything(relation.target) if view.pruned else None
    return tree


def whole(view: ModelView) -> Tree:
    """Return all that a view shows; of a response model also what it computes, unless a part is withheld."""
    tree = everything(view)
    if view.expose is None or view.pruned:
        return tree
    return dict.fromkeys(outputs(view.expose)) | tree


def asked(place: Place, parsed: ParsedFields, trail: Trail) -> Tree:
    """Return what `fields` name, or leave. Raises FilterError for names that may not be seen or selected."""
    view = place.view
    tree: Tree = everything(view) if parsed.exclude else {}
    for name, span in parsed.names:
        _check(place, name, trail, span)
        parts = name.split(".")
        if parsed.exclude:
            _remove(view, tree, parts)
        else:
            _add(tree, parts)
    if not names_of(tree):
        raise FilterError(ErrorCode.EMPTY_CONDITION, "no field is left to show", path=trail, span=parsed.span)
    return tree


def include(view: ModelView, tree: Tree, includes: Iterable[ParsedInclude]) -> bool:
    """Add the relations that are loaded with each row; tell whether their models hide anything."""
    hides = False
    for item in includes:
        target = view.relations[item.name].target
        inner = item.filter or ParsedFilter()
        below: Tree | None = None
        if inner.fields is not None:
            below = asked(Place(target), inner.fields, ("include", item.name, "fields"))
        elif inner.include:
            below = whole(target)
        if below is not None:
            hides |= include(target, below, inner.include)
        tree[item.name] = below
        hides |= target.hides or inner.fields is not None
    return hides


def names_of(tree: Tree, prefix: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    """Return what a tree shows, as paths.

    >>> names_of({"id": None, "maker": {"name": None}, "reviews": {}})
    [('id',), ('maker', 'name')]
    """
    names: list[tuple[str, ...]] = []
    for name, below in tree.items():
        names += [(*prefix, name)] if below is None else names_of(below, (*prefix, name))
    return names


def _check(place: Place, name: str, trail: Trail, span: Span) -> None:
    target = resolve(place, name, unscoped, trail, span, right=Right.SELECT)
    access = target.field.access if isinstance(target, FieldTarget) else target.relation.access
    if not access.select:
        raise FilterError(ErrorCode.NOT_ALLOWED, f"{quoted(name)} may not be selected", path=trail, span=span)


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
    below = tree[head]
    if below == {}:
        return
    target = view.relations[head].target
    below = below or everything(target)
    tree[head] = below
    _remove(target, below, rest)
    if not below:
        del tree[head]
