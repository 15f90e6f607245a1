"""Bracket parameters: the document that they stand for, the places of its parts, and what is refused."""

from __future__ import annotations

import json
from random import Random
from typing import TypeAlias
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.config import QueryConfig
from queryengine.errors import ErrorCode, FilterError
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.parsed import Source, Style
from queryengine.parser import parse
from queryengine.request import read_query


def read(query: str, limits: Limits | None = None) -> Source:
    source = read_query(query.encode(), QueryConfig(), limits or Limits())
    assert source is not None
    assert source.style is Style.BRACKETS
    return source


def refused(query: str, limits: Limits | None = None) -> FilterError:
    with pytest.raises(FilterError) as caught:
        read(query, limits)
    return caught.value


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            "filter[where][price][gt]=50&filter[order]=-price",
            '{"where":{"price":{"gt":"50"}},"order":"-price"}',
        ),
        ("filter[where][a]=", '{"where":{"a":""}}'),
        ("filter[where][a]", '{"where":{"a":""}}'),
        ("filter[where][a]=x+y%2B%26%3D%22", '{"where":{"a":"x y+&=\\""}}'),
        ("filter%5Bwhere%5D%5Ba%5D=1", '{"where":{"a":"1"}}'),
        ("filter[where][a.b][eq]=1", '{"where":{"a.b":{"eq":"1"}}}'),
        ("filter[where][__proto__][constructor]=1", '{"where":{"__proto__":{"constructor":"1"}}}'),
        ("filter[where][%C3%A9]=%F0%9F%91%8D", '{"where":{"é":"👍"}}'),
        ("filter[where][a]=%EF%BB%BF", '{"where":{"a":"\ufeff"}}'),
        ("filter[where][a]=true&filter[where][b]=null", '{"where":{"a":"true","b":"null"}}'),
        ("filter[where][id][in][]=1&filter[where][id][in][]=2", '{"where":{"id":{"in":["1","2"]}}}'),
        ("filter[where][id][in][1]=b&filter[where][id][in][0]=a", '{"where":{"id":{"in":["a","b"]}}}'),
        ("filter[where][or][1][a]=1&filter[where][or][0][b]=2", '{"where":{"or":[{"b":"2"},{"a":"1"}]}}'),
        ("filter[where][and][0][a]=1&filter[where][and][0][b]=2", '{"where":{"and":[{"a":"1","b":"2"}]}}'),
        ("filter[where][a][isNull]=true", '{"where":{"a":{"isNull":true}}}'),
        ("filter[where][a][$exists]=false", '{"where":{"a":{"$exists":false}}}'),
        ("filter[where][a][isNull]=yes", '{"where":{"a":{"isNull":"yes"}}}'),
        ("filter[where][isNull]=true", '{"where":{"isNull":"true"}}'),
        ("filter[where][not][isNull]=true", '{"where":{"not":{"isNull":"true"}}}'),
        ("filter[where][or][0][isNull]=true", '{"where":{"or":[{"isNull":"true"}]}}'),
        ("filter[where][or][0][a][isNull]=true", '{"where":{"or":[{"a":{"isNull":true}}]}}'),
        ("filter[where][a][not][isNull]=true", '{"where":{"a":{"not":{"isNull":true}}}}'),
        ("filter[where][a][or][0][isNull]=true", '{"where":{"a":{"or":[{"isNull":true}]}}}'),
        ("filter[where][a][some][isNull]=true", '{"where":{"a":{"some":{"isNull":"true"}}}}'),
        ("filter[where][a][some][b][isNull]=true", '{"where":{"a":{"some":{"b":{"isNull":true}}}}}'),
        ("filter[where][a][b][isNull]=true", '{"where":{"a":{"b":{"isNull":true}}}}'),
        ("filter[where][a][eq][isNull]=true", '{"where":{"a":{"eq":{"isNull":"true"}}}}'),
        ("filter[limit]=10&filter[offset]=0&filter[skip]=-1", '{"limit":10,"offset":0,"skip":-1}'),
        (
            "filter[limit]=ten&filter[offset]=012&filter[skip]=1+",
            '{"limit":"ten","offset":"012","skip":"1 "}',
        ),
        ("filter[after]=10", '{"after":"10"}'),
        ("filter[fields][a]=true&filter[fields][b]=false", '{"fields":{"a":true,"b":false}}'),
        ("filter[fields][]=true&filter[fields][]=b", '{"fields":["true","b"]}'),
        ("filter[include]=a", '{"include":"a"}'),
        ("filter[include][]=a", '{"include":["a"]}'),
        (
            "filter[include][0][relation]=a&filter[include][0][scope][limit]=1&filter[include][0][scope][fields][b]=true",
            '{"include":[{"relation":"a","scope":{"limit":1,"fields":{"b":true}}}]}',
        ),
        (
            "filter[include][relation]=a&filter[include][scope][skip]=1",
            '{"include":{"relation":"a","scope":{"skip":1}}}',
        ),
        ("page=2&filter[limit]=1&sort=%zz&filter2[limit]=3", '{"limit":1}'),
    ],
)
def test_parameters_are_the_document_that_they_spell(query: str, text: str) -> None:
    assert read(query).text == text


@pytest.mark.parametrize(
    ("query", "code", "place"),
    [
        ("filter[", ErrorCode.INVALID_PARAMETER, "filter["),
        ("filter[]]=1", ErrorCode.INVALID_PARAMETER, "filter[]]"),
        ("filter[where=1", ErrorCode.INVALID_PARAMETER, "filter[where"),
        ("filter[where]x=1", ErrorCode.INVALID_PARAMETER, "filter[where]x"),
        ("filter[where].a=1", ErrorCode.INVALID_PARAMETER, "filter[where].a"),
        ("filter[where][[a]]=1", ErrorCode.INVALID_PARAMETER, "filter[where][[a]]"),
        ("filter[where]]=1", ErrorCode.INVALID_PARAMETER, "filter[where]]"),
        ("filter[where][and][][a]=1", ErrorCode.INVALID_PARAMETER, "filter[where][and][][a]"),
        ("filter[where][or][1][a]=1", ErrorCode.INVALID_PARAMETER, "filter[where][or][1][a]"),
        ("filter[a][0]=1&filter[a][2]=1", ErrorCode.INVALID_PARAMETER, "filter[a][0]"),
        ("filter[a][0]=1&filter[a][]=1", ErrorCode.INVALID_PARAMETER, "filter[a][]"),
        ("filter[a][]=1&filter[a][1]=1", ErrorCode.INVALID_PARAMETER, "filter[a][1]"),
        ("filter[a][]=1&filter[a][b]=1", ErrorCode.INVALID_PARAMETER, "filter[a][b]"),
        ("filter[a][]=1&filter[a][b][c]=1", ErrorCode.INVALID_PARAMETER, "filter[a][]"),
        ("filter[a][]=1&filter[a][0][c]=1", ErrorCode.INVALID_PARAMETER, "filter[a][0][c]"),
        ("filter[a][b]=1&filter[a][]=1", ErrorCode.INVALID_PARAMETER, "filter[a][]"),
        ("filter[where][a]=1&filter[where][a][gt]=2", ErrorCode.INVALID_PARAMETER, "filter[where][a][gt]"),
        ("filter[where][a][gt]=1&filter[where][a]=2", ErrorCode.INVALID_PARAMETER, "filter[where][a]"),
        ("filter[where][a]=1&x=1&filter[where][%61]=1", ErrorCode.DUPLICATE_KEY, "filter[where][%61]"),
        ("filter[where][a][in]=1&filter[where][a][in]=2", ErrorCode.DUPLICATE_KEY, "filter[where][a][in]"),
        ("filter[where][a][in]=1,2", ErrorCode.SYNTAX_ERROR, "filter[where][a][in]"),
        ("filter[where][a][between]=1", ErrorCode.SYNTAX_ERROR, "filter[where][a][between]"),
        ("filter[where][a]=%", ErrorCode.INVALID_ENCODING, "%"),
        ("filter[where][a]=%ff", ErrorCode.INVALID_ENCODING, "%ff"),
        ("filter[where][%C0%AF]=1", ErrorCode.INVALID_ENCODING, "filter[where][%C0%AF]"),
        ("filter[where][a%00]=1", ErrorCode.INVALID_ENCODING, "filter[where][a%00]"),
        ("filter[where][a]=%00", ErrorCode.INVALID_ENCODING, "%00"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place_in_the_query_string(
    query: str, code: ErrorCode, place: str
) -> None:
    error = refused(query)
    assert error.code is code
    assert error.source == query
    assert error.span is not None
    assert error.span.slice(query) == place
    assert error.span.start == query.rindex(place)


@pytest.mark.parametrize(
    ("query", "limits", "name"),
    [
        ("filter[where]" + "[not]" * 15 + "=1", Limits(), None),
        ("filter[where]" + "[not]" * 16 + "=1", Limits(), "max_depth 16"),
        ("filter" + "[" * 4_000 + "=1", Limits(), "max_depth 16"),
        ("filter" + "[a]" * 2_500 + "=1", Limits(max_depth=5_000), None),
        ("filter[where][a]=1", Limits(max_url_bytes=17), "max_url_bytes 17"),
    ],
)
def test_limits_hold_before_anything_is_built(query: str, limits: Limits, name: str | None) -> None:
    if name is None:
        assert read(query, limits).text.endswith('"1"' + "}" * query.count("["))
    else:
        error = refused(query, limits)
        assert (error.code, error.expected) == (ErrorCode.LIMIT_EXCEEDED, (name,))


def test_an_index_reserves_nothing() -> None:
    assert refused("filter[a][999999]=1").code is ErrorCode.INVALID_PARAMETER
    error = refused(f"filter[where][and][{'9' * 5_000}][x]=1")
    assert error.code is ErrorCode.INVALID_PARAMETER
    assert error.message == "the list has no element [0]: indices are [0], [1] and so on, without gaps"
    assert error.path == ("where", "and")


@pytest.mark.parametrize(
    ("query", "word", "path"),
    [
        ("filter[fields]=id", "fields", ("fields",)),
        ("filter[where][a][in]=1,2", "in", ("where", "a", "in")),
        ("filter[where][or][0][a][between]=1", "between", ("where", "or", 0, "a", "between")),
    ],
)
def test_a_missing_list_says_how_to_write_one(query: str, word: str, path: tuple[str | int, ...]) -> None:
    error = refused(query)
    assert error.message == f"{word} takes a list"
    assert error.hint == "end the name with [] to give one value after the other"
    assert error.path == path


def test_every_key_and_value_knows_where_it_came_from() -> None:
    query = "x=1&filter[where][or][1][a]=5&filter%5Bwhere%5D[or][0][b][in][]=6&filter[limit]=7"
    source = read(query)
    assert source.original == query
    origins = {place.slice(source.text): origin.slice(query) for place, origin in source.places}
    assert origins == {
        '"where"': "filter[where][or][1][a]",
        '"or"': "filter[where][or][1][a]",
        '"b"': "filter%5Bwhere%5D[or][0][b][in][]",
        '"in"': "filter%5Bwhere%5D[or][0][b][in][]",
        '"6"': "6",
        '"a"': "filter[where][or][1][a]",
        '"5"': "5",
        '"limit"': "filter[limit]",
        "7": "7",
    }


def test_another_name_of_the_parameter_is_the_root_of_the_names() -> None:
    source = read_query(b"filter[limit]=1&q[limit]=2", QueryConfig(parameter="q"), Limits())
    assert source is not None
    assert source.text == '{"limit":2}'


def test_a_flag_and_a_limit_that_are_none_are_refused_by_the_grammar() -> None:
    for query, expected in [("filter[where][a][isNull]=1", "true"), ("filter[limit]=ten", "a number")]:
        with pytest.raises(FilterError) as caught:
            parse(lex(read(query).text), Limits())
        assert expected in caught.value.expected


names = st.text(st.characters(codec="utf-8", exclude_characters="[]\0"), min_size=1, max_size=5).filter(
    lambda name: not name.isdecimal()
)
Tree: TypeAlias = "str | list[Tree] | dict[str, Tree]"
trees: st.SearchStrategy[Tree] = st.recursive(
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=5),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3) | st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


def flatten(name: str, tree: Tree) -> list[tuple[str, str]]:
    match tree:
        case str():
            return [(name, tree)]
        case list():
            return [pair for index, item in enumerate(tree) for pair in flatten(f"{name}[{index}]", item)]
        case dict():
            return [pair for key, item in tree.items() for pair in flatten(f"{name}[{key}]", item)]


@given(st.dictionaries(names.map(lambda name: "x" + name), trees, min_size=1, max_size=3), st.randoms())
def test_a_document_of_texts_comes_back_from_its_parameters_in_any_order(
    tree: dict[str, Tree], random: Random
) -> None:
    pairs = flatten("filter", tree)
    random.shuffle(pairs)
    source = read(urlencode(pairs, quote_via=quote), Limits(max_depth=100, max_url_bytes=100_000))
    assert json.loads(source.text) == tree


@given(
    st.lists(
        st.sampled_from([*"[]=&%+", "filter", "where", "a", "in", "0", "1", "%5B", "%00", "%ff", "é"])
    ).map("".join)
)
def test_any_query_string_is_read_or_refused_with_a_place_in_it(rest: str) -> None:
    query = ("filter[where]" + rest).encode()
    try:
        source = read_query(query, QueryConfig(), Limits())
    except FilterError as error:
        known = error.span is not None and error.span.end <= len(query) and error.source is not None
    else:
        known = source is not None and json.loads(source.text) is not None
    assert known
