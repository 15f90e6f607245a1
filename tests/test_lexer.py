"""The lexer: nothing is lost, literals are what JSON says they are, and any text is read in linear time."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

import queryengine
from queryengine.errors import Span
from queryengine.lexer import Lexed, elements, lex

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"

documents: st.SearchStrategy[JSON] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8")),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4)
    ),
    max_leaves=20,
)
pieces = [
    *"{}[]:,\" \n\\'-+.eE0é",
    "12",
    "-0.5e+3",
    '"a"',
    '"a":',
    '"\\u00e9"',
    "true",
    "null",
    "[1,2]",
    "[ ]",
]
soups = st.lists(st.sampled_from(pieces), max_size=30).map("".join)


def literals(value: JSON) -> list[JSON]:
    """The literals of a document in order, a list of nothing but strings and numbers being one."""
    if isinstance(value, dict):
        return [found for item in value.values() for found in literals(item)]
    if isinstance(value, list):
        flat = all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value)
        return [value] if flat else [found for item in value for found in literals(item)]
    return [] if value is None or isinstance(value, bool) else [value]


@given(st.text() | soups)
def test_structure_and_literals_in_turn_are_the_text(text: str) -> None:
    lexed = lex(text)
    assert len(lexed.structs) == len(lexed.lexemes) + 1 == len(lexed.kinds) + 1
    assert lexed.text == text
    assert [lexed.span(i).slice(text) for i in range(len(lexed.lexemes))] == list(lexed.lexemes)


@given(soups)
def test_a_literal_is_one_for_json_too_and_its_kind_is_its_type(text: str) -> None:
    lexed = lex(text)
    types: dict[str, tuple[type, ...]] = {'"': (str,), "": (int, float), "[": (list,)}
    for lexeme, kind in zip(lexed.lexemes, lexed.kinds, strict=True):
        assert isinstance(json.loads(lexeme), types[kind])


@given(documents, st.sampled_from([None, 1]), st.booleans())
def test_all_strings_and_numbers_of_a_document_but_its_keys_are_literals(
    document: JSON, indent: int | None, ascii_only: bool
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert [json.loads(lexeme) for lexeme in lex(text).lexemes] == literals(document)


@given(documents)
def test_white_space_within_structure_is_all_that_else_tells_two_writings_apart(document: JSON) -> None:
    close, wide = lex(json.dumps(document, separators=(",", ":"))), lex(json.dumps(document))
    assert [elements(lexeme) for lexeme in close.lexemes] == [elements(lexeme) for lexeme in wide.lexemes]
    assert close.kinds == wide.kinds


@pytest.mark.parametrize("number", ["0", "-0", "12", "1.50", "-1e5", "1E+05", "0.0e-0", "9" * 5_000])
def test_numbers_as_json_writes_them_are_literals(number: str) -> None:
    assert lex(f'{{"limit":{number}}}') == Lexed(('{"limit":', "}"), (number,), ("",))


@pytest.mark.parametrize(
    "number",
    [
        "012",
        "-012",
        "+1",
        "1.",
        ".5",
        "-",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "12abc",
        "1.2.3",
        "1-2",
        "٣",
        "NaN",
        "Infinity",
    ],
)
def test_what_json_does_not_call_a_number_stays_in_the_structure(number: str) -> None:
    text = f'{{"limit":{number}}}'
    assert lex(text) == Lexed((text,), (), ())


@pytest.mark.parametrize(
    "string",
    ['""', '"a"', '"\\""', '"\\\\"', '"\\u00e9\\n"', '"é👍"', '"\\ud800"', '"\\u0000"', '"{[,:]}"', '"\x7f"'],
)
def test_strings_as_json_writes_them_are_literals_whatever_is_in_them(string: str) -> None:
    assert lex(f"[null,{string}]") == Lexed(("[null,", "]"), (string,), ('"',))


@pytest.mark.parametrize("string", ['"a', '"a\n"', '"\t"', '"\\x"', '"\\u12"', "'a'", '"\\'])
def test_what_json_does_not_call_a_string_stays_in_the_structure(string: str) -> None:
    text = f"[null,{string}]"
    assert lex(text) == Lexed((text,), (), ())


@pytest.mark.parametrize("key", ['"a":', '"a" :', '"a"\n\t\r :', '"a\\"b":', '"":', '"[1,2]":'])
def test_a_string_before_a_colon_is_a_key(key: str) -> None:
    assert lex(f"{{{key}null}}") == Lexed((f"{{{key}null}}",), (), ())


@pytest.mark.parametrize("text", ["[]", "[ ]", "[1]", '["a"]', '[1,"a" , -2.5]', "[\n1\n]"])
def test_a_list_of_strings_and_numbers_is_one_literal(text: str) -> None:
    assert lex(f'{{"in":{text}}}') == Lexed(('{"in":', "}"), (text,), ("[",))
    assert elements(text) == [json.dumps(value) for value in json.loads(text)]


@pytest.mark.parametrize(
    ("text", "lexemes"),
    [
        ("[1,null]", ("1",)),
        ("[true]", ()),
        ('["a",[1]]', ('"a"', "[1]")),
        ('[{"a":1},2]', ("1", "2")),
        ("[1,]", ("1",)),
        ("[,1]", ("1",)),
        ("[1 2]", ("1", "2")),
        ("[1", ("1",)),
    ],
)
def test_any_other_list_is_structure_around_its_literals(text: str, lexemes: tuple[str, ...]) -> None:
    assert lex(text).lexemes == lexemes


def test_filters_that_differ_only_in_values_have_one_key() -> None:
    first, second = '{"where":{"a":"x","b":{"in":[1]}}}', '{"where":{"a":"a longer y","b":{"in":["z",2,3]}}}'
    assert lex(first).key == lex(second).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":1}', '{"a":[1]}'),
        ('{"a":1}', '{"b":1}'),
        ('{"a":true}', '{"a":false}'),
        ('{"a":1}', '{"a":1 }'),
        ('["a",null]', '[null,"a"]'),
    ],
)
def test_another_type_another_key_or_another_constant_is_another_shape(one: str, other: str) -> None:
    assert lex(one).key != lex(other).key


def test_the_place_of_an_element_is_told_within_its_list() -> None:
    lexed = lex('{"in": ["a,]", -1.5 ]}')
    assert [lexed.span(0, element) for element in range(2)] == [Span(8, 13), Span(15, 19)]


@pytest.mark.long
@pytest.mark.parametrize(
    "repeated",
    [
        *(
            "[",
            "{",
            "]",
            '"',
            "\\",
            '\\"',
            "[1,",
            '["',
            '"a":',
            '{"a":',
            '"a" ',
            '""',
            "- ",
            "1 ",
            '[""',
            " ",
            "tru",
            "1e",
        ),
        *('[1,"a",', '"\\', "[[]", ",[", '"a\n', "-", "0", '"\\u00', "[1 "),
    ],
)
@pytest.mark.parametrize("start", ["", '"', "[", '{"where":', '["a",'])
def test_a_long_run_of_anything_is_lexed_as_any_other_text(start: str, repeated: str) -> None:
    text = start + repeated * (100_000 // len(repeated))
    assert lex(text).text == text  # in quadratic time this would last for minutes


def test_no_pattern_repeats_a_group_possessively_which_python_before_3_11_5_gets_wrong() -> None:
    files = sorted(Path(queryengine.__file__).parent.rglob("*.py"))
    assert [file.name for file in files if re.search(r"\)[*+?]\+", file.read_text(encoding="utf-8"))] == []
