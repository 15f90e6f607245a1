"""Related rows: ways over one, what is missing, one of many, and many of many (contract, rules 3 and 9)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

from queryengine.errors import ErrorCode
from queryengine.testing.cases.table import (
    Answer,
    Case,
    label,
    labelled,
    maker,
    part,
    region,
    thing,
    wheres,
)

__all__ = ["ITEMS", "relation_cases"]

# Regions: 1 is the root, 2 below it, 3 below 2; 4 is a root without a name.
# Makers: 1 in 2, 2 in 3, 3 nowhere, 4 in 4.
# Things: 1 and 2 are made by 1, 3 by 2, 4 by 3, 5 by nobody; 2 and 3 are children of 1, 4 of 3.
ITEMS: Final = (
    region(1, name="north", rank=1),
    region(2, name="east", rank=None, parent_id=1),
    region(3, name="south", rank=3, parent_id=2),
    region(4, name=None, rank=4),
    maker(1, name="Acme", alias="A", region_id=2),
    maker(2, name="Bolt", alias=None, region_id=3),
    maker(3, name="acme", alias="a", region_id=None),
    maker(4, name="Dorn", alias=None, region_id=4),
    label(1, name="red", weight=1.0),
    label(2, name="blue", weight=None),
    label(3, name=None, weight=3.0),
    thing(1, count=1, owner_id=1, maker_id=1),
    thing(2, count=2, owner_id=2, maker_id=1, parent_id=1),
    thing(3, count=3, owner_id=1, maker_id=2, parent_id=1),
    thing(4, count=4, owner_id=3, maker_id=3, parent_id=3),
    thing(5, count=5, owner_id=4, maker_id=None),
    part(1, name="nut", size=1, cost=Decimal("0.10"), thing_id=1, maker_id=1),
    part(2, name="nut", size=5, cost=None, thing_id=1, maker_id=2),
    part(3, name="pin", size=None, cost=Decimal("2.50"), thing_id=1, maker_id=None),
    part(4, name="nut", size=5, cost=Decimal("2.50"), thing_id=2, maker_id=2),
    part(5, name="rod", size=9, cost=Decimal("1.00"), thing_id=3, maker_id=4),
    *labelled(1, 1, 2),
    *labelled(2, 2),
    *labelled(4, 1, 2, 3),
)
NEEDED: Final = ErrorCode.QUANTIFIER_REQUIRED
NOT_APPLICABLE: Final = ErrorCode.OPERATOR_NOT_APPLICABLE


def relation_cases() -> Iterator[Case]:
    """Yield the cases of related rows."""
    for name, entity, asked in TABLES:
        yield from wheres(name, entity, ITEMS, asked)


TO_ONE: Final[Mapping[str, Answer]] = {
    '{"owner.name": "Acme"}': [1, 3],
    '{"owner": {"name": "Acme"}}': [1, 3],
    '{"owner.name": {"ne": "Acme"}}': [2, 4, 5],
    '{"maker.name": "Acme"}': [1, 2],
    '{"maker.name": {"ne": "Acme"}}': [3, 4, 5],
    '{"maker.name": {"gt": "B"}}': [3, 4],
    '{"maker.name": {"in": ["Acme", "Bolt"]}}': [1, 2, 3],
    '{"maker.name": {"nin": ["Acme", "Bolt"]}}': [4, 5],
    '{"maker.name": {"in": []}}': [],
    '{"maker.name": {"nin": []}}': [1, 2, 3, 4, 5],
    '{"maker.name": {"icontains": "ACM"}}': [1, 2, 4],
    '{"maker.name": {"notContains": "c"}}': [3, 5],
    '{"maker.alias": null}': [3, 5],
    '{"maker.alias": {"isNull": false}}': [1, 2, 4],
    '{"maker.alias": {"ne": "A"}}': [3, 4, 5],
    '{"maker.alias": {"in": ["a", null]}}': [3, 4, 5],
    '{"not": {"maker.alias": "A"}}': [3, 4, 5],
    '{"not": {"maker.alias": {"ne": "A"}}}': [1, 2],
    '{"maker": {"name": "Acme", "alias": "A"}}': [1, 2],
    '{"maker": {"or": [{"name": "Bolt"}, {"alias": "a"}]}}': [3, 4],
    '{"maker": {"not": {"name": "Bolt"}}}': [1, 2, 4, 5],
    '{"or": [{"maker.name": "Bolt"}, {"owner.name": "Bolt"}]}': [2, 3],
    '{"owner.name": "Acme", "maker.name": "Bolt"}': [3],
    '{"maker.name": "Acme", "maker.alias": {"ne": "B"}}': [1, 2],
}

FAR: Final[Mapping[str, Answer]] = {
    '{"maker.region.name": "east"}': [1, 2],
    '{"maker.region.name": {"ne": "east"}}': [3, 4, 5],
    '{"maker.region.name": null}': [4, 5],
    '{"owner.region.name": null}': [4, 5],
    '{"maker.region.parent.name": "north"}': [1, 2],
    '{"maker.region.parent.name": {"ne": "north"}}': [3, 4, 5],
    '{"maker.region.rank": {"gt": 1}}': [3],
    '{"maker.region.rank": {"lte": 3}}': [3],
    '{"not": {"maker.region.rank": {"gt": 1}}}': [1, 2, 4, 5],
    '{"maker": {"region": {"parent": {"name": "east"}}}}': [3],
    '{"maker": {"region.parent.rank": {"between": [0, 5]}}}': [1, 2],
    '{"parent.maker.name": "Acme"}': [2, 3],
    '{"parent.count": 1}': [2, 3],
    '{"parent.parent.count": 1}': [4],
    '{"parent.parent.count": {"ne": 1}}': [1, 2, 3, 5],
    '{"parent.owner.region.code": "R2"}': [2, 3, 4],
    '{"maker.region.rank": {"nin": [3, null]}}': [],
    '{"owner.region.rank": {"nin": [3, null]}}': [5],
}

MISSING: Final[Mapping[str, Answer]] = {
    '{"maker": null}': [5],
    '{"maker": {"isNull": true}}': [5],
    '{"maker": {"isNull": false}}': [1, 2, 3, 4],
    '{"maker": {"exists": true}}': [1, 2, 3, 4],
    '{"maker": {"exists": false}}': [5],
    '{"maker": {"ne": null}}': [1, 2, 3, 4],
    '{"not": {"maker": null}}': [1, 2, 3, 4],
    '{"owner": null}': [],
    '{"owner": {"exists": true}}': [1, 2, 3, 4, 5],
    '{"parent": null}': [1, 5],
    '{"maker.region": null}': [4, 5],
    '{"maker.region": {"isNull": false}}': [1, 2, 3],
    '{"maker.region.parent": {"exists": true}}': [1, 2, 3],
    '{"or": [{"maker": null}, {"parent": null}]}': [1, 5],
    '{"maker": {"isNull": false, "name": "Bolt"}}': [3],
    '{"maker": 1}': NOT_APPLICABLE,
    '{"maker": {"gt": 1}}': NOT_APPLICABLE,
}

MANY: Final[Mapping[str, Answer]] = {
    '{"parts": {"some": {"name": "nut"}}}': [1, 2],
    '{"parts": {"every": {"name": "nut"}}}': [2, 4, 5],
    '{"parts": {"none": {"name": "nut"}}}': [3, 4, 5],
    '{"parts": {"some": {"name": "nut", "size": 5}}}': [1, 2],
    '{"parts": {"some": {"name": "pin", "size": 5}}}': [],
    '{"parts": {"some": {"name": "pin"}, "none": {"name": "rod"}}}': [1],
    '{"and": [{"parts": {"some": {"name": "nut"}}}, {"parts": {"some": {"name": "pin"}}}]}': [1],
    '{"parts": {"some": {"size": null}}}': [1],
    '{"parts": {"every": {"size": {"ne": null}}}}': [2, 3, 4, 5],
    '{"parts": {"none": {"size": null}}}': [2, 3, 4, 5],
    '{"parts": {"some": {"size": {"gt": 5}}}}': [3],
    '{"parts": {"every": {"size": {"gt": 4}}}}': [2, 3, 4, 5],
    '{"parts": {"every": {"size": {"ne": 1}}}}': [2, 3, 4, 5],
    '{"parts": {"some": {"size": {"ne": 5}}}}': [1, 3],
    '{"parts": {"none": {"size": {"ne": 5}}}}': [2, 4, 5],
    '{"parts": {"some": {"cost": "2.5"}}}': [1, 2],
    '{"parts": {"some": {"not": {"name": "nut"}}}}': [1, 3],
    '{"parts": {"some": {"or": [{"name": "pin"}, {"size": 9}]}}}': [1, 3],
    '{"parts": {"every": {"or": [{"name": "nut"}, {"size": null}]}}}': [1, 2, 4, 5],
    '{"parts": {"some": {"name": {"in": []}}}}': [],
    '{"parts": {"every": {"name": {"in": []}}}}': [4, 5],
    '{"parts": {"none": {"name": {"nin": []}}}}': [4, 5],
    '{"not": {"parts": {"some": {"name": "nut"}}}}': [3, 4, 5],
    '{"not": {"parts": {"every": {"name": "nut"}}}}': [1, 3],
    '{"not": {"parts": {"none": {"name": "nut"}}}}': [1, 2],
    '{"not": {"not": {"parts": {"every": {"name": "nut"}}}}}': [2, 4, 5],
    '{"or": [{"parts": {"some": {"name": "rod"}}}, {"count": 5}]}': [3, 5],
    '{"nor": [{"parts": {"some": {"name": "rod"}}}, {"count": 5}]}': [1, 2, 4],
    '{"children": {"some": {"count": 2}}}': [1],
    '{"children": {"none": {"count": {"gte": 4}}}}': [1, 2, 4, 5],
    '{"children": {"every": {"maker.name": "Acme"}}}': [2, 4, 5],
    '{"parts": {"elemMatch": {"name": "nut", "size": {"lt": 5}}}}': [1],
    '{"parts": {"$elemMatch": {"name": {"$ne": "nut"}}}}': [1, 3],
    '{"parts": {"name": "nut"}}': NEEDED,
    '{"parts.name": "nut"}': NEEDED,
    '{"parts": null}': NEEDED,
    '{"parts": {"some": {}}}': ErrorCode.EMPTY_CONDITION,
}

MANY_TO_MANY: Final[Mapping[str, Answer]] = {
    '{"labels": {"some": {"name": "red"}}}': [1, 4],
    '{"labels": {"every": {"name": "blue"}}}': [2, 3, 5],
    '{"labels": {"none": {"name": "red"}}}': [2, 3, 5],
    '{"labels": {"some": {"weight": {"gt": 0}}}}': [1, 4],
    '{"labels": {"some": {"name": {"ne": "blue"}}}}': [1, 4],
    '{"labels": {"every": {"weight": {"ne": null}}}}': [3, 5],
    '{"labels": {"none": {"name": null}}}': [1, 2, 3, 5],
    '{"not": {"labels": {"some": {"name": "blue"}}}}': [3, 5],
    '{"not": {"labels": {"every": {"name": {"in": ["red", "blue"]}}}}}': [4],
    '{"labels": {"some": {"name": "red"}, "every": {"name": {"ne": null}}}}': [1],
    '{"or": [{"labels": {"some": {"name": null}}}, {"labels": {"none": {"name": "blue"}}}]}': [3, 4, 5],
    '{"labels": {"some": {"things": {"some": {"count": 4}}}}}': [1, 2, 4],
    '{"labels": {"every": {"things": {"some": {"count": 1}}}}}': [1, 2, 3, 5],
}

NESTED: Final[Mapping[str, Answer]] = {
    '{"parts": {"some": {"maker.name": "Bolt"}}}': [1, 2],
    '{"parts": {"some": {"maker.name": {"ne": "Bolt"}}}}': [1, 3],
    '{"parts": {"every": {"maker.name": {"ne": "Bolt"}}}}': [3, 4, 5],
    '{"parts": {"some": {"maker": null}}}': [1],
    '{"parts": {"every": {"maker": {"exists": true}}}}': [2, 3, 4, 5],
    '{"parts": {"some": {"maker.region.name": "south"}}}': [1, 2],
    '{"maker.things": {"some": {"count": 2}}}': [1, 2],
    '{"maker.things": {"every": {"count": {"lt": 3}}}}': [1, 2, 5],
    '{"maker.things": {"none": {"count": 3}}}': [1, 2, 4, 5],
    '{"maker": {"things": {"some": {"parts": {"some": {"name": "rod"}}}}}}': [3],
    '{"children": {"some": {"children": {"some": {"count": 4}}}}}': [1],
    '{"children": {"every": {"children": {"none": {"count": 4}}}}}': [2, 3, 4, 5],
    '{"children": {"some": {"parts": {"none": {"name": "nut"}}}}}': [1, 3],
    '{"parent.parts": {"some": {"size": null}}}': [2, 3],
    '{"parent.parts": {"every": {"name": "nut"}}}': [1, 5],
    '{"parent.labels": {"none": {"name": "red"}}}': [1, 4, 5],
    '{"parts": {"some": {"thing.count": 2}}}': [2],
    '{"parts": {"some": {"thing": {"labels": {"some": {"name": "red"}}}}}}': [1],
}

BACK: Final[Mapping[str, Answer]] = {
    '{"things": {"some": {"count": 2}}}': [1],
    '{"things": {"none": {"count": {"gt": 0}}}}': [4],
    '{"things": {"every": {"parts": {"some": {"name": "nut"}}}}}': [1, 4],
    '{"region.name": "east", "things": {"some": {"owner.name": "Bolt"}}}': [1],
    '{"region": null}': [3],
    '{"region.parent.name": {"ne": "north"}}': [2, 3, 4],
}

OF_PARTS: Final[Mapping[str, Answer]] = {
    '{"thing.count": 1}': [1, 2, 3],
    '{"thing.parent.count": 1, "size": {"gt": 5}}': [5],
    '{"thing.labels": {"some": {"name": "red"}}}': [1, 2, 3],
    '{"maker.name": {"ne": "Bolt"}, "name": {"ne": "rod"}}': [1, 3],
}

OF_LABELS: Final[Mapping[str, Answer]] = {
    '{"things": {"some": {"count": 4}}}': [1, 2, 3],
    '{"things": {"every": {"count": {"lte": 2}}}}': [],
    '{"things": {"none": {"count": 1}}}': [3],
    '{"name": null, "things": {"some": {"maker.alias": "a"}}}': [3],
}

OF_REGIONS: Final[Mapping[str, Answer]] = {
    '{"parent.parent.name": "north"}': [3],
    '{"parent": null}': [1, 4],
    '{"parent.rank": null}': [1, 3, 4],
    '{"code": "R2"}': [2],
}

TABLES: Final = (
    ("to one", "Thing", TO_ONE),
    ("far away", "Thing", FAR),
    ("missing rows", "Thing", MISSING),
    ("to many", "Thing", MANY),
    ("many to many", "Thing", MANY_TO_MANY),
    ("nested", "Thing", NESTED),
    ("the way back", "Maker", BACK),
    ("of parts", "Part", OF_PARTS),
    ("of labels", "Label", OF_LABELS),
    ("of regions", "Region", OF_REGIONS),
)
