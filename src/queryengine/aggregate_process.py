"""The way of an aggregate from text to `AggregateAST`, and what its answer may hold. Knows no HTTP."""

from __future__ import annotations

from functools import cached_property
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel

from queryengine.aggregate_binder import AggregateBinder, AggregatePlan
from queryengine.aggregate_view import Askable, askable, unfit
from queryengine.aggregates import AggregateAST, AggregateEngine
from queryengine.config import QueryConfig
from queryengine.cost import check_cost
from queryengine.engine import Capabilities
from queryengine.errors import ConfigurationError, FilterError
from queryengine.lexer import Lexed, lex
from queryengine.parsed import ParsedAggregate, Source
from queryengine.plan_cache import PlanCache
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope
from queryengine.process import Processor, located
from queryengine.response_model import read_from
from queryengine.scoping import ScopeShape
from queryengine.telemetry import Stage, watched
from queryengine.view import ModelView

__all__ = ["AggregateProcessor"]


class AggregateProcessor:
    """Turns texts into bound aggregates for one engine, policy and model of the answer's rows.

    It keeps what it learned of each shape: one that is known skips parsing, binding and rewriting; its values
    are checked all the same.

    Raises ConfigurationError for an engine without aggregates, and for a row that cannot hold each answer.
    """

    def __init__(
        self,
        engine: AggregateEngine[object],
        row: type[BaseModel],
        *,
        policy: SecurityPolicy | None = None,
        config: QueryConfig | None = None,
    ) -> None:
        if not callable(getattr(type(engine), "build_aggregate", None)):
            note = engine.capabilities.note("aggregates")
            reason = "" if note is None else f" ({note})"
            raise ConfigurationError(f"{type(engine).__name__} has no aggregates{reason}")
        self._engine = engine
        self._row = row
        self._filters = Processor(engine, policy=policy, config=config)
        self.policy: SecurityPolicy = self._filters.policy
        self.config: QueryConfig = self._filters.config
        self._names = _names(row)
        self._plans: PlanCache[AggregatePlan] = PlanCache(self.config.cache_size)
        telemetry, model = self.config.telemetry, engine.model
        self._telemetry = telemetry
        self._parse = watched(telemetry, Stage.PARSE, model, self._parsed)
        self._bind = watched(telemetry, Stage.BIND, model, self._bound)
        self._fill = watched(telemetry, Stage.FILL, model, AggregatePlan.instantiate)

    @property
    def view(self) -> ModelView:
        """What callers see of the rows that are counted."""
        return self._filters.view

    @cached_property
    def askable(self) -> tuple[Askable, ...]:
        """What may be asked: what the row has a place for, and the back-end gives exactly.

        Raises ConfigurationError where that is nothing.
        """
        capabilities, able = self._engine.capabilities, self._engine.aggregates
        named = [each for name in self._names for each in askable(self.view, name)]
        found = tuple([each for each in named if each.supported(capabilities, able)])
        if not found:
            raise ConfigurationError(f"{self._row.__name__}: {capabilities.backend} gives nothing of it")
        return found

    @property
    def capabilities(self) -> Capabilities:
        """What the back-end can do with conditions and orders."""
        return self._engine.capabilities

    @cached_property
    def _binder(self) -> AggregateBinder:
        self.check()
        filters = self._filters.binder
        return AggregateBinder(filters, self._engine.aggregates, frozenset(self._names), filters.reachable)

    def check(self) -> None:
        """Raise ConfigurationError for a field of the row that no aggregate of the policy can fill."""
        if not self._names:
            raise ConfigurationError(f"{self._row.__name__}: it has no field, so that nothing can be asked")
        for name, field in self._names.items():
            place = f"{self._row.__name__}.{field}"
            found = list(askable(self.view, name))
            if not found:
                reason = unfit(self.view, name)
                raise ConfigurationError(
                    f"{place}: nothing that can be asked fills it" + (f": {reason}" if reason else "")
                )
            if any(each.field.nullable for each in found) and not _takes_null(
                self._row.model_fields[field].annotation
            ):
                raise ConfigurationError(f"{place}: it can be None")

    def process(
        self, source: Source, *, scope: Scope | None = None, principal: str | None = None
    ) -> AggregateAST:
        """Parse, bind and rewrite an aggregate. Raises FilterError, with spans of what the caller sent."""
        lexed = lex(source.text)
        shape = self._filters.read_scope(scope)
        policy = self.policy
        try:
            ast = self._fill(self._plan(lexed, source, shape), lexed, shape.values, principal)
            if policy.max_cost is not None:
                check_cost(policy.weights, policy.max_cost, ast.rows, ast.groups)
        except FilterError as error:
            raise located(error, source, lexed) from None
        return ast

    def _plan(self, lexed: Lexed, source: Source, scope: ScopeShape) -> AggregatePlan:
        """Find the plan of a text's shape, or make it."""
        plan = self._plans.find(lexed, source.style, scope.key)
        if self._telemetry is not None:
            self._telemetry.looked_up(self._engine.model, hit=plan is not None)
        if plan is None:
            plan = self._bind(self._parse(lexed), source, scope)
            self._plans.keep(lexed, source, scope.key, plan)
        return plan

    def _parsed(self, lexed: Lexed) -> ParsedAggregate:
        from queryengine.parser import parse_aggregate  # noqa: PLC0415  # Lark is loaded with the first request

        return parse_aggregate(lexed, self.policy.limits)

    def _bound(self, parsed: ParsedAggregate, source: Source, scope: ScopeShape) -> AggregatePlan:
        return self._binder.bind(parsed, source.text, source.style, scope)


def _names(row: type[BaseModel]) -> dict[str, str]:
    """Return the fields of a row by the names that they are read from; each can be left out, or be null."""
    names: dict[str, str] = {}
    for field, info in row.model_fields.items():
        if info.is_required():
            message = "it needs a default, for answers that were not asked for it"
            raise ConfigurationError(f"{row.__name__}.{field}: {message}")
        for name in read_from(row, field):
            if isinstance(name, str):
                names[name] = field
    return names


def _takes_null(annotation: Any) -> bool:  # Any: an annotation
    return annotation in (Any, object, None) or NoneType in get_args(annotation)
