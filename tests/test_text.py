"""Folding of A to Z, and LIKE patterns, against definitions that are plainly right."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.errors import ErrorCode
from queryengine.text import Wild, check_like, fold, like_matches, parse_like
from queryengine.values import ValueProblem

patterns = st.text("ab%_\\\n", max_size=8).filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("AbZ", "abz"), ("É", "É"), ("\u212a", "\u212a"), ("İI", "İi"), ("@[`{", "@[`{"), ("ÉA", "Éa")],
)
def test_only_the_26_letters_of_ascii_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text())
def test_folding_changes_no_length_and_twice_is_once(text: str) -> None:
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("", "", True),
        ("", "a", False),
        ("%", "", True),
        ("_", "", False),
        ("_", "👍", True),
        ("_", "ab", False),
        ("a%", "a", True),
        ("a%b%c", "a-b-b-c", True),
        ("a%b%c", "a-b-b-", False),
        ("%ab", "aab", True),
        ("%a_", "aaab", True),
        ("100\\%", "100%", True),
        ("100\\%", "1000", False),
        ("a\\_b", "axb", False),
        ("a\\\\b", "a\\b", True),
        ("\\ab", "ab", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
        ("a*", "aa", False),
        ("a%", "a\nb", True),
        ("A", "a", False),
        ("a", "a ", False),
    ],
)
def test_like_matches_the_whole_text_and_only_two_characters_are_wild(
    pattern: str, text: str, expected: bool
) -> None:
    assert like_matches(pattern, text) is expected


@given(patterns, st.text("ab%_\\\n", max_size=10))
def test_like_agrees_with_a_regular_expression_of_the_same_meaning(pattern: str, text: str) -> None:
    wild = {Wild.ANY: ".*", Wild.ONE: "."}
    parts = parse_like(pattern)
    expression = "".join(wild[part] if isinstance(part, Wild) else re.escape(part) for part in parts)
    assert like_matches(pattern, text) is (re.fullmatch(expression, text, re.DOTALL) is not None)


@given(patterns)
def test_a_pattern_is_split_into_plain_texts_and_wild_parts(pattern: str) -> None:
    parts = parse_like(pattern)
    assert "" not in parts
    neighbours = list(pairwise(parts))
    assert (Wild.ANY, Wild.ANY) not in neighbours
    assert not any(isinstance(left, str) and isinstance(right, str) for left, right in neighbours)


@pytest.mark.parametrize("pattern", ["\\", "a\\", "%\\\\\\"])
def test_a_pattern_that_ends_in_a_lone_backslash_is_refused_by_check_and_by_parse(pattern: str) -> None:
    for read in (check_like, parse_like):
        with pytest.raises(ValueProblem) as caught:
            read(pattern)
        assert caught.value.code is ErrorCode.TYPE_MISMATCH


@given(patterns)
def test_whatever_the_check_lets_pass_can_be_parsed(pattern: str) -> None:
    check_like(pattern)
    parse_like(pattern)


def test_a_hostile_pattern_takes_no_exponential_time() -> None:
    assert not like_matches("%a" * 300 + "b", "a" * 1_000)
