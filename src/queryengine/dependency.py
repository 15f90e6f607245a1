"""The FastAPI dependency that turns a request into a query. Knows FastAPI and the stages; no back-end."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Annotated, Generic, Literal, TypeAlias, TypeVar, cast, overload

from fastapi import Depends, Query, Request

from queryengine.config import QueryConfig
from queryengine.engine import Engine
from queryengine.errors import ErrorCode, FilterError
from queryengine.events import log_refusal
from queryengine.http_errors import FilterAccessDenied, FilterValidationError, http_error
from queryengine.limits import Limits
from queryengine.openapi import FilterDocument, ParameterDocument
from queryengine.parsed import Source
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope
from queryengine.process import Processor
from queryengine.request import read_body, read_query, read_text, refuse_query
from queryengine.telemetry import Stage, watched
from queryengine.view import ModelView, read_related

__all__ = [
    "PrincipalDependency",
    "QEDependency",
    "RequestDependency",
    "ScopeDependency",
    "create_qe_dependency",
]

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
V = TypeVar("V")

Provider: TypeAlias = (
    Callable[..., V]
    | Callable[..., Awaitable[V]]
    | Callable[..., Iterator[V]]
    | Callable[..., AsyncIterator[V]]
)
"""What FastAPI takes for a dependency that gives a V: a function or a generator, of either colour."""

ScopeDependency: TypeAlias = Provider[Scope | None]
PrincipalDependency: TypeAlias = Provider[str]


class RequestDependency(ABC, Generic[R_co]):
    """A dependency whose parameter is read from the raw query string (or the body), strictly.

    It is asynchronous and has one declared parameter: what FastAPI read of it is not used.
    """

    def __init__(
        self,
        *,
        model: type[object],
        limits: Limits,
        config: QueryConfig,
        document: ParameterDocument,
        scope: ScopeDependency | None,
        principal: PrincipalDependency | None,
    ) -> None:
        self.config = config
        self.document = document
        self.scoped: bool = scope is not None
        """whether a row scope belongs to each request"""
        self._model = model
        self._limits = limits
        in_body = config.source == "body"
        self._location = ("body",) if in_body else ("query", config.name)
        # FastAPI asks for the signature of the object, and calls it with these names.
        self.__signature__: inspect.Signature = _signature(
            None if in_body else _declared(config, document), scope, principal
        )

    async def __call__(
        self,
        request: Request,
        filter: str | None = None,  # noqa: ARG002  # declared for OpenAPI, and read from the raw query string
        scope: Scope | None = None,
        principal: str | None = None,
    ) -> R_co:
        """Return the query of a request's filter, or None where the request has none and none is required.

        Raises FastAPI's RequestValidationError (422), or HTTPException (403) where the scope denies.
        """
        try:
            return self._answer(await self._read(request), scope, principal)
        except FilterError as error:
            raise self._refusal(error, self._location) from None

    def build(
        self,
        request: Request,
        filter: str | None,
        *,
        scope: Scope | None = None,
        principal: str | None = None,
    ) -> R_co:
        """Return the query of a filter, without waiting for anything.

        `filter` is the filter's JSON text, no longer than the query string (or the body) that it stands for
        may be; None reads it from the request's raw query string, or stands for an empty body. A dependency
        with a scope needs one here too. Raises what a call raises.
        """
        try:
            source = (
                self._read_query(request) if filter is None else read_text(filter, self._limits, self.config)
            )
            return self._answer(source, scope, principal)
        except FilterError as error:
            raise self._refusal(error, self._location) from None

    async def _read(self, request: Request) -> Source | None:
        found = self._read_query(request)
        if self.config.source == "body":
            return await read_body(request, self.config, self._limits)
        return found

    def _read_query(self, request: Request) -> Source | None:
        """Return the filter in the URL; where the body is the filter, make sure that there is none."""
        raw: bytes = request.scope["query_string"]
        if self.config.source == "query":
            return read_query(raw, self.config, self._limits)
        try:
            refuse_query(raw, self.config)
        except FilterError as error:
            raise self._refusal(error, ("query", self.config.name)) from None
        return None

    def _refusal(
        self, error: FilterError, location: tuple[str, ...]
    ) -> FilterValidationError | FilterAccessDenied:
        """Tell the log and who watches of a refusal, and return what FastAPI answers it by."""
        log_refusal(error)
        if self.config.telemetry is not None:
            self.config.telemetry.refused(self._model, error.code)
        return http_error(error, location)

    def _refused(self, error: FilterError) -> Exception:
        """Return what a handler raises for an error of the request that its rows bring to light."""
        return self._refusal(error, self._location)

    def _answer(self, source: Source | None, scope: Scope | None, principal: str | None) -> R_co:
        if self.scoped and scope is None:
            raise FilterError(ErrorCode.ACCESS_DENIED, "access to these rows is denied")
        return self._query(source, scope, principal)

    @property
    @abstractmethod
    def view(self) -> ModelView:
        """What callers see of the model. Raises ConfigurationError for a policy that fits no model."""

    def check(self) -> None:
        """Raise ConfigurationError for a policy or a model that cannot be read, related models included."""
        read_related(self.view)

    @abstractmethod
    def _query(self, source: Source | None, scope: Scope | None, principal: str | None) -> R_co:
        """Return what the dependency gives for a text, or for none."""


class QEDependency(RequestDependency[R_co]):
    """A dependency for `Depends(...)` that gives the query of a request. Made by `create_qe_dependency`.

    It is asynchronous and has one declared parameter. The filter itself is read from the raw query string
    (or the body), strictly: what FastAPI read is not used.
    """

    def __init__(
        self,
        engine: Engine[object, R_co],
        *,
        policy: SecurityPolicy | None = None,
        scope: ScopeDependency | None = None,
        principal: PrincipalDependency | None = None,
        config: QueryConfig | None = None,
        required: bool = False,
    ) -> None:
        self.engine = engine
        self.processor: Processor = Processor(engine, policy=policy, config=config, refusal=self._refused)
        self.required: bool = required or scope is not None
        """whether the result is never None"""
        config = self.processor.config
        self._compile = watched(config.telemetry, Stage.COMPILE, engine.model, engine.build_query)
        super().__init__(
            model=engine.model,
            limits=self.processor.policy.limits,
            config=config,
            document=FilterDocument(self.processor, lambda: engine.capabilities),
            scope=scope,
            principal=principal,
        )

    @property
    def view(self) -> ModelView:
        """What callers see of the model. Raises ConfigurationError for a policy that fits no model."""
        return self.processor.view

    def _query(self, source: Source | None, scope: Scope | None, principal: str | None) -> R_co:
        if source is not None:
            return self._compile(self.processor.process(source, scope=scope, principal=principal))
        if self.required:
            return self._compile(self.processor.empty(scope=scope, principal=principal))
        return cast(R_co, None)  # the overloads of `create_qe_dependency` put None into R_co just then


def _signature(
    filter: inspect.Parameter | None, scope: ScopeDependency | None, principal: PrincipalDependency | None
) -> inspect.Signature:
    parameters = [_keyword("request", Request)]
    if filter is not None:
        parameters.append(filter)
    for name, provider in (("scope", scope), ("principal", principal)):
        if provider is not None:
            parameters.append(_keyword(name, object, Depends(provider)))
    return inspect.Signature(parameters)


def _declared(config: QueryConfig, document: ParameterDocument) -> inspect.Parameter:
    query = Query(alias=config.name, description=document.description)
    return _keyword("filter", Annotated[str | None, document, query], None)


def _keyword(name: str, annotation: object, default: object = inspect.Parameter.empty) -> inspect.Parameter:
    """Return a parameter that is given by its name."""
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


@overload
def create_qe_dependency(
    engine: Engine[T, R],
    *,
    policy: SecurityPolicy | None = None,
    scope: None = None,
    principal: PrincipalDependency | None = None,
    config: QueryConfig | None = None,
    required: Literal[True],
) -> QEDependency[R]: ...
@overload
def create_qe_dependency(
    engine: Engine[T, R],
    *,
    policy: SecurityPolicy | None = None,
    scope: None = None,
    principal: PrincipalDependency | None = None,
    config: QueryConfig | None = None,
    required: bool = False,
) -> QEDependency[R | None]: ...
@overload
def create_qe_dependency(
    engine: Engine[T, R],
    *,
    policy: SecurityPolicy | None = None,
    scope: ScopeDependency,
    principal: PrincipalDependency | None = None,
    config: QueryConfig | None = None,
    required: bool = False,
) -> QEDependency[R]: ...
def create_qe_dependency(
    engine: Engine[T, R],
    *,
    policy: SecurityPolicy | None = None,
    scope: ScopeDependency | None = None,
    principal: PrincipalDependency | None = None,
    config: QueryConfig | None = None,
    required: bool = False,
) -> QEDependency[R | None]:
    """Return a FastAPI dependency that gives the query of the request's filter.

    `policy` says what callers may ask. `scope` is any FastAPI dependency that returns the rows which exist
    for the caller, as a predicate or as one for each model; None from it denies (403). `principal` is one
    that names who asks. The result is None where a request has no filter, unless `required` or a scope is
    given: then it is the query of the empty filter.

    A filter that the service does not take is FastAPI's RequestValidationError: status 422, with `loc`,
    `type` and `ctx` of the mistake.

    >>> from dataclasses import dataclass
    >>> from queryengine.memory import MemoryQueryEngine
    >>> @dataclass
    ... class Flight:
    ...     id: int
    ...     carrier: str
    >>> flights = create_qe_dependency(MemoryQueryEngine(Flight), required=True)
    >>> request = Request({"type": "http", "query_string": b"filter[where][carrier]=UA&filter[limit]=5"})
    >>> flights.build(request, None).filter.window.limit
    5
    """
    return QEDependency(
        engine, policy=policy, scope=scope, principal=principal, config=config, required=required
    )
