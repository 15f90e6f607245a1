"""The text of an order: its keys, their places in the filter, and what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import Nulls
from queryengine.errors import ErrorCode, FilterError
from queryengine.limits import Limits
from queryengine.order import parse_order

FIRST, LAST = Nulls.FIRST, Nulls.LAST


def keys(text: str) -> list[tuple[str, bool, Nulls | None]]:
    found = parse_order(json.dumps(text), 0, Limits())
    return [(key.name, key.descending, key.nulls) for key in found]


def refused(lexeme: str, limits: Limits | None = None) -> FilterError:
    with pytest.raises(FilterError) as caught:
        parse_order(lexeme, 0, limits or Limits())
    return caught.value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("price", [("price", False, None)]),
        ("-price", [("price", True, None)]),
        ("+price", [("price", False, None)]),
        (" - price ", [("price", True, None)]),
        ("price ASC", [("price", False, None)]),
        ("price desc", [("price", True, None)]),
        ("price Desc Nulls Last", [("price", True, LAST)]),
        ("price NULLS FIRST", [("price", False, FIRST)]),
        ("-price nulls last", [("price", True, LAST)]),
        ("-a,b ASC NULLS FIRST\t,\nc.d", [("a", True, None), ("b", False, FIRST), ("c.d", False, None)]),
        ("desc", [("desc", False, None)]),
        (
            "desc desc, -asc, nulls nulls first",
            [("desc", True, None), ("asc", True, None), ("nulls", False, FIRST)],
        ),
        ("a-b", [("a-b", False, None)]),
        ("é👍 desc", [("é👍", True, None)]),
        ("a\u00a0desc", [("a", True, None)]),
        ('a"b', [('a"b', False, None)]),
    ],
)
def test_a_key_is_a_name_with_a_sign_or_a_direction_and_where_nulls_stand(
    text: str, expected: list[tuple[str, bool, Nulls | None]]
) -> None:
    assert keys(text) == expected


@pytest.mark.parametrize(
    ("lexeme", "place", "expected"),
    [
        ('""', "", ["+", "-", "a field name"]),
        ('"  "', "", ["+", "-", "a field name"]),
        ('","', ",", ["+", "-", "a field name"]),
        ('"a,"', "", ["+", "-", "a field name"]),
        ('"a,,b"', ",", ["+", "-", "a field name"]),
        ('"-"', "", ["a field name"]),
        ('"--a"', "-", ["a field name"]),
        ('"-a desc"', "desc", [",", "the end of the order", "NULLS"]),
        ('"a b"', "b", [",", "the end of the order", "ASC", "DESC", "NULLS"]),
        ('"ascent descendant"', "descendant", [",", "the end of the order", "ASC", "DESC", "NULLS"]),
        ('"a desc asc"', "asc", [",", "the end of the order", "NULLS"]),
        ('"a nulls"', "", ["FIRST", "LAST"]),
        ('"a nulls desc"', "desc", ["FIRST", "LAST"]),
        ('"a nulls first desc"', "desc", [",", "the end of the order"]),
        ('"\\u002da \\ud83d\\udc4d\\"x, b"', '\\ud83d\\udc4d\\"x', [",", "the end of the order", "NULLS"]),
        ('"a\\tdesc\\nd\\u0065sc"', "d\\u0065sc", [",", "the end of the order", "NULLS"]),
    ],
)
def test_an_error_tells_what_could_have_stood_where_in_the_filter(
    lexeme: str, place: str, expected: list[str]
) -> None:
    error = refused(lexeme)
    assert error.code is ErrorCode.SYNTAX_ERROR
    assert error.span is not None
    assert error.span.slice(lexeme) == place
    assert list(error.expected) == expected


@pytest.mark.parametrize(
    ("lexeme", "place"),
    [
        ('"a, -b.c"', "-b.c"),
        ('"a, b.c desc"', "b.c desc"),
        ('"\\u002db.c"', "\\u002db.c"),
        ('"\\ud83d\\udc4d\\t,\\u0020-b\\u002ec nulls last "', "-b\\u002ec nulls last"),
    ],
)
def test_a_key_knows_its_place_in_the_filter(lexeme: str, place: str) -> None:
    key = parse_order(lexeme, 10, Limits())[-1]
    assert key.name == "b.c"
    assert key.span.slice('{"order": ' + lexeme + "}") == place


@pytest.mark.parametrize("name", ["a..b", ".a", "a.", ".", "-.", "a,b..c"])
def test_a_path_has_no_empty_part(name: str) -> None:
    error = refused(json.dumps(name))
    assert (error.code, error.expected) == (ErrorCode.SYNTAX_ERROR, ("a name",))


@pytest.mark.parametrize(
    ("limits", "name"),
    [
        (Limits(max_order_keys=2), "max_order_keys 2"),
        (Limits(max_path_length=2), "max_path_length 2"),
        (Limits(max_string_length=4), "max_string_length 4"),
    ],
)
def test_limits_hold(limits: Limits, name: str) -> None:
    error = refused('"a.b.c,d,e"', limits)
    assert (error.code, error.expected) == (ErrorCode.LIMIT_EXCEEDED, (name,))


def test_a_long_order_is_refused_before_it_is_parsed() -> None:
    assert refused(f'"{"," * 1_000_000}"').code is ErrorCode.LIMIT_EXCEEDED


@given(st.text('aB.,+- \t\\"é👍\ud800ascdenultfirSTNULLS') | st.text())
def test_any_text_is_an_order_or_an_error_with_a_place_in_it(text: str) -> None:
    lexeme = json.dumps(text)
    try:
        found = parse_order(lexeme, 0, Limits())
    except FilterError as error:
        spans = [error.span]
    else:
        spans = [key.span for key in found]
    for span in spans:
        assert span is not None
        assert 0 <= span.start <= span.end <= len(lexeme)
        json.loads(f'"{span.slice(lexeme)}"' if span.end - span.start < len(lexeme) else lexeme)
