"""The FastAPI dependency that turns a request into an aggregate. Knows FastAPI, no back-end."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard, TypeVar

from pydantic import BaseModel

from queryengine.aggregate_openapi import AggregateDocument
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import AggregateEngine, AggregateResult
from queryengine.config import QueryConfig
from queryengine.dependency import PrincipalDependency, RequestDependency, ScopeDependency
from queryengine.errors import ErrorCode, FilterError, quoted
from queryengine.parsed import Source
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope
from queryengine.telemetry import Stage, watched
from queryengine.view import ModelView

__all__ = ["QEAggregateDependency", "create_qe_aggregate_dependency", "is_aggregate"]

Row = TypeVar("Row", bound=BaseModel)
Q = TypeVar("Q")

PARAMETER = "aggregate"


class QEAggregateDependency(RequestDependency[AggregateResult[Row, Q]]):
    """A dependency that gives a request's aggregate. Made by `create_qe_aggregate_dependency`."""

    def __init__(
        self,
        engine: AggregateEngine[Q],
        row: type[Row],
        *,
        policy: SecurityPolicy | None = None,
        scope: ScopeDependency | None = None,
        principal: PrincipalDependency | None = None,
        config: QueryConfig | None = None,
    ) -> None:
        self.engine = engine
        self.row = row
        config = config or QueryConfig()
        if config.parameter is None:
            config = replace(config, parameter=PARAMETER)
        self.processor: AggregateProcessor = AggregateProcessor(engine, row, policy=policy, config=config)
        self._compile = watched(config.telemetry, Stage.COMPILE, engine.model, engine.build_aggregate)
        super().__init__(
            model=engine.model,
            limits=self.processor.policy.limits,
            config=config,
            document=AggregateDocument(self.processor),
            scope=scope,
            principal=principal,
        )

    @property
    def view(self) -> ModelView:
        """What callers see of the rows that are counted."""
        return self.processor.view

    def check(self) -> None:
        """Raise ConfigurationError for a policy, a model or a row that cannot serve."""
        super().check()
        self.processor.check()

    def _query(
        self, source: Source | None, scope: Scope | None, principal: str | None
    ) -> AggregateResult[Row, Q]:
        if source is None:
            missing = (
                "it has no body" if self.config.source == "body" else f"no {quoted(self.config.name)} in it"
            )
            raise FilterError(ErrorCode.EMPTY_CONDITION, f"the request asks for no aggregate: {missing}")
        ast = self.processor.process(source, scope=scope, principal=principal)
        return AggregateResult(self._compile(ast), self.row, ast, self._refused)


def is_aggregate(
    dependency: RequestDependency[object],
) -> TypeGuard[QEAggregateDependency[BaseModel, object]]:
    """Tell whether a dependency gives aggregates."""
    return isinstance(dependency, QEAggregateDependency)


def create_qe_aggregate_dependency(
    engine: AggregateEngine[Q],
    *,
    row: type[Row],
    policy: SecurityPolicy | None = None,
    scope: ScopeDependency | None = None,
    principal: PrincipalDependency | None = None,
    config: QueryConfig | None = None,
) -> QEAggregateDependency[Row, Q]:
    """Return a FastAPI dependency that gives the aggregate of the request's parameter `aggregate`.

    `row` is the model of the answer's rows: its fields are what may be asked, by the names that they have in
    the answer, and each has a default for who does not ask. The others are as for `create_qe_dependency`.

    Raises ConfigurationError for an engine without aggregates and for a row with a field that must be given;
    with the first request (or by `processor.check()`) for one that nothing fills.

    >>> from dataclasses import dataclass
    >>> from fastapi import Request
    >>> from queryengine.memory import MemoryQueryEngine
    >>> @dataclass
    ... class Flight:
    ...     id: int
    ...     carrier: str
    ...     delay: int | None = None
    >>> class Delays(BaseModel):
    ...     carrier: str = ""
    ...     avg_delay: float | None = None
    >>> delays = create_qe_aggregate_dependency(MemoryQueryEngine(Flight), row=Delays)
    >>> request = Request({"type": "http", "query_string": b""})
    >>> result = delays.build(request, '{"groupBy": "carrier", "avg": "delay"}')
    >>> result.rows(result.query.all([Flight(1, "UA", 3), Flight(2, "UA", 4), Flight(3, "UA")]))
    [Delays(carrier='UA', avg_delay=3.5)]
    """
    return QEAggregateDependency(engine, row, policy=policy, scope=scope, principal=principal, config=config)
