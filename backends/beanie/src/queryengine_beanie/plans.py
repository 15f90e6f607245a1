"""What MongoDB answers to `explain`: the plan as data, with its values or without. Knows no connection."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias, cast

from bson.json_util import RELAXED_JSON_OPTIONS, dumps
from pydantic import JsonValue

__all__ = ["read_plan"]

# Any: an answer holds values of all types that BSON has.
Part: TypeAlias = Mapping[str, Any]

ABOUT_THE_SERVER: Final = frozenset(
    {"command", "ok", "operationTime", "serverInfo", "serverParameters", "$clusterTime"}
)
"""what of an answer is no plan: the command again, and where the server is"""
NAMES: Final = frozenset(
    {
        *("stage", "direction", "indexName", "keyPattern", "sortPattern", "type", "strategy"),
        *("isMultiKey", "isUnique", "isSparse", "isPartial", "foreignCollection", "localField"),
        *("foreignField", "asField"),
    }
)
"""what of a node of a plan names things; a filter, bounds of an index or an expression can hold a value"""
BELOW: Final = frozenset(
    {"queryPlan", "inputStage", "inputStages", "outerStage", "innerStage", "thenStage", "elseStage"}
)
"""under which keys a node has the nodes below it"""
JOINS: Final = frozenset({"from", "localField", "foreignField", "as"})


def read_plan(answer: Part, *, values: bool) -> JsonValue:
    """Return the plan of an answer; without `values` its stages, and the indexes and fields that they use.

    >>> scan = {"stage": "FETCH", "filter": {"n": 5}, "inputStage": {"stage": "IXSCAN", "indexName": "n_1"}}
    >>> read_plan({"queryPlanner": {"winningPlan": scan}}, values=False)
    {'winningPlan': {'stage': 'FETCH', 'inputStage': {'stage': 'IXSCAN', 'indexName': 'n_1'}}}
    """
    whole = {key: part for key, part in answer.items() if key not in ABOUT_THE_SERVER}
    return _as_json(whole if values else dict(_outline(answer)))


def _as_json(part: object) -> JsonValue:
    return cast("JsonValue", json.loads(dumps(part, json_options=RELAXED_JSON_OPTIONS)))


def _outline(answer: Part) -> Iterator[tuple[str, object]]:
    stages = answer.get("stages")
    if stages is not None:
        yield "stages", [dict(_named(stage)) for stage in stages]
    elif "queryPlanner" in answer:
        planner: Part = answer["queryPlanner"]
        yield "winningPlan", _node(planner["winningPlan"])
        if planner.get("rejectedPlans"):
            yield "rejectedPlans", [_node(node) for node in planner["rejectedPlans"]]


def _named(stage: Part) -> Iterator[tuple[str, object]]:
    """Yield a stage of a pipeline by its name; what most hold are conditions and expressions."""
    for name, body in stage.items():
        if name == "$cursor":
            yield name, dict(_outline(body))
        elif name == "$sort":
            yield name, body
        elif name.startswith("$"):
            yield name, {key: body[key] for key in body if key in JOINS} if name == "$lookup" else {}


def _node(node: Part) -> Part:
    shown: dict[str, object] = {}
    for key, part in node.items():
        if key in NAMES:
            shown[key] = part
        elif key in BELOW:
            shown[key] = [_node(one) for one in part] if key == "inputStages" else _node(part)
    return shown
