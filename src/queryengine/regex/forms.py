r"""The same pattern for back-ends, with no part whose meaning depends on a locale or an option.

Every set is written with its ranges, every other character as itself or by its code point, `^` and `$` as
`\A` and `\Z`: Python's `re` and PostgreSQL's regular expressions read this form alike.
"""

from __future__ import annotations

import re
from typing import assert_never

from queryengine.regex.nodes import Characters, Choice, Edge, Regex, Repeat, Sequence
from queryengine.regex.parsing import parse_regex

__all__ = ["to_postgresql", "to_python"]


def to_python(pattern: str) -> re.Pattern[str]:
    r"""Return the pattern for Python's `re`, to be used with `search`.

    Python tries alternatives one after another, so that its time is not linear: patterns of strangers
    belong to `search` of this package.

    >>> to_python(r"^\d$").search("5\n") is None
    True
    """
    return re.compile(_text(parse_regex(pattern)))


def to_postgresql(pattern: str) -> str:
    r"""Return the pattern for PostgreSQL's operator `~`.

    >>> to_postgresql(r"^a.\d?")
    '\\Aa[^\\u000a][0-9]?'
    """
    return _text(parse_regex(pattern))


def _text(regex: Regex) -> str:
    match regex:
        case Characters():
            return _characters(regex)
        case Edge():
            return r"\A" if regex is Edge.START else r"\Z"
        case Sequence():
            return "".join([_part(item) for item in regex.items])
        case Choice():
            return "|".join([_text(option) for option in regex.options])
        case Repeat():
            return _part(regex.item) + _bounds(regex.minimum, regex.maximum)
        case _:
            assert_never(regex)


def _part(regex: Regex) -> str:
    text = _text(regex)
    return f"(?:{text})" if isinstance(regex, (Sequence, Choice)) else text


def _bounds(minimum: int, maximum: int | None) -> str:
    match minimum, maximum:
        case 0, None:
            return "*"
        case 1, None:
            return "+"
        case 0, 1:
            return "?"
        case _, None:
            return f"{{{minimum},}}"
        case _:
            return f"{{{minimum},{maximum}}}"


def _characters(characters: Characters) -> str:
    ((low, high), *others) = characters.ranges
    if low == high and not others and not characters.negated:
        return _character(low)
    ranges = [
        _character(low) if low == high else f"{_character(low)}-{_character(high)}"
        for low, high in characters.ranges
    ]
    return f"[{'^' if characters.negated else ''}{''.join(ranges)}]"


def _character(code: int) -> str:
    character = chr(code)
    # Of ASCII only letters and digits never have a meaning of their own; no others have one anywhere.
    return character if character.isalnum() or code > 127 else f"\\u{code:04x}"
