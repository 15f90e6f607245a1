"""Regular expressions: the subset and its errors, the search, and the forms for Python and PostgreSQL."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.errors import ErrorCode
from queryengine.regex import (
    Characters,
    Choice,
    Edge,
    Repeat,
    Sequence,
    parse_regex,
    search,
    to_postgresql,
    to_python,
)
from queryengine.regex.nodes import parts
from queryengine.values import ValueProblem
from tests.servers.postgres import PostgresServer


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        ("b$", "ab", True),
        ("^b", "a\nb", False),
        ("a$", "a\n", False),
        ("a.c", "abc", True),
        ("a.c", "a\nc", False),
        ("a[^x]c", "a\nc", True),
        (r"^\d+$", "123", True),
        (r"^\d+$", "१२३", False),
        (r"^\w+$", "az_AZ09", True),
        (r"^\w+$", "é", False),
        (r"^\s$", "\v", True),
        (r"^\s$", "\u00a0", False),
        (r"^\D\W\S$", "a- ", False),
        (r"^\D\W\S$", "a-é", True),
        ("^[a-c-]+$", "a-c", True),
        ("^[-a]+$", "-a", True),
        (r"^[\d_x-z]+$", "1_y", True),
        (r"^[\]\[\^\\]+$", "[]^\\", True),
        (r"\.\*\n\t\r", ".*\n\t\r", True),
        ("^(ab|c)?d$", "d", True),
        ("^(ab|c)?d$", "abd", True),
        ("^(?:ab|c)*d$", "abcabd", True),
        ("^(a|(b|c))+$", "abc", True),
        ("^a{2}$", "aaa", False),
        ("^a{2,}$", "aaa", True),
        ("^a{2,}$", "a", False),
        ("^a{1,2}b$", "aab", True),
        ("^a{0,2}$", "", True),
        ("a|^b|c$", "xc", True),
        ("^(^a|b)$", "a", True),
        ("👍+", "👍👍", True),
        ("[\u0430-\u044f]", "\u0436", True),
    ],
)
def test_a_pattern_means_the_same_in_the_search_and_in_python(
    pattern: str, text: str, expected: bool
) -> None:
    assert search(pattern, text) is expected
    assert (to_python(pattern).search(text) is not None) is expected


REFUSED = [
    ("", "nothing to match"),
    ("a|", "nothing to match"),
    ("()", "nothing to match"),
    ("(a", "a ( without its )"),
    ("a)", "a ) without its ("),
    ("[a", "a [ without its ]"),
    ("[]", "an empty []"),
    ("[^]", "an empty []"),
    ("[[a]]", "a [ inside of []"),
    ("[b-a]", "a range that runs backwards"),
    (r"[a-\d]", "a \\ before what needs none"),
    ("]", "a ] without its beginning"),
    ("}", "a } without its beginning"),
    ("*a", "a quantifier without what it repeats"),
    ("{2}", "a quantifier without what it repeats"),
    ("a{", "a { that is no quantifier"),
    ("a{,2}", "a { that is no quantifier"),
    ("a{1001}", "a { that is no quantifier"),
    ("a{101}", "between 0 and 100"),
    ("a{1,101}", "between 0 and 100"),
    ("a{3,2}", "between 0 and 100"),
    ("a{0}", "between 0 and 100"),
    ("a*?", "a second quantifier"),
    ("a++", "a second quantifier"),
    ("a{2}{3}", "a second quantifier"),
    ("(a+)+$", "a quantifier after a quantifier"),
    ("((a{1,100}){1,100})", "a quantifier after a quantifier"),
    ("(x|(ya?))*", "a quantifier after a quantifier"),
    ("^*", "a quantifier after an anchor"),
    ("(^a)?", "a quantifier after an anchor"),
    (r"\1", "a \\ before what needs none"),
    (r"\b", "a \\ before what needs none"),
    (r"\é", "a \\ before what needs none"),
    ("a\\", "a \\ before what needs none"),
    ("(?=a)", "a special group"),
    ("(?i)a", "a special group"),
    ("(?P<n>a)", "a special group"),
    ("a" * 257, "more than 256 characters"),
    ("(" * 17 + "a" + ")" * 17, "more than 16 groups"),
    ("(" * 256, "more than 16 groups"),
    ("(abcdefghijk){100}", "more than 1000 characters"),
]


@pytest.mark.parametrize(("pattern", "message"), REFUSED)
def test_what_is_not_in_the_subset_is_refused_with_its_reason(pattern: str, message: str) -> None:
    with pytest.raises(ValueProblem, match="regular expression: ") as caught:
        parse_regex(pattern)
    assert caught.value.code is ErrorCode.INVALID_REGEX
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("pattern", "place"), [("ab**", 4), ("a(b", 4), ("(a+)+", 5), (r"ab\b", 4), ("a[b-a]", 6)]
)
def test_an_error_says_at_which_character(pattern: str, place: int) -> None:
    with pytest.raises(ValueProblem, match=f"at character {place}$"):
        parse_regex(pattern)


def test_a_set_knows_its_characters() -> None:
    digits = Characters(((48, 57),))
    assert "5" in digits
    assert "5" not in Characters(digits.ranges, negated=True)


def test_the_parts_of_a_pattern_are_all_that_is_in_it() -> None:
    assert [type(part) for part in parts(parse_regex("(a|b)+$"))] == [
        Sequence,
        Repeat,
        Choice,
        Characters,
        Characters,
        Edge,
    ]
    unknown: Any = object()
    with pytest.raises(AssertionError):
        list(parts(unknown))


atoms = st.sampled_from(["a", "b", "\n", ".", "[ab]", "[^a]", r"\d", r"\W", r"\s", "é", r"\.", "-", "1", "_"])
quantifiers = st.sampled_from(["", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "{1,}"])
flat = st.lists(st.builds(str.__add__, atoms, quantifiers), min_size=1, max_size=4).map("".join)
plain = st.lists(atoms, min_size=1, max_size=3).map("".join)
groups = st.builds("({}|{}){}".format, plain, plain, quantifiers) | st.builds("(?:{}|{})".format, flat, flat)
anchored = st.builds("{}{}{}".format, st.sampled_from(["", "^"]), flat | groups, st.sampled_from(["", "$"]))
patterns = st.lists(anchored, min_size=1, max_size=2).map("|".join)
texts = st.text("ab1 .\n\té-_A", max_size=8)


@given(patterns, texts)
def test_the_search_agrees_with_python_on_random_patterns(pattern: str, text: str) -> None:
    assert search(pattern, text) is (to_python(pattern).search(text) is not None)


@given(st.text(r"ab.*+?{}[]()|^$\d-,1", max_size=12), texts)
def test_any_text_is_a_pattern_of_the_subset_or_a_value_problem(pattern: str, text: str) -> None:
    with contextlib.suppress(ValueProblem):
        assert search(pattern, text) is (to_python(pattern).search(text) is not None)


@given(cases=st.lists(st.tuples(patterns, texts), min_size=1, max_size=40))
def test_postgresql_agrees_with_the_search(postgres: PostgresServer, cases: list[tuple[str, str]]) -> None:
    sent = [text for _, text in cases], [to_postgresql(pattern) for pattern, _ in cases]
    with psycopg.connect(postgres.url()) as connection:
        query = "SELECT text ~ pattern FROM unnest(%s::text[], %s::text[]) AS cases (text, pattern)"
        answers = [answer for (answer,) in connection.execute(query, sent)]
    assert answers == [search(pattern, text) for pattern, text in cases]


def test_bombs_of_several_quantifiers_take_time_linear_in_the_text() -> None:
    assert not search("a*" * 100 + "b", "a" * 300)
    assert not search("(a|a|aa)*" * 20 + "$b", "a" * 300)
