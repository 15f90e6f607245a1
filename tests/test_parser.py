"""The parser: what each clause of a filter becomes."""

from __future__ import annotations

from typing import Any

import pytest

from queryengine.ast import Nulls
from queryengine.errors import Span
from queryengine.lexer import lex
from queryengine.limits import Limits
from queryengine.operators import OPERATORS, QUANTIFIERS, Arity
from queryengine.parsed import (
    Condition,
    Group,
    Item,
    Literal,
    LiteralKind,
    Logical,
    Negation,
    Node,
    OperatorTest,
    ParsedFilter,
    ParsedList,
    ParsedObject,
    QuantifierTest,
)
from queryengine.parser import parse

LIMITS = Limits()


def parsed(text: str, limits: Limits = LIMITS) -> ParsedFilter:
    return parse(lex(text), limits)


def outline(node: Item | Node | Group) -> Any:  # Any: nested tuples, as short as a test wants them
    """What a node says, without places."""
    match node:
        case Group():
            return [outline(item) for item in node.items]
        case Condition():
            return (node.name, outline(node.test))
        case OperatorTest():
            return (node.operator.name, outline(node.operand))
        case QuantifierTest():
            return (node.word, outline(node.where))
        case Logical():
            return (node.word, *[outline(operand) for operand in node.operands])
        case Negation():
            return ("not", outline(node.operand))
        case Literal():
            return node.text
        case ParsedList():
            return [outline(item) for item in node.items]
        case ParsedObject():
            return {word: outline(item) for word, item in node.entries}


def where(text: str) -> Any:  # Any: as above
    group = parsed(f'{{"where": {text}}}').where
    assert group is not None
    return outline(group)


# -- what is taken


def test_the_empty_filter_has_no_clause() -> None:
    assert parsed(" { } ") == ParsedFilter()


CONDITIONS: list[tuple[str, Any]] = [
    ('{"a": 1}', [("a", "1")]),
    ('{"a": null}', [("a", "null")]),
    ('{"a.b": true, "c": "x"}', [("a.b", "true"), ("c", '"x"')]),
    ('{"a": {"gt": 1, "$lte": 2}}', [("a", [("gt", "1"), ("lte", "2")])]),
    ('{"a": {"b": {"c": {"neq": 1}}}}', [("a", [("b", [("c", [("ne", "1")])])])]),
    ('{"and": [{"a": 1}, {"b": 2, "c": 3}]}', [("and", [("a", "1")], [("b", "2"), ("c", "3")])]),
    ('{"$or": [{"$not": {"a": 1}}]}', [("or", [("not", [("a", "1")])])]),
    ('{"nor": [{"a": 1}], "a": 2}', [("nor", [("a", "1")]), ("a", "2")]),
    ('{"tags": {"some": {"gt": 1}}}', [("tags", [("some", [("gt", "1")])])]),
    ('{"tags": {"$elemMatch": {"a": {"gt": 1}}}}', [("tags", [("$elemMatch", [("a", [("gt", "1")])])])]),
    ('{"a": {"not": {"gt": 5}}}', [("a", [("not", [("gt", "5")])])]),
    ('{"a": {"or": [{"gt": 5}, {"b": 1}]}}', [("a", [("or", [("gt", "5")], [("b", "1")])])]),
    ('{"a": []}', [("a", [])]),
    ('{"a": [1, null, [2], {"b": []}]}', [("a", ["1", "null", ["2"], {"b": []}])]),
    ('{"a": {"in": [1, "x"]}}', [("a", [("in", ["1", '"x"'])])]),
    ('{"a": {"nin": [null, true]}}', [("a", [("nin", ["null", "true"])])]),
    ('{"a": {"between": [1, 2]}}', [("a", [("between", ["1", "2"])])]),
    ('{"a": {"exists": false}}', [("a", [("exists", "false")])]),
    ('{"a": {"eq": {"b": {"c": [true]}, "d": {}}}}', [("a", [("eq", {"b": {"c": ["true"]}, "d": {}})])]),
    ('{"\\u0061\\u002eb": 1}', [("a.b", "1")]),
    ('{"é 👍": 1}', [("é 👍", "1")]),
    ('{"\\ud83d\\udc4d": 1}', [("👍", "1")]),
]  # Any: nested, as `outline` gives it


@pytest.mark.parametrize(("text", "expected"), CONDITIONS)
def test_conditions_become_groups_of_what_they_say(text: str, expected: object) -> None:
    assert where(text) == expected


@pytest.mark.parametrize(
    "word", ["gt", "in", "some", "elemMatch", "where", "limit", "relation", "isNull", "size"]
)
def test_beside_a_field_words_of_the_language_are_plain_names(word: str) -> None:
    assert where(f'{{"{word}": 1, "not": {{"{word}": 2}}}}') == [(word, "1"), ("not", [(word, "2")])]


@pytest.mark.parametrize("dollar", ["", "$"])
@pytest.mark.parametrize(
    ("word", "arity"),
    [(word, operator.arity) for operator in OPERATORS for word in (operator.name, *operator.aliases)],
)
def test_every_operator_is_known_by_all_its_names_with_and_without_a_dollar(
    word: str, arity: Arity, dollar: str
) -> None:
    operand = {Arity.ONE: "1", Arity.MANY: "[1]", Arity.PAIR: "[1, 2]", Arity.FLAG: "true"}[arity]
    group = parsed(f'{{"where": {{"a": {{"{dollar}{word}": {operand}}}}}}}').where
    assert group is not None
    condition = group.items[0]
    assert isinstance(condition, Condition)
    assert isinstance(condition.test, Group)
    test = condition.test.items[0]
    assert isinstance(test, OperatorTest)
    assert test.word == dollar + word
    assert word in (test.operator.name, *test.operator.aliases)


@pytest.mark.parametrize("word", [dollar + word for word in QUANTIFIERS for dollar in ("", "$")])
def test_every_quantifier_is_known_with_and_without_a_dollar(word: str) -> None:
    assert where(f'{{"a": {{"{word}": {{"b": 1}}}}}}') == [("a", [(word, [("b", "1")])])]


def test_nodes_know_their_places_and_literals_their_chunks() -> None:
    text = '{"where": {"a": {"in": ["x", 5]}, "b": [null, 6]}, "limit": 7}'
    result = parsed(text)
    assert result.where is not None
    first, second = result.where.items
    assert isinstance(first, Condition)
    assert isinstance(second, Condition)
    assert first.name_span.slice(text) == '"a"'
    assert first.span.slice(text) == '"a": {"in": ["x", 5]}'
    assert isinstance(first.test, Group)
    test = first.test.items[0]
    assert isinstance(test, OperatorTest)
    assert test.span.slice(text) == '"in": ["x", 5]'
    assert isinstance(test.operand, ParsedList)
    assert test.operand.chunk == 0
    assert [(i.kind, i.text, i.span.slice(text), i.chunk, i.element) for i in literals(test.operand)] == [
        (LiteralKind.STRING, '"x"', '"x"', 0, 0),
        (LiteralKind.NUMBER, "5", "5", 0, 1),
    ]
    assert isinstance(second.test, ParsedList)
    assert second.test.chunk is None
    assert [(i.kind, i.span.slice(text), i.chunk, i.element) for i in literals(second.test)] == [
        (LiteralKind.NULL, "null", None, None),
        (LiteralKind.NUMBER, "6", 1, None),
    ]
    assert result.where.span.slice(text) == '{"a": {"in": ["x", 5]}, "b": [null, 6]}'
    assert result.window == (("limit", Literal(LiteralKind.NUMBER, "7", Span(60, 61), 2)),)


def literals(node: ParsedList) -> list[Literal]:
    return [item for item in node.items if isinstance(item, Literal)]


def test_the_window_keeps_the_words_as_written() -> None:
    words = [word for word, _ in parsed('{"limit": 5, "skip": 2, "after": "x", "before": "y"}').window]
    assert words == ["limit", "skip", "after", "before"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"a"', [("a", False, None)]),
        ('["-a", "+b.c , d desc"]', [("a", True, None), ("b.c", False, None), ("d", True, None)]),
        ('["a NULLS LAST,b"]', [("a", False, Nulls.LAST), ("b", False, None)]),
    ],
)
def test_an_order_is_a_text_or_a_list_of_texts(text: str, expected: list[object]) -> None:
    order = parsed(f'{{"order": {text}}}').order
    assert [(key.name, key.descending, key.nulls) for key in order] == expected


@pytest.mark.parametrize(
    ("text", "names", "exclude"),
    [
        ('["a", "b.c"]', ["a", "b.c"], False),
        ('{"a": true, "where": true}', ["a", "where"], False),
        ('{"a": false}', ["a"], True),
        ('["\\u0061"]', ["a"], False),
    ],
)
def test_fields_are_shown_or_left_out(text: str, names: list[str], exclude: bool) -> None:
    fields = parsed(f'{{"fields": {text}}}').fields
    assert fields is not None
    assert ([name for name, _ in fields.names], fields.exclude) == (names, exclude)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('"a"', ["a"]),
        ('["a", "b"]', ["a", "b"]),
        ('{"relation": "a"}', ["a"]),
        ('["a", {"relation": "b", "scope": {}}, {"scope": {"limit": 1}, "relation": "c"}]', ["a", "b", "c"]),
    ],
)
def test_an_include_names_relations_in_any_of_its_forms(text: str, names: list[str]) -> None:
    assert [include.name for include in parsed(f'{{"include": {text}}}').include] == names


def test_a_scope_of_an_include_is_a_filter_of_its_own() -> None:
    text = '{"include": {"relation": "a", "scope": {"where": {"b": 1}, "include": "c"}}}'
    include = parsed(text).include[0]
    assert include.filter is not None
    assert include.filter.where is not None
    assert outline(include.filter.where) == [("b", "1")]
    assert [inner.name for inner in include.filter.include] == ["c"]
    assert include.span.slice(text) == '{"relation": "a", "scope": {"where": {"b": 1}, "include": "c"}}'
