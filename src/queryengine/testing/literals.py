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

SPECIAL = "\\*?[]^$.+(){}|/-"


def literals(type_: FieldType, seen: Sequence[Sample] = ()) -> SearchStrategy[object]:
    """Draw a value of the type as JSON writes it; every second time, one of those seen in rows."""
    known = _known(type_)
    present = [_literal(type_, value) for value in seen if value is not None]
    return known if not present else st.one_of(known, st.sampled_from(present))


def texts() -> SearchStrategy[str]:
    """Draw short texts of characters that are special somewhere."""
    return st.lists(st.sampled_from(LETTERS), max_size=3).map("".join)


def patterns() -> SearchStrategy[str]:
    """Draw patterns for like: texts with wildcards, plain and escaped."""
    part = st.one_of(st.sampled_from(["%", "_", "a", "\\%", "\\_", "\\\\", "\\a", "%%"]), _plain_characters())
    return st.lists(part, max_size=4).map("".join)


def regexes() -> SearchStrategy[str]:
    """Draw patterns of the subset that runs in linear time."""
    classes = ["a", "b", ".", "\\d", "\\w", "\\s", "[ab]", "[^a]", "[a-z]", "[\\w%]", "\\.", "\\W", "é", "_"]
    atom = st.one_of(st.sampled_from(classes), _plain_characters().map(_escaped))
    repeated = st.tuples(atom, st.sampled_from(["", "", "?", "*", "+", "{2}", "{0,1}", "{1,}"])).map("".join)
    branch = st.lists(repeated, min_size=1, max_size=3).map("".join)
    either = st.lists(branch, min_size=2, max_size=2).map("|".join).map("({})".format)
    ends = st.tuples(st.sampled_from(["", "^"]), st.one_of(branch, either), st.sampled_from(["", "$"]))
    return ends.map("".join)


def characters_of(seen: Sequence[Sample]) -> list[Sample]:
    """Return the texts among the values seen, and pieces of them, for what is asked of parts of texts."""
    whole = [value for value in seen if isinstance(value, str)]
    return [*whole, *(value[:1] for value in whole), *(value[1:] for value in whole)]


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
