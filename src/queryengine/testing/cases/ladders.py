"""Every operator on every ordered type, by rule: rows that hold ascending values, of which each is asked."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Final

from queryengine.testing.cases.table import MAKER, Answer, Case, cases, number, phrase, thing
from queryengine.testing.reference import reference_schema
from queryengine.testing.world import WORLD, Color, Item
from queryengine.values import check, write

__all__ = ["ladder_cases"]


def ladder_cases() -> Iterator[Case]:
    """Yield the cases of all types that have an order, and of those that know equality only."""
    for field, values in LADDERS.items():
        yield from _scalar(_ladder("Thing", field, values))
    for field in ("text", "note"):
        yield from _scalar(_ladder("Phrase", field, TEXTS))
    for what, field, values in EDGES:
        yield from _edges(what, _ladder("Thing", field, values))
    for field in ("active", "tested"):
        yield from _equal(_ladder("Thing", field, (False, True)))
        yield from _sorted(_ladder("Thing", field, (False, True)))
    for field in ("color", "shade"):
        yield from _equal(_ladder("Thing", field, (Color.GREEN, Color.RED, Color.BLUE)))


def _moments(zone: dt.tzinfo | None, *texts: str) -> Sequence[dt.datetime]:
    return [dt.datetime.fromisoformat(text).replace(tzinfo=zone) for text in texts]


def _days(*texts: str) -> Sequence[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


def _times(*texts: str) -> Sequence[dt.time]:
    return [dt.time.fromisoformat(text) for text in texts]


def _lengths(*seconds: float) -> Sequence[dt.timedelta]:
    return [dt.timedelta(seconds=each) for each in seconds]


def _decimals(*texts: str) -> Sequence[Decimal]:
    return [Decimal(text) for text in texts]


INTEGERS: Final = (-32768, -2, -1, 0, 1, 2, 10, 32767)
FLOATS: Final = (-1e100, -1.5, -0.1, 0.0, 0.1, 0.3, 0.1 + 0.2, 1.0, 1e16, 1e100)
DECIMALS: Final = _decimals("-99999.99", "-1.5", "-0.01", "0", "0.1", "0.3", "2.50", "10", "99999.99")
TEXTS: Final = (
    "",
    " ",
    "!",
    "A",
    "Z",
    "Za",
    "_",
    "a",
    "a ",
    "aA",
    "aa",
    "b",
    "É",
    "é",
    "\uffff",
    "\U00010000",
)
DAYS: Final = _days("1969-12-31", "1970-01-01", "2024-02-28", "2024-02-29", "2024-03-01")
MOMENTS: Final = ("1969-12-31T23:59:59", "1970-01-01T00:00:00", "2024-02-29T12:30:00", "2038-01-19T03:14:08")
TIMES: Final = _times("00:00:00", "09:05:00", "12:30:00", "12:30:01", "23:59:59")
LENGTHS: Final = _lengths(-2_592_000, -1, 0, 1, 82_800, 86_400, 2_678_400)
UUIDS: Final = tuple(uuid.UUID(hex=text * 16) for text in ("00", "01", "0f", "10", "7f", "80", "ff"))
BYTES: Final = (b"", b"\x00", b"\x00\x00", b"A", b"a", b"a\x00", b"ab", b"b", b"\x7f", b"\x80", b"\xff")

LADDERS: Final[Mapping[str, Sequence[object]]] = {
    "count": INTEGERS,
    "big": INTEGERS,
    "ratio": FLOATS,
    "share": FLOATS,
    "price": DECIMALS,
    "fee": DECIMALS,
    "day": DAYS,
    "until": DAYS,
    "made": _moments(None, *MOMENTS),
    "sold": _moments(None, *MOMENTS),
    "seen": _moments(dt.UTC, *MOMENTS),
    "gone": _moments(dt.UTC, *MOMENTS),
    "clock": TIMES,
    "alarm": TIMES,
    "length": LENGTHS,
    "delay": LENGTHS,
    "uid": UUIDS,
    "other_uid": UUIDS,
    "blob": BYTES,
    "seal": BYTES,
}

# The ends of types, and their smallest steps: what a narrower domain may leave out.
FAR_INTEGERS: Final = (-(2**63), -(2**53) - 1, -(2**31) - 1, 0, 2**31, 2**53, 2**53 + 1, 2**63 - 1)
FAR_DECIMALS: Final = _decimals("-9999999999.99999", "-0.00001", "0", "0.00001", "9999999999.99999")
FAR_DAYS: Final = _days("0001-01-01", "1582-10-10", "1900-03-01", "9999-12-31")
FAR_MOMENTS: Final = (
    "0001-01-01T00:00:00",
    "1900-01-01T00:00:00",
    "2262-04-12T00:00:00",
    "9999-12-31T23:59:59",
)
STEPS: Final = (
    "2024-02-29T12:30:00",
    "2024-02-29T12:30:00.001",
    "2024-02-29T12:30:00.002",
    "2024-02-29T12:30:01",
)
SMALL_STEPS: Final = (
    "2024-02-29T12:30:00.000001",
    "2024-02-29T12:30:00.000002",
    "2024-02-29T12:30:00.000999",
)
TIME_STEPS: Final = _times("12:30:00", "12:30:00.001", "12:30:00.002", "12:30:01")
SMALL_TIME_STEPS: Final = _times("12:30:00.000001", "12:30:00.000002", "23:59:59.999999")
LENGTH_STEPS: Final = _lengths(-1, -0.001, 0, 0.001, 0.002)
SMALL_LENGTH_STEPS: Final = _lengths(-0.000001, 0.000001, 0.000002)

EDGES: Final = (
    ("ends", "big", FAR_INTEGERS),
    ("ends", "fee", FAR_DECIMALS),
    ("ends", "until", FAR_DAYS),
    ("ends", "sold", _moments(None, *FAR_MOMENTS)),
    ("ends", "gone", _moments(dt.UTC, *FAR_MOMENTS)),
    ("milliseconds", "sold", _moments(None, *STEPS)),
    ("milliseconds", "gone", _moments(dt.UTC, *STEPS)),
    ("milliseconds", "alarm", TIME_STEPS),
    ("milliseconds", "delay", LENGTH_STEPS),
    ("microseconds", "sold", _moments(None, *SMALL_STEPS)),
    ("microseconds", "gone", _moments(dt.UTC, *SMALL_STEPS)),
    ("microseconds", "alarm", SMALL_TIME_STEPS),
    ("microseconds", "delay", SMALL_LENGTH_STEPS),
)


@dataclass(frozen=True)
class _Ladder:
    """Rows with ascending values: the first has the highest key but for a null's."""

    entity: str
    field: str
    values: Sequence[object]
    nullable: bool

    @property
    def null(self) -> list[int]:
        """The key of the row that is null."""
        return [len(self.values) + 1] if self.nullable else []

    @property
    def every(self) -> list[int]:
        """All keys."""
        return [*range(1, len(self.values) + 1), *self.null]

    def key(self, place: int) -> int:
        """Return the key of the row that holds a value."""
        return len(self.values) - place

    def keys(self, first: int, last: int) -> list[int]:
        """Return the keys of the rows from one value to another, both included."""
        return sorted(self.key(place) for place in range(first, last + 1))

    def but(self, *places: int) -> list[int]:
        """Return the keys of all rows but those with these values, the null included."""
        return [key for key in self.every if key not in map(self.key, places)]

    @cached_property
    def items(self) -> Sequence[Item]:
        """The rows."""
        values = [*reversed(self.values), *([None] if self.nullable else [])]
        if self.entity == "Phrase":
            return number(Item("Phrase", phrase(0).values | {self.field: value}) for value in values)
        return [MAKER, *number(thing(0, **{self.field: value}) for value in values)]

    def literals(self) -> list[object]:
        """Return the values as JSON writes them."""
        type_ = reference_schema(WORLD.models[self.entity]).fields[self.field].type
        return [write(check(type_, value)) for value in self.values]


def _ladder(entity: str, field: str, values: Sequence[object]) -> _Ladder:
    return _Ladder(entity, field, values, reference_schema(WORLD.models[entity]).fields[field].nullable)


def _scalar(ladder: _Ladder) -> Iterator[Case]:
    yield from _equal(ladder)
    yield from _ordered(ladder)
    yield from _sorted(ladder)


def _ordered(ladder: _Ladder) -> Iterator[Case]:
    """Ask what lies before and behind the second, the middle and the last value but one."""
    low, middle, last = 1, len(ladder.values) // 2, len(ladder.values) - 1
    high, literals, keys = last - 1, ladder.literals(), ladder.keys
    asked: list[tuple[object, Answer]] = [
        ({"gt": literals[middle]}, keys(middle + 1, last)),
        ({"gte": literals[middle]}, keys(middle, last)),
        ({"lt": literals[middle]}, keys(0, middle - 1)),
        ({"lte": literals[middle]}, keys(0, middle)),
        ({"between": [literals[low], literals[high]]}, keys(low, high)),
    ]
    if ladder.nullable:
        asked += [
            ({"gt": literals[last]}, []),
            ({"gte": literals[low], "lt": literals[high]}, keys(low, high - 1)),
            ({"between": [literals[high], literals[low]]}, []),
            ({"not": {"gt": literals[middle]}}, sorted([*keys(0, middle), *ladder.null])),
            ({"not": {"between": [literals[low], literals[high]]}}, ladder.but(*range(low, high + 1))),
        ]
    yield from _tests(ladder, "order of", asked)


def _equal(ladder: _Ladder) -> Iterator[Case]:
    """Ask for equality and null, which every scalar type knows."""
    literals, key = ladder.literals(), ladder.key
    first, last = 0, len(literals) - 1
    asked: list[tuple[object, Answer]] = [
        (literals[first], [key(first)]),
        ({"eq": literals[last]}, [key(last)]),
        ({"ne": literals[first]}, ladder.but(first)),
        ({"in": [literals[last], literals[first]]}, [key(last), key(first)]),
        ({"nin": [literals[first], literals[last]]}, ladder.but(first, last)),
        ({"isNull": True}, ladder.null),
        ({"exists": True}, ladder.keys(first, last)),
    ]
    if ladder.nullable:
        known = ladder.keys(first, last)
        asked += [
            ({"in": [literals[first], None]}, [key(first), *ladder.null]),
            ({"nin": [literals[first], None]}, [each for each in known if each != key(first)]),
            ({"in": []}, []),
            ({"nin": []}, ladder.every),
            (None, ladder.null),
            ({"ne": None}, known),
            ({"isNull": False}, known),
            ({"exists": False}, ladder.null),
            ({"not": {"ne": literals[last]}}, [key(last)]),
        ]
    yield from _tests(ladder, "equality of", asked)


def _edges(what: str, ladder: _Ladder) -> Iterator[Case]:
    """Ask for each value, and for the order of all."""
    literals, last = ladder.literals(), len(ladder.values) - 1
    asked: list[tuple[object, Answer]] = [
        (literal, [ladder.key(place)]) for place, literal in enumerate(literals)
    ]
    asked += [
        ({"gte": literals[1]}, ladder.keys(1, last)),
        ({"lt": literals[last]}, ladder.keys(0, last - 1)),
    ]
    yield from _tests(ladder, what, asked)
    yield from _sorted(ladder, f"{what}: sort by")


def _sorted(ladder: _Ladder, what: str = "sort by") -> Iterator[Case]:
    """Order by the values: null is the smallest, unless the filter says where it stands."""
    ascending = [ladder.key(place) for place in range(len(ladder.values))]
    descending = ascending[::-1]
    name = ladder.field
    orders: dict[str, Answer] = {name: [*ladder.null, *ascending], f"-{name}": [*descending, *ladder.null]}
    if ladder.nullable:
        orders[f"{name} NULLS LAST"] = [*ascending, *ladder.null]
        orders[f"{name} DESC NULLS FIRST"] = [*ladder.null, *descending]
    texts = {json.dumps({"order": order}): keys for order, keys in orders.items()}
    yield from _cases(ladder, what, texts)


def _tests(ladder: _Ladder, what: str, asked: Sequence[tuple[object, Answer]]) -> Iterator[Case]:
    texts = {
        json.dumps({"where": {ladder.field: test}}, ensure_ascii=False): answer for test, answer in asked
    }
    yield from _cases(ladder, what, texts)


def _cases(ladder: _Ladder, what: str, asked: Mapping[str, Answer]) -> Iterator[Case]:
    return cases(f"{what} {ladder.entity}.{ladder.field}", ladder.entity, ladder.items, asked)
