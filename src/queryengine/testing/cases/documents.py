"""JSON values as a whole, and documents whose members have paths (contract, rules 3 and 10)."""

# ruff: noqa: PIE800 - the inner braces keep cases that belong together on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import MAKER, Answer, Case, cases, number, part, thing, wheres

__all__ = ["document_cases"]

VALUES: Final[tuple[object, ...]] = (
    *("a", "A", "", 1, 1.5, True, False, [], {}, [1, 2], [2, 1], [None]),
    *(
        {"a": 1},
        {"a": None},
        {"a": 1, "b": [2]},
        {"b": [2], "a": 1},
        "1",
        {"$gt": ""},
        [[1]],
        {"a": {"b": "c"}},
    ),
)
ALL: Final = range(1, len(VALUES) + 1)


def document_cases() -> Iterator[Case]:
    """Yield the cases of JSON values and of documents."""
    values = [MAKER, *number(thing(0, data=value) for value in VALUES)]
    yield from wheres(
        "JSON values", "Thing", values, {f'{{"data": {test}}}': keys for test, keys in DATA.items()}
    )
    extras = [
        MAKER,
        *(thing(key, extra=value) for key, value in enumerate((1, None, {"a": 1}, "x"), start=1)),
    ]
    yield from wheres("nullable JSON", "Thing", extras, EXTRA)
    documents = [MAKER, *number(thing(0, details=value) for value in DETAILS)]
    yield from wheres("documents", "Thing", documents, OF_DETAILS)
    yield from cases("sort by members", "Thing", documents, SORTED)
    related = [*documents, thing(9, parent_id=1), part(1, thing_id=2)]
    yield from wheres("documents of related rows", "Thing", related, RELATED)
    yield from wheres("documents on the way", "Part", related, {'{"thing.details.width": 2}': [1]})


def _but(*keys: int) -> list[int]:
    return [key for key in ALL if key not in keys]


DATA: Final[Mapping[str, Answer]] = {
    **{'{"eq": "a"}': [1], '{"eq": "A"}': [2], '{"eq": ""}': [3], '{"eq": 1}': [4], '{"eq": 1.0}': [4]},
    **{'{"eq": 1.5}': [5], '{"eq": true}': [6], '{"eq": false}': [7], '{"eq": []}': [8], '{"eq": {}}': [9]},
    **{'{"eq": [1, 2]}': [10], '{"eq": [1.0, 2]}': [10], '{"eq": [2, 1]}': [11], '{"eq": [null]}': [12]},
    **{'{"eq": {"a": 1}}': [13], '{"eq": {"a": null}}': [14], '{"eq": {"b": [2], "a": 1.0}}': [15, 16]},
    **{
        '{"eq": "1"}': [17],
        '{"eq": {"$gt": ""}}': ErrorCode.SYNTAX_ERROR,
        '{"eq": [[1]]}': [19],
        '{"eq": {"a": {"b": "c"}}}': [20],
    },
    **{
        '{"eq": 0}': [],
        '{"eq": {"a": {}}}': [],
        '{"ne": 1}': _but(4),
        '{"ne": {"a": 1, "b": [2]}}': _but(15, 16),
    },
    **{'{"not": {"eq": true}}': _but(6), '{"or": [{"eq": 1}, {"eq": "a"}]}': [1, 4]},
    **{'{"exists": true}': list(ALL), '{"isNull": true}': [], '{"gt": 1}': ErrorCode.OPERATOR_NOT_APPLICABLE},
}

EXTRA: Final[Mapping[str, Answer]] = {
    '{"extra": null}': [2],
    '{"extra": {"isNull": true}}': [2],
    '{"extra": {"exists": true}}': [1, 3, 4],
    '{"extra": {"ne": null}}': [1, 3, 4],
    '{"extra": {"eq": 1}}': [1],
    '{"extra": {"ne": 1}}': [2, 3, 4],
    '{"not": {"extra": {"eq": {"a": 1}}}}': [1, 2, 4],
}

DETAILS: Final[tuple[object, ...]] = (
    {"width": 1, "label": "a", "ratio": 0.5, "on": True, "inner": {"code": "x", "level": 1}},
    {"width": 2, "label": "É", "ratio": -1.5, "on": False, "inner": {"code": "X", "level": 2}},
    {"width": 2, "label": 'quo"te'},
    {"width": None, "label": "", "inner": {"code": None}},
    {},
    None,
    {"width": -10, "label": "A%", "ratio": 1e22, "on": None, "inner": None},
)

OF_DETAILS: Final[Mapping[str, Answer]] = {
    '{"details.width": 2}': [2, 3],
    '{"details.width": 2.0}': [2, 3],
    '{"details.width": {"ne": 2}}': [1, 4, 5, 6, 7],
    '{"details.width": {"gt": 1}}': [2, 3],
    '{"details.width": {"lte": 1}}': [1, 7],
    '{"details.width": {"between": [-10, 1]}}': [1, 7],
    '{"details.width": {"in": [1, null]}}': [1, 4, 5, 6],
    '{"details.width": {"nin": [1, 2]}}': [4, 5, 6, 7],
    '{"details.width": null}': [4, 5, 6],
    '{"details.width": {"exists": true}}': [1, 2, 3, 7],
    '{"not": {"details.width": {"gt": 1}}}': [1, 4, 5, 6, 7],
    '{"details": {"width": 2, "label": "É"}}': [2],
    '{"details": {"or": [{"width": 1}, {"label": ""}]}}': [1, 4],
    '{"details": {"not": {"width": 2}}}': [1, 4, 5, 6, 7],
    '{"details.label": "a"}': [1],
    '{"details.label": {"gt": "a"}}': [2, 3],
    '{"details.label": {"contains": "%"}}': [7],
    '{"details.label": {"contains": "\\""}}': [3],
    '{"details.label": {"icontains": "A"}}': [1, 7],
    '{"details.label": {"notStartsWith": "q"}}': [1, 2, 4, 5, 6, 7],
    '{"details.label": {"like": "_"}}': [1, 2],
    '{"details.label": ""}': [4],
    '{"details.label": {"in": ["a", "É"]}}': [1, 2],
    '{"details.ratio": 0.5}': [1],
    '{"details.ratio": {"lt": 0}}': [2],
    '{"details.ratio": 1e22}': [7],
    '{"details.ratio": {"ne": 0.5}}': [2, 3, 4, 5, 6, 7],
    '{"details.on": true}': [1],
    '{"details.on": false}': [2],
    '{"details.on": {"ne": true}}': [2, 3, 4, 5, 6, 7],
    '{"details.on": {"in": [true, false]}}': [1, 2],
    '{"details.on": null}': [3, 4, 5, 6, 7],
    '{"details.inner.code": "x"}': [1],
    '{"details.inner.code": {"ilike": "x"}}': [1, 2],
    '{"details.inner.level": {"gte": 1}}': [1, 2],
    '{"details.inner.level": null}': [3, 4, 5, 6, 7],
    '{"details": {"inner": {"code": "X", "level": 2}}}': [2],
    '{"details.inner.code": {"ne": "x"}}': [2, 3, 4, 5, 6, 7],
    '{"details.width": "2"}': ErrorCode.TYPE_MISMATCH,
    '{"details.nothing": 1}': ErrorCode.UNKNOWN_FIELD,
    '{"details.width.more": 1}': ErrorCode.UNKNOWN_FIELD,
}

SORTED: Final[Mapping[str, Answer]] = {
    '{"order": "details.width"}': [4, 5, 6, 7, 1, 2, 3],
    '{"order": "-details.width,-id"}': [3, 2, 1, 7, 6, 5, 4],
    '{"order": "details.label"}': [5, 6, 4, 7, 1, 3, 2],
    '{"order": "details.ratio DESC NULLS LAST"}': [7, 1, 2, 3, 4, 5, 6],
    '{"order": "details.inner.level NULLS LAST,-details.width"}': [1, 2, 3, 7, 4, 5, 6],
}

RELATED: Final[Mapping[str, Answer]] = {
    '{"parent.details.width": 1}': [9],
    '{"parent.details.inner.code": {"ne": "x"}}': [1, 2, 3, 4, 5, 6, 7],
    '{"children": {"some": {"parent.details.label": "a"}}}': [1],
    '{"parts": {"some": {"thing.details.on": false}}}': [2],
}
