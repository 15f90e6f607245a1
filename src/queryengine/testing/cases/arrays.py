"""Arrays: equal as a whole, by the elements that they have, by their number."""

# ruff: noqa: PIE800 - the inner braces keep cases that belong together on one line

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import Answer, Case, wheres
from queryengine.testing.world import Item, Record

__all__ = ["array_cases"]


def array_cases() -> Iterator[Case]:
    """Yield the cases of arrays."""
    for field, (values, asked) in ARRAYS.items():
        texts = {f'{{"{field}": {test}}}': answer for test, answer in asked.items()}
        yield from wheres(f"arrays of {field}", "Bag", _bags(field, values), texts)
    yield from wheres("arrays together", "Bag", _bags("words", WORDS), TOGETHER)


def _bags(field: str, values: Sequence[object]) -> list[Item]:
    mild: Record = {"numbers": [], "scores": None, "words": [], "tags": None}
    mild |= {"days": None, "uids": None, "flags": None}
    return [Item("Bag", {"id": key} | mild | {field: value}) for key, value in enumerate(values, start=1)]


def _days(*texts: str) -> list[dt.date]:
    return [dt.date.fromisoformat(text) for text in texts]


WORDS: Final[Sequence[list[str]]] = (
    ["a", "b"],
    ["b", "a"],
    ["a"],
    [],
    ["A", "%", "a,b"],
    ["a", "a", "É"],
    [""],
)

ARRAYS: Final[Mapping[str, tuple[Sequence[object], Mapping[str, Answer]]]] = {
    "words": (
        WORDS,
        {
            **{'{"has": "a"}': [1, 2, 3, 6], '{"has": "A"}': [5], '{"has": "%"}': [5], '{"has": "a,b"}': [5]},
            **{
                '{"has": ""}': [7],
                '{"has": "É"}': [6],
                '{"has": "é"}': [],
                '{"not": {"has": "a"}}': [4, 5, 7],
            },
            **{'{"hasAny": ["b", "A"]}': [1, 2, 5], '{"hasAny": ["x"]}': [], '{"hasAny": []}': []},
            **{'{"hasAll": ["a", "b"]}': [1, 2], '{"hasAll": ["a", "a"]}': [1, 2, 3, 6]},
            **{'{"hasAll": []}': [1, 2, 3, 4, 5, 6, 7], '{"not": {"hasAll": ["a"]}}': [4, 5, 7]},
            **{
                '{"size": 2}': [1, 2],
                '{"size": 0}': [4],
                '{"size": 3}': [5, 6],
                '{"not": {"size": 1}}': [1, 2, 4, 5, 6],
            },
            **{'{"isEmpty": true}': [4], '{"isEmpty": false}': [1, 2, 3, 5, 6, 7]},
            **{
                '["a", "b"]': [1],
                '{"eq": []}': [4],
                '{"eq": ["a"]}': [3],
                '{"ne": ["a"]}': [1, 2, 4, 5, 6, 7],
            },
            **{'{"eq": ["a", "a", "É"]}': [6], '{"eq": ["a,b"]}': [], '{"ne": []}': [1, 2, 3, 5, 6, 7]},
            **{'{"isNull": true}': [], '{"exists": true}': [1, 2, 3, 4, 5, 6, 7]},
            **{'{"has": null}': ErrorCode.TYPE_MISMATCH, '{"has": 1}': ErrorCode.TYPE_MISMATCH},
            **{'{"hasAny": ["a", null]}': ErrorCode.TYPE_MISMATCH, '{"size": -1}': ErrorCode.OUT_OF_RANGE},
            **{'{"gt": ["a"]}': ErrorCode.OPERATOR_NOT_APPLICABLE},
        },
    ),
    "tags": (
        (["a"], None, [], ["b", "a"]),
        {
            **{'{"has": "a"}': [1, 4], '{"not": {"has": "a"}}': [2, 3], '{"hasAny": ["b", "x"]}': [4]},
            **{
                '{"hasAll": []}': [1, 3, 4],
                '{"not": {"hasAll": []}}': [2],
                '{"not": {"hasAny": []}}': [1, 2, 3, 4],
            },
            **{'{"size": 0}': [3], '{"not": {"size": 0}}': [1, 2, 4]},
            **{'{"isEmpty": true}': [3], '{"isEmpty": false}': [1, 2, 4], '{"not": {"isEmpty": false}}': [3]},
            **{
                '{"isNull": true}': [2],
                '{"exists": true}': [1, 3, 4],
                "null": [2],
                '{"ne": null}': [1, 3, 4],
            },
            **{'{"ne": ["a"]}': [2, 3, 4], '{"eq": ["a"]}': [1]},
        },
    ),
    "numbers": (
        ([1, 2], [2], [], [-1, 0, 1], [2**53 + 1]),
        {
            **{'{"has": 1}': [1, 4], '{"has": 1.0}': [1, 4], '{"has": 0}': [4], '{"has": 10}': []},
            **{
                '{"has": 9007199254740993}': [5],
                '{"has": 9007199254740992}': [],
                '{"hasAny": [2, 0]}': [1, 2, 4],
            },
            **{'{"hasAll": [1, 2]}': [1], '{"size": 2}': [1], '{"eq": [1, 2]}': [1], '{"eq": [2, 1]}': []},
            **{
                '{"eq": [2.0]}': [2],
                '{"has": "1"}': ErrorCode.TYPE_MISMATCH,
                '{"has": 1.5}': ErrorCode.TYPE_MISMATCH,
            },
        },
    ),
    "scores": (
        ([0.1, 0.2], None, [0.30000000000000004], [5.0], []),
        {
            **{
                '{"has": 0.1}': [1],
                '{"has": 0.3}': [],
                '{"has": 0.30000000000000004}': [3],
                '{"has": 5}': [4],
            },
            **{
                '{"hasAny": [0.2, 5]}': [1, 4],
                '{"hasAll": [0.2, 0.1]}': [1],
                '{"not": {"hasAny": [5]}}': [1, 2, 3, 5],
            },
            **{'{"eq": [5]}': [4], '{"ne": [5]}': [1, 2, 3, 5], '{"size": 2}': [1]},
        },
    ),
    "days": (
        (_days("2024-02-29", "1969-12-31"), None, _days("2024-03-01"), []),
        {
            **{'{"has": "2024-02-29"}': [1], '{"hasAny": ["2024-03-01", "1969-12-31"]}': [1, 3]},
            **{'{"hasAll": ["1969-12-31", "2024-02-29"]}': [1], '{"eq": ["2024-03-01"]}': [3]},
            **{'{"has": "2024-02-30"}': ErrorCode.TYPE_MISMATCH},
        },
    ),
    "uids": (
        ([uuid.UUID(int=1)], None, [uuid.UUID(int=2), uuid.UUID(int=1)], []),
        {
            '{"has": "00000000-0000-0000-0000-000000000001"}': [1, 3],
            '{"hasAll": ["00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"]}': [
                3
            ],
            '{"eq": ["00000000-0000-0000-0000-000000000001"]}': [1],
        },
    ),
    "flags": (
        ([True, False], None, [True], [], [False, False]),
        {
            **{'{"has": true}': [1, 3], '{"has": false}': [1, 5], '{"hasAll": [true, false]}': [1]},
            **{
                '{"hasAny": [true, false]}': [1, 3, 5],
                '{"eq": [true]}': [3],
                '{"not": {"has": true}}': [2, 4, 5],
            },
            **{'{"has": 1}': ErrorCode.TYPE_MISMATCH},
        },
    ),
}

TOGETHER: Final[Mapping[str, Answer]] = {
    '{"words": {"has": "a", "size": 2}}': [1, 2],
    '{"words": {"has": "a", "not": {"has": "b"}}}': [3, 6],
    '{"or": [{"words": {"has": "A"}}, {"words": {"isEmpty": true}}]}': [4, 5],
    '{"words": {"hasAny": ["a"], "isEmpty": false}, "numbers": {"isEmpty": true}}': [1, 2, 3, 6],
    '{"nor": [{"words": {"size": 1}}, {"words": {"has": "b"}}]}': [4, 5, 6],
}
