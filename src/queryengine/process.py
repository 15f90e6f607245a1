"""The way of a filter from text to `FilterAST`, with the cache of shapes. Knows no HTTP, no back-end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from queryengine.ast import FilterAST
from queryengine.binder import Binder
from queryengine.config import QueryConfig
from queryengine.cost import check_cost
from queryengine.cursor import CursorCodec
from queryengine.engine import Engine
from queryengine.errors import ErrorCode, FilterError, Refusal, Span, as_it_is
from queryengine.lexer import Lexed, lex
from queryengine.operands import Readers
from queryengine.parsed import ParsedFilter, Source, Style
from queryengine.plan import Plan
from queryengine.plan_cache import PlanCache
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope
from queryengine.projection import Projector
from queryengine.scoping import Reach, ScopeShape, read_scope
from queryengine.telemetry import Stage, watched
from queryengine.tokens import path_to
from queryengine.view import ModelView, build_view, check_paths

__all__ = ["Processor", "located", "process_filter_to_ast"]

EMPTY = Source("{}")


class Processor:
    """Turns texts into bound filters for one engine and policy. It keeps what it learned of each shape.

    A filter whose shape is known skips parsing, binding and rewriting; its values are checked all the same.
    `refusal` makes of a FilterError what `fetch_page` raises for a row that has no cursor.
    """

    def __init__(
        self,
        engine: Engine[object, object],
        *,
        policy: SecurityPolicy | None = None,
        config: QueryConfig | None = None,
        refusal: Refusal = as_it_is,
    ) -> None:
        self._engine = engine
        self._refusal = refusal
        self.policy: SecurityPolicy = policy or SecurityPolicy()
        self.config: QueryConfig = config or QueryConfig()
        self._plans: PlanCache[Plan] = PlanCache(self.config.cache_size)
        telemetry, model = self.config.telemetry, engine.model
        self._telemetry = telemetry
        self._parse = watched(telemetry, Stage.PARSE, model, self._parsed)
        self._bind = watched(telemetry, Stage.BIND, model, self._bound)
        self._fill = watched(telemetry, Stage.FILL, model, Plan.instantiate)
        self._known: Reach | None = None
        if self.config.seals:
            _ = self._codec  # its mistakes show now, and not with the first page

    @cached_property
    def view(self) -> ModelView:
        """What callers see of the model, read when first asked for. A bad policy is a ConfigurationError."""
        view = build_view(self._engine.schema, self._engine.capabilities, self.policy)
        check_paths(view, self.policy)
        return view

    @cached_property
    def binder(self) -> Binder:
        """What binds filters to the view, made when first asked for."""
        return Binder(
            self.view,
            self._engine.capabilities,
            self.policy,
            self.config,
            Projector(self.config.cache_size),
            Readers(self.policy),
            lambda: self._reach().models,
            lambda: self._codec,
            self._refusal,
        )

    @cached_property
    def _codec(self) -> CursorCodec:
        return CursorCodec(self.config.cursor_secret, self.config.cursor_lifetime)

    def read_scope(self, scope: Scope | None) -> ScopeShape:
        """Return what a scope says; its key is another one when a class is made that it may be about."""
        shape = read_scope(scope, self._engine.model)
        return replace(shape, key=(*shape.key, self._reach().kinds)) if shape.predicates else shape

    def _reach(self) -> Reach:
        reach = self._known
        if reach is None or not reach.is_current():
            reach = self._known = Reach(self._engine.schema)
        return reach

    def process(
        self, source: Source, *, scope: Scope | None = None, principal: str | None = None
    ) -> FilterAST:
        """Parse, bind and rewrite a filter. Raises FilterError, with spans of what the caller sent."""
        lexed = lex(source.text)
        shape = self.read_scope(scope)
        policy = self.policy
        try:
            ast = self._fill(self._plan(lexed, source, shape), lexed, shape.values, principal)
            if policy.max_cost is not None:
                check_cost(policy.weights, policy.max_cost, ast)
        except FilterError as error:
            raise located(error, source, lexed) from None
        return ast

    def empty(self, *, scope: Scope | None = None, principal: str | None = None) -> FilterAST:
        """Return the filter of a request that carries none: all rows in scope, up to the default limit."""
        return self.process(EMPTY, scope=scope, principal=principal)

    def _plan(self, lexed: Lexed, source: Source, scope: ScopeShape) -> Plan:
        """Find the plan of a text's shape, or make it."""
        plan = self._plans.find(lexed, source.style, scope.key)
        if self._telemetry is not None:
            self._telemetry.looked_up(self._engine.model, hit=plan is not None)
        if plan is None:
            plan = self._bind(self._parse(lexed), source, scope)
            self._plans.keep(lexed, source, scope.key, plan)
        return plan

    def _parsed(self, lexed: Lexed) -> ParsedFilter:
        from queryengine.parser import parse  # noqa: PLC0415  # Lark is loaded with the first filter, not with the application

        try:
            return parse(lexed, self.policy.limits)
        except FilterError as error:
            if error.code is ErrorCode.UNKNOWN_CLAUSE and error.span is not None:
                self._advise(error, path_to(lexed, error.span.start))
            raise

    def _advise(self, error: FilterError, path: Sequence[str | int]) -> None:
        """Say of a key that is no clause, but a name of the model, where it can stand."""
        if len(path) == 1 and path[0] in self.view.names():
            error.hint = "conditions stand under where"

    def _bound(self, parsed: ParsedFilter, source: Source, scope: ScopeShape) -> Plan:
        return self.binder.bind(parsed, source.text, source.style, scope)


def process_filter_to_ast(
    filter: str | Mapping[str, Any],  # Any: a JSON document
    engine: Engine[object, object],
    *,
    policy: SecurityPolicy | None = None,
    config: QueryConfig | None = None,
) -> FilterAST:
    """Turn a filter, as JSON text or as a document, into a bound filter, without HTTP.

    Raises FilterError. For many filters keep a `Processor`: it learns their shapes.
    """
    from queryengine.request import encode, read_text  # noqa: PLC0415  # the reader is for this way in only

    processor = Processor(engine, policy=policy, config=config)
    limits = processor.policy.limits
    source = read_text(filter, limits) if isinstance(filter, str) else encode(filter, limits)
    return processor.process(source)


def located(error: FilterError, source: Source, lexed: Lexed) -> FilterError:
    """Give an error its path as it was sent, and the text that its span is a place in.

    For brackets that is the raw query string. Binding knows names: that these stood in a list, behind a `$`
    or in a scope, only the text tells.
    """
    if error.span is not None:
        error.path = path_to(lexed, error.span.start)
    error.source = source.text if source.style is Style.JSON else source.original
    if source.style is Style.BRACKETS and error.span is not None:
        error.span = _original(error.span, source)
    return error


def _original(span: Span, source: Source) -> Span | None:
    """Map a place in the JSON rendering of bracket parameters to the parameters that it came from."""
    touched = [
        original for place, original in source.places if place.start < span.end and span.start < place.end
    ]
    if not touched:  # a bracket or a brace, which belongs to the name before it
        before = [original for place, original in source.places if place.end <= span.start]
        return before[-1] if before else None
    return Span(min(place.start for place in touched), max(place.end for place in touched))
