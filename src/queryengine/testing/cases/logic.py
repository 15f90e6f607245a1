"""Two values only: negation, groups, nulls, and conditions that say nothing (contract, rules 1, 2 and 4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import MAKER, Answer, Case, cases, thing, wheres

__all__ = ["logic_cases"]

# big:   1  2  null  null     note:  a  null  a  null
ITEMS: Final = (
    MAKER,
    thing(1, big=1, note="a", count=1),
    thing(2, big=2, note=None, count=1),
    thing(3, big=None, note="a", count=2),
    thing(4, big=None, note=None, count=2),
)
EMPTY: Final = ErrorCode.EMPTY_CONDITION


def logic_cases() -> Iterator[Case]:
    """Yield the cases of logic."""
    yield from wheres("groups", "Thing", ITEMS, GROUPS)
    yield from wheres("negation", "Thing", ITEMS, NEGATION)
    yield from wheres("nothing", "Thing", ITEMS, NOTHING)
    yield from cases("clauses", "Thing", ITEMS, CLAUSES)


GROUPS: Final[Mapping[str, Answer]] = {
    '{"big": 1, "note": "a"}': [1],
    '{"and": [{"big": {"gt": 0}}, {"note": "a"}]}': [1],
    '{"or": [{"big": 2}, {"note": "a"}]}': [1, 2, 3],
    '{"nor": [{"big": 2}, {"note": "a"}]}': [4],
    '{"$or": [{"big": {"$eq": 2}}, {"note": {"$in": ["a"]}}]}': [1, 2, 3],
    '{"or": [{"big": 1, "count": 2}, {"big": 2, "count": 1}]}': [2],
    '{"or": [{"and": [{"count": 1}, {"big": {"gt": 1}}]}, {"note": null, "big": null}]}': [2, 4],
    '{"and": [{"or": [{"big": 1}, {"big": null}]}, {"or": [{"note": "a"}, {"count": 2}]}]}': [1, 3, 4],
    '{"or": [{"big": 1}]}': [1],
    '{"and": [{"note": null}]}': [2, 4],
    '{"nor": [{"big": 1}]}': [2, 3, 4],
    '{"big": {"gt": 0, "lt": 2}}': [1],
    '{"big": {"or": [{"eq": 1}, {"isNull": true}]}}': [1, 3, 4],
    '{"big": {"nor": [{"eq": 1}, {"eq": 2}]}}': [3, 4],
    '{"count": 1, "or": [{"big": 2}, {"note": "b"}]}': [2],
}

NEGATION: Final[Mapping[str, Answer]] = {
    '{"not": {"big": 1}}': [2, 3, 4],
    '{"not": {"big": {"gt": 1}}}': [1, 3, 4],
    '{"not": {"big": {"lte": 1}}}': [2, 3, 4],
    '{"not": {"not": {"big": 1}}}': [1],
    '{"not": {"big": {"ne": 1}}}': [1],
    '{"not": {"big": null}}': [1, 2],
    '{"not": {"big": {"isNull": false}}}': [3, 4],
    '{"not": {"big": {"in": []}}}': [1, 2, 3, 4],
    '{"not": {"big": {"nin": []}}}': [],
    '{"not": {"big": {"in": [1, null]}}}': [2],
    '{"not": {"big": {"nin": [1, null]}}}': [1, 3, 4],
    '{"not": {"big": 1, "note": "a"}}': [2, 3, 4],
    '{"not": {"or": [{"big": 1}, {"note": "a"}]}}': [2, 4],
    '{"not": {"and": [{"big": 1}, {"note": "a"}]}}': [2, 3, 4],
    '{"not": {"nor": [{"big": 2}, {"note": "a"}]}}': [1, 2, 3],
    '{"not": {"or": [{"big": {"gt": 1}}, {"not": {"note": "a"}}]}}': [1, 3],
    '{"big": {"not": {"gt": 1}}}': [1, 3, 4],
    '{"big": {"not": {"eq": null}}}': [1, 2],
    '{"or": [{"not": {"big": {"gt": 0}}}, {"note": {"ne": "a"}}]}': [2, 3, 4],
    '{"not": {"note": {"contains": "a"}}}': [2, 4],
    '{"not": {"note": {"notContains": "a"}}}': [1, 3],
    '{"nor": [{"big": {"lt": 2}}, {"note": {"ne": "a"}}]}': [3],
}

NOTHING: Final[Mapping[str, Answer]] = {
    "{}": EMPTY,
    '{"and": []}': EMPTY,
    '{"or": []}': EMPTY,
    '{"nor": []}': EMPTY,
    '{"not": {}}': EMPTY,
    '{"or": [{}]}': EMPTY,
    '{"big": {}}': EMPTY,
    '{"or": [{"big": 1}, {}]}': EMPTY,
    '{"big": {"gt": null}}': ErrorCode.TYPE_MISMATCH,
    '{"note": {"contains": null}}': ErrorCode.TYPE_MISMATCH,
    '{"note": {"startsWith": null}}': ErrorCode.TYPE_MISMATCH,
    '{"big": {"between": [1, null]}}': ErrorCode.TYPE_MISMATCH,
    '{"big": {"between": [1]}}': ErrorCode.TYPE_MISMATCH,
    '{"big": {"in": null}}': ErrorCode.SYNTAX_ERROR,
}

CLAUSES: Final[Mapping[str, Answer]] = {
    "{}": [1, 2, 3, 4],
    '{"limit": 2}': [1, 2],
    '{"where": {"big": null}, "limit": 1}': [3],
    '{"where": {"big": {"in": []}}, "limit": 5}': [],
}
