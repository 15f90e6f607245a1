"""Finds the installed back-ends by the entry-point group `queryengine.backends`; loads them by name only."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from queryengine.engine import Engine
from queryengine.errors import ConfigurationError

__all__ = ["engine_for", "installed"]

GROUP = "queryengine.backends"
EngineFactory = Callable[[type[object]], Engine[object, object]]


def installed() -> tuple[str, ...]:
    """Return the names of the installed back-ends, `memory` always last.

    >>> installed()[-1]
    'memory'
    """
    return (*sorted(entry.name for entry in entry_points(group=GROUP) if entry.name != "memory"), "memory")


def engine_for(model: type[object], backend: str | None = None) -> Engine[object, object]:
    """Return an engine for a model: of the named back-end, or of the first one that knows such models.

    Raises ConfigurationError where no back-end can read the model.
    """
    reasons: list[str] = []
    for name in installed() if backend is None else (backend,):
        try:
            engine = _load(name)(model)
            _ = engine.schema
        except ConfigurationError as error:
            reasons.append(f"{name}: {error}")
        else:
            return engine
    raise ConfigurationError(f"no back-end reads {model.__qualname__}; " + "; ".join(reasons))


def _load(name: str) -> EngineFactory:
    found = list(entry_points(group=GROUP, name=name))
    if not found:
        raise ConfigurationError(f"no back-end {name!r} is installed, but: {', '.join(installed())}")
    try:
        return cast(EngineFactory, found[0].load())
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"back-end {name!r} cannot be loaded: {error}") from error
