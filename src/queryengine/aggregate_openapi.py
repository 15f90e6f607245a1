"""What OpenAPI says of the parameter of aggregates: its schema, and examples that work. Knows views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregate_schema import aggregate_schema
from queryengine.aggregate_view import Askable
from queryengine.aggregates import Function
from queryengine.examples import ROWS, Example
from queryengine.json_schema import FilterSchema
from queryengine.limits import Limits
from queryengine.openapi import ParameterDocument
from queryengine.parsed import Source

__all__ = ["AggregateDocument"]


class AggregateDocument(ParameterDocument):
    """The documentation of one dependency's aggregates."""

    required = True

    def __init__(self, processor: AggregateProcessor) -> None:
        super().__init__(processor.config)
        self._processor = processor

    @property
    def _purpose(self) -> tuple[str, str]:
        purpose = "What to count, add up or compare of which rows, in which groups, as a JSON object."
        return purpose, "[groupBy][]=name"

    def _schema(self) -> FilterSchema:
        return aggregate_schema(
            self._processor.view,
            self._processor.askable,
            self._processor.capabilities,
            self._processor.policy,
            windowed=self._config.paging == "internal",
            name=self._config.schema_name,
        )

    def _examples(self) -> Mapping[str, Example]:
        windowed = self._config.paging == "internal"
        return _examples(self._processor.askable, self._processor.policy.limits, windowed=windowed)

    def _try(self, source: Source) -> object:
        return self._processor.process(source)


def _examples(found: Sequence[Askable], limits: Limits, *, windowed: bool) -> dict[str, Example]:
    """Return a few aggregates that bind, groups with something of each first."""
    window: dict[str, object] = {"limit": min(ROWS, limits.max_limit)} if windowed else {}
    key = next((each for each in found if each.function is None), None)
    measures = sorted((each for each in found if each.function is not None), key=_rank)
    made: dict[str, Example] = {}
    if key is not None:
        groups = {**key.asked, **(measures[0].asked if measures else {})}
        ranked = bool(measures) and not measures[0].field.nullable
        order = {"order": f"-{measures[0].field.name}"} if ranked else {}
        made["groups"] = Example("Groups", {**groups, **order, **window})
    if measures:
        made["whole"] = Example("All rows", measures[0].asked)
    return made


def _rank(askable: Askable) -> int:
    """Put counts first: their names order groups on every back-end, as they are never null."""
    return 0 if askable.function is Function.COUNT else 1 if not askable.field.nullable else 2
