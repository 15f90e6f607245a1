"""Random aggregates, compared with the reference evaluator. Knows adapters and strategies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

from hypothesis import strategies as st
from pydantic import BaseModel, create_model

from queryengine.aggregate_memory import MemoryAggregate
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import (
    APPLIES,
    AggregateAST,
    AggregateEngine,
    Function,
    Measure,
    result_name,
)
from queryengine.memory import value_at
from queryengine.operators import SORTABLE
from queryengine.parsed import Source
from queryengine.policy import Access, SecurityPolicy
from queryengine.predicate import Scope
from queryengine.schema import Field, ModelSchema
from queryengine.testing.adapter import POLICY, Aggregate, Stage
from queryengine.testing.campaign import roots_of, run_examples, store_random_rows
from queryengine.testing.strategies import Document, Ground, conditions, siblings
from queryengine.view import ModelView, build_view

__all__ = ["answer_of", "bound_aggregate", "check_aggregates", "draw_aggregate", "listed", "typed"]

EXAMPLES = 20
"""random aggregates over each dataset"""


def check_aggregates(stage: Stage, aggregate: Aggregate, group: str, number: int) -> int:
    """Compare random aggregates over the rows of a numbered dataset; return how many had an answer."""
    store_random_rows(stage, group, number)
    roots = roots_of(stage, group)
    grounds = {root: stage.ground(root) for root in roots}
    compared = 0

    def compare(data: st.DataObject, index: int) -> None:
        nonlocal compared
        root = roots[index % len(roots)]
        engine, rows = aggregate.engines[root], stage.objects[root]
        document = draw_aggregate(data, engine, grounds[root], rows)
        if document is None:
            return
        ast = bound_aggregate(engine, document)
        expected = typed(MemoryAggregate(ast).all(rows))
        actual = typed(stage.wait(aggregate.run(root, ast)))
        assert actual == expected, f"the back-end and the reference differ\n  {root}: {_json(document)}"
        compared += 1

    if roots:
        run_examples(compare, number, EXAMPLES)
    return compared


def draw_aggregate(
    data: st.DataObject, engine: AggregateEngine[object], ground: Ground, rows: Sequence[object]
) -> Document | None:
    """Draw an aggregate over rows; None where a sum, or a part of it, may be beyond 64 bits."""
    document = data.draw(_aggregates(ground, engine), label="aggregate")
    ast = bound_aggregate(engine, document)
    if any(_may_be_beyond(measure, rows) for measure in ast.measures):
        return None
    groups = _ground(ast, ground, MemoryAggregate(ast).all(rows))
    of_groups = data.draw(siblings(groups, 1), label="groups")[0]
    return document | {"having" if word == "where" else word: part for word, part in of_groups.items()}


def _may_be_beyond(measure: Measure, rows: Sequence[object]) -> bool:
    """Whether adding integers up, in whatever order, may come to a number that 64 bits do not hold."""
    if measure.path is None or measure.function not in (Function.SUM, Function.AVG):
        return False
    values = [value_at(measure.path, row) for row in rows]
    return sum(abs(value) for value in values if isinstance(value, int)) >= 2**63


def _json(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False)


def typed(rows: Sequence[Sequence[object]]) -> list[list[tuple[type, object]]]:
    """Return the values with their classes: 1 is not True, and no float stands for a decimal.

    A driver's own class of UUIDs, as asyncpg has one, is as good as Python's.
    """
    return [[(UUID if isinstance(value, UUID) else type(value), value) for value in row] for row in rows]


def bound_aggregate(
    engine: AggregateEngine[object], document: Document, scope: Scope | None = None
) -> AggregateAST:
    """Bind an aggregate, for callers who may see all fields and relations."""
    processor = AggregateProcessor(engine, answer_of(document), policy=POLICY)
    return processor.process(Source(_json(document)), scope=scope)


def answer_of(document: Mapping[str, object]) -> type[BaseModel]:
    """Return a model of rows that have a place for all that an aggregate asks for.

    >>> list(answer_of({"groupBy": "carrier.name", "count": True, "avg": ["delay"]}).model_fields)
    ['carrier_name', 'count', 'avg_delay']
    """
    names = [result_name(name) for name in listed(document.get("groupBy"))]
    for function in Function:
        names += [result_name(name, function) for name in listed(document.get(function.value))]
    fields: dict[str, Any] = dict.fromkeys(names, (Any, None))  # Any: what the group is of
    return create_model("Row", **fields)


def listed(names: object) -> list[str]:
    """Return the names that a clause of an aggregate has; of `count` the empty one."""
    if names is True:
        return [""]
    if isinstance(names, str):
        return [names]
    return cast("list[str]", names) if isinstance(names, list) else []


@st.composite
def _aggregates(draw: st.DrawFn, ground: Ground, engine: AggregateEngine[object]) -> Document:
    """Draw an aggregate without what is about its groups."""
    fields = _fields(ground.view, engine.aggregates.documents)
    document: Document = {}
    able = SORTABLE & ground.capabilities.sortable
    keys = [name for name, each in fields if each.type.kind in able and name != Function.COUNT]
    chosen = draw(st.lists(st.sampled_from(keys), max_size=2, unique_by=result_name))
    if chosen:
        document["groupBy"] = chosen
    if not chosen or draw(st.booleans()):
        document["count"] = True
    for function in APPLIES:
        of = [name for name, each in fields if engine.aggregates.can(function, each.type)]
        if of and draw(st.integers(0, 2)) == 0:
            document[function.value] = draw(
                st.lists(st.sampled_from(of), min_size=1, max_size=2, unique_by=result_name)
            )
    if draw(st.booleans()):
        document["where"] = draw(conditions(ground))
    return document


def _fields(view: ModelView, documents: bool, *, deep: bool = True) -> list[tuple[str, Field]]:
    """Return the fields of a view, and of its related rows of which there is one at most."""
    found = [(name, each.field) for name, each in view.fields.items() if each.field.gap is None]
    for name, relation in view.relations.items() if deep else ():
        related = relation.relation
        if not related.many and related.gap is None and (documents or not related.embedded):
            inner = _fields(relation.target, documents, deep=False)
            found += [(f"{name}.{each}", field) for each, field in inner]
    return found


def _ground(ast: AggregateAST, ground: Ground, found: Sequence[Sequence[object]]) -> Ground:
    """Return what filters of the groups are drawn for."""
    fields = ast.fields
    named = {field.name: field for field in fields}
    schema: ModelSchema[object] = ModelSchema("Groups", object, fields=MappingProxyType(named))
    view = build_view(schema, ground.capabilities, SecurityPolicy(paths=dict.fromkeys(named, Access())))
    seen: Any = {field: [row[place] for row in found] for place, field in enumerate(fields)}  # Any: samples
    return Ground(view, ground.capabilities, seen)
