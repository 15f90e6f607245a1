"""The group `paging`: page 1,000 by cursor beside page 1, and beside the same page by offset."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from queryengine_sqlalchemy import SQLAlchemyQueryEngine, fetch_page_sync
from rich.console import Console
from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from benchmarks.harness import Row, Runner, calls, measure, row
from examples.flights.sqlalchemy.load import ensure_database
from examples.flights.sqlalchemy.models import Flight
from queryengine import Page, Processor, QueryConfig, SecurityPolicy
from queryengine.parsed import Source

__all__ = ["paging_rows"]

SIZE: Final = 50
PAGE: Final = 1_000
BAR: Final = 1.2
"""page 1,000 over page 1, where an index serves the order"""
ORDERS: Final[Sequence[tuple[str, Mapping[str, str], str, float | None]]] = (
    ("by the primary key", {}, "id", BAR),
    ("from JFK by the hour, few ties", {"origin": "JFK"}, "time_hour", BAR),
    ("by date, 920 ties", {}, "date", None),
    ("by delay, nulls last", {}, "-dep_delay", None),
)
"""what is asked for: a name, the condition, the order, and the bar"""


def paging_rows(rounds: int) -> list[Row]:
    """Compare pages of the demo's 336,776 flights on SQLite, from the filter's text to objects."""
    engine = create_engine(f"sqlite:///{ensure_database(Console())}")
    with Session(engine) as session:
        pages = _Pages(session)
        rows = [
            each
            for name, where, order, bar in ORDERS
            for each in _rows_of(name, pages, _filter(where, order), rounds, bar)
        ]
    engine.dispose()
    return rows


class _Pages:
    """Fetches pages by one engine and one policy, as a service does."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._engine = SQLAlchemyQueryEngine(Flight, dialect="sqlite")
        config = QueryConfig(cursor_secret="the benchmark's own")  # noqa: S106  # guards nothing
        self._processor = Processor(self._engine, policy=SecurityPolicy(), config=config)
        self.flights = session.scalar(select(func.count()).select_from(Flight)) or 0

    def fetch(self, document: dict[str, object]) -> Page[Flight]:
        """Fetch a page into an empty session."""
        self._session.expunge_all()
        bound = self._processor.process(Source(json.dumps(document)))
        return fetch_page_sync(self._session, self._engine.build_query(bound))


def _filter(where: Mapping[str, str], order: str) -> dict[str, object]:
    return {**({"where": where} if where else {}), "order": order, "limit": SIZE}


def _rows_of(
    name: str, pages: _Pages, document: dict[str, object], rounds: int, bar: float | None
) -> list[Row]:
    offset = (PAGE - 1) * SIZE
    cursor = pages.fetch({**document, "offset": offset - SIZE}).next
    first, by_cursor, by_offset = document, {**document, "after": cursor}, {**document, "offset": offset}
    there, again = pages.fetch(by_cursor), pages.fetch(by_offset)
    if not there.items or [each.id for each in there.items] != [each.id for each in again.items]:
        raise AssertionError(f"the cursor leads to another page than the offset: {document}")
    figures = measure([_turns(pages, each) for each in (first, by_cursor, by_offset)], rounds=rounds)
    return [
        row(
            f"{pages.flights:,} {name}: page {PAGE:,} by cursor",
            peer,
            ours_us=figures[1],
            peer_us=figures[place],
            bar=least,
        )
        for peer, place, least in (("page 1", 0, bar), ("the same page by offset", 2, None))
    ]


def _turns(pages: _Pages, document: dict[str, object]) -> Runner:
    return calls(lambda: pages.fetch(document))
