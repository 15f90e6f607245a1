"""Finds the dependencies of filters and aggregates below an application's routes. Knows FastAPI's tree."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from fastapi import FastAPI, routing
from fastapi.dependencies.models import Dependant
from starlette.routing import Mount

from queryengine.dependency import RequestDependency

__all__ = ["Endpoint", "Use", "applications", "endpoints"]


@dataclass(frozen=True, slots=True)
class Use:
    """A dependency of ours in a tree: `caller` takes its result, as `parameter` (None: for nothing)."""

    dependency: RequestDependency[object]
    caller: Callable[..., object]
    parameter: str | None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A route with our dependencies below it; `methods` is empty for WebSockets.

    `response` is the type by which FastAPI writes the answer, None where it leaves out what was not set too.
    """

    path: str
    methods: frozenset[str]
    documented: bool
    uses: tuple[Use, ...]
    response: object = None


def applications(app: FastAPI) -> Iterator[FastAPI]:
    """Yield an application and those that are mounted in it."""
    yield app
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, FastAPI):
            yield from applications(route.app)


def endpoints(app: FastAPI) -> Iterator[Endpoint]:
    """Yield the routes of one application that have dependencies of ours, those of its routers too."""
    for route in _routes(app):
        original = getattr(route, "original_route", route)
        if not isinstance(original, routing.APIRoute | routing.APIWebSocketRoute):
            continue
        uses = tuple(_uses(route.dependant))
        if not uses:
            continue
        if isinstance(original, routing.APIRoute):
            methods, documented = frozenset(route.methods), bool(route.include_in_schema)
            response: object = None if original.response_model_exclude_unset else original.response_model
            yield Endpoint(route.path_format, methods, documented, uses, response)
        else:
            yield Endpoint(route.path, frozenset(), documented=False, uses=uses)


def _routes(app: FastAPI) -> Iterable[Any]:  # Any: routes, or what FastAPI makes of those of routers
    flatten = getattr(routing, "iter_route_contexts", None)  # before it came, `app.routes` was flat
    return app.routes if flatten is None else flatten(app.routes)


def _uses(dependant: Dependant) -> Iterator[Use]:
    for below in dependant.dependencies:
        if _is_filter(below.call) and dependant.call is not None:
            yield Use(below.call, dependant.call, below.name)
        yield from _uses(below)


def _is_filter(call: object) -> TypeGuard[RequestDependency[object]]:
    return isinstance(call, RequestDependency)
