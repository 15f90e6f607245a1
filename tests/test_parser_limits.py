"""The parser: limits hold exactly, and before the work that they bound."""

from __future__ import annotations

import tracemalloc

import pytest

from queryengine.errors import ErrorCode, FilterError
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.parsed import ParsedFilter
from queryengine.parser import parse

pytestmark = pytest.mark.long


def parsed(text: str, limits: Limits) -> ParsedFilter:
    return parse(lex(text), limits)


def deep(levels: int, around: str, inner: str) -> str:
    before, after = around.split("...")
    return '{"where": ' + before * levels + inner + after * levels + "}"


@pytest.mark.parametrize(
    ("text", "limits", "name"),
    [
        (deep(14, '{"not": ...}', '{"a": 1}'), Limits(), None),
        (deep(15, '{"not": ...}', '{"a": 1}'), Limits(), "max_depth 16"),
        (deep(13, '{"not": ...}', '{"a": [1]}'), Limits(), None),
        (deep(14, '{"not": ...}', '{"a": [1]}'), Limits(), "max_depth 16"),
        ('{"where": {"a": {"gt": 1, "lt": 2}}}', Limits(max_conditions=2), None),
        ('{"where": {"a": {"gt": 1, "lt": 2}}}', Limits(max_conditions=1), "max_conditions 1"),
        ('{"where": {"a": 1, "b": {"some": {"c": 2}}}}', Limits(max_conditions=3), None),
        ('{"where": {"a": 1, "b": {"some": {"c": 2}}}}', Limits(max_conditions=2), "max_conditions 2"),
        ('{"fields": {"a": true, "b": true}}', Limits(max_conditions=1), None),
        ('{"where": {"a": {"in": [1, 2]}}}', Limits(max_list_length=2), None),
        ('{"where": {"a": {"in": [1, 2, 3]}}}', Limits(max_list_length=2), "max_list_length 2"),
        ('{"where": {"a": {"in": [1, null, 3]}}}', Limits(max_list_length=2), "max_list_length 2"),
        ('{"where": {"a.b.c": 1}}', Limits(max_path_length=3), None),
        ('{"where": {"a.b.c.d": 1}}', Limits(max_path_length=3), "max_path_length 3"),
        ('{"order": "a.b.c.d"}', Limits(max_path_length=3), "max_path_length 3"),
        ('{"fields": ["a.b.c.d"]}', Limits(max_path_length=3), "max_path_length 3"),
        ('{"include": "a.b.c.d"}', Limits(max_path_length=3), "max_path_length 3"),
        ('{"where": {"abcd": 1}}', Limits(max_string_length=3), "max_string_length 3"),
        ('{"order": "a,b,c"}', Limits(max_order_keys=3), None),
        ('{"order": ["a,b,c", "d"]}', Limits(max_order_keys=3), "max_order_keys 3"),
        ('{"order": "a,b,c,d"}', Limits(max_order_keys=3), "max_order_keys 3"),
        ('{"include": {"relation": "a", "scope": {"include": "b"}}}', Limits(max_include_depth=2), None),
        (
            '{"include": {"relation": "a", "scope": {"include": "b"}}}',
            Limits(max_include_depth=1),
            "max_include_depth 1",
        ),
    ],
)
def test_a_limit_holds_exactly_and_its_breach_names_it(text: str, limits: Limits, name: str | None) -> None:
    if name is None:
        assert parsed(text, limits) != ParsedFilter()
        return
    with pytest.raises(FilterError) as caught:
        parsed(text, limits)
    error = caught.value
    assert (error.code, error.expected) == (ErrorCode.LIMIT_EXCEEDED, (name,))
    assert error.span is not None
    assert error.path


@pytest.mark.parametrize(
    "text",
    [
        '{"where": ' * 100_000,
        '{"where": {"a": ' + "[null," * 100_000,
        '{"where": {"a": ' + "[[" * 100_000,
        '{"where": {"or": [' + '{"a": 1},' * 300_000,
        '{"where": {"a": {"in": [' + "null," * 100_000,
        '{"where": {"a": {"eq": {' + "".join(f'"k{i}": null,' for i in range(20_000)),
    ],
)
def test_a_huge_filter_is_refused_before_work_in_little_memory(text: str) -> None:
    lexed = lex(text)
    parse(lex("{}"), Limits())  # so that the grammar is there
    tracemalloc.start()
    error = None
    try:
        parse(lexed, Limits())
    except FilterError as caught:
        error = caught.code
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error is ErrorCode.LIMIT_EXCEEDED
    assert peak < 500_000


def test_limits_may_be_as_wide_as_a_service_likes() -> None:
    text = deep(50_000, '{"not": ...}', '{"a": 1}')
    assert parsed(text, Limits(max_depth=100_000)).where is not None
