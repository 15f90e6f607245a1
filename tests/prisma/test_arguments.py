"""What the arguments look like: plain dictionaries, as short as a person would write them."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest
from queryengine_prisma import PrismaQueryEngine

from queryengine import SecurityPolicy, process_filter_to_ast
from queryengine.errors import ErrorCode, FilterError

OPEN = SecurityPolicy(relations=True)


def where(model: type[Any], test: dict[str, Any], **options: Any) -> object:
    """The `where` of a condition."""
    engine = PrismaQueryEngine(model, **options)
    bound = process_filter_to_ast({"where": test}, engine, policy=OPEN)
    return engine.build_query(bound).query.get("where")


SQLITE: list[tuple[dict[str, Any], object]] = [
    ({"count": 5}, {"count": 5}),
    ({"count": {"gte": 1}, "active": True}, {"count": {"gte": 1}, "active": True}),
    ({"count": {"between": [1, 5]}}, {"AND": [{"count": {"gte": 1}}, {"count": {"lte": 5}}]}),
    ({"count": {"ne": 5}}, {"count": {"not": 5}}),
    ({"big": {"ne": 5}}, {"OR": [{"big": None}, {"big": {"not": 5}}]}),
    ({"big": None}, {"big": None}),
    ({"big": {"exists": True}}, {"big": {"not": None}}),
    ({"count": {"in": [1, 2]}}, {"count": {"in": [1, 2]}}),
    ({"count": {"nin": [1, 2]}}, {"count": {"not_in": [1, 2]}}),
    ({"name": {"startsWith": "ab"}}, {"name": {"gte": "ab", "lt": "ac"}}),
    ({"name": {"startsWith": ""}}, {"name": {"gte": ""}}),
    ({"name": {"icontains": "ab"}}, {"name": {"contains": "ab"}}),
    ({"maker.name": "x"}, {"maker": {"is": {"name": "x"}}}),
    ({"maker.name": "x", "maker.id": {"gt": 1}}, {"maker": {"is": {"name": "x", "id": {"gt": 1}}}}),
    ({"maker": None}, {"NOT": [{"maker": {"is": {}}}]}),
    ({"maker": {"exists": True}}, {"maker": {"is": {}}}),
    (
        {"maker.name": {"ne": "x"}},
        {"OR": [{"NOT": [{"maker": {"is": {}}}]}, {"maker": {"is": {"name": {"not": "x"}}}}]},
    ),
    ({"owner.name": {"ne": "x"}}, {"owner": {"is": {"name": {"not": "x"}}}}),
    ({"parts": {"some": {"size": 5}}}, {"parts": {"some": {"size": 5}}}),
    ({"parts": {"none": {"size": 5}}}, {"parts": {"none": {"size": 5}}}),
    (
        {"parts": {"every": {"size": 5}}},
        {"parts": {"none": {"OR": [{"size": None}, {"size": {"not": 5}}]}}},
    ),
    ({"not": {"or": [{"count": 1}, {"active": True}]}}, {"count": {"not": 1}, "active": {"not": True}}),
    ({"id": None}, {"id": {"in": []}}),
    ({"id": {"exists": True}}, None),
]


@pytest.mark.parametrize(("test", "expected"), SQLITE)
def test_conditions_on_sqlite(world: ModuleType, test: dict[str, Any], expected: object) -> None:
    assert where(world.models.Thing, test) == expected


POSTGRESQL: list[tuple[dict[str, Any], object]] = [
    ({"text": {"contains": "50%_\\"}}, {"text": {"contains": "50\\%\\_\\\\"}}),
    ({"text": {"startsWith": "a"}}, {"text": {"startswith": "a"}}),
    ({"remark": {"notEndsWith": "a"}}, {"OR": [{"remark": None}, {"NOT": [{"remark": {"endswith": "a"}}]}]}),
    ({"price": "1e1"}, {"price": 10}),
    ({"key": "ABCDEFAB-CDEF-ABCD-EFAB-CDEFABCDEFAB"}, {"key": "abcdefab-cdef-abcd-efab-cdefabcdefab"}),
    ({"blob": "AP8="}, {"blob": "AP8="}),
    ({"data": {"eq": {"b": 1, "a": None}}}, {"data": {"equals": '{"a":null,"b":1}'}}),
    ({"color": "RED"}, {"color": "RED"}),
    ({"numbers": {"has": 1}}, {"numbers": {"has": 1}}),
    ({"numbers": {"hasAny": [1, 2]}}, {"numbers": {"has_some": [1, 2]}}),
    (
        {"numbers": {"hasAll": [1, 2]}},
        {"OR": [{"numbers": {"has_some": []}}, {"numbers": {"has_every": [1, 2]}}]},
    ),
    (
        {"numbers": {"isEmpty": True}},
        {"OR": [{"numbers": {"equals": None}}, {"numbers": {"is_empty": True}}]},
    ),
    ({"numbers": {"isEmpty": False}}, {"numbers": {"is_empty": False}}),
    ({"numbers": []}, {"OR": [{"numbers": {"equals": None}}, {"numbers": {"equals": []}}]}),
]


@pytest.mark.parametrize(("test", "expected"), POSTGRESQL)
def test_conditions_on_postgresql(every_type: ModuleType, test: dict[str, Any], expected: object) -> None:
    assert where(every_type.models.Sample, test) == expected


def test_folding_beyond_a_to_z_is_an_option(every_type: ModuleType) -> None:
    found = where(every_type.models.Sample, {"text": {"icontains": "É"}}, case_fold="unicode")
    assert found == {"text": {"contains": "É", "mode": "insensitive"}}


GAPS: list[tuple[str, dict[str, Any]]] = [
    ("sqlite", {"where": {"name": {"contains": "a"}}}),
    ("sqlite", {"where": {"name": {"notEndsWith": "a"}}}),
    ("sqlite", {"where": {"name": {"like": "a"}}}),
    ("sqlite", {"where": {"blob": {"gt": "AP8="}}}),
    ("sqlite", {"order": "maker.name"}),
    ("postgresql", {"where": {"text": {"icontains": "a"}}}),
    ("postgresql", {"where": {"text": {"gt": "a"}}}),
    ("postgresql", {"order": "text"}),
    ("postgresql", {"where": {"numbers": {"size": 1}}}),
    ("postgresql", {"where": {"extra": {"eq": 1}}}),
    ("postgresql", {"where": {"extra": None}}),
    ("postgresql", {"where": {"data": None}}),
    ("postgresql", {"where": {"padded": "a"}}),
]


@pytest.mark.parametrize(("database", "document"), GAPS)
def test_what_prisma_cannot_do_exactly_is_refused_with_a_reason(
    world: ModuleType, every_type: ModuleType, database: str, document: dict[str, Any]
) -> None:
    model = world.models.Thing if database == "sqlite" else every_type.models.Sample
    with pytest.raises(FilterError) as caught:
        process_filter_to_ast(document, PrismaQueryEngine[object](model), policy=OPEN)
    assert caught.value.code is ErrorCode.UNSUPPORTED_BY_BACKEND
    assert caught.value.hint


@pytest.mark.parametrize(
    "test",
    [
        {"name": "a\u2028b"},
        {"name": {"in": ["a", "\x85"]}},
        {"name": {"icontains": "50%"}},
        {"name": {"istartsWith": "a_b"}},
        {"name": {"startsWith": "\u2027"}},
        {"ratio": 0.30000000000000004},
    ],
)
def test_a_value_that_would_arrive_as_another_is_out_of_range(
    world: ModuleType, test: dict[str, Any]
) -> None:
    with pytest.raises(FilterError) as caught:
        where(world.models.Thing, test)
    assert caught.value.code is ErrorCode.OUT_OF_RANGE


def test_order_and_window(world: ModuleType, every_type: ModuleType) -> None:
    def order(model: type[Any], text: str, **options: Any) -> object:
        engine = PrismaQueryEngine(model, **options)
        bound = process_filter_to_ast({"order": text, "offset": 5, "limit": 7}, engine, policy=OPEN)
        query = engine.build_query(bound).query
        assert (query.get("skip"), query.get("take")) == (5, 7)
        return query.get("order")

    last: dict[str, object] = {"id": "asc"}
    assert order(world.models.Thing, "-name") == [{"name": "desc"}, last]
    assert order(world.models.Thing, "note,-big") == [{"note": "asc"}, {"big": "desc"}, last]
    assert order(world.models.Thing, "note NULLS LAST") == [{"note": {"sort": "asc", "nulls": "last"}}, last]
    assert order(world.models.Thing, "owner.name") == [{"owner": {"name": "asc"}}, last]
    assert order(world.models.Thing, "-maker.alias") == [{"maker": {"alias": "desc"}}, last]
    sample = every_type.models.Sample
    assert order(sample, "plain") == [{"plain": {"sort": "asc", "nulls": "first"}}, last]
    assert order(sample, "plain", null_order="largest") == [{"plain": "asc"}, last]
    assert order(sample, "text", text_order="database_is_codepoint") == [{"text": "asc"}, last]


def test_the_query_is_described_as_python_writes_it(world: ModuleType) -> None:
    engine = PrismaQueryEngine[object](world.models.Phrase)
    bound = process_filter_to_ast({"where": {"text": "a"}, "limit": 5}, engine)
    assert engine.describe_query(bound) == "{'where': {'text': 'a'}, 'order': [{'id': 'asc'}], 'take': 5}"
