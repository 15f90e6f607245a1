"""The parser: what it makes of a text depends on the shape alone, and no text brings it down."""

from __future__ import annotations

import json

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queryengine.errors import FilterError
from queryengine.lexer import Lexed, lex
from queryengine.limits import Limits
from queryengine.parsed import (
    Condition,
    Group,
    Item,
    Literal,
    Logical,
    Negation,
    Node,
    OperatorTest,
    ParsedList,
    ParsedObject,
    QuantifierTest,
)
from queryengine.parser import parse

KEYS = ["where", "and", "not", "a", "b.c", "gt", "in", "isNull", "between", "some", "limit", "$or", "$x"]
soup_pieces = [*"{}[],", *(f'"{key}":' for key in KEYS), '"x"', "5", "-1.5e3", "[1,2]", "[ ]", "true", "null"]
soups = st.lists(st.sampled_from(soup_pieces), max_size=25).map("".join)
with_clauses = st.lists(
    st.sampled_from(
        [*soup_pieces, '"order":', '"fields":', '"include":', '"relation":', '"scope":', '"-a desc"', "?"]
    ),
    max_size=25,
).map("".join)

values = st.sampled_from(["1", '"x"', "null", "true", "[1]", '["a",null]'])
tests: st.SearchStrategy[str] = st.deferred(
    lambda: st.lists(
        st.tuples(st.sampled_from(["eq", "gt", "like"]), values)
        | st.tuples(st.sampled_from(["in", "between"]), st.sampled_from(["[]", "[1,2]", '["a",null]']))
        | st.tuples(st.just("isNull"), st.sampled_from(["true", "false"]))
        | st.tuples(st.just("not"), tests)
        | st.tuples(st.sampled_from(["some", "none"]), groups)
        | st.tuples(st.just("d"), values | tests),
        min_size=1,
        max_size=3,
        unique_by=lambda entry: entry[0],
    ).map(json_object)
)
groups: st.SearchStrategy[str] = st.deferred(
    lambda: st.lists(
        st.tuples(st.sampled_from(["a", "b.c"]), values | tests)
        | st.tuples(st.sampled_from(["and", "$or"]), st.lists(groups, min_size=1, max_size=3).map(json_list))
        | st.tuples(st.just("not"), groups),
        min_size=1,
        max_size=3,
        unique_by=lambda entry: entry[0],
    ).map(json_object)
)
filters = st.tuples(groups, st.integers(0, 9)).map(lambda pair: f'{{"where":{pair[0]},"limit":{pair[1]}}}')


def json_object(entries: list[tuple[str, str]]) -> str:
    return "{" + ",".join(f'"{key}":{value}' for key, value in entries) + "}"


def json_list(items: list[str]) -> str:
    return "[" + ",".join(items) + "]"


def substituted(lexed: Lexed, data: st.DataObject) -> Lexed:
    """The same text with other literals of the same types."""
    other = {
        '"': st.sampled_from(['""', '"y"', '"\\ud800"', '"-z desc"']),
        "": st.sampled_from(["0", "-7", "1e9"]),
        "[": st.sampled_from(["[]", "[1]", '["a", 2]']),
    }
    return lexed._replace(lexemes=tuple(data.draw(other[kind]) for kind in lexed.kinds))


def error_of(text: str) -> FilterError | None:
    try:
        parse(lex(text), Limits(max_depth=100))
    except FilterError as error:
        return error
    return None


def template(lexed: Lexed) -> object:
    """All that the parser makes of a text, but for values and places; None where it refuses the text."""

    def blank(node: Item | Node | Group) -> object:
        match node:
            case Literal():
                return node.text if node.chunk is None else (node.kind, node.chunk)
            case ParsedList() if node.chunk is not None:
                return ("list", node.chunk)
            case ParsedList():
                return [blank(item) for item in node.items]
            case ParsedObject():
                return [(word, blank(item)) for word, item in node.entries]
            case Group():
                return [blank(item) for item in node.items]
            case Condition():
                return (node.name, blank(node.test))
            case OperatorTest():
                return (node.word, blank(node.operand))
            case QuantifierTest():
                return (node.word, blank(node.where))
            case Logical():
                return (node.word, [blank(operand) for operand in node.operands])
            case Negation():
                return ("not", blank(node.operand))

    try:
        result = parse(lexed, Limits(max_depth=100, max_conditions=1_000))
    except FilterError:
        return None
    window = [(word, blank(literal)) for word, literal in result.window]
    return (None if result.where is None else blank(result.where), window)


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(filters, st.data())
def test_other_values_of_the_same_types_never_change_what_is_parsed(text: str, data: st.DataObject) -> None:
    lexed = lex(text)
    first = template(lexed)
    assert first is not None
    other = substituted(lexed, data)
    assert lex(other.text) == other
    assert template(other) == first


@given(soups, st.data())
def test_nor_whether_a_text_is_a_filter_at_all(text: str, data: st.DataObject) -> None:
    lexed = lex(text)
    other = substituted(lexed, data)
    assert lex(other.text).structs == lexed.structs
    assert template(other) == template(lexed)


@given(st.text() | with_clauses | with_clauses.map(lambda soup: '{"where":' + soup))
def test_any_text_is_a_filter_or_an_error_with_a_place_in_it(text: str) -> None:
    error = error_of(text)
    if error is not None:
        assert error.span is not None
        assert 0 <= error.span.start <= error.span.end <= len(text)
        assert len(str(error)) < 500
        json.dumps([str(error), error.path, error.context()], ensure_ascii=False).encode()


@settings(suppress_health_check=[HealthCheck.filter_too_much])
@given(filters, st.data())
def test_a_filter_with_any_one_character_gone_is_never_taken_for_more_than_json_takes_it(
    text: str, data: st.DataObject
) -> None:
    gone = data.draw(st.integers(0, len(text) - 1))
    damaged = text[:gone] + text[gone + 1 :]
    assert error_of(damaged) is not None or isinstance(json.loads(damaged), dict)
