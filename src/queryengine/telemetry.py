"""What may watch the way of a filter: how long each stage takes, what the cache knows, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import ParamSpec, Protocol, TypeVar, runtime_checkable

from queryengine.errors import ErrorCode

__all__ = ["Stage", "Telemetry", "watched"]

P = ParamSpec("P")
R = TypeVar("R")


class Stage(StrEnum):
    """A part of a filter's way. One whose shape is known goes through the last two only."""

    PARSE = "parse"
    """text to tree"""
    BIND = "bind"
    """names to fields, rights and row scope"""
    FILL = "fill"
    """values, read and checked"""
    COMPILE = "compile"
    """the bound filter to the native query"""


@runtime_checkable
class Telemetry(Protocol):
    """What hears of the filters of a dependency, as `QueryConfig(telemetry=...)`.

    It is told the service's own model, and nothing that a caller wrote.
    """

    def watch(self, stage: Stage, model: type[object], call: Callable[P, R]) -> Callable[P, R]:
        """Return a stage's function with what it takes to watch it; asked once, when the stage is made."""
        ...

    def looked_up(self, model: type[object], *, hit: bool) -> None:
        """Hear whether the shape of a filter was known."""
        ...

    def refused(self, model: type[object], code: ErrorCode) -> None:
        """Hear that a filter was refused."""
        ...


def watched(
    telemetry: Telemetry | None, stage: Stage, model: type[object], call: Callable[P, R]
) -> Callable[P, R]:
    """Return the function of a stage: as it is where nobody watches, so that this costs nothing."""
    return call if telemetry is None else telemetry.watch(stage, model, call)
