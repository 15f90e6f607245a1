"""JSON values as canonical text: equal values have equal texts, whatever the spelling of their numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Final, NoReturn, cast

from queryengine.ast import JSONDocument
from queryengine.errors import ErrorCode
from queryengine.values.numeric import exact_number
from queryengine.values.problem import ValueProblem, mismatch, out_of_range
from queryengine.values.strings import check_text

__all__ = ["json_document", "parse_json", "portable_json"]

EXPECTED: Final = "a JSON value"
LARGEST: Final = 2**53
"""beyond this a number means different values to readers with doubles and with decimals (RFC 7493)"""
PLAIN_DIGITS: Final = 21
"""numbers of more digits than this are written with an exponent"""


def parse_json(text: str) -> JSONDocument:
    r"""Read the text of any JSON value.

    >>> parse_json('{"b": 1.0, "a": "\u00e9"}').text
    '{"a":"é","b":1}'
    """
    try:
        return portable_json(_decoder.decode(text))
    except RecursionError:
        raise ValueProblem(ErrorCode.LIMIT_EXCEEDED, "a JSON value is too deep", ("max_depth",)) from None
    except ValueError:
        raise mismatch(EXPECTED) from None


def _parse_number(text: str) -> Decimal:
    return exact_number(text, EXPECTED)


def _refuse_constant(_: str) -> NoReturn:
    raise mismatch(EXPECTED)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    entries = dict(pairs)
    if len(entries) != len(pairs):
        raise ValueProblem(ErrorCode.DUPLICATE_KEY, "an object names the same key twice")
    return entries


_decoder = json.JSONDecoder(
    parse_float=_parse_number,
    parse_int=_parse_number,
    parse_constant=_refuse_constant,
    object_pairs_hook=_unique,
)


def portable_json(value: object) -> JSONDocument:
    """Return the document of a Python value that every back-end can hold exactly.

    Numbers must be what a double holds, up to 2**53; texts hold no NUL and no lone surrogates.
    """
    return JSONDocument(_text(value, True))


def json_document(value: object) -> JSONDocument:
    """Return the document of a Python value as it is, to compare a row's value with.

    What is no JSON value has no text, so that it equals no document of a filter.

    >>> json_document([1, 1.0, True]).text, json_document(object()).text
    ('[1,1,true]', '')
    """
    try:
        return JSONDocument(_text(value, False))
    except ValueProblem:
        return JSONDocument("")


def _text(value: object, strict: bool) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(check_text(value) if strict else value, ensure_ascii=False)
        case int() | float() | Decimal():
            number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
            return _number_text(_portable(number) if strict else number)
        case dict() | Mapping():  # most are plain: the check for any mapping is slow
            entries = {_key(key): item for key, item in cast("Mapping[object, object]", value).items()}
            texts = [f"{_text(key, strict)}:{_text(entries[key], strict)}" for key in sorted(entries)]
            return "{" + ",".join(texts) + "}"
        case list() | tuple():
            items = cast("list[object] | tuple[object, ...]", value)
            return "[" + ",".join([_text(item, strict) for item in items]) + "]"
        case _:
            raise mismatch(EXPECTED)


def _key(key: object) -> str:
    if isinstance(key, str):
        return key
    raise mismatch(EXPECTED)


def _portable(number: Decimal) -> Decimal:
    if not number.is_finite():
        raise out_of_range("a finite number")
    if not -LARGEST <= number <= LARGEST or Decimal(repr(float(number))) != number:
        raise out_of_range("a number of at most 2**53 that a double can hold")
    return number


def _number_text(number: Decimal) -> str:
    if not number:
        return "0"
    sign, digits, exponent = number.as_tuple()
    if not isinstance(exponent, int):  # an infinity or not a number: equal to no value of a filter
        return str(number)
    figures = "".join(map(str, digits)).rstrip("0")
    exponent += len(digits) - len(figures)
    minus = "-" if sign else ""
    if exponent >= 0 and len(figures) + exponent <= PLAIN_DIGITS:
        return f"{minus}{figures}{'0' * exponent}"
    if exponent < 0 and -exponent <= PLAIN_DIGITS:
        padded = figures.rjust(1 - exponent, "0")
        return f"{minus}{padded[:exponent]}.{padded[exponent:]}"
    return f"{minus}{figures}e{exponent}"
