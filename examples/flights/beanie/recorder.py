"""Keeps the commands that a client sends, with their times. Knows PyMongo's events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)
from typing_extensions import override

from examples.flights.backend import Native

__all__ = ["CommandRecorder"]

SHOWN: Final[Mapping[str, tuple[str, ...]]] = {
    "find": ("filter", "projection", "sort", "skip", "limit"),
    "aggregate": ("pipeline",),
}
"""the commands that are queries, with their parts that the service has made"""


class CommandRecorder(CommandListener):
    """The queries since the last `take`."""

    def __init__(self) -> None:
        self._queries: list[Native] = []
        self._running: dict[int, Native] = {}

    def take(self) -> list[Native]:
        """Return the queries since the last call, and forget them."""
        taken, self._queries = self._queries, []
        return taken

    @override
    def started(self, event: CommandStartedEvent) -> None:
        parts = SHOWN.get(event.command_name)
        if parts is None:
            return
        command: Mapping[str, Any] = event.command  # Any: values of all types that BSON has
        name = f"{command[event.command_name]}.{event.command_name}"
        asked = {part: command[part] for part in parts if command.get(part)}
        query = Native(f"{name}({_lines(asked)})", "python")
        self._queries.append(query)
        self._running[event.request_id] = query

    @override
    def succeeded(self, event: CommandSucceededEvent) -> None:
        query = self._running.pop(event.request_id, None)
        if query is not None:
            query.seconds = event.duration_micros / 1e6

    @override
    def failed(self, event: CommandFailedEvent) -> None:
        self._running.pop(event.request_id, None)


def _lines(asked: Mapping[str, Any]) -> str:
    """Each part on a line of its own, and each stage of a pipeline."""
    lines: list[str] = []
    for part, value in asked.items():
        lines += [f"  {stage}," for stage in value] if part == "pipeline" else [f"  {part}={value},"]
    return "\n".join(["", *lines, ""])
