"""Hypothesis strategies for the values of a filter as JSON writes them: literals, patterns, expressions."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import cast

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from queryengine.schema import FieldType, IntegerType, JSONType, TextType
from queryengine.testing.samples import LETTERS, Sample, samples
from queryengine.values import check, write

__all__ = ["characters_of", "element_samples", "literals", "patterns", "regexes", "texts"]

WILD = [sign + place for sign in "%_" for place in ("first", "middle", "last", "none")]
SPECIAL = "\\*?[]^$.+(){}|/-"


def literals(type_: FieldType, seen: Sequence[Sample] = ()) -> SearchStrategy[object]:
    """Draw a value of the type as JSON writes it; every second time, one of those seen in rows."""
    known = _known(type_)
    present = [_literal(type_, value) for value in seen if value is not None]
    return known if not present else st.one_of(known, st.sampled_from(present))


def texts() -> SearchStrategy[str]:
    """Draw short texts of characters that are special somewhere."""
    return st.lists(st.sampled_from(LETTERS), max_size=3).map("".join)


def patterns(seen: Sequence[Sample] = ()) -> SearchStrategy[str]:
    """Draw patterns for like: wildcards, plain and escaped characters; or a text seen with a wildcard."""
    part = st.one_of(st.sampled_from(["%", "_", "a", "\\%", "\\_", "\\\\", "\\a", "%%"]), _plain_characters())
    any_pattern = st.lists(part, max_size=4).map("".join)
    present = characters_of(seen)
    if not present:
        return any_pattern
    return st.one_of(any_pattern, st.builds(_with_wildcard, st.sampled_from(present), st.sampled_from(WILD)))


def _with_wildcard(text: str, wild: str) -> str:
    """Put a wildcard in the place of the first, the middle or the last character; the others are plain."""
    place = {"first": 0, "middle": len(text) // 2, "last": len(text) - 1, "none": len(text)}[wild[1:]]
    plain = ["\\" + c if c in "%_\\" else c for c in text]
    return "".join([*plain[:place], wild[0] if wild[1:] != "none" else "", *plain[place + 1 :]])


def regexes(seen: Sequence[Sample] = ()) -> SearchStrategy[str]:
    """Draw patterns of the subset that runs in linear time; or a text seen, every character plain."""
    present = [text for text in characters_of(seen) if text]
    if present:
        plain = st.sampled_from(present).map(_escaped)
        return st.one_of(regexes(), st.tuples(st.sampled_from(["", "^", ".", "[^b]"]), plain).map("".join))
    classes = ["a", "b", ".", "\\d", "\\w", "\\s", "[ab]", "[^a]", "[a-z]", "[\\w%]", "\\.", "\\W", "é", "_"]
    atom = st.one_of(st.sampled_from(classes), _plain_characters().map(_escaped))
    repeated = st.tuples(atom, st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,1}", "{1,}"])).map("".join)
    branch = st.lists(repeated, min_size=1, max_size=3).map("".join)
    either = st.lists(branch, min_size=2, max_size=2).map("|".join).map("({})".format)
    ends = st.tuples(st.sampled_from(["", "^"]), st.one_of(branch, either), st.sampled_from(["", "$"]))
    return ends.map("".join)


def characters_of(seen: Sequence[Sample]) -> list[str]:
    """Return the texts among the values seen, pieces of them, and both in the other case."""
    whole = [value for value in seen if isinstance(value, str)]
    parts = [*whole, *(value[:1] for value in whole), *(value[1:] for value in whole)]
    return [*parts, *(part.swapcase() for part in parts)]


def element_samples(seen: Sequence[Sample]) -> list[Sample]:
    """Return the elements of the arrays among the values seen."""
    arrays = [cast("tuple[Sample, ...]", value) for value in seen if isinstance(value, tuple)]
    return [element for array in arrays for element in array]


@lru_cache(maxsize=256)
def _known(type_: FieldType) -> SearchStrategy[object]:
    pool = st.sampled_from([_literal(type_, value) for value in samples(type_)])
    match type_:
        case TextType():
            return st.one_of(pool, pool, texts())
        case IntegerType():
            return st.one_of(pool, pool, pool.map(_as_float))
        case _:
            return pool


def _as_float(value: object) -> object:
    """Write an integer as 5.0, if that is still the same number."""
    return float(value) if isinstance(value, int) and abs(value) < 2**53 else value


def _literal(type_: FieldType, value: Sample) -> object:
    return value if isinstance(type_, JSONType) else write(check(type_, value))


def _plain_characters() -> SearchStrategy[str]:
    return st.sampled_from([letter for letter in LETTERS if letter not in "%_\\"])


def _escaped(character: str) -> str:
    return "".join("\\" + c if c in SPECIAL else c for c in character)
