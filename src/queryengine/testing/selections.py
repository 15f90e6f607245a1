"""Hypothesis strategies for what a filter shows: `fields`, and `include` with filters of their own."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from queryengine.testing.strategies import Document, Ground, conditions
from queryengine.view import ModelView, ViewRelation

__all__ = ["selections"]

MOST = 4
"""names in `fields`"""
LONGEST_WAY = 2
"""relations in one name"""


@st.composite
def selections(draw: st.DrawFn, ground: Ground) -> Document:
    """Draw the clauses `fields` and `include`, as far as the back-end has them; one of them, both or none.

    The primary key is always shown, so that rows can be told from one another.
    """
    document: Document = {}
    if ground.capabilities.projection and draw(st.booleans()):
        document["fields"] = _with_key(ground.view, draw(_fields(ground.view)))
    if ground.capabilities.include and draw(st.booleans()):
        includes = draw(_includes(ground, ground.view))
        document |= {"include": includes} if includes else {}
    return document


@st.composite
def _fields(draw: st.DrawFn, view: ModelView) -> list[str] | dict[str, bool]:
    if draw(st.integers(0, 3)) == 0:
        shown = [name for name, field in view.fields.items() if field.select]
        hidden = draw(st.lists(st.sampled_from(shown), min_size=1, max_size=MOST, unique=True))
        return dict.fromkeys(hidden, False)
    names = list(dict.fromkeys([draw(_names(view)) for _ in range(draw(st.integers(1, MOST)))]))
    return dict.fromkeys(names, True) if draw(st.booleans()) else names


@st.composite
def _names(draw: st.DrawFn, view: ModelView) -> str:
    """Draw the dotted name of a field, mostly of the row's own, else of related rows or documents."""
    names: list[str] = []
    while len(names) < LONGEST_WAY and draw(st.sampled_from([False, False, True])):
        ways = [relation for relation in view.relations.values() if relation.access.select]
        if not ways:
            break
        relation = draw(st.sampled_from(ways))
        names.append(relation.name)
        view = relation.target
    field = draw(st.sampled_from([name for name, field in view.fields.items() if field.select]))
    return ".".join([*names, field])


def _with_key(view: ModelView, fields: list[str] | dict[str, bool]) -> list[str] | dict[str, bool]:
    key = [name for name, field in view.fields.items() if field.field in view.schema.primary_key]
    if isinstance(fields, list):
        return list(dict.fromkeys([*fields, *key]))
    if all(fields.values()):
        return fields | dict.fromkeys(key, True)
    return {name: shown for name, shown in fields.items() if name not in key} or {**dict.fromkeys(key, True)}


@st.composite
def _includes(draw: st.DrawFn, ground: Ground, view: ModelView) -> list[object]:
    relations = [relation for relation in view.relations.values() if _can_be_included(relation)]
    if not relations:
        return []
    chosen = draw(st.lists(st.sampled_from(relations), min_size=1, max_size=2, unique=True))
    return [draw(_include(ground, relation)) for relation in chosen]


def _can_be_included(relation: ViewRelation) -> bool:
    return relation.access.include and not relation.relation.embedded


@st.composite
def _include(draw: st.DrawFn, ground: Ground, relation: ViewRelation) -> object:
    scope: Document = {}
    if relation.relation.gap is None and draw(st.booleans()):
        scope["where"] = draw(conditions(replace(ground, view=relation.target, depth=1)))
    if ground.capabilities.projection and draw(st.booleans()):
        scope["fields"] = draw(_fields(relation.target))
    if draw(st.integers(0, 3)) == 0:
        includes = draw(_includes(ground, relation.target))
        scope |= {"include": includes} if includes else {}
    if not scope and draw(st.booleans()):
        return relation.name
    return {"relation": relation.name, "scope": scope} if scope else {"relation": relation.name}
