"""Row scopes: what lies outside of them does not exist, on whatever way a filter comes there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from queryengine.predicate import EVERYTHING, Predicate, field
from queryengine.testing.cases.relations import ITEMS
from queryengine.testing.cases.table import Answer, Case, cases

__all__ = ["scope_cases"]

# Things 1 to 3 exist; of the makers all but Bolt; of the parts those larger than 1.
ROOT: Final = {"Thing": field("count") < 4}
WIDE: Final[Mapping[str, Predicate]] = {
    "Thing": field("count") < 4,
    "Maker": field("name") != "Bolt",
    "Part": field("size") > 1,
}
BY_WAYS: Final = {"Thing": field("maker.region.name") == "east"}
# What a scope says of related rows is said of all of them, whatever their own scope.
BY_MANY: Final = {"Thing": field("parts").some(field("name") == "nut"), "Part": field("size").is_null()}


def scope_cases() -> Iterator[Case]:
    """Yield the cases of row scopes."""
    for name, scope, asked in SCOPES:
        yield from cases(f"scope {name}", "Thing", ITEMS, asked, scope=scope)
    yield from cases("scope of related rows", "Label", ITEMS, OF_LABELS, scope=WIDE)


OF_ROOT: Final[Mapping[str, Answer]] = {
    "{}": [1, 2, 3],
    '{"where": {"not": {"count": 1}}}': [2, 3],
    '{"where": {"or": [{"count": {"gte": 0}}, {"count": 5}]}}': [1, 2, 3],
    '{"where": {"nor": [{"count": 1}]}}': [2, 3],
    '{"where": {"count": {"nin": []}}, "order": "-count", "limit": 2}': [3, 2],
    '{"where": {"count": 5}}': [],
    '{"where": {"children": {"some": {"count": {"gt": 2}}}}}': [1],
    '{"where": {"children": {"some": {"count": 4}}}}': [],
    '{"where": {"children": {"none": {"count": 4}}}}': [1, 2, 3],
    '{"where": {"labels": {"some": {"things": {"some": {"count": 4}}}}}}': [],
}
OF_WIDE: Final[Mapping[str, Answer]] = {
    '{"where": {"maker.name": "Bolt"}}': [],
    '{"where": {"maker": null}}': [3],
    '{"where": {"maker.name": {"ne": "Acme"}}}': [3],
    '{"where": {"owner": null}}': [2],
    '{"where": {"owner.name": {"nin": []}}, "order": "owner.name"}': [2, 1, 3],
    '{"where": {"not": {"maker.name": "Acme"}}}': [3],
    '{"where": {"maker.region.name": "south"}}': [],
    '{"where": {"parts": {"some": {"name": "nut"}}}}': [1, 2],
    '{"where": {"parts": {"some": {"name": "pin"}}}}': [],
    '{"where": {"parts": {"every": {"size": 5}}}}': [1, 2],
    '{"where": {"parts": {"none": {"size": {"lte": 1}}}}}': [1, 2, 3],
    '{"where": {"parts": {"some": {"maker": null}}}}': [1, 2],
    '{"where": {"parts": {"some": {"maker.name": "Dorn"}}}}': [3],
    '{"where": {"not": {"parts": {"some": {"maker.name": {"ne": "x"}}}}}}': [],
    '{"order": "maker.name"}': [3, 1, 2],
    '{"order": "-maker.name NULLS FIRST"}': [3, 1, 2],
    '{"where": {"parent.maker.name": "Acme"}}': [2, 3],
    '{"where": {"children": {"every": {"maker": {"exists": true}}}}}': [2, 3],
}
OF_WAYS: Final[Mapping[str, Answer]] = {
    "{}": [1, 2],
    '{"where": {"not": {"count": 1}}}': [2],
    '{"where": {"children": {"some": {"count": {"gt": 1}}}}}': [1],
    '{"where": {"children": {"every": {"count": 2}}}}': [1, 2],
    '{"where": {"parent": null}}': [1],
}
OF_MANY: Final[Mapping[str, Answer]] = {
    "{}": [1, 2],
    '{"where": {"not": {"count": 1}}}': [2],
    '{"where": {"parts": {"some": {"name": "nut"}}}}': [],
    '{"where": {"parts": {"some": {"name": "pin"}}}}': [1],
}
NOBODY: Final[Mapping[str, Answer]] = {"{}": [], '{"where": {"not": {"count": 1}}}': []}
ALL: Final[Mapping[str, Answer]] = {"{}": [1, 2, 3, 4, 5], '{"where": {"not": {"count": 1}}}': [2, 3, 4, 5]}

SCOPES: Final = (
    ("of the root", ROOT, OF_ROOT),
    ("of several", WIDE, OF_WIDE),
    ("by a way", BY_WAYS, OF_WAYS),
    ("by many rows", BY_MANY, OF_MANY),
    ("of nobody", {"Thing": field("id").in_([])}, NOBODY),
    ("of all", {"Thing": EVERYTHING}, ALL),
)
OF_LABELS: Final[Mapping[str, Answer]] = {
    '{"where": {"things": {"some": {"count": 4}}}}': [],
    '{"where": {"things": {"every": {"count": {"lt": 4}}}}}': [1, 2, 3],
    '{"where": {"things": {"some": {"maker.name": "Acme"}}}}': [1, 2],
}
