"""Finds the mistakes of an application that would else show with a request. Knows FastAPI and the stages.

They are bad policies and examples, annotations beside `Depends(...)` that say something else than the
dependency gives, filters where requests cannot carry them, and response models that do not show what
`fields` asks for.
"""

from __future__ import annotations

import functools
import inspect
import types
import typing
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Annotated, Any, TypeAlias, TypeVar, Union, get_args, get_origin

from fastapi import FastAPI

from queryengine.aggregate_dependency import is_aggregate
from queryengine.aggregates import AggregateEngine, AggregateResult
from queryengine.dependency import QEDependency, RequestDependency
from queryengine.engine import Engine
from queryengine.errors import ConfigurationError
from queryengine.response_model import writes_whole
from queryengine.routes import Endpoint, Use, applications, endpoints

__all__ = ["check_app"]

Type: TypeAlias = object
"""An annotation: an object of one of many classes that share no base."""
NONE = type(None)
EMPTY = inspect.Parameter.empty


def check_app(app: FastAPI) -> None:
    """Raise ConfigurationError that lists the mistakes of an application, of its routers and mounts.

    - A policy or a model that cannot be read: the policy's paths, its response model and all related models
      are read here, and not with the first request.
    - An annotation that is not what the dependency gives. `Annotated[X, Depends(flights)]` says X twice, and
      type checkers cannot see whether the two agree. X is compared with what the engine's `build_query` is
      annotated to return, for the engine's model, and with None unless the dependency is `required` or has a
      scope. X may be wider: a base class, `object`, a union. An engine without an annotation on
      `build_query`, or with other type variables than its model's, tells nothing: there anything passes.
    - Beside a dependency of aggregates, the same: X is an `AggregateResult` of its `row=` and of what the
      engine's `build_aggregate` returns. A `row=` that nothing fills, or that cannot hold each answer.
    - A route whose `response_model` writes the policy's response model whole, although callers may ask for
      some `fields`: FastAPI would write null for those that were not asked for.
    - A `QueryConfig.example` that is no filter which the dependency takes.
    - A filter in the body of a GET or HEAD request; one in the body beside one in the URL of the same
      `QueryConfig.parameter`, which the first refuses.

    A scope is not called, as it may ask databases and users: a misspelt name in its predicate is a
    ConfigurationError with the first request, so let a test make one.

    Call it when the routes are there and the models can be read; where an ORM has to be initialised before
    its models know their relations, after that.

    >>> check_app(FastAPI())
    """
    mistakes = [
        f"{endpoint.path}: {mistake}"
        for part in applications(app)
        for endpoint in endpoints(part)
        for use in endpoint.uses
        for mistake in _mistakes(use, endpoint)
    ]
    if mistakes:
        raise ConfigurationError("\n".join(dict.fromkeys(mistakes)))


def _mistakes(use: Use, endpoint: Endpoint) -> Iterator[str]:
    if not endpoint.methods:
        yield "a WebSocket has no filter: its dependency reads HTTP requests"
        return
    if use.parameter is not None:
        yield from _wrong_annotation(use.caller, use.parameter, use.dependency)
    try:
        use.dependency.check()
    except ConfigurationError as error:
        yield str(error)
        return
    yield from _misplaced(use, endpoint)
    try:
        use.dependency.document.check_example()
    except ConfigurationError as error:
        yield str(error)
    yield from _written_whole(use.dependency, endpoint)


def _written_whole(dependency: RequestDependency[object], endpoint: Endpoint) -> Iterator[str]:
    if not isinstance(dependency, QEDependency):
        return
    view = dependency.view
    expose = view.expose
    selects = dependency.engine.capabilities.projection and any(f.select for f in view.fields.values())
    if expose is not None and selects and writes_whole(endpoint.response, expose):
        name = expose.__name__
        yield (
            f"the response model writes {name} whole, whatever `fields` ask for: return the projection model "
            f"and say Narrowed[{name}], or take the right away with Access(select=False)"
        )


def _misplaced(use: Use, endpoint: Endpoint) -> Iterator[str]:
    config = use.dependency.config
    if config.source == "query":
        return
    for method in sorted(endpoint.methods & {"GET", "HEAD"}):
        yield f"the filter is the body of a {method} request, which clients and proxies may drop: use POST"
    others = (other.dependency.config for other in endpoint.uses)
    if any(other.source == "query" and other.name == config.name for other in others):
        yield (
            f"one filter {config.name!r} stands in the URL and one in the body, which refuses the "
            "other: give one of them another QueryConfig.parameter"
        )


# -- what stands beside `Depends`


def _wrong_annotation(
    caller: Callable[..., object], parameter: str, dependency: RequestDependency[object]
) -> Iterator[str]:
    actual = _result_type(dependency)
    try:
        declared = _declared(caller, parameter)
    except Exception as error:  # noqa: BLE001  # an annotation in quotes is code, and may raise anything
        yield f"{_name(caller)}: the annotation of {parameter} cannot be evaluated: {error}"
    else:
        if declared is not EMPTY and actual is not None and not _accepts(declared, actual):
            yield f"{_name(caller)}: {parameter} is {_text(declared)}, but is given {_text(actual)}"


def _declared(caller: Callable[..., object], parameter: str) -> Type:
    """What stands beside `Depends`, or EMPTY where nothing does."""
    found = inspect.signature(caller, eval_str=True).parameters.get(parameter)
    if found is None or found.annotation is EMPTY:
        return EMPTY
    # The signature leaves what stands in quotes within an annotation: `Annotated["Flights | None", ...]`.
    said = SimpleNamespace(__annotations__={parameter: found.annotation})
    names: dict[str, object] = getattr(_function(caller), "__globals__", {})
    return typing.get_type_hints(said, names, include_extras=True)[parameter]


def _function(caller: Callable[..., object]) -> object:
    """The function behind a partial, a class or an object that can be called."""
    caller = inspect.unwrap(caller)
    if isinstance(caller, functools.partial):
        return _function(caller.func)
    if inspect.isroutine(caller):
        return getattr(caller, "__func__", caller)
    return inspect.getattr_static(caller, "__init__") if isinstance(caller, type) else type(caller).__call__


# -- what a dependency gives


def _result_type(dependency: RequestDependency[object]) -> Type | None:
    """What a dependency gives, as its engine is annotated; None where that says nothing."""
    if is_aggregate(dependency):
        query = _returned(dependency.engine, "build_aggregate")
        generic: Any = AggregateResult  # Any: type checkers want to see its arguments
        result: Type = generic[dependency.row, Any if query is None else query]
        return result
    if not isinstance(dependency, QEDependency):
        return None
    found = _returned(dependency.engine, "build_query")
    return found if dependency.required or found is None else _optional(found)


def _returned(engine: Engine[object, object] | AggregateEngine[object], method: str) -> Type | None:
    """The return annotation of an engine's method for its model; None where it says nothing."""
    owner = next((cls for cls in type(engine).__mro__ if method in vars(cls)), None)
    if owner is None:
        return None
    try:
        hint: Type = typing.get_type_hints(vars(owner)[method]).get("return")
    except NameError:
        return None
    result = _substituted(hint, _bound(owner, _arguments(type(engine), owner)))
    free = _free(result)
    if hint is None or len(free) > 1 or isinstance(result, TypeVar):
        return None
    return _substituted(result, dict.fromkeys(free, engine.model))


def _optional(result: Type) -> Type:
    generic: Any = Union  # Any: type checkers want to see its arguments
    return generic[result, None]


def _arguments(cls: type[object], owner: type[object]) -> tuple[Type, ...]:
    """What a class puts for the type variables of a class that it comes from."""
    for base in getattr(cls, "__orig_bases__", cls.__bases__):
        origin = get_origin(base) or base
        if cls is not owner and isinstance(origin, type) and issubclass(origin, owner):
            bound = _bound(origin, get_args(base))
            return tuple(_substituted(argument, bound) for argument in _arguments(origin, owner))
    return _free(owner)


def _bound(generic: Type, arguments: tuple[Type, ...]) -> dict[TypeVar, Type]:
    """What stands for the type variables of a generic class when it is given arguments."""
    return dict(zip(_free(generic), arguments, strict=False))


def _free(hint: Type) -> tuple[TypeVar, ...]:
    return (hint,) if isinstance(hint, TypeVar) else tuple(getattr(hint, "__parameters__", ()))


def _substituted(hint: Type, bound: dict[TypeVar, Type]) -> Type:
    if isinstance(hint, TypeVar):
        return bound.get(hint, hint)
    free = _free(hint)
    if not free or isinstance(hint, type):
        return hint
    generic: Any = hint  # Any: aliases of all kinds take their arguments in brackets
    return generic[tuple(bound.get(variable, variable) for variable in free)]


# -- whether it fits


def _accepts(declared: Type, actual: Type) -> bool:
    """Whether every value of the one type is a value of the other, as far as annotations tell."""
    wanted = _alternatives(declared)
    return all(any(_accepts_one(one, given) for one in wanted) for given in _alternatives(actual))


def _alternatives(annotation: Type) -> list[Type]:
    """The types of a union, without `Annotated` and aliases."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _alternatives(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return [part for argument in get_args(annotation) for part in _alternatives(argument)]
    named = getattr(annotation, "__value__", annotation)  # what `type X = ...` makes has a value
    return [NONE if annotation is None else annotation] if named is annotation else _alternatives(named)


def _accepts_one(declared: Type, actual: Type) -> bool:
    if Any in (declared, actual) or declared == actual:
        return True
    origin, given = get_origin(declared) or declared, get_origin(actual) or actual
    if not isinstance(origin, type) or not isinstance(given, type):
        return False
    try:
        fits = issubclass(given, origin)
    except TypeError:  # a protocol that cannot be asked
        return True
    wanted = get_args(declared)
    if not fits or not wanted:
        return fits
    return all(_accepts(*pair) for pair in zip(wanted, _seen_as(actual, origin), strict=False))


def _seen_as(actual: Type, base: type[object]) -> tuple[Type, ...]:
    """The arguments of a base class of a type: of `MemoryQueryResult[Flight]` those of `tuple`."""
    given = get_origin(actual) or actual
    if given is base:
        return get_args(actual)
    bound = _bound(given, get_args(actual))
    for parent in getattr(given, "__orig_bases__", ()):
        origin = get_origin(parent) or parent
        if isinstance(origin, type) and issubclass(origin, base):
            return _seen_as(_substituted(parent, bound), base)
    return ()


def _name(caller: Callable[..., object]) -> str:
    return str(getattr(caller, "__qualname__", type(caller).__qualname__))


def _text(annotation: Type) -> str:
    """An annotation as one would write it."""
    parts = _alternatives(annotation)
    if len(parts) > 1:
        return " | ".join(map(_text, parts))
    annotation = parts[0]
    arguments = get_args(annotation)
    if arguments:
        return f"{_text(get_origin(annotation))}[{', '.join(map(_text, arguments))}]"
    return "None" if annotation is NONE else str(getattr(annotation, "__qualname__", annotation))
