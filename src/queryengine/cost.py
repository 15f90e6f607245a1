"""What a bound filter is likely to cost, before it runs: declared weights over its parts. Knows the AST."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from queryengine.ast import Comparison, FilterAST, Op, OrderKey, Path, Quantified, Slot, Where, comparisons
from queryengine.errors import ConfigurationError, ErrorCode, FilterError

__all__ = ["Cost", "CostWeights", "check_cost", "estimate"]

UNANCHORED = frozenset(
    {
        *(Op.CONTAINS, Op.ICONTAINS, Op.ENDS_WITH, Op.IENDS_WITH, Op.REGEX),
        *(Op.ISTARTS_WITH, Op.ILIKE, Op.HAS, Op.HAS_ANY, Op.HAS_ALL, Op.SIZE, Op.IS_EMPTY),
    }
)
"""operators that no plain index serves, whatever their value"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostWeights:
    """The weights of an estimate; one comparison that an index serves costs 1. None is below 0.

    >>> CostWeights(relation=50).relation
    50
    """

    comparison: float = 1
    """a condition on a field"""
    value: float = 0.1
    """a value in a list"""
    relation: float = 10
    """a relation on the way to a field, each time, and a quantifier over related rows"""
    unanchored: float = 20
    """a condition that no plain index serves: contains, endsWith, a pattern from % on, folded case"""
    unindexed: float = 10
    """a condition or an order on a field that the model says to have no index"""
    order: float = 2
    """a key of the order"""
    include: float = 20
    """a relation that is loaded with each row"""
    row: float = 0.05
    """a row that is asked for"""
    skipped: float = 0.05
    """a row that is passed over"""

    def __post_init__(self) -> None:
        for weight in fields(self):
            value: object = getattr(self, weight.name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0:
                raise ConfigurationError(
                    f"CostWeights.{weight.name}={value!r}: it has to be a number, 0 or more"
                )


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate: the sum, and what each kind of part adds to it, by the names of the weights."""

    total: float
    parts: Mapping[str, float]


def estimate(ast: FilterAST, weights: CostWeights | None = None) -> Cost:
    """Return what a filter is likely to cost. Row scopes are the service's own, and cost nothing here.

    >>> estimate(FilterAST()).total
    0
    """
    return _priced(_filter(ast), weights or CostWeights())


def check_cost(weights: CostWeights, most: float, *filters: FilterAST) -> None:
    """Raise FilterError, with the figures, where filters cost more together than the budget."""
    cost = _priced(sum(map(_filter, filters), Counter[str]()), weights)
    if cost.total > most:
        figures = ", ".join(f"{name} {figure:g}" for name, figure in cost.parts.items())
        message = f"the filter costs {cost.total:g} of at most {most:g}: {figures}"
        raise FilterError(ErrorCode.LIMIT_EXCEEDED, message, expected=(f"max_cost {most:g}",))


def _priced(counts: Counter[str], weights: CostWeights) -> Cost:
    figures = {name: round(getattr(weights, name) * count, 3) for name, count in counts.items()}
    parts = {name: figure for name, figure in figures.items() if figure}
    return Cost(round(sum(parts.values()), 3), MappingProxyType(parts))


def _filter(ast: FilterAST) -> Counter[str]:
    counts = _where(ast.condition)
    for key in ast.order:
        counts += _order_key(key)
    for path in ast.fields or ():
        counts["relation"] += _relations(path)
    for include in ast.include:
        counts["include"] += 1
        counts += _filter(include.filter)
    limit, offset = ast.window.limit, ast.window.offset
    counts["row"] += limit if isinstance(limit, int) else 0
    counts["skipped"] += 0 if isinstance(offset, Slot) else offset
    return counts


def _where(where: Where | None) -> Counter[str]:
    counts = Counter[str]()
    for leaf in comparisons(where):
        counts["relation"] += _relations(leaf.path)
        if isinstance(leaf, Quantified):
            continue
        counts["comparison"] += 1
        counts["value"] += len(leaf.value) if isinstance(leaf.value, tuple) else 0
        if _is_unanchored(leaf):
            counts["unanchored"] += 1
        elif _is_unindexed(leaf.path):
            counts["unindexed"] += 1
    return counts


def _order_key(key: OrderKey) -> Counter[str]:
    if key.implied:
        return Counter()
    return Counter({"order": 1, "relation": _relations(key.path), "unindexed": int(_is_unindexed(key.path))})


def _is_unanchored(leaf: Comparison) -> bool:
    if leaf.op is Op.LIKE:
        return not isinstance(leaf.value, str) or leaf.value[:1] in ("%", "_", "")
    return leaf.op in UNANCHORED


def _is_unindexed(path: Path) -> bool:
    return path.field is not None and path.field.indexed is False


def _relations(path: Path) -> int:
    return sum(not step.relation.embedded for step in path.steps)
