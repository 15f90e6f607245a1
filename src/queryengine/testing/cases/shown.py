"""What a caller sees of the rows: `fields` and `include`, as `projection_model` gives them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from queryengine.errors import ErrorCode
from queryengine.predicate import Predicate, field
from queryengine.testing.cases.relations import ITEMS as RELATED
from queryengine.testing.cases.table import MAKER, Answer, Case, cases, maker, region, thing
from queryengine.testing.world import Item, Record

__all__ = ["shown_cases"]

Document: TypeAlias = dict[str, object]
Shows: TypeAlias = Sequence[tuple[Document, Sequence[Record]]]


def shown_cases() -> Iterator[Case]:
    """Yield the cases of `fields` and `include`."""
    yield from _cases("fields", "Maker", RELATED, FIELDS)
    yield from _cases("fields left out", "Label", RELATED, LEFT_OUT)
    yield from _cases("fields of related rows", "Thing", RELATED, RELATED_FIELDS)
    yield from _cases("include", "Thing", RELATED, INCLUDES)
    yield from _cases("include in order", "Thing", RELATED, IN_ORDER)
    yield from _cases("include in order and scope", "Thing", RELATED, IN_ORDER_AND_SCOPE, NO_ACME)
    yield from _cases("include in scope", "Thing", RELATED, IN_SCOPE, SCOPE)
    yield from _cases("shown values", "Thing", VALUED, VALUES)
    yield from cases("not shown", "Thing", RELATED, REFUSED)


def _cases(
    name: str, entity: str, items: Sequence[Item], asked: Shows, scope: Mapping[str, Predicate] | None = None
) -> Iterator[Case]:
    for place, (document, shows) in enumerate(asked, start=1):
        keys = [key for row in shows if isinstance(key := row["id"], int)]
        yield Case(f"{name} {place}", entity, items, json.dumps(document), keys, scope, shows)


def _with(relation: str, *fields: str, **scope: object) -> Document:
    """Return a filter that shows the key and these fields of a relation's rows, narrowed by a scope."""
    return {"fields": ["id"], "include": [_include(relation, *fields, **scope)]}


def _include(relation: str, *fields: str, **scope: object) -> Document:
    return {"relation": relation, "scope": {"fields": fields, **scope}}


FIELDS: Final[Shows] = [
    (
        {"fields": ["id", "name"]},
        [
            {"id": 1, "name": "Acme"},
            {"id": 2, "name": "Bolt"},
            {"id": 3, "name": "acme"},
            {"id": 4, "name": "Dorn"},
        ],
    ),
    (
        {"fields": {"name": True, "id": True}, "where": {"alias": None}, "order": "-name"},
        [{"id": 4, "name": "Dorn"}, {"id": 2, "name": "Bolt"}],
    ),
    (
        {"fields": ["id", "alias"], "where": {"name": {"icontains": "m"}}, "order": "since,-alias"},
        [{"id": 3, "alias": "a"}, {"id": 1, "alias": "A"}],
    ),
    ({"fields": ["id"], "where": {"region.name": "east"}, "order": "region.rank"}, [{"id": 1}]),
    ({"fields": ["id", "since"], "limit": 1, "offset": 1}, [{"id": 2, "since": None}]),
]

LEFT_OUT: Final[Shows] = [
    ({"fields": {"weight": False}, "limit": 1}, [{"id": 1, "name": "red"}]),
    ({"fields": {"name": False}, "where": {"name": None}}, [{"id": 3, "weight": 3.0}]),
]

RELATED_FIELDS: Final[Shows] = [
    (
        {"fields": ["id", "count"], "where": {"maker.name": "Acme"}},
        [{"id": 1, "count": 1}, {"id": 2, "count": 2}],
    ),
    (
        {"fields": ["id", "maker.name"], "where": {"count": {"gt": 3}}},
        [{"id": 4, "maker": {"name": "acme"}}, {"id": 5, "maker": None}],
    ),
    (
        {"fields": ["id", "owner.region.parent.name"], "where": {"count": {"in": [1, 2, 4]}}},
        [
            {"id": 1, "owner": {"region": {"parent": {"name": "north"}}}},
            {"id": 2, "owner": {"region": {"parent": {"name": "east"}}}},
            {"id": 4, "owner": {"region": None}},
        ],
    ),
    (
        {"fields": ["id", "parts.name"], "where": {"count": {"gt": 1}}, "limit": 2},
        [{"id": 2, "parts": [{"name": "nut"}]}, {"id": 3, "parts": [{"name": "rod"}]}],
    ),
    (
        {"fields": ["id", "labels.weight"], "where": {"count": {"lt": 4}}},
        [
            {"id": 1, "labels": [{"weight": 1.0}, {"weight": None}]},
            {"id": 2, "labels": [{"weight": None}]},
            {"id": 3, "labels": []},
        ],
    ),
]

ACME: Final[Record] = {"id": 3, "name": "acme", "alias": "a", "since": None}
INCLUDES: Final[Shows] = [
    ({"fields": ["id"], "include": ["owner"], "where": {"count": 4}}, [{"id": 4, "owner": ACME}]),
    (
        {"fields": ["id"], "include": ["maker"], "where": {"count": {"gt": 3}}, "order": "-count"},
        [{"id": 5, "maker": None}, {"id": 4, "maker": ACME}],
    ),
    (_with("maker", "name") | {"where": {"count": 1}}, [{"id": 1, "maker": {"name": "Acme"}}]),
    (
        _with("parts", "id", where={"name": "nut"}),
        [
            {"id": 1, "parts": [{"id": 1}, {"id": 2}]},
            {"id": 2, "parts": [{"id": 4}]},
            {"id": 3, "parts": []},
            {"id": 4, "parts": []},
            {"id": 5, "parts": []},
        ],
    ),
    (
        _with("parts", "id", "cost", where={"size": {"ne": 5}}) | {"limit": 1},
        [{"id": 1, "parts": [{"id": 1, "cost": Decimal("0.10")}, {"id": 3, "cost": Decimal("2.50")}]}],
    ),
    (
        _with("maker", "id", where={"name": "Bolt"}),
        [
            {"id": 1, "maker": None},
            {"id": 2, "maker": None},
            {"id": 3, "maker": {"id": 2}},
            {"id": 4, "maker": None},
            {"id": 5, "maker": None},
        ],
    ),
    (
        _with("labels", "name", where={"weight": None}) | {"where": {"count": {"lt": 4}}},
        [
            {"id": 1, "labels": [{"name": "blue"}]},
            {"id": 2, "labels": [{"name": "blue"}]},
            {"id": 3, "labels": []},
        ],
    ),
    (
        _with("children", "id", include=[_include("parts", "id")]) | {"limit": 1},
        [{"id": 1, "children": [{"id": 2, "parts": [{"id": 4}]}, {"id": 3, "parts": [{"id": 5}]}]}],
    ),
    (
        _with("maker", "id", include=[_include("region", "code")]) | {"where": {"count": {"gt": 2}}},
        [
            {"id": 3, "maker": {"id": 2, "region": {"code": "R3"}}},
            {"id": 4, "maker": {"id": 3, "region": None}},
            {"id": 5, "maker": None},
        ],
    ),
    (
        _with("parent", "id", where={"parts": {"some": {"name": "pin"}}}) | {"where": {"count": {"gt": 2}}},
        [{"id": 3, "parent": {"id": 1}}, {"id": 4, "parent": None}, {"id": 5, "parent": None}],
    ),
]

FIRST: Final[Document] = {"where": {"count": 1}}
IN_ORDER: Final[Shows] = [
    (
        _with("parts", "id", order="-size", limit=2) | {"where": {"count": 1}},
        [{"id": 1, "parts": [{"id": 2}, {"id": 1}]}],
    ),
    (
        _with("parts", "id", order="-id") | {"where": {"count": {"lt": 3}}},
        [{"id": 1, "parts": [{"id": 3}, {"id": 2}, {"id": 1}]}, {"id": 2, "parts": [{"id": 4}]}],
    ),
    (
        _with("parts", "id", offset=1, limit=1) | {"where": {"count": {"lt": 3}}},
        [{"id": 1, "parts": [{"id": 2}]}, {"id": 2, "parts": []}],
    ),
    (
        _with("parts", "id", offset=2) | {"where": {"count": {"lt": 3}}},
        [{"id": 1, "parts": [{"id": 3}]}, {"id": 2, "parts": []}],
    ),
    # The primary key comes last in each order, ascending.
    (_with("parts", "id", order="name", limit=1) | FIRST, [{"id": 1, "parts": [{"id": 1}]}]),
    (_with("parts", "id", order="-name") | FIRST, [{"id": 1, "parts": [{"id": 3}, {"id": 1}, {"id": 2}]}]),
    (_with("parts", "id", order="size", limit=2) | FIRST, [{"id": 1, "parts": [{"id": 3}, {"id": 1}]}]),
    (
        _with("parts", "id", order="size NULLS LAST", offset=1) | FIRST,
        [{"id": 1, "parts": [{"id": 2}, {"id": 3}]}],
    ),
    (
        _with("parts", "id", order="maker.name", limit=2) | FIRST,
        [{"id": 1, "parts": [{"id": 3}, {"id": 1}]}],
    ),
    (
        _with("labels", "id", order="-weight", limit=2) | {"where": {"count": {"in": [1, 2, 4]}}},
        [
            {"id": 1, "labels": [{"id": 1}, {"id": 2}]},
            {"id": 2, "labels": [{"id": 2}]},
            {"id": 4, "labels": [{"id": 3}, {"id": 1}]},
        ],
    ),
    (
        _with("labels", "id", where={"name": {"isNull": False}}, order="-name", limit=1)
        | {"where": {"count": {"in": [2, 4]}}, "order": "-count"},
        [{"id": 4, "labels": [{"id": 1}]}, {"id": 2, "labels": [{"id": 2}]}],
    ),
    (
        _with("children", "id", order="-id", include=[_include("parts", "id", order="-size", limit=1)])
        | FIRST,
        [{"id": 1, "children": [{"id": 3, "parts": [{"id": 5}]}, {"id": 2, "parts": [{"id": 4}]}]}],
    ),
    (
        _with("maker", "id", include=[_include("things", "id", order="-count", limit=1)])
        | {"where": {"count": {"lt": 4}}},
        [
            {"id": 1, "maker": {"id": 1, "things": [{"id": 2}]}},
            {"id": 2, "maker": {"id": 1, "things": [{"id": 2}]}},
            {"id": 3, "maker": {"id": 2, "things": [{"id": 3}]}},
        ],
    ),
    (_with("maker", "id", order="name", limit=1) | FIRST, [{"id": 1, "maker": {"id": 1}}]),
]

NO_ACME: Final = {"Maker": field("name") != "Acme", "Part": field("id") < 4}
IN_ORDER_AND_SCOPE: Final[Shows] = [
    # What is out of scope takes no place in a window, and stands for null in an order.
    (
        _with("parts", "id", order="-id", limit=2) | {"where": {"count": {"lt": 3}}},
        [{"id": 1, "parts": [{"id": 3}, {"id": 2}]}, {"id": 2, "parts": []}],
    ),
    (
        _with("parts", "id", order="maker.name") | FIRST,
        [{"id": 1, "parts": [{"id": 1}, {"id": 3}, {"id": 2}]}],
    ),
    (
        _with("parts", "id", order="-maker.name", limit=2) | FIRST,
        [{"id": 1, "parts": [{"id": 2}, {"id": 1}]}],
    ),
]

SCOPE: Final = {"Thing": field("count") < 4, "Part": field("size") > 1, "Maker": field("name") != "Bolt"}
IN_SCOPE: Final[Shows] = [
    (
        _with("parts", "id"),
        [{"id": 1, "parts": [{"id": 2}]}, {"id": 2, "parts": [{"id": 4}]}, {"id": 3, "parts": [{"id": 5}]}],
    ),
    (
        {"fields": ["id", "maker.name"]},
        [
            {"id": 1, "maker": {"name": "Acme"}},
            {"id": 2, "maker": {"name": "Acme"}},
            {"id": 3, "maker": None},
        ],
    ),
    (
        _with("children", "id"),
        [{"id": 1, "children": [{"id": 2}, {"id": 3}]}, {"id": 2, "children": []}, {"id": 3, "children": []}],
    ),
    ({"fields": ["id", "parts.name"], "where": {"maker": None}}, [{"id": 3, "parts": [{"name": "rod"}]}]),
    (_with("owner", "name") | {"where": {"count": 2}}, [{"id": 2, "owner": None}]),
]

VALUED: Final = (
    region(1),
    MAKER,
    maker(2, name="n", region_id=1),
    thing(
        1,
        price=Decimal("1.50"),
        share=0.1,
        details={"width": 1, "inner": {"code": "x"}},
        data=[1, {"a": None}],
        blob=b"\x00\xff",
    ),
    thing(2, price=Decimal("-0.01"), extra="x", owner_id=2),
)
VALUES: Final[Shows] = [
    (
        {"fields": ["id", "price", "share", "big"]},
        [
            {"id": 1, "price": Decimal("1.50"), "share": 0.1, "big": None},
            {"id": 2, "price": Decimal("-0.01"), "share": None, "big": None},
        ],
    ),
    ({"fields": ["id", "blob"]}, [{"id": 1, "blob": b"\x00\xff"}, {"id": 2, "blob": b""}]),
    (
        {"fields": ["id", "data", "extra"]},
        [{"id": 1, "data": [1, {"a": None}], "extra": None}, {"id": 2, "data": {}, "extra": "x"}],
    ),
    ({"fields": ["id", "details.width"]}, [{"id": 1, "details": {"width": 1}}, {"id": 2, "details": None}]),
    (
        {"fields": ["id", "details.inner.code", "owner.region.code"]},
        [
            {"id": 1, "details": {"inner": {"code": "x"}}, "owner": {"region": None}},
            {"id": 2, "details": None, "owner": {"region": {"code": "R1"}}},
        ],
    ),
]

REFUSED: Final[Mapping[str, Answer]] = {
    '{"fields": ["nothing"]}': ErrorCode.UNKNOWN_FIELD,
    '{"fields": ["id", "owner.nothing"]}': ErrorCode.UNKNOWN_FIELD,
    '{"fields": {"id": true, "count": false}}': ErrorCode.SYNTAX_ERROR,
    '{"include": ["nothing"]}': ErrorCode.UNKNOWN_FIELD,
    '{"include": ["count"]}': ErrorCode.NOT_ALLOWED,
    '{"include": ["details"]}': ErrorCode.NOT_ALLOWED,
    '{"include": ["owner", "owner"]}': ErrorCode.DUPLICATE_KEY,
}
