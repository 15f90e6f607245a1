"""The same questions in queryengine's language, and the stages of queryengine that are timed."""

from __future__ import annotations

import json

from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import Select

from benchmarks.models import Flight, FlightOut
from benchmarks.workload import Condition, Question
from queryengine import FilterAST, FilterError, Processor, SecurityPolicy
from queryengine.parsed import Source

__all__ = ["Ours", "text"]


def text(question: Question) -> str:
    """Return the question as the JSON text of a filter.

    >>> text(Question((Condition("month", "eq", 6), Condition("dest", "startsWith", "S")), 20))
    '{"where":{"and":[{"month":6},{"dest":{"startsWith":"S"}}]},"order":"-dep_delay","limit":20}'
    """
    document = {
        "where": {"and": [_condition(condition) for condition in question.conditions]},
        "order": "-dep_delay",
        "limit": question.limit,
    }
    return json.dumps(document, separators=(",", ":"))


def _condition(condition: Condition) -> dict[str, object]:
    if condition.operator == "eq":
        return {condition.field: condition.value}
    return {condition.field: {condition.operator: condition.value}}


class Ours:
    """One engine and one policy, as a service has them: made once, their caches kept."""

    def __init__(self) -> None:
        self.engine = SQLAlchemyQueryEngine(Flight)
        self.processor = Processor(self.engine, policy=SecurityPolicy(expose=FlightOut))

    def ast(self, filter_text: str) -> FilterAST:
        """Return the bound filter."""
        return self.processor.process(Source(filter_text))

    def statement(self, filter_text: str) -> Select[Flight]:
        """Return the Select."""
        return self.engine.build_query(self.ast(filter_text)).query

    def refusal(self, filter_text: str) -> str:
        """Return the code of the error that the filter meets."""
        try:
            self.ast(filter_text)
        except FilterError as error:
            return str(error.code)
        raise AssertionError(f"not refused: {filter_text}")
