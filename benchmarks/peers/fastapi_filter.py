"""fastapi-filter 3.0.0: query parameters to a pydantic model to a Select.

Every filter is declared beforehand. It has no `startsWith`: the caller writes the wild card into `like`.
It has no limit: that is added by hand.
"""

from __future__ import annotations

from typing import Protocol, cast

from fastapi_filter.contrib.sqlalchemy import Filter
from sqlalchemy import Select, select

from benchmarks.models import Flight
from benchmarks.workload import Question

__all__ = ["NAME", "parameters", "statement"]

NAME = "fastapi-filter 3.0.0"

SUFFIXES = {"eq": "", "startsWith": "__like", "ne": "__neq", "nin": "__not_in"}


class _Applied(Protocol):
    """What a filter does to a Select; the library leaves both without a return type."""

    def filter(self, query: Select[Flight]) -> Select[Flight]: ...
    def sort(self, query: Select[Flight]) -> Select[Flight]: ...


class FlightFilter(Filter):
    """The five predicates and the order, as that library wants them declared."""

    dep_delay__gt: int | None = None
    origin__in: list[str] | None = None
    distance__lte: int | None = None
    month: int | None = None
    dest__like: str | None = None
    order_by: list[str] | None = None

    class Constants(Filter.Constants):
        """Which model it is about."""

        model = Flight


def parameters(question: Question) -> dict[str, str]:
    """Return the question as the texts of query parameters, `limit` among them."""
    texts = {"order_by": "-dep_delay,id", "limit": str(question.limit)}
    for condition in question.conditions:
        name = condition.field + SUFFIXES.get(condition.operator, f"__{condition.operator}")
        value = condition.value
        text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        texts[name] = text + "%" if condition.operator == "startsWith" else text
    return texts


def statement(texts: dict[str, str]) -> Select[Flight]:
    """Return the Select of these parameters."""
    limit = int(texts["limit"])
    declared = {name: text for name, text in texts.items() if name != "limit"}
    filters = cast("_Applied", FlightFilter.model_validate(declared))
    return filters.sort(filters.filter(select(Flight))).limit(limit)
