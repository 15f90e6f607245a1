"""A bound filter to a query as plain documents: what to match, look up, sort. Knows no connection."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from queryengine.ast import And, FilterAST, Value, Where
from queryengine.schema import ModelSchema
from queryengine_beanie.compiler import ConditionCompiler
from queryengine_beanie.loading import branches, loaded
from queryengine_beanie.lookups import Condition, Joins, Place, Stage
from queryengine_beanie.schema import RESERVED
from queryengine_beanie.sorting import Order
from queryengine_beanie.template import Template

__all__ = ["KEYS", "NUMBER", "Statement", "StatementTemplate", "compile_filter", "matched"]

KEYS: Final = f"{RESERVED}keys"
"""under which name a document of a page has the values of the order's keys"""
NUMBER: Final = f"{RESERVED}number"
"""under which name the number of documents comes"""


@dataclass(slots=True)
class Statement:
    """A query without its window: `match` comes first, and an index can serve it.

    `stages` come after it and before the order, `last` after the window; where both are empty, `find` can run
    the query.
    """

    match: Condition
    stages: list[Stage]
    order: Order
    last: list[Stage]

    @property
    def is_find(self) -> bool:
        """Whether no pipeline is needed."""
        return not self.stages and not self.last and not self.order.computed

    def within(self, condition: Condition) -> Statement:
        """Return the statement with one more condition on its documents."""
        parts = [part for part in (condition, self.match) if part]
        return replace(self, match={"$and": parts} if len(parts) > 1 else parts[0] if parts else {})

    def keyed(self, projection: Mapping[str, int] | None = None) -> Statement:
        """Return the statement whose documents have the values of the order's keys beside their own.

        A projection says which of their own are sent: these keys of the documents, and no others.
        """
        values: list[object] = [{"$ifNull": [f"${path}", None]} for path in self.order.paths]
        cut: list[Stage] = [] if projection is None else [{"$project": {**projection, KEYS: 1}}]
        return replace(self, last=[{"$addFields": {KEYS: values}}, *self.last, *cut])

    def counted(self, most: int | None) -> list[Stage]:
        """Return the stages after `match` that count: all documents, or up to one more than `most`."""
        limited: list[Stage] = [] if most is None else [{"$limit": most + 1}]
        return [*self.stages, *limited, {"$count": NUMBER}]

    def pipeline(self, offset: int, limit: int) -> list[Stage]:
        """Return all that comes after `match`; a limit of 0 is none."""
        stages = self.stages + self.order.stages()
        if offset:
            stages.append({"$skip": offset})
        if limit:
            stages.append({"$limit": limit})
        return stages + self.last


class StatementTemplate:
    """The statement of a shape, which is filled with the values of each filter.

    `children` are the subclasses that Beanie knew when it was made: it matches the documents of these.
    """

    def __init__(self, statement: Statement, children: Sequence[type[object]] = ()) -> None:
        self.children = children
        self._match = Template(statement.match)
        self._stages = Template(statement.stages)
        self._order = statement.order
        self._last = Template(statement.last)

    def fill(self, values: Sequence[Value]) -> Statement:
        """Return the statement with these values."""
        return Statement(
            self._match.fill(values), self._stages.fill(values), self._order, self._last.fill(values)
        )


def compile_filter(schema: ModelSchema[object], ast: FilterAST) -> Statement:
    """Return the statement of a filter; slots of a template become holes."""
    compiler, joins = ConditionCompiler(), Joins()
    here = Place(joins)
    match, related = matched(compiler, ast.where, here)
    order = Order(compiler, here)
    for key in ast.order:
        order.add(key)
    stages = joins.stages()
    if related:
        stages.append({"$match": compiler.all_of(related)})
    names = [*joins.names(), *order.computed]
    last: list[Stage] = [{"$project": dict.fromkeys(names, 0)}] if names else []
    last += loaded(branches(schema, ast), compiler)
    return Statement(match, stages, order, last)


def matched(
    compiler: ConditionCompiler, where: Where | None, here: Place
) -> tuple[Condition, list[Condition]]:
    """Return what can be matched before any lookup, and what is left to match after them."""
    own: list[Condition] = []
    related: list[Condition] = []
    for part in _conjuncts(where):
        uses = here.joins.uses
        condition = compiler.compile(part, here)
        (own if here.joins.uses == uses else related).append(condition)
    return compiler.all_of(own) if own else {}, related


def _conjuncts(where: Where | None) -> Iterator[Where]:
    """Yield the conditions that all must hold: the more there are, the more are matched before any lookup."""
    if isinstance(where, And):
        for operand in where.operands:
            yield from _conjuncts(operand)
    elif where is not None:
        yield where
