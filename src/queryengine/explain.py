"""What becomes of a bound filter, as data: its canonical form, its cost, its query, the database's plan.

Knows the printer and the cost; a back-end's own `explain` adds the native query and asks the database.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import ClassVar, Protocol, cast, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from queryengine.ast import FilterAST
from queryengine.cost import CostWeights, estimate
from queryengine.printer import to_text

__all__ = ["ExplainsQueries", "Explanation", "explain_filter", "without_values"]


class Explanation(BaseModel):
    """What becomes of a filter. `str()` is for people; `repr()` has no value, and may be logged.

    >>> found = explain_filter(FilterAST(), backend="memory")
    >>> found
    Explanation(backend='memory', cost=0.0, cost_parts={})
    >>> print(found)
    {}
    cost 0
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True)

    backend: str
    filter: str = Field(repr=False)
    """the caller's filter in canonical form, as JSON text: without the row scope, with the caller's values"""
    cost: float
    """the estimate, in the weights of the policy: one comparison that an index serves costs 1"""
    cost_parts: dict[str, float]
    """what each kind of part adds to the cost, by the names of the weights"""
    query: str | None = Field(default=None, repr=False)
    """the native query, the row scope included; None where the back-end has none"""
    plan: JsonValue = Field(default=None, repr=False)
    """what the database says that it would do, as it says it; None where it was not asked"""

    def __str__(self) -> str:
        figures = ", ".join(f"{name} {figure:g}" for name, figure in self.cost_parts.items())
        lines = [self.filter, f"cost {self.cost:g}" + (f": {figures}" if figures else "")]
        if self.query is not None:
            lines += ["", self.query]
        if self.plan is not None:
            lines += ["", "plan", *_outline(self.plan, 1)]
        return "\n".join(lines)


@runtime_checkable
class ExplainsQueries(Protocol):
    """An engine that can ask a database for the plan of a filter, for the command line."""

    def explain_on(self, database: str, ast: FilterAST, *, weights: CostWeights | None = None) -> Explanation:
        """Return what becomes of a filter on the database of a URL, with all values; nothing is run.

        Raises ConfigurationError where the database cannot be asked.
        """
        ...


def explain_filter(
    ast: FilterAST,
    *,
    backend: str,
    weights: CostWeights | None = None,
    query: str | None = None,
    plan: JsonValue = None,
) -> Explanation:
    """Return the explanation of a bound filter; `query` and `plan` are what its back-end knows besides."""
    cost = estimate(ast, weights)
    return Explanation(
        backend=backend,
        filter=to_text(ast),
        cost=cost.total,
        cost_parts=dict(cost.parts),
        query=query,
        plan=plan,
    )


def without_values(plan: JsonValue, texts: Container[str]) -> JsonValue:
    """Return a plan without what can hold a value, for databases that write conditions as texts.

    Of all texts those remain that stand under the keys `texts`; numbers and booleans stay.

    >>> without_values({"Node Type": "Seq Scan", "Filter": "(id > 4)", "Plan Rows": 7}, {"Node Type"})
    {'Node Type': 'Seq Scan', 'Plan Rows': 7}
    """
    if isinstance(plan, list):
        return [without_values(part, texts) for part in plan if not isinstance(part, str)]
    if isinstance(plan, dict):
        return {
            key: part if isinstance(part, str) else without_values(part, texts)
            for key, part in plan.items()
            if not isinstance(part, str) or key in texts
        }
    return plan


def _outline(part: object, depth: int) -> list[str]:
    """Write a plan as an outline: a line for each text and number, what lies within indented."""
    indent = "  " * depth
    if isinstance(part, Mapping):
        lines: list[str] = []
        for key, value in cast("Mapping[str, object]", part).items():
            if isinstance(value, Mapping | list):
                lines += [f"{indent}{key}", *_outline(cast("object", value), depth + 1)]
            else:
                lines.append(f"{indent}{key}: {value}")
        return lines
    if isinstance(part, list):
        return [line for item in cast("Sequence[object]", part) for line in _outline(item, depth)]
    return [f"{indent}{part}"]
