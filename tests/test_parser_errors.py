"""The parser: what is refused, with which code, at which place, and what could have stood there."""

from __future__ import annotations

import json

import pytest

from queryengine.errors import ErrorCode, FilterError, Span
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.parser import parse

LIMITS = Limits()


def refused(text: str, limits: Limits = LIMITS) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse(lex(text), limits)
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "path", "expected"),
    [
        ("", "", (), ['"{"']),
        (" \n", "", (), ['"{"']),
        ("[]", "[]", (), ['"{"']),
        ("5", "5", (), ['"{"']),
        ('"{}"', '"{}"', (), ['"{"']),
        ("{", "", (), ['"}"', '"where"']),
        ("{}{}", "{", (), ["the end of the text"]),
        ("{} x", "x", (), ["the end of the text"]),
        ("\ufeff{}", "\ufeff", (), ['"{"']),
        ("{'where': {}}", "'where'", (), ['"where"']),
        ('{"where" {}}', "", (), ['":"']),
        ('{"where": {"a" 1}}', "", ("where",), ['":"']),
        ('{"where": {"a": 1,}}', "}", ("where",), ["a field name", '"and"']),
        ('{"where": {"a": 1 "b": 2}}', '"b"', ("where", "b"), ['","', '"}"']),
        ('{"where": {"a": 012}}', "012", ("where", "a"), ["a text", "a number", "a list", "true", '"{"']),
        ('{"where": {"a": NaN}}', "NaN", ("where", "a"), ["a number"]),
        ('{"where": {"a": -Infinity}}', "-Infinity", ("where", "a"), ["a number"]),
        ('{"where": {"a": tru}}', "tru", ("where", "a"), ["true"]),
        ('{"where": {"a": truefalse}}', "truefalse", ("where", "a"), ["true"]),
        ('{"where": {"a": "x}}', '"x}}', ("where", "a"), ["a text"]),
        ('{"where": {"a": "\\q"}}', '"\\q"', ("where", "a"), ["a text"]),
        ('{"where": {"a": 1', "", ("where", "a"), ['","', '"}"']),
        ('{"where": {"a": "x" "y"}}', '"y"', ("where", "a"), ['","', '"}"']),
        ('{"where": 5}', "5", ("where",), ['"{"']),
        ('{"where": {"and": {"a": 1}}}', "{", ("where", "and"), ['"["']),
        ('{"where": {"or": [{"a": 1}, 5]}}', "5", ("where", "or", 1), ['"{"']),
        ('{"where": {"or": [1]}}', "[1]", ("where", "or"), ['"["']),
        ('{"where": {"not": [{"a": 1}]}}', "[", ("where", "not"), ['"{"']),
        ('{"where": {"a": {"in": 5}}}', "5", ("where", "a", "in"), ["a list"]),
        ('{"where": {"a": {"in": null}}}', "null", ("where", "a", "in"), ["a list"]),
        (
            '{"where": {"a": {"in": [[1], null]}}}',
            "[1]",
            ("where", "a", "in", 0),
            ["a text", "a number", "null"],
        ),
        (
            '{"where": {"a": {"in": [null, {}]}}}',
            "{",
            ("where", "a", "in", 1),
            ["a text", "a number", "null"],
        ),
        ('{"where": {"a": {"between": "x"}}}', '"x"', ("where", "a", "between"), ["a list"]),
        ('{"where": {"a": {"isNull": 1}}}', "1", ("where", "a", "isNull"), ["true", "false"]),
        ('{"where": {"a": {"isNull": "true"}}}', '"true"', ("where", "a", "isNull"), ["true", "false"]),
        ('{"where": {"a": {"some": 1}}}', "1", ("where", "a", "some"), ['"{"']),
        ('{"where": {"a": {5}}}', "5", ("where", "a"), ['"gt"', '"some"', '"or"', "a field name"]),
        ('{"where": {"a": {"eq": {"b" 1}}}}', "", ("where", "a", "eq"), ['":"']),
        ('{"where": {"$gt": 5}}', '"$gt"', ("where", "$gt"), []),
        ('{"where": {"a": {"eq": {"$gt": 5}}}}', '"$gt"', ("where", "a", "eq", "$gt"), []),
        ('{"where": {"a..b": 1}}', '"a..b"', ("where", "a..b"), ["a name"]),
        ('{"where": {".a": 1}}', '".a"', ("where", ".a"), ["a name"]),
        ('{"where": {"a.": 1}}', '"a."', ("where", "a."), ["a name"]),
        ('{"where": {"": 1}}', '""', ("where", ""), ["a name"]),
        ('{"limit": "10"}', '"10"', ("limit",), ["a number"]),
        ('{"limit": null}', "null", ("limit",), ["a number"]),
        ('{"limit": [1]}', "[1]", ("limit",), ["a number"]),
        ('{"offset": true}', "true", ("offset",), ["a number"]),
        ('{"after": 1}', "1", ("after",), ["a text"]),
        ('{"order": 1}', "1", ("order",), ["a text", "a list"]),
        ('{"order": ["a", null]}', "[", ("order",), ["a text", "a list"]),
        ('{"order": ["a", 1]}', "1", ("order", 1), ["a text"]),
        ('{"order": ["a", "b c"]}', "c", ("order", 1), [",", "ASC"]),
        ('{"fields": "a"}', '"a"', ("fields",), ["a list", '"{"']),
        ('{"fields": ["a", 1]}', "1", ("fields", 1), ["a text"]),
        ('{"fields": ["a", ""]}', '""', ("fields", 1), ["a name"]),
        ('{"fields": {"a": 1}}', "1", ("fields", "a"), ["true", "false"]),
        ('{"fields": {"a": true, "b": false}}', '"b"', ("fields", "b"), ["true"]),
        ('{"fields": {"a": false, "b": true}}', '"b"', ("fields", "b"), ["false"]),
        ('{"include": 1}', "1", ("include",), ["a text", "a list", '"{"']),
        ('{"include": [1]}', "1", ("include", 0), ["a text"]),
        ('{"include": {}}', "}", ("include",), ['"relation"', '"scope"']),
        ('{"include": {"scope": {}}}', '{"scope": {}}', ("include",), ['"relation"']),
        ('{"include": [{"relation": "a"}, null]}', "null", ("include", 1), ["a text", '"{"']),
        ('{"include": {"relation": ["a"]}}', '["a"]', ("include", "relation"), ["a text"]),
    ],
)
def test_a_syntax_error_tells_what_could_have_stood_where(
    text: str, place: str, path: tuple[str | int, ...], expected: list[str]
) -> None:
    error = refused(text)
    assert error.code is ErrorCode.SYNTAX_ERROR
    assert error.span is not None
    assert error.span.slice(text) == place
    assert error.path == path
    assert set(expected) <= set(error.expected)
    assert bool(error.expected) is bool(expected)


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ('{"where": {}}', "{}", ("where",)),
        ('{"where": { }}', "{ }", ("where",)),
        ('{"where": null}', "null", ("where",)),
        ('{"where": {"a": {}}}', "{}", ("where", "a")),
        ('{"where": {"and": []}}', "[]", ("where", "and")),
        ('{"where": {"or": [ ]}}', "[ ]", ("where", "or")),
        ('{"where": {"nor": null}}', "null", ("where", "nor")),
        ('{"where": {"not": {}}}', "{}", ("where", "not")),
        ('{"where": {"not": null}}', "null", ("where", "not")),
        ('{"where": {"or": [{"a": 1}, {}]}}', "{}", ("where", "or", 1)),
        ('{"where": {"a": {"some": {}}}}', "{}", ("where", "a", "some")),
        ('{"where": {"a": {"none": null}}}', "null", ("where", "a", "none")),
        ('{"where": {"a": {"b": {}}}}', "{}", ("where", "a", "b")),
        ('{"where": {"a": {"or": []}}}', "[]", ("where", "a", "or")),
        ('{"fields": {}}', "{}", ("fields",)),
        ('{"fields": []}', "[]", ("fields",)),
        ('{"include": {"relation": "a", "scope": {"where": {}}}}', "{}", ("include", "scope", "where")),
    ],
)
def test_nothing_that_is_empty_is_taken_for_a_condition(
    text: str, place: str, path: tuple[str | int, ...]
) -> None:
    error = refused(text)
    assert error.code is ErrorCode.EMPTY_CONDITION
    assert error.span is not None
    assert error.span.slice(text) == place
    assert error.path == path


@pytest.mark.parametrize(
    ("text", "place", "path", "nearest"),
    [
        ('{"wehre": {}}', '"wehre"', ("wehre",), "where"),
        ('{"LIMIT": 5}', '"LIMIT"', ("LIMIT",), "limit"),
        ('{"$where": 5}', '"$where"', ("$where",), "where"),
        ('{"orderBy": 5}', '"orderBy"', ("orderBy",), "order"),
        ('{"price": {"gt": 5}}', '"price"', ("price",), None),
        ('{"limit": 1, "__class__": 5}', '"__class__"', ("__class__",), None),
        ('{"relation": 5}', '"relation"', ("relation",), None),
        ('{"include": {"realtion": "a"}}', '"realtion"', ("include", "realtion"), "relation"),
        ('{"include": {"relation": "a", "where": {}}}', '"where"', ("include", "where"), None),
        ('{"sort": "a"}', '"sort"', ("sort",), "order"),
        ('{"perPage": 5}', '"perPage"', ("perPage",), "limit"),
        ('{"include": {"relation": "a", "sort": "b"}}', '"sort"', ("include", "sort"), None),
        (
            '{"include": {"relation": "a", "scope": {"ordr": 1}}}',
            '"ordr"',
            ("include", "scope", "ordr"),
            "order",
        ),
        ('{"\\u0077here\\u0000": 1}', '"\\u0077here\\u0000"', ("where\x00",), "where"),
    ],
)
def test_an_unknown_clause_is_refused_with_the_one_that_was_meant(
    text: str, place: str, path: tuple[str | int, ...], nearest: str | None
) -> None:
    error = refused(text)
    assert error.code is ErrorCode.UNKNOWN_CLAUSE
    assert error.span is not None
    assert error.span.slice(text) == place
    assert error.path == path
    assert error.nearest == nearest
    assert error.expected


def test_a_filter_that_begins_with_a_field_is_told_where_conditions_stand() -> None:
    assert refused('{"price": {"gt": 5}}').hint == "conditions stand under where"


@pytest.mark.parametrize(
    ("text", "place", "path", "nearest"),
    [
        ('{"where": {"$where": "x"}}', '"$where"', ("where", "$where"), None),
        ('{"where": {"$expr": {"$eq": [1, 1]}}}', '"$expr"', ("where", "$expr"), None),
        ('{"where": {"a": {"$function": 1}}}', '"$function"', ("where", "a", "$function"), None),
        ('{"where": {"a": {"$gtt": 1}}}', '"$gtt"', ("where", "a", "$gtt"), "$gt"),
        ('{"where": {"a": {"some": {"$norr": []}}}}', '"$norr"', ("where", "a", "some", "$norr"), "$nor"),
        (
            '{"where": {"a": {"eq": [null, {"b": {"$x": 1}}]}}}',
            '"$x"',
            ("where", "a", "eq", 1, "b", "$x"),
            None,
        ),
        ('{"where": {"a": {"eq": {"$where": 1}}}}', '"$where"', ("where", "a", "eq", "$where"), None),
        ('{"where": {"$": 1}}', '"$"', ("where", "$"), None),
    ],
)
def test_an_unknown_word_with_a_dollar_is_refused_wherever_it_stands(
    text: str, place: str, path: tuple[str | int, ...], nearest: str | None
) -> None:
    error = refused(text)
    assert error.code is ErrorCode.UNKNOWN_OPERATOR
    assert error.span is not None
    assert error.span.slice(text) == place
    assert error.path == path
    assert error.nearest == nearest


def test_a_misspelt_operator_with_a_dollar_says_which_could_stand_there() -> None:
    error = refused('{"where": {"a": {"$startWith": 1}}}')
    assert (error.nearest, error.expected[:2]) == ("$startsWith", ("$and", "$or"))
    assert {"$startsWith", "$in", "$some"} < set(error.expected)
    assert refused('{"where": {"$nandor": []}}').expected == ("$and", "$or", "$nor", "$not")


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ('{"limit": 1, "limit": 2}', Span(13, 20), ("limit",)),
        ('{"where": {"a": 1, "a": 1}}', Span(19, 22), ("where", "a")),
        ('{"where": {"a": 1, "b": 1, "\\u0061": 1}}', Span(27, 35), ("where", "a")),
        ('{"where": {"a": {"gt": 1, "gt": 2}}}', Span(26, 30), ("where", "a", "gt")),
        ('{"where": {"or": [{"a": 1}], "or": [{"b": 1}]}}', Span(29, 33), ("where", "or")),
        ('{"where": {"a": {"eq": {"b": 1, "b": 2}}}}', Span(32, 35), ("where", "a", "eq", "b")),
        ('{"fields": {"a": true, "a": true}}', Span(23, 26), ("fields", "a")),
        ('{"fields": ["a", "a"]}', Span(17, 20), ("fields", 1)),
        ('{"include": {"relation": "a", "relation": "b"}}', Span(30, 40), ("include", "relation")),
        ('{"offset": 1, "skip": 2}', Span(14, 20), ("skip",)),
        ('{"skip": 2, "offset": 1}', Span(1, 7), ("skip",)),
    ],
)
def test_a_key_that_stands_twice_is_refused_not_overwritten(
    text: str, place: Span, path: tuple[str | int, ...]
) -> None:
    error = refused(text)
    assert (error.code, error.span, error.path) == (ErrorCode.DUPLICATE_KEY, place, path)


@pytest.mark.parametrize(
    "text",
    [
        '{"where": {"\\ud800": 1}}',
        '{"where": {"a": {"eq": {"\\udfff": 1}}}}',
        '{"\udc80": 1}',
        '{"order": "\\ud800"}',
        '{"fields": ["\\udc00\\ud800"]}',
        '{"include": "\ud800"}',
    ],
)
def test_half_of_a_surrogate_pair_in_a_name_is_refused_in_words_that_can_be_sent(text: str) -> None:
    error = refused(text)
    assert error.code is ErrorCode.INVALID_ENCODING
    assert error.span is not None
    json.dumps([str(error), error.path, error.context()], ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"limit": "abc"}', "limit takes a number, not the text 'abc'"),
        ('{"offset": null}', "offset takes a number, not null"),
        ('{"limit": {"a": 1}}', "limit takes a number, not an object"),
        (
            '{"fields": "id"}',
            "fields takes a list of names or an object of true and false, not the text 'id'",
        ),
        ('{"order": 5}', "order takes a text or a list of texts, not a number"),
        ('{"include": true}', "include takes a name, a list of names or an object with a relation, not true"),
        ('{"after": 5}', "after takes a text, not a number"),
        ('{"where": [{"a": 1}]}', "where takes an object of conditions, not a list"),
        ('{"where": {"a": {"exists": 1}}}', "exists takes true or false, not a number"),
        ('{"where": {"a": {"$in": 5}}}', "in takes a list of values, not a number"),
        ('{"where": {"a": {"between": 5}}}', "between takes a list of two values, not a number"),
        ('{"where": {"a": {"some": 1}}}', "some takes an object of conditions, not a number"),
        ('{"where": {"and": {"a": 1}}}', "and takes a list of objects of conditions, not an object"),
        ('{"where": {"or": [1]}}', "or takes a list of objects of conditions, not a list of values"),
        ('{"where": {"not": [{"a": 1}]}}', "not takes an object of conditions, not a list"),
        ('{"include": {"relation": 5}}', "relation takes a name, not a number"),
        ('{"include": {"relation": "a", "scope": 5}}', "scope takes a filter, not a number"),
        ('{"limit": }', "'}' cannot stand here"),
    ],
)
def test_what_a_word_takes_is_said(text: str, message: str) -> None:
    assert refused(text).message == message


@pytest.mark.parametrize("text", ['{"filter": {"where": {"a": 1}}}', '{"$filter": {}}', '{"Filter": {}}'])
def test_a_document_around_the_filter_is_explained(text: str) -> None:
    error = refused(text)
    assert error.code is ErrorCode.UNKNOWN_CLAUSE
    assert error.nearest is None
    assert error.hint == "the document is itself the filter: send what stands under this key"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ('{"order": []}', "[]", "order names no field"),
        ('{"order": [ ]}', "[ ]", "order names no field"),
        ('{"include": []}', "[]", "include names no relation"),
        ('{"include": [{"relation": "a", "scope": {"order": []}}]}', "[]", "order names no field"),
        ('{"fields": []}', "[]", "fields names no field"),
    ],
)
def test_a_clause_that_names_nothing_is_refused(text: str, place: str, message: str) -> None:
    error = refused(text)
    assert error.code is ErrorCode.EMPTY_CONDITION
    assert error.message == message
    assert error.span is not None
    assert error.span.slice(text) == place


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"filter": {}}', "the document is itself the filter: send what stands under this key"),
        ('{"filters": {}}', "the document is itself the filter: send what stands under this key"),
        ('{"page": 2}', "pages are asked for by limit and offset"),
        ('{"$and": []}', 'write {"where": {"and": ...}}'),
        ('{"OR": []}', 'write {"where": {"or": ...}}'),
        ('{"price": 5}', "conditions stand under where"),
        ('{"sort": 5}', None),
    ],
)
def test_a_clause_that_other_languages_have_is_refused_with_what_to_write(
    text: str, hint: str | None
) -> None:
    error = refused(text)
    assert (error.code, error.hint) == (ErrorCode.UNKNOWN_CLAUSE, hint)
