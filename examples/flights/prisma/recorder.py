"""Keeps the calls of a client, with their times. Knows Prisma's generated clients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from time import perf_counter
from types import ModuleType
from typing import Any

from examples.flights.backend import Native

__all__ = ["CallRecorder"]


class CallRecorder:
    """The calls of a client since the last `take`."""

    def __init__(self) -> None:
        self._calls: list[Native] = []

    def take(self) -> list[Native]:
        """Return the calls since the last call, and forget them."""
        taken, self._calls = self._calls, []
        return taken

    def client(self, generated: ModuleType, file: Path) -> Any:  # Any: what was generated here
        """Return a client for a file that keeps its calls here; it has to be connected."""
        execute: Any = generated.Prisma._execute  # noqa: SLF001  # the one method that all calls come through

        async def recorded(client: Any, **call: Any) -> Any:  # Any: the arguments of any action
            started = perf_counter()
            answer = await execute(client, **call)
            self.keep(call, perf_counter() - started)
            return answer

        class_: Any = type("RecordedPrisma", (generated.Prisma,), {"_execute": recorded})
        return class_(use_dotenv=False, datasource={"url": f"file:{file}"})

    def keep(self, call: Mapping[str, Any], seconds: float) -> None:
        """Keep a call, as a handler writes it."""
        names = {"order_by": "order"}
        asked = [
            f"  {names.get(name, name)}={value},"
            for name, value in call["arguments"].items()
            if value is not None
        ]
        name = f"{call['model'].__name__.lower()}.{call['method']}"
        self._calls.append(Native("\n".join([f"{name}(", *asked, ")"]), "python", seconds=seconds))
