"""The related documents that come with each document: included, selected, or shown by the response model.

They take the place of the links, as Beanie's own `fetch_links` puts them there, but within the row scopes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel

from queryengine.ast import FilterAST, Include, ModelScope, OrderKey, Step, Where, Window
from queryengine.members import relations_of
from queryengine.schema import ModelSchema, Relation
from queryengine_beanie.compiler import ConditionCompiler
from queryengine_beanie.encodings import as_it_is
from queryengine_beanie.links import BackLinkSource, LinkSource
from queryengine_beanie.lookups import Condition, Joins, Place, Stage, children_of, link_stage, target_of
from queryengine_beanie.schema import RESERVED
from queryengine_beanie.sorting import Order
from queryengine_beanie.template import sent

__all__ = ["Branch", "branches", "loaded"]

LOADED = f"{RESERVED}loaded"
"""under which name a related document comes, before it takes the place of its link"""


@dataclass(frozen=True, slots=True)
class Branch:
    """A relation to load: which of its documents, in which order, and what is loaded with these."""

    step: Step
    where: Where | None = None
    order: tuple[OrderKey, ...] = ()
    window: Window = field(default_factory=Window)
    below: tuple[Branch, ...] = ()


def branches(schema: ModelSchema[object], ast: FilterAST) -> tuple[Branch, ...]:
    """Return what is loaded with each document of a filter: all that its projection model shows."""
    shown = () if ast.projection is None else _shown(schema, ast.projection, ast.scopes, ())
    return _with_included(shown, ast.include)


def _with_included(shown: Iterable[Branch], includes: Sequence[Include]) -> tuple[Branch, ...]:
    """Narrow what is shown by the filters of what is included."""
    found = {branch.step.relation.name: branch for branch in shown}
    for include in includes:
        step, ast = include.path.steps[0], include.filter
        known = found.get(step.relation.name)
        below = _with_included(known.below if known else (), ast.include)
        found[step.relation.name] = Branch(step, ast.where, ast.order, ast.window, below)
    return tuple(found.values())


def _shown(
    schema: ModelSchema[object],
    model: type[BaseModel],
    scopes: Sequence[ModelScope],
    above: tuple[type[BaseModel], ...],
) -> Iterator[Branch]:
    """Yield the relations that a response model nests; one that nests itself is followed once."""
    if model in above:
        return
    for relation, nested in relations_of(model, schema):
        step = Step(relation, _scope_of(relation, scopes))
        yield Branch(step, below=tuple(_shown(relation.target, nested, scopes, (*above, model))))


def _scope_of(relation: Relation, scopes: Sequence[ModelScope]) -> Where | None:
    return next((scope.where for scope in scopes if scope.schema is relation.target), None)


def loaded(some: Sequence[Branch], compiler: ConditionCompiler) -> list[Stage]:
    """Return the stages that put related documents in the place of their links."""
    return [stage for branch in some for stage in _stages(branch, compiler)]


def _stages(branch: Branch, compiler: ConditionCompiler) -> Iterator[Stage]:
    relation = branch.step.relation
    source = relation.source
    if not isinstance(source, (LinkSource, BackLinkSource)):
        raise TypeError(f"{relation.name} is no link of a document")
    pipeline = _pipeline(branch, compiler)
    if relation.many:
        yield link_stage(branch.step, source.key, pipeline)
        return
    yield link_stage(branch.step, LOADED, pipeline)
    # Where no document is found the link stays: a document may not be without it. It shows as null.
    found = {"$ifNull": [{"$arrayElemAt": [f"${LOADED}", 0]}, f"${source.key}"]}
    yield {"$addFields": {source.key: found}}
    yield {"$project": {LOADED: 0}}


def _pipeline(branch: Branch, compiler: ConditionCompiler) -> list[Stage]:
    joins = Joins()
    here = Place(joins)
    conditions = [children_of(target_of(branch.step))]
    conditions += [
        compiler.compile(where, here) for where in (branch.step.scope, branch.where) if where is not None
    ]
    order = Order(compiler, here)
    for key in branch.order:
        order.add(key)
    met: list[Condition] = [condition for condition in conditions if condition]
    stages = joins.stages()
    if met:
        stages.append({"$match": compiler.all_of(met)})
    stages += order.stages()
    stages += _window(branch.window)
    if names := [*joins.names(), *order.computed]:
        stages.append({"$project": dict.fromkeys(names, 0)})
    return stages + loaded(branch.below, compiler)


def _window(window: Window) -> Iterator[Stage]:
    if window.offset != 0:
        yield {"$skip": sent(window.offset, as_it_is)}
    if window.limit is not None:
        yield {"$limit": sent(window.limit, as_it_is)}
