"""The way from text to filter: known shapes give what a first sight gives, and no cache changes an answer."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel
from pydantic import Field as PydanticField

from queryengine.config import QueryConfig
from queryengine.errors import ConfigurationError, FilterError, Span
from queryengine.limits import Limits
from queryengine.parsed import Source, Style
from queryengine.policy import Access, SecurityPolicy
from queryengine.predicate import field
from queryengine.process import Processor, process_filter_to_ast
from queryengine.request import read_query
from tests.shop import OPEN, ShopEngine

FILTERS: list[dict[str, Any]] = [
    {"where": {"stock": {"gt": 1}}, "order": "-stock", "limit": 5},
    {"where": {"stock": {"gt": 2}}, "order": "-stock", "limit": 6},
    {"where": {"stock": {"gt": 2}}, "order": "stock", "limit": 6},
    {"where": {"name": {"in": ["a"]}}, "fields": ["id"]},
    {"where": {"name": {"in": []}}, "fields": ["id"]},
    {"where": {"name": {"in": ["a", "b", "c"]}}, "fields": ["name"]},
    {"where": {"or": [{"maker.name": "x"}, {"reviews": {"some": {"stars": {"between": [1, 2]}}}}]}},
    {"where": {"or": [{"maker.name": "y"}, {"reviews": {"some": {"stars": {"between": [2, 3]}}}}]}},
    {"where": {"active": {"in": [True]}}, "skip": 3},
    {"where": {"extra": {"eq": {"a": 1}}}},
    {"where": {"extra": {"eq": {"a": 2}}}},
    {"where": {"stock": {"in": [1, None]}}},
]


def test_a_known_shape_gives_what_a_first_sight_gives() -> None:
    warm = Processor(ShopEngine(), policy=OPEN)
    for document in FILTERS * 2:
        source = Source(json.dumps(document))
        cold = Processor(ShopEngine(), policy=OPEN).process(source)
        again = warm.process(source)
        assert again == cold
        assert again.shape is not None
        assert len(again.values) == len(cold.values)


def test_filters_that_differ_in_values_only_share_their_shape() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    asts = [processor.process(Source(json.dumps(document))) for document in FILTERS]
    assert asts[0].shape is asts[1].shape
    assert asts[1].shape is not asts[2].shape
    assert asts[6].shape is asts[7].shape
    assert asts[9].shape is not asts[10].shape
    assert asts[1].values == (2, 6)


def test_the_values_of_a_known_shape_are_checked_every_time() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    processor.process(Source('{"where":{"stock":{"between":[1,2]},"color":"red"}}'))
    for text, wrong in [
        ('{"where":{"stock":{"between":[1,"2"]},"color":"red"}}', '"2"'),
        ('{"where":{"stock":{"between":[1,2,3]},"color":"red"}}', "[1,2,3]"),
        ('{"where":{"stock":{"between":[1,99999999999]},"color":"red"}}', "99999999999"),
        ('{"where":{"stock":{"between":[1,2]},"color":"green"}}', '"green"'),
    ]:
        with pytest.raises(FilterError) as caught:
            processor.process(Source(text))
        assert caught.value.span is not None
        assert caught.value.span.slice(text) == wrong


def test_a_literal_that_is_a_value_in_one_relation_and_shape_in_another_is_never_mixed_up() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    for relation in ("reviews", "parent", "reviews", "parent"):
        for text in ("x", "y"):
            document = {"include": [{"relation": relation, "scope": {"where": {"extra": {"eq": text}}}}]}
            source = Source(json.dumps(document))
            assert processor.process(source) == Processor(ShopEngine(), policy=OPEN).process(source)


def test_scopes_of_one_shape_share_a_plan_and_keep_their_values() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    source = Source('{"where":{"stock":1}}')
    first = processor.process(source, scope=field("id") == 1)
    second = processor.process(source, scope=field("id") == 2)
    third = processor.process(source, scope=field("id") > 2)
    assert first.shape is second.shape is not third.shape
    assert first.scope != second.scope
    assert (first.values, second.values) == ((1, 1), (2, 1))
    assert processor.process(source).scope is None


def test_the_caches_are_bounded() -> None:
    processor = Processor(ShopEngine(), policy=OPEN, config=QueryConfig(cache_size=4))
    for number in range(1, 30):
        where = {"or": [{"stock": 1}] * number}
        processor.process(Source(json.dumps({"where": where})))
    assert len(processor._plans) == 4  # pyright: ignore[reportPrivateUsage]  # its bound is what is tested
    assert processor._plans.layouts == 4  # pyright: ignore[reportPrivateUsage]  # its bound is what is tested


def test_long_texts_are_not_kept() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    source = Source(json.dumps({"where": {"name": {"in": ["x" * 1_000] * 5}}}))
    assert processor.process(source) == processor.process(source)
    assert len(processor._plans) == 0  # pyright: ignore[reportPrivateUsage]  # its bound is what is tested


def test_the_empty_filter_has_the_scope_and_the_default_limit() -> None:
    ast = Processor(ShopEngine(), policy=OPEN).empty(scope=field("id") == 1, principal="me")
    assert ast.condition is None
    assert ast.where == ast.scope is not None
    assert ast.window.limit == 100
    assert ast.principal == "me"


def test_errors_of_bracket_parameters_point_into_the_query_string() -> None:
    text = '{"where":{"stock":"x"}}'
    start = text.index('"x"')
    places = ((Span(start, start + 3), Span(21, 22)),)
    source = Source(text, Style.BRACKETS, "filter[where][stock]=x", places)
    with pytest.raises(FilterError) as caught:
        Processor(ShopEngine(), policy=OPEN).process(source)
    assert caught.value.span == Span(21, 22)
    assert caught.value.source == "filter[where][stock]=x"


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("filter[limit]=1&filter[where][and][x][stock]=1", "filter[where][and][x][stock]"),
        ("filter[order][x]=5", "filter[order][x]"),
        ("filter[limit][]=5", "5"),
        ("filter[where][stock][exists]=1", "1"),
    ],
)
def test_each_mistake_in_brackets_has_a_place_in_the_query_string(query: str, place: str) -> None:
    source = read_query(query.encode(), QueryConfig(), Limits())
    assert source is not None
    with pytest.raises(FilterError) as caught:
        Processor(ShopEngine(), policy=OPEN).process(source)
    assert caught.value.span is not None
    assert caught.value.span.slice(query) == place


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"include": ["maker", "review"]}, ("include", 1)),
        ({"include": "review"}, ("include",)),
        ({"include": {"relation": "review"}}, ("include",)),
        ({"include": [{"relation": "reviews", "scope": {"where": {"star": 1}}}]}, ()),
        ({"include": [{"relation": "reviews", "scope": {"where": {"stars": "x"}}}]}, ()),
        ({"include": [{"relation": "reviews", "scope": {"order": ["id", "star"]}}]}, ()),
        ({"include": [{"relation": "reviews", "scope": {"limit": 0}}]}, ("include", 0, "scope", "limit")),
        ({"fields": ["id", "nmae"]}, ("fields", 1)),
        ({"fields": {"id": True, "nmae": True}}, ("fields", "nmae")),
        ({"fields": ["id", "id"]}, ("fields", 1)),
        ({"order": ["id", "-stcok"]}, ("order", 1)),
        ({"order": "id,-stcok"}, ("order",)),
        ({"where": {"$or": [{"stock": 1}, {"stcok": 2}]}}, ("where", "$or", 1, "stcok")),
        ({"where": {"$not": {"stock": {"$gt": "x"}}}}, ("where", "$not", "stock", "$gt")),
        ({"where": {"stock": {"in": [1, "x"]}}}, ("where", "stock", "in", 1)),
        ({"where": {"stock": {"between": [1, "x"]}}}, ("where", "stock", "between", 1)),
        ({"where": {"n" * 100: 1}}, ("where", "n" * 100)),
    ],
    ids=str,
)
def test_the_path_of_an_error_leads_through_what_was_sent(document: Any, path: tuple[str | int, ...]) -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    for _ in range(2):
        with pytest.raises(FilterError) as caught:
            processor.process(Source(json.dumps(document)))
        found = document
        for key in caught.value.path:
            found = found[key]
        assert caught.value.path == path or (not path and len(caught.value.path) > 4)


def test_the_path_of_an_error_in_brackets_leads_through_their_names() -> None:
    config, limits = QueryConfig(), Limits()
    for query, path in {
        b"filter[include][]=maker&filter[include][]=review": ("include", 1),
        b"filter[fields][0]=nmae": ("fields", 0),
        b"filter[where][$or][0][stcok]=1": ("where", "$or", 0, "stcok"),
        b"filter[include][0][relation]=reviews&filter[include][0][scope][where][stars]=x": (
            "include", 0, "scope", "where", "stars",
        ),
    }.items():  # fmt: skip
        source = read_query(query, config, limits)
        assert source is not None
        with pytest.raises(FilterError) as caught:
            Processor(ShopEngine(), policy=OPEN).process(source)
        assert caught.value.path == path


def test_texts_and_documents_obey_the_limits() -> None:
    policy = SecurityPolicy(limits=Limits(max_body_bytes=20))
    document = {"where": {"name": "x" * 20}}
    for filter in (document, json.dumps(document)):
        with pytest.raises(FilterError) as caught:
            process_filter_to_ast(filter, ShopEngine(), policy=policy)
        assert caught.value.expected == ("max_body_bytes 20",)


def test_brackets_and_json_of_one_text_are_different_shapes() -> None:
    processor = Processor(ShopEngine(), policy=OPEN)
    text = '{"where":{"stock":"5"}}'
    assert processor.process(Source(text, Style.BRACKETS, "filter[where][stock]=5")).values == (5,)
    with pytest.raises(FilterError):
        processor.process(Source(text))


def test_texts_and_documents_are_processed_without_http() -> None:
    document = {"where": {"stock": 5}}
    assert process_filter_to_ast(document, ShopEngine()) == process_filter_to_ast(
        json.dumps(document), ShopEngine()
    )


def test_a_hidden_field_is_answered_like_a_missing_one() -> None:
    processor = Processor(ShopEngine())
    for template in ('{"where":{"%s":1}}', '{"order":"%s"}', '{"fields":["%s"]}', '{"include":"%s"}'):
        errors: list[object] = []
        for name in ("cost", "zzzz"):
            with pytest.raises(FilterError) as caught:
                processor.process(Source(template % name))
            errors.append((str(caught.value).replace(name, "?"), caught.value.code, caught.value.context()))
        assert errors[0] == errors[1]


def test_a_bad_policy_is_found_when_the_view_is_read() -> None:
    processor = Processor(ShopEngine(), policy=SecurityPolicy(paths={"nope": Access()}))
    with pytest.raises(ConfigurationError, match="nope"):
        _ = processor.view


class PagesOut(BaseModel):
    pages: int = PydanticField(validation_alias="stock")


@pytest.mark.parametrize(
    ("policy", "hint"),
    [
        (SecurityPolicy(expose=PagesOut), "conditions stand under where"),
        (OPEN, "pages are asked for by limit and offset"),
    ],
)
def test_a_name_of_the_model_beside_the_clauses_is_told_where_it_can_stand(
    policy: SecurityPolicy, hint: str
) -> None:
    processor = Processor(ShopEngine(), policy=policy)
    for text in ('{"pages": 5}', '{"limit": 5, "pages": 5}'):
        with pytest.raises(FilterError) as caught:
            processor.process(Source(text))
        assert caught.value.hint == hint
