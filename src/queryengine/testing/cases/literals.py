"""How values are written, and which are no values of a type (contract, rule 10)."""

# ruff: noqa: PIE800 - the inner braces keep cases that belong together on one line

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import MAKER, Answer, Case, number, thing, wheres
from queryengine.testing.world import Color

__all__ = ["literal_cases"]

MISMATCH: Final = ErrorCode.TYPE_MISMATCH
RANGE: Final = ErrorCode.OUT_OF_RANGE


def literal_cases() -> Iterator[Case]:
    """Yield the cases of literal forms."""
    for field, (values, asked) in FORMS.items():
        items = [MAKER, *number(thing(0, **{field: value}) for value in values)]
        yield from wheres(f"literals of {field}", "Thing", items, _of(field, asked))


def _of(field: str, asked: Mapping[str, Answer]) -> Mapping[str, Answer]:
    return {f'{{"{field}": {test}}}': answer for test, answer in asked.items()}


def _instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


FORMS: Final[Mapping[str, tuple[Sequence[object], Mapping[str, Answer]]]] = {
    "count": (
        (5, 0, 1, -5),
        {
            **{"5.0": [1], "5e0": [1], "50e-1": [1], "-0": [2], "-5.0": [4], '{"gt": 4.0}': [1]},
            **{'{"in": [5.0, 0.0]}': [1, 2], '{"between": [0e0, 1.0]}': [2, 3]},
            **{
                "5.5": MISMATCH,
                '"5"': MISMATCH,
                "true": MISMATCH,
                "[5]": MISMATCH,
                "{}": ErrorCode.EMPTY_CONDITION,
            },
            **{
                "9223372036854775808": RANGE,
                '{"gt": 1e19}': RANGE,
                '{"gt": null}': MISMATCH,
                '{"in": 5}': ErrorCode.SYNTAX_ERROR,
            },
        },
    ),
    "ratio": (
        (5.0, 0.1, 0.30000000000000004, 1e22),
        {
            **{
                "5": [1],
                "5.00": [1],
                "0.1": [2],
                "0.10": [2],
                "0.3": [],
                "0.30000000000000004": [3],
                "1e22": [4],
            },
            **{"10000000000000000000000": [4], '{"lt": 5}': [2, 3], '{"in": [5, 1E+22]}': [1, 4]},
            **{"1e999": RANGE, '"5"': MISMATCH, "false": MISMATCH},
        },
    ),
    "price": (
        (Decimal("1.50"), Decimal("0.10"), Decimal("0.30"), Decimal(5)),
        {
            **{
                "1.5": [1],
                "1.50": [1],
                '"1.500"': [1],
                "15e-1": [1],
                '"0.1"': [2],
                "0.3": [3],
                "5": [4],
                "5.0": [4],
            },
            **{"0.105": [], '{"gt": 0.105}': [1, 3, 4], '{"lt": "0.30"}': [2], '{"in": [5, "0.10"]}': [2, 4]},
            **{'"x"': MISMATCH, "true": MISMATCH, '{"between": [0.1, 0.3]}': [2, 3]},
        },
    ),
    "active": (
        (True, False),
        {
            **{"true": [1], "false": [2], '{"ne": true}': [2], '{"in": [true, false]}': [1, 2]},
            **{
                "1": MISMATCH,
                "0": MISMATCH,
                '"true"': MISMATCH,
                '{"gt": false}': ErrorCode.OPERATOR_NOT_APPLICABLE,
            },
        },
    ),
    "day": (
        (dt.date(2024, 2, 29), dt.date(2023, 12, 31)),
        {
            **{'"2024-02-29"': [1], '{"gte": "2024-01-01"}': [1], '{"lt": "2024-01-01"}': [2]},
            **{
                '"2023-02-29"': MISMATCH,
                '"2024-2-29"': MISMATCH,
                '"2024-02-29T00:00:00"': MISMATCH,
                "20240229": MISMATCH,
            },
        },
    ),
    "made": (
        (dt.datetime(2024, 2, 29, 12, 30), dt.datetime(2024, 2, 29)),  # noqa: DTZ001  # on a wall
        {
            **{'"2024-02-29T12:30:00"': [1], '"2024-02-29T12:30:00.000"': [1], '"2024-02-29T00:00:00"': [2]},
            **{
                '{"gt": "2024-02-29T00:00:00"}': [1],
                '"2024-02-29T12:30:00Z"': MISMATCH,
                '"2024-02-29"': MISMATCH,
            },
        },
    ),
    "seen": (
        (_instant("2024-02-29T12:30:00"), _instant("2024-03-01T00:00:00")),
        {
            **{
                '"2024-02-29T12:30:00Z"': [1],
                '"2024-02-29T14:30:00+02:00"': [1],
                '"2024-02-29T07:00:00-05:30"': [1],
            },
            **{'"2024-03-01T00:00:00+00:00"': [2], '"2024-02-29T23:59:00-00:01"': [2]},
            **{'{"lt": "2024-02-29T15:00:00+02:00"}': [1], '{"in": ["2024-03-01T01:00:00+01:00"]}': [2]},
            **{'"2024-02-29T12:30:00"': MISMATCH, '{"gte": "2024-02-29"}': MISMATCH},
        },
    ),
    "clock": (
        (dt.time(12, 30), dt.time(0)),
        {
            '"12:30:00"': [1],
            '"12:30:00.000"': [1],
            '{"lt": "12:30:00"}': [2],
            '"25:00:00"': MISMATCH,
            "12": MISMATCH,
        },
    ),
    "length": (
        (dt.timedelta(days=1), dt.timedelta(hours=-2), dt.timedelta(seconds=90)),
        {
            **{
                '"P1D"': [1],
                '"PT24H"': [1],
                '"PT1440M"': [1],
                '"-PT2H"': [2],
                '"PT1M30S"': [3],
                '"PT90S"': [3],
            },
            **{'{"gt": "PT2M"}': [1], '{"lte": "PT0S"}': [2], '"1 day"': MISMATCH, "90": MISMATCH},
        },
    ),
    "uid": (
        (uuid.UUID(int=0xABCDEF), uuid.UUID(int=1)),
        {
            **{'"00000000-0000-0000-0000-000000abcdef"': [1], '"00000000-0000-0000-0000-000000ABCDEF"': [1]},
            **{'{"gt": "00000000-0000-0000-0000-000000000001"}': [1], '"abcdef"': MISMATCH, "1": MISMATCH},
        },
    ),
    "blob": (
        (b"abc", b"", b"\xff\xfe"),
        {
            '"YWJj"': [1],
            '""': [2],
            '"//4="': [3],
            '{"gt": "YWJj"}': [3],
            '{"in": ["YWJj", "//4="]}': [1, 3],
            '"YWJ"': MISMATCH,
        },
    ),
    "color": (
        (Color.RED, Color.GREEN, Color.BLUE),
        {
            **{'"z"': [1], '"a"': [2], '"É"': [3], '{"in": ["a", "É"]}': [2, 3], '{"ne": "z"}': [2, 3]},
            **{
                '"RED"': MISMATCH,
                '"A"': MISMATCH,
                '"é"': MISMATCH,
                '{"gt": "a"}': ErrorCode.OPERATOR_NOT_APPLICABLE,
            },
        },
    ),
    "name": (
        ("5", "true", "null", "2024-02-29"),
        {
            **{
                '"5"': [1],
                '"true"': [2],
                '"null"': [3],
                '"2024-02-29"': [4],
                '{"in": ["5", "null"]}': [1, 3],
            },
            **{"5": MISMATCH, "true": MISMATCH, "[]": MISMATCH, '{"contains": 5}': MISMATCH},
        },
    ),
}
