"""The group `aggregates`: an aggregate's text to the select of its groups, beside one written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from queryengine_sqlalchemy.aggregates import AggregateSelect
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from benchmarks.harness import Row, Runner, calls, compare
from benchmarks.models import Flight, FlightOut, database
from benchmarks.peers import handwritten
from queryengine import SecurityPolicy
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import AggregateAST
from queryengine.parsed import Source

__all__ = ["aggregate_rows"]

QUESTIONS: Final = 720
"""how many sets of values a known shape is asked with"""

ByHand = Select[str, int, Any, int]  # Any: what SQLAlchemy says of an average


class Delays(BaseModel):
    """What is asked of the groups."""

    carrier_code: str = ""
    count: int = 0
    avg_dep_delay: float | None = None
    max_distance: int | None = None


class _Ours:
    """One engine, one policy and one row, as a service has them: made once, their caches kept."""

    def __init__(self) -> None:
        self._engine = SQLAlchemyQueryEngine(Flight)
        policy = SecurityPolicy(expose=FlightOut)
        self._processor = AggregateProcessor(self._engine, Delays, policy=policy)

    def ast(self, text: str) -> AggregateAST:
        return self._processor.process(Source(text))

    def statement(self, text: str) -> AggregateSelect:
        return self._engine.build_aggregate(self.ast(text))


def aggregate_rows(rounds: int) -> list[Row]:
    """Compare groups by carrier: a count, an average, an extreme; a condition on rows and one on groups."""
    ours = _Ours()
    texts = [_text(month=number % 12 + 1, least=number % 60) for number in range(QUESTIONS)]
    by_hand = [(number % 12 + 1, number % 60) for number in range(QUESTIONS)]
    _assert_same_groups(ours, texts, by_hand)
    following, values = cycle(texts), cycle(by_hand)
    hand: Runner = calls(lambda: _by_hand(*next(values)))
    return [
        compare(name, handwritten.NAME, ours=mine, theirs=hand, rounds=rounds)
        for name, mine in (
            ("known shape: text to bound aggregate", calls(lambda: ours.ast(next(following)))),
            ("known shape: text to Select of groups", calls(lambda: ours.statement(next(following)))),
        )
    ]


def _text(*, month: int, least: int) -> str:
    asked = {
        "groupBy": ["carrier_code"],
        "count": True,
        "avg": ["dep_delay"],
        "max": ["distance"],
        "where": {"month": {"lte": month}},
        "having": {"count": {"gt": least}},
        "order": "-count",
        "limit": 20,
    }
    return json.dumps(asked, separators=(",", ":"))


def _by_hand(month: int, least: int) -> ByHand:
    count = func.count()
    return (
        select(Flight.carrier_code, count, func.avg(Flight.dep_delay), func.max(Flight.distance))
        .where(Flight.month <= month)
        .group_by(Flight.carrier_code)
        .having(count > least)
        .order_by(count.desc(), Flight.carrier_code)
        .limit(20)
    )


def _assert_same_groups(ours: _Ours, texts: Sequence[str], by_hand: Sequence[tuple[int, int]]) -> None:
    """Both sides must give the same answers to some of the questions, and not only empty ones."""
    engine = database()
    found = 0
    with Session(engine) as session:
        for text, values in list(zip(texts, by_hand, strict=True))[::31]:
            groups = [tuple(each) for each in session.execute(ours.statement(text))]
            if groups != [tuple(each) for each in session.execute(_by_hand(*values))]:
                raise AssertionError(f"the sides differ on {text}")
            found += len(groups)
    engine.dispose()
    if found == 0:
        raise AssertionError("no question finds a group")
