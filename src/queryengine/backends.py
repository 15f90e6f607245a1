"""Finds the installed back-ends by the entry-point group `queryengine.backends`; loads them by name only."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from queryengine.engine import Engine
from queryengine.errors import ConfigurationError

__all__ = ["engine_for", "installed"]

GROUP = "queryengine.backends"
EngineFactory = Callable[..., Engine[object, object]]
"""What makes an engine of a model, and of the settings of its back-end by their names."""


def installed() -> tuple[str, ...]:
    """Return the names of the installed back-ends, `memory` always last.

    >>> installed()[-1]
    'memory'
    """
    return (*sorted(entry.name for entry in entry_points(group=GROUP) if entry.name != "memory"), "memory")


def engine_for(
    model: type[object], backend: str | None = None, dialect: str | None = None
) -> Engine[object, object]:
    """Return an engine for a model: of the named back-end, or of the first one that knows such models.

    A dialect is for back-ends that have such a setting; others are passed over then. Raises
    ConfigurationError where no back-end can read the model.
    """
    settings = {} if dialect is None else {"dialect": dialect}
    reasons: list[str] = []
    for name in installed() if backend is None else (backend,):
        try:
            engine = _load(name, dialect=dialect is not None)(model, **settings)
            _ = engine.schema
        except ConfigurationError as error:
            reasons.append(f"{name}: {error}")
        else:
            return engine
    raise ConfigurationError(f"no back-end reads {model.__qualname__}; " + "; ".join(reasons))


def _load(name: str, *, dialect: bool) -> EngineFactory:
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigurationError(f"no back-end {name!r} is installed, but: {', '.join(installed())}")
    try:
        factory = cast(EngineFactory, found[0].load())
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"back-end {name!r} cannot be loaded: {error}") from error
    if dialect and "dialect" not in inspect.signature(factory).parameters:
        raise ConfigurationError("it has no dialects")
    return factory
