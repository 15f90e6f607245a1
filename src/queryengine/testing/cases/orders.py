"""Orders, with nulls and over relations, and windows of them (contract, rule 8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.relations import ITEMS as RELATED
from queryengine.testing.cases.table import MAKER, Answer, Case, cases, maker, thing

__all__ = ["order_cases"]

ITEMS: Final = (
    MAKER,
    thing(1, count=2, big=None, name="b", active=True),
    thing(2, count=1, big=5, name="B", active=False),
    thing(3, count=2, big=1, name="a", active=True),
    thing(4, count=1, big=None, name="É", active=False),
    thing(5, count=3, big=5, name="ab", active=True),
)


def order_cases() -> Iterator[Case]:
    """Yield the cases of orders and windows."""
    yield from cases(
        "order", "Thing", ITEMS, {f'{{"order": {order}}}': keys for order, keys in ORDERS.items()}
    )
    yield from cases("window", "Thing", ITEMS, WINDOWS)
    yield from cases("order by related rows", "Thing", RELATED, RELATIONS)
    yield from cases(
        "order of makers", "Maker", [maker(1, name="b"), maker(2, name="a"), maker(3, name="b")], MAKERS
    )


ORDERS: Final[Mapping[str, Answer]] = {
    '"count"': [2, 4, 1, 3, 5],
    '"-count"': [5, 1, 3, 2, 4],
    '"count,-id"': [4, 2, 3, 1, 5],
    '"-count,-name"': [5, 1, 3, 4, 2],
    '["count", "name DESC"]': [4, 2, 1, 3, 5],
    '"name"': [2, 3, 5, 1, 4],
    '"name desc"': [4, 1, 5, 3, 2],
    '"big"': [1, 4, 3, 2, 5],
    '"-big"': [2, 5, 3, 1, 4],
    '"big NULLS LAST"': [3, 2, 5, 1, 4],
    '"big ASC nulls first"': [1, 4, 3, 2, 5],
    '"-big NULLS FIRST"': [1, 4, 2, 5, 3],
    '"big DESC NULLS LAST"': [2, 5, 3, 1, 4],
    '"-big,-id"': [5, 2, 3, 4, 1],
    '"active,count"': [2, 4, 1, 3, 5],
    '"-active,-count,id"': [5, 1, 3, 2, 4],
    '"id"': [1, 2, 3, 4, 5],
    '"-id"': [5, 4, 3, 2, 1],
    '"count,count"': ErrorCode.DUPLICATE_KEY,
    '"nothing"': ErrorCode.UNKNOWN_FIELD,
    '"data"': ErrorCode.OPERATOR_NOT_APPLICABLE,
    '"color"': ErrorCode.OPERATOR_NOT_APPLICABLE,
    '"owner"': ErrorCode.NOT_ALLOWED,
    '"parts.name"': ErrorCode.QUANTIFIER_REQUIRED,
}

WINDOWS: Final[Mapping[str, Answer]] = {
    '{"limit": 2}': [1, 2],
    '{"limit": 2, "offset": 2}': [3, 4],
    '{"offset": 3}': [4, 5],
    '{"offset": 5}': [],
    '{"skip": 1, "limit": 1}': [2],
    '{"offset": 0, "limit": 9}': [1, 2, 3, 4, 5],
    '{"order": "count", "limit": 3}': [2, 4, 1],
    '{"order": "-count", "limit": 2, "offset": 1}': [1, 3],
    '{"order": "big", "offset": 1, "limit": 3}': [4, 3, 2],
    '{"order": "-big NULLS FIRST", "limit": 2}': [1, 4],
    '{"where": {"active": true}, "order": "-id", "limit": 2}': [5, 3],
    '{"where": {"active": true}, "order": "name", "offset": 1}': [5, 1],
    '{"limit": 0}': ErrorCode.OUT_OF_RANGE,
    '{"limit": -1}': ErrorCode.OUT_OF_RANGE,
    '{"offset": -1}': ErrorCode.OUT_OF_RANGE,
    '{"limit": 1.5}': ErrorCode.TYPE_MISMATCH,
}

RELATIONS: Final[Mapping[str, Answer]] = {
    '{"order": "owner.name"}': [1, 3, 2, 5, 4],
    '{"order": "-owner.name,-id"}': [4, 5, 2, 3, 1],
    '{"order": "maker.name"}': [5, 1, 2, 3, 4],
    '{"order": "-maker.name"}': [4, 3, 1, 2, 5],
    '{"order": "maker.name NULLS LAST"}': [1, 2, 3, 4, 5],
    '{"order": "maker.alias,-id"}': [5, 3, 2, 1, 4],
    '{"order": "maker.region.rank"}': [1, 2, 4, 5, 3],
    '{"order": "-maker.region.parent.name,id"}': [1, 2, 3, 4, 5],
    '{"order": "owner.region.rank DESC NULLS LAST,-count"}': [5, 2, 4, 3, 1],
    '{"order": "parent.count,-maker.name"}': [1, 5, 3, 2, 4],
    '{"order": "maker.name", "limit": 2, "offset": 1}': [1, 2],
    '{"where": {"parts": {"some": {"size": {"gt": 0}}}}, "order": "-owner.name"}': [2, 1, 3],
    '{"where": {"maker.name": {"ne": "Bolt"}}, "order": "maker.name NULLS LAST", "limit": 3}': [1, 2, 4],
    '{"where": {"labels": {"some": {"name": "blue"}}}, "order": "-id"}': [4, 2, 1],
    '{"where": {"maker.name": "Acme"}, "order": "maker.name,-id"}': [2, 1],
}

MAKERS: Final[Mapping[str, Answer]] = {
    '{"order": "name"}': [2, 1, 3],
    '{"order": "-name,-id", "limit": 2}': [3, 1],
}
