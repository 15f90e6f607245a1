"""Text: what is wild and what is plain, which letters fold, what one character is (rules 5 to 7)."""

# ruff: noqa: PIE800 - the inner braces keep cases that belong together on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from queryengine.testing.cases.table import Answer, Case, phrase, tests, wheres
from queryengine.testing.world import Item

__all__ = ["text_cases"]


def text_cases() -> Iterator[Case]:
    """Yield the cases of text."""
    for name, items, asked in TABLES:
        yield from tests(name, "Phrase", "text", items, asked)
    yield from tests("null text", "Phrase", "note", NOTES, OF_NOTES)
    yield from wheres("text together", "Phrase", FOLDED, TOGETHER)


def _phrases(*texts: str) -> Sequence[Item]:
    return [phrase(key, text) for key, text in enumerate(texts, start=1)]


Asked = Mapping[str, Mapping[object, Answer]]

# Characters that are wild in some language of patterns, each in the middle of a text that has none else.
SIGNS: Final = _phrases("50%", "50", "5_0", "5x0", "5\\0", "5*0", "5?0", "[5]0", "5.0", "5\n0", "5'0", '5"0')
EVERY_SIGN: Final = tuple(range(1, 13))
OF_SIGNS: Final[Asked] = {
    "contains": {
        **{"%": [1], "_": [3], "\\": [5], "*": [6], "?": [7], "[": [8], "]": [8], ".": [9], "\n": [10]},
        **{"'": [11], '"': [12], "^": [], "$": [], "50%": [1], "5_": [3], "[5]": [8], "": EVERY_SIGN},
    },
    "notContains": {"%": EVERY_SIGN[1:], "_": [1, 2, *EVERY_SIGN[3:]], "": []},
    "startsWith": {
        "5_": [3],
        "5.": [9],
        "50": [1, 2],
        "5\\": [5],
        "[": [8],
        "%": [],
        "_": [],
        "": EVERY_SIGN,
    },
    "notStartsWith": {"5": [8], "5_": [1, 2, *EVERY_SIGN[3:]], "": []},
    "endsWith": {
        "%": [1],
        "_0": [3],
        "\\0": [5],
        "*0": [6],
        ".0": [9],
        "\n0": [10],
        "0": EVERY_SIGN[1:],
        "": EVERY_SIGN,
    },
    "notEndsWith": {"0": [1], "?0": [*EVERY_SIGN[:6], *EVERY_SIGN[7:]]},
    "icontains": {"%": [1], "_": [3], "\\": [5], "X": [4], "[5]": [8]},
    "istartsWith": {"5X": [4], "5_": [3], "5%": []},
    "iendsWith": {"X0": [4], "_0": [3], "%": [1]},
    "like": {
        **{
            "5_0": [3, 4, 5, 6, 7, 9, 10, 11, 12],
            "5\\_0": [3],
            "50\\%": [1],
            "5%": [*EVERY_SIGN[:7], 9, 10, 11, 12],
        },
        **{"%0": EVERY_SIGN[1:], "5\\\\0": [5], "5*0": [6], "5?0": [7], "[5]0": [8], "5.0": [9], "50": [2]},
        **{
            "%": EVERY_SIGN,
            "_": [],
            "": [],
            "%\\%%": [1],
            "%5%0%": EVERY_SIGN,
            "___": [1, *range(3, 8), *range(9, 13)],
        },
        **{"5\\x0": [4], "%'%": [11], "____": [8]},
    },
    "nlike": {"5%": [8], "%": [], "5\\_0": [1, 2, *EVERY_SIGN[3:]]},
    "ilike": {"5X0": [4], "5\\X0": [4], "5\\_0": [3]},
    "nilike": {"5X0": [1, 2, 3, *EVERY_SIGN[4:]]},
    "eq": {"5%": [], "50%": [1], "5_0": [3], "5\\0": [5], "5'0": [11]},
    "in": {("50%", "5_0"): [1, 3], ("5%",): []},
}

# Which letters are equal: of these, collations and Unicode fold more than A-Z.
FOLDED: Final = _phrases(
    "k", "K", "\u212a", "é", "É", "e\u0301", "ß", "ss", "SS", "i", "I", "\u0131", "\u0130", "ab", "aB", "AB"
)
OF_FOLDED: Final[Asked] = {
    "eq": {"k": [1], "K": [2], "\u212a": [3], "é": [4], "e\u0301": [6], "ss": [8], "ab": [14]},
    "ne": {"k": list(range(2, 17))},
    "in": {("k", "É"): [1, 5], ("AB", "Ab"): [16]},
    "like": {
        "k": [1],
        "a_": [14, 15],
        "É": [5],
        "_": [1, 2, 3, 4, 5, 7, 10, 11, 12, 13],
        "__": [6, 8, 9, 14, 15, 16],
    },
    "ilike": {
        "k": [1, 2],
        "K": [1, 2],
        "\u212a": [3],
        "é": [4],
        "É": [5],
        "ß": [7],
        "ss": [8, 9],
        "i": [10, 11],
        "\u0131": [12],
        "A_": [14, 15, 16],
        "%B": [14, 15, 16],
    },
    "nilike": {"a_": list(range(1, 14)), "é": [1, 2, 3, *range(5, 17)]},
    "contains": {"b": [14], "B": [15, 16], "e": [6], "\u0301": [6]},
    "icontains": {"b": [14, 15, 16], "S": [8, 9], "É": [5], "E": [6], "\u0130": [13]},
    "notIcontains": {"b": list(range(1, 14)), "É": [*range(1, 5), *range(6, 17)]},
    "startsWith": {"A": [16], "a": [14, 15]},
    "istartsWith": {"A": [14, 15, 16], "É": [5], "\u212a": [3]},
    "notIstartsWith": {"A": list(range(1, 14))},
    "endsWith": {"B": [15, 16], "\u0301": [6]},
    "iendsWith": {"b": [14, 15, 16], "s": [8, 9], "é": [4]},
    "notIendsWith": {"B": list(range(1, 14))},
}

# What counts as one character, and what a comparison may leave out.
COUNTED: Final = _phrases(
    "\U0001f600",
    "a\U0001f600",
    "\uffff",
    "\U00010000",
    "a",
    "a ",
    " a",
    "a\t",
    "",
    "\u00a0",
    "\u200b",
    "\ufeff",
    "\u202e",
)
OF_COUNTED: Final[Asked] = {
    "like": {
        "_": [1, 3, 4, 5, 10, 11, 12, 13],
        "__": [2, 6, 7, 8],
        "_\U0001f600": [2],
        "a_": [2, 6, 8],
        "": [9],
        "%": list(range(1, 14)),
    },
    "startsWith": {"\U0001f600": [1], "a": [2, 5, 6, 8], "\ufeff": [12]},
    "endsWith": {"\U0001f600": [1, 2], " ": [6], "a": [5, 7], "": list(range(1, 14))},
    "contains": {"\U0001f600": [1, 2], "\u200b": [11], "\u202e": [13]},
    "eq": {"a": [5], "a ": [6], "": [9], "\ufeff": [12], "\u00a0": [10]},
    "ne": {"": [*range(1, 9), 10, 11, 12, 13]},
    "gt": {"\uffff": [1, 4], "a": [1, 2, 3, 4, 6, 8, 10, 11, 12, 13]},
    "lte": {"a": [5, 7, 9]},
}

# Of each pattern, what the subset says that it means; regular expressions are searched for.
SEARCHED: Final = _phrases("abc", "ABC", "a.c", "a\nc", "1b", "é_", "aaa", "", "a-c", "x\u0660")
OF_SEARCHED: Final[Asked] = {
    "regex": {
        **{"a.c": [1, 3, 9], "a\\.c": [3], "^abc$": [1], "b": [1, 5], "^$": [8], "\\d": [5], "^a{3}$": [7]},
        **{
            "[0-9]b": [5],
            "a|1": [1, 3, 4, 5, 7, 9],
            "^(abc|1b)$": [1, 5],
            "[^a]c": [1, 3, 4, 9],
            "c$": [1, 3, 4, 9],
        },
        **{"\\w": [1, 2, 3, 4, 5, 6, 7, 9, 10], "x?1": [5], "a+c": [], "a[.\\-]c": [3, 9], "[A-C]{2,}": [2]},
    },
}

NOTES: Final = [phrase(1, "", "a"), phrase(2, "", None), phrase(3, "", "A"), phrase(4, "", "")]
OF_NOTES: Final[Asked] = {
    "contains": {"a": [1], "": [1, 3, 4]},
    "notContains": {"a": [2, 3, 4], "": [2]},
    "icontains": {"a": [1, 3]},
    "notIcontains": {"a": [2, 4]},
    "startsWith": {"": [1, 3, 4]},
    "notStartsWith": {"a": [2, 3, 4]},
    "istartsWith": {"a": [1, 3]},
    "notIstartsWith": {"a": [2, 4]},
    "endsWith": {"a": [1]},
    "notEndsWith": {"a": [2, 3, 4]},
    "iendsWith": {"a": [1, 3]},
    "notIendsWith": {"a": [2, 4]},
    "like": {"%": [1, 3, 4], "a%": [1]},
    "nlike": {"%": [2], "a%": [2, 3, 4]},
    "ilike": {"a": [1, 3]},
    "nilike": {"a": [2, 4]},
    "regex": {"a?": [1, 3, 4], "a": [1]},
    "ne": {"a": [2, 3, 4], "": [1, 2, 3]},
    "nin": {("a", "A"): [2, 4]},
    "gt": {"": [1, 3]},
    "lte": {"A": [3, 4]},
}

TOGETHER: Final[Mapping[str, Answer]] = {
    '{"text": {"istartsWith": "a", "contains": "b"}}': [14],
    '{"text": {"not": {"icontains": "s"}, "like": "__"}}': [6, 14, 15, 16],
    '{"or": [{"text": {"ilike": "k"}}, {"text": {"endsWith": "B"}}]}': [1, 2, 15, 16],
    '{"text": {"gte": "A", "lt": "a", "nin": ["K"]}}': [9, 11, 16],
}

TABLES: Final = (
    ("signs", SIGNS, OF_SIGNS),
    ("folding", FOLDED, OF_FOLDED),
    ("characters", COUNTED, OF_COUNTED),
    ("searching", SEARCHED, OF_SEARCHED),
)
