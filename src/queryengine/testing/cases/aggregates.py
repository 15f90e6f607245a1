"""Aggregates over known rows, and the groups that the contract says they give."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any, Final, TypeAlias

from queryengine.errors import ErrorCode
from queryengine.predicate import Predicate, field
from queryengine.testing.cases.table import maker, region, thing
from queryengine.testing.world import Item

__all__ = ["AggregateCase", "Groups", "aggregate_cases"]

Groups: TypeAlias = Sequence[tuple[object, ...]]
"""The values of each group, in order: those of its keys, and then of its functions."""
Asked: TypeAlias = Sequence[tuple[Mapping[str, Any], Groups | ErrorCode]]  # Any: values as JSON has them


@dataclass(frozen=True, slots=True)
class AggregateCase:
    """An aggregate over an entity, the rows that are there, and what the contract says that it gives.

    The answer is an error where every back-end fails: when the aggregate is bound, or, for a sum that 64 bits
    do not hold, when it runs. `name` is unique among all cases. `scope` has the row scopes, by entity.
    """

    name: str
    entity: str
    items: Sequence[Item]
    aggregate: Mapping[str, Any]  # Any: values as JSON has them
    answer: Groups | ErrorCode
    scope: Mapping[str, Predicate] | None = None

    def __str__(self) -> str:
        return f"{self.name}: {self.entity} {json.dumps(self.aggregate, ensure_ascii=False)}"


@cache
def aggregate_cases() -> tuple[AggregateCase, ...]:
    """Return all cases of aggregates, over the same rows."""
    return tuple(_cases())


def _cases() -> Iterator[AggregateCase]:
    for name, asked in ASKED.items():
        for place, (aggregate, answer) in enumerate(asked, start=1):
            yield AggregateCase(f"aggregate {name} {place}", "Thing", ITEMS, aggregate, answer)
    for place, (scope, aggregate, answer) in enumerate(SCOPED, start=1):
        yield AggregateCase(f"aggregate scope {place}", "Thing", ITEMS, aggregate, answer, scope)


NOON: Final = dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)
ITEMS: Final = (
    region(1, name="east", rank=5),
    maker(1, name="b", region_id=1),
    maker(2, name="B"),
    maker(3, name="É", region_id=1),
    thing(
        1,
        count=2,
        big=2**62,
        price=Decimal("10.10"),
        name="a",
        active=True,
        tested=True,
        day=dt.date(2024, 2, 29),
        seen=NOON,
        length=dt.timedelta(hours=1),
        owner_id=1,
        maker_id=1,
        details={"width": 3},
    ),
    thing(
        2,
        count=2,
        big=2**62,
        price=Decimal("0.05"),
        fee=Decimal("0.00001"),
        share=0.5,
        name="B",
        seen=NOON + dt.timedelta(milliseconds=1),
        owner_id=1,
        maker_id=2,
        parent_id=1,
    ),
    thing(
        3,
        count=1,
        price=Decimal("0.10"),
        share=-0.5,
        name="\uffff",
        note="x",
        until=dt.date(2024, 3, 1),
        clock=dt.time(23, 59),
        owner_id=2,
        parent_id=1,
        details={"width": 3, "label": "w"},
    ),
    thing(
        4,
        count=3,
        big=5,
        price=Decimal("-0.10"),
        fee=Decimal("9999999999.99999"),
        name="\U00010000",
        delay=dt.timedelta(microseconds=-1),
        owner_id=3,
        maker_id=3,
        parent_id=2,
        details={"width": None},
    ),
    thing(5, count=1, big=-7, name="b", gone=NOON, owner_id=3, maker_id=3),
)

COUNTS: Final[Asked] = (
    ({"count": True}, [(5,)]),
    ({"count": True, "where": {"id": 9}}, [(0,)]),
    ({"count": True, "where": {"big": None}}, [(1,)]),
    ({"countDistinct": ["big", "note"]}, [(3, 1)]),
    ({"countDistinct": ["active", "tested"]}, [(2, 1)]),
    ({"countDistinct": ["price", "day"], "where": {"id": 9}}, [(0, 0)]),
    ({"countDistinct": "maker.region.rank"}, [(1,)]),
    ({"count": True, "where": {"parts": {"some": {"name": "x"}}}}, [(0,)]),
)
SUMS: Final[Asked] = (
    ({"sum": "count", "avg": "count"}, [(9, 1.8)]),
    ({"sum": "count", "avg": "count", "where": {"id": 9}}, [(None, None)]),
    ({"sum": "big", "avg": "big", "where": {"big": None}}, [(None, None)]),
    ({"sum": "big", "avg": "big", "where": {"id": {"gt": 2}}}, [(-2, -1.0)]),
    ({"sum": "big", "avg": "big", "where": {"id": {"in": [1, 3]}}}, [(2**62, float(2**62))]),
    ({"sum": "big", "where": {"id": {"in": [1, 4]}}}, [(2**62 + 5,)]),
    ({"sum": "big", "where": {"id": {"lt": 5}}}, ErrorCode.OUT_OF_RANGE),
    ({"avg": "big", "where": {"id": {"lt": 5}}}, ErrorCode.OUT_OF_RANGE),
    ({"groupBy": "count", "sum": "big"}, ErrorCode.OUT_OF_RANGE),
    ({"sum": "price", "avg": "price"}, [(Decimal("10.15"), 10.15 / 5)]),
    ({"sum": "fee"}, [(Decimal("10000000000.00000"),)]),
    ({"sum": "maker.region.rank", "avg": "parent.count"}, [(15, 2.0)]),
    (
        {"groupBy": "count", "sum": "price"},
        [(1, Decimal("0.10")), (2, Decimal("10.15")), (3, Decimal("-0.10"))],
    ),
    ({"sum": "ratio"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"avg": "share"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"sum": "length"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"sum": "name"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
)
EXTREMES: Final[Asked] = (
    ({"min": ["big", "count"], "max": ["big", "count"]}, [(-7, 1, 2**62, 3)]),
    ({"min": "big", "max": "big", "where": {"big": None}}, [(None, None)]),
    ({"min": "name", "max": "name"}, [("B", "\U00010000")]),
    ({"min": ["price", "fee"], "max": "price"}, [(Decimal("-0.10"), Decimal("0.00001"), Decimal("10.10"))]),
    ({"min": "share", "max": "share"}, [(-0.5, 0.5)]),
    (
        {"min": ["day", "until"], "max": "day"},
        [(dt.date(2000, 1, 1), dt.date(2024, 3, 1), dt.date(2024, 2, 29))],
    ),
    ({"min": "gone", "max": ["seen", "gone"]}, [(NOON, NOON + dt.timedelta(milliseconds=1), NOON)]),
    (
        {"min": "length", "max": ["length", "delay"]},
        [(dt.timedelta(0), dt.timedelta(hours=1), dt.timedelta(microseconds=-1))],
    ),
    ({"min": "clock", "max": ["clock", "alarm"]}, [(dt.time(0), dt.time(23, 59), None)]),
    ({"min": "maker.name", "max": "parent.maker.region.name"}, [("B", "east")]),
    ({"groupBy": "parent.id", "max": "name"}, [(None, "b"), (1, "\uffff"), (2, "\U00010000")]),
    ({"min": "active"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"max": "uid"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"max": "data"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
)
GROUPS: Final[Asked] = (
    ({"groupBy": "count"}, [(1,), (2,), (3,)]),
    ({"groupBy": "active", "count": True, "where": {"id": 9}}, []),
    ({"groupBy": "tested", "count": True}, [(None, 4), (True, 1)]),
    ({"groupBy": "maker.name", "count": True}, [(None, 1), ("B", 1), ("b", 1), ("É", 2)]),
    ({"groupBy": "name"}, [("B",), ("a",), ("b",), ("\uffff",), ("\U00010000",)]),
    (
        {"groupBy": ["active", "big"], "count": True},
        [(False, None, 1), (False, -7, 1), (False, 5, 1), (False, 2**62, 1), (True, 2**62, 1)],
    ),
    ({"groupBy": "maker.region.name", "sum": "count"}, [(None, 3), ("east", 6)]),
    (
        {"groupBy": "price", "count": True, "where": {"price": {"lt": 10}}},
        [(Decimal("-0.10"), 1), (Decimal(0), 1), (Decimal("0.05"), 1), (Decimal("0.10"), 1)],
    ),
    ({"groupBy": "until", "count": True}, [(None, 4), (dt.date(2024, 3, 1), 1)]),
    ({"groupBy": "gone", "count": True}, [(None, 4), (NOON, 1)]),
    ({"groupBy": "delay", "count": True}, [(None, 4), (dt.timedelta(microseconds=-1), 1)]),
    ({"groupBy": "details.width", "count": True}, [(None, 3), (3, 2)]),
    ({"groupBy": "count", "max": "details.label"}, [(1, "w"), (2, None), (3, None)]),
    ({"groupBy": "color"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"groupBy": "data"}, ErrorCode.OPERATOR_NOT_APPLICABLE),
    ({"groupBy": "parts.name"}, ErrorCode.NOT_ALLOWED),
    ({"groupBy": "owner"}, ErrorCode.NOT_ALLOWED),
    ({"groupBy": "nothing"}, ErrorCode.UNKNOWN_FIELD),
    ({"groupBy": ["count", "count"]}, ErrorCode.DUPLICATE_KEY),
)
GIVEN: Final[Asked] = (
    ({"groupBy": "count", "count": True, "having": {"count": {"gte": 2}}}, ErrorCode.DUPLICATE_KEY),
    ({"groupBy": "owner.name", "count": True, "having": {"count": {"gte": 2}}}, [("b", 2), ("É", 2)]),
    ({"count": True, "having": {"count": {"gt": 5}}}, []),
    ({"groupBy": "maker.name", "sum": "count", "having": {"maker_name": None}}, [(None, 1)]),
    (
        {"groupBy": "maker.name", "avg": "count", "having": {"avg_count": {"in": [1, 2]}}},
        [(None, 1.0), ("B", 2.0), ("b", 2.0), ("É", 2.0)],
    ),
    (
        {"groupBy": "maker.name", "max": "big", "having": {"not": {"max_big": {"gt": 5}}}},
        [(None, None), ("É", 5)],
    ),
    (
        {"groupBy": "count", "sum": "price", "having": {"sum_price": {"gt": "-0.1"}}},
        [(1, Decimal("0.10")), (2, Decimal("10.15"))],
    ),
    ({"groupBy": "owner.name", "count": True, "order": "-count"}, [("b", 2), ("É", 2), ("B", 1)]),
    (
        {
            "groupBy": "maker.name",
            "max": "big",
            "order": "-max_big,maker_name DESC",
            "where": {"id": {"gt": 2}},
        },
        [("É", 5), (None, None)],
    ),
    (
        {"groupBy": "maker.name", "min": "big", "order": "min_big NULLS LAST"},
        [("É", -7), ("B", 2**62), ("b", 2**62), (None, None)],
    ),
    ({"groupBy": "maker.name", "order": "-maker_name NULLS FIRST", "limit": 2}, [(None,), ("É",)]),
    ({"groupBy": "id", "order": "id", "limit": 2, "offset": 1}, [(2,), (3,)]),
    ({"groupBy": "id", "limit": 1, "offset": 5}, []),
    ({"groupBy": "id", "limit": 0}, ErrorCode.OUT_OF_RANGE),
    ({"count": True, "having": {"id": 1}}, ErrorCode.UNKNOWN_FIELD),
    ({"count": True, "order": "name"}, ErrorCode.UNKNOWN_FIELD),
    ({"where": {"id": 1}}, ErrorCode.EMPTY_CONDITION),
)
ATTACKS: Final[Asked] = (
    ({"count": True, "where": {"name": {"$eq": {"$gt": ""}}}}, ErrorCode.SYNTAX_ERROR),
    ({"count": True, "where": {"$where": "1"}}, ErrorCode.UNKNOWN_OPERATOR),
    ({"groupBy": "name", "having": {"name": {"eq": {"$ne": None}}}}, ErrorCode.SYNTAX_ERROR),
    ({"groupBy": "$name"}, ErrorCode.UNKNOWN_FIELD),
    ({"groupBy": "__class__"}, ErrorCode.UNKNOWN_FIELD),
    ({"sum": "metadata.tables"}, ErrorCode.UNKNOWN_FIELD),
    ({"groupBy": "name", "count": True, "having": {"name": "$name"}}, []),
    ({"groupBy": "name", "count": True, "having": {"name": "' OR 1=1 --"}}, []),
    ({"count": True, "having": {}}, ErrorCode.EMPTY_CONDITION),
    ({"count": True, "having": {"or": []}}, ErrorCode.EMPTY_CONDITION),
    ({"count": True, "having": {"count": {"in": []}}}, []),
    ({"count": False}, ErrorCode.EMPTY_CONDITION),
    ({"count": True, "fields": ["id"]}, ErrorCode.UNKNOWN_CLAUSE),
    ({"count": True, "include": ["owner"]}, ErrorCode.UNKNOWN_CLAUSE),
    ({"count": True, "having": {"count": 2**63}}, ErrorCode.OUT_OF_RANGE),
)
ASKED: Final[Mapping[str, Asked]] = {
    "count": COUNTS,
    "sum": SUMS,
    "extreme": EXTREMES,
    "group": GROUPS,
    "given": GIVEN,
    "attack": ATTACKS,
}

# Things 1 to 3 exist; of the makers all but the one called B.
FEW: Final = {"Thing": field("id") < 4}
NO_B: Final = {"Maker": field("name") != "B"}
SCOPED: Final[Sequence[tuple[Mapping[str, Predicate], Mapping[str, Any], Groups]]] = (
    (FEW, {"count": True, "max": "name"}, [(3, "\uffff")]),
    (FEW, {"count": True, "where": {"or": [{"id": {"gt": 0}}, {"id": 5}]}}, [(3,)]),
    (FEW, {"groupBy": "id", "count": True, "having": {"not": {"id": 1}}}, [(2, 1), (3, 1)]),
    (FEW, {"count": True, "where": {"id": 4}}, [(0,)]),
    (NO_B, {"groupBy": "maker.name", "count": True}, [(None, 2), ("b", 1), ("É", 2)]),
    (NO_B, {"countDistinct": "owner.name", "min": "maker.name"}, [(2, "b")]),
    (NO_B, {"count": True, "where": {"maker.name": "B"}}, [(0,)]),
    ({"Thing": field("id") < 2}, {"count": True, "max": "parent.id"}, [(1, None)]),
    ({"Thing": field("id") > 1}, {"groupBy": "parent.id", "count": True}, [(None, 3), (2, 1)]),
    ({"Thing": field("id").in_([])}, {"count": True, "sum": "count"}, [(0, None)]),
    ({"Thing": field("id").in_([])}, {"groupBy": "id", "count": True}, []),
)
