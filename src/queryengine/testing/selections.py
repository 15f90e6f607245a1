"""Hypothesis strategies for what a filter shows: `fields`, and `include` with filters of their own."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from queryengine.schema import Relation
from queryengine.testing.strategies import Document, Ground, conditions, orders
from queryengine.view import ModelView, ViewRelation

__all__ = ["selections"]

MOST = 4
"""names in `fields`"""
LONGEST_WAY = 2
"""relations in one name"""
DEEPEST = 2
"""relations included inside of one another"""
MOST_ROWS = 2
"""the longest window of included rows: a row has few"""


@st.composite
def selections(draw: DrawFn, ground: Ground) -> Document:
    """Draw the clauses `fields` and `include`, as far as the back-end has them; one of them, both or none.

    The primary key is always shown, so that rows can be told from one another.
    """
    drawer = _Drawer(draw, ground)
    document: Document = {}
    if ground.capabilities.projection and draw(st.booleans()):
        document["fields"] = _with_key(ground.view, drawer.fields(ground.view))
    if ground.capabilities.include and draw(st.booleans()):
        document |= drawer.includes(ground.view)
    return document


class _Drawer:
    """Draws the clauses of one filter.

    What is included is loaded on no other way: a row that is met on both could not show each way's own rows.
    """

    def __init__(self, draw: DrawFn, ground: Ground) -> None:
        self._draw = draw
        self._ground = ground
        self._loaded: set[Relation] = set()
        self._included: set[Relation] = set()

    def fields(self, view: ModelView) -> list[str] | dict[str, bool]:
        """Draw the names to show, or to leave out."""
        draw = self._draw
        shown = [name for name, field in view.fields.items() if field.select]
        if len(shown) > 1 and draw(st.integers(0, 3)) == 0:
            most = min(MOST, len(shown) - 1)
            hidden = draw(st.lists(st.sampled_from(shown), min_size=1, max_size=most, unique=True))
            return dict.fromkeys(hidden, False)
        names = list(dict.fromkeys([self._name(view) for _ in range(draw(st.integers(1, MOST)))]))
        return dict.fromkeys(names, True) if draw(st.booleans()) else names

    def _name(self, view: ModelView) -> str:
        """Draw the dotted name of a field, mostly of the row's own, else of related rows or documents."""
        names: list[str] = []
        while len(names) < LONGEST_WAY and self._draw(st.sampled_from([False, False, True])):
            relations = view.relations.values()
            ways = [each for each in relations if each.access.select and each.relation not in self._included]
            if not ways:
                break
            relation = self._draw(st.sampled_from(ways))
            self._loaded.add(relation.relation)
            names.append(relation.name)
            view = relation.target
        field = self._draw(st.sampled_from([name for name, field in view.fields.items() if field.select]))
        return ".".join([*names, field])

    def includes(self, view: ModelView, depth: int = DEEPEST) -> Document:
        """Draw the clause that includes one or two relations; nothing where there is none left."""
        relations = [relation for relation in view.relations.values() if self._can_be_included(relation)]
        if not relations:
            return {}
        chosen = self._draw(st.lists(st.sampled_from(relations), min_size=1, max_size=2, unique=True))
        self._included.update(relation.relation for relation in chosen)
        return {"include": [self._include(relation, depth) for relation in chosen]}

    def _can_be_included(self, relation: ViewRelation) -> bool:
        own = relation.relation
        return relation.access.include and not own.embedded and own not in self._loaded | self._included

    def _include(self, relation: ViewRelation, depth: int) -> object:
        draw, ground = self._draw, self._ground
        scope: Document = {}
        own = relation.relation
        leaves_out = own.many or own.nullable or ground.capabilities.include_missing
        if own.gap is None and leaves_out and draw(st.booleans()):
            scope["where"] = draw(conditions(replace(ground, view=relation.target, depth=1)))
        if ground.capabilities.projection and draw(st.booleans()):
            scope["fields"] = self.fields(relation.target)
        if own.many and ground.capabilities.include_window and draw(st.booleans()):
            scope |= self._window(relation.target)
        if depth > 1 and draw(st.booleans()):
            scope |= self.includes(relation.target, depth - 1)
        if not scope and draw(st.booleans()):
            return relation.name
        return {"relation": relation.name, "scope": scope} if scope else {"relation": relation.name}

    def _window(self, view: ModelView) -> Document:
        """Draw an order, a window, or both, for few rows of each row."""
        draw = self._draw
        window: Document = {}
        if draw(st.booleans()):
            window["order"] = draw(orders(replace(self._ground, view=view)))
        if draw(st.booleans()):
            window["limit"] = draw(st.integers(1, MOST_ROWS))
        if draw(st.integers(0, 3)) == 0:
            window["offset"] = draw(st.integers(0, MOST_ROWS))
        return window


def _with_key(view: ModelView, fields: list[str] | dict[str, bool]) -> list[str] | dict[str, bool]:
    key = [name for name, field in view.fields.items() if field.field in view.schema.primary_key]
    if isinstance(fields, list):
        return list(dict.fromkeys([*fields, *key]))
    if all(fields.values()):
        return fields | dict.fromkeys(key, True)
    return {name: shown for name, shown in fields.items() if name not in key} or dict.fromkeys(key, True)
