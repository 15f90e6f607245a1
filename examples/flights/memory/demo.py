"""Python objects among the back-ends: a month of flights, and no gap in what the demo asks."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pprint import pformat
from time import perf_counter
from typing import Final, TypeVar

from rich.console import Console
from typing_extensions import override

from examples.flights.backend import Backend, Native, Running, Truth
from examples.flights.memory.rows import Group, Rows, load
from examples.flights.memory.service import create_app
from queryengine.aggregate_memory import MemoryAggregateResult
from queryengine.memory import MemoryQuery
from queryengine.printer import Document, to_document

__all__ = ["BACKEND"]

T = TypeVar("T")


class RecordedRows(Rows):
    """Rows that keep what they are asked: the bound filter itself is the query."""

    def __init__(self, rows: Rows) -> None:
        super().__init__(rows.by_model)
        self._queries: list[Native] = []

    @override
    def all(self, model: type[T], query: MemoryQuery[T]) -> list[T]:
        started = perf_counter()
        found = super().all(model, query)
        self._note(model, to_document(query.filter), perf_counter() - started)
        return found

    @override
    def groups(self, model: type[object], result: MemoryAggregateResult[Group]) -> list[Group]:
        started = perf_counter()
        found = super().groups(model, result)
        seconds, asked = perf_counter() - started, result.aggregate
        groups = {"groups": list(asked.names), "rows": to_document(asked.rows)}
        self._note(model, groups | to_document(asked.groups), seconds)
        return found

    def _note(self, model: type[object], asked: Document, seconds: float) -> None:
        document = pformat(asked, sort_dicts=False, width=100)
        self._queries.append(Native(f"{model.__name__}: {document}", "python", seconds=seconds))

    def take(self) -> list[Native]:
        """Return the queries since the last call, and forget them."""
        taken, self._queries = self._queries, []
        return taken


@asynccontextmanager
async def open_service(truth: Truth, console: Console) -> AsyncGenerator[Running]:
    """Read the flights, and serve them."""
    with console.status("reading the flights"):
        rows = RecordedRows(load(truth.days))
    yield Running(create_app(rows), rows)


# A month, because each request looks at all rows.
BACKEND: Final = Backend(name="memory", database="Python objects", days=31, open=open_service)
