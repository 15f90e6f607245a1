"""Values that find faults: a small pool for each type, inside of its domain, for rows as well as filters."""

from __future__ import annotations

import datetime as dt
import enum
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, TypeAlias, assert_never

from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    Field,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
    TimeType,
    UUIDType,
)
from queryengine.values import ValueProblem, check

__all__ = ["LETTERS", "TEXTS", "Sample", "holds", "pools", "samples", "storable"]

Sample: TypeAlias = object
"""A typed value; for JSON fields the plain Python value, for arrays a tuple of samples."""

LETTERS: Final = (
    *"abkABKsS",  # the letters that operators without case fold
    *"éÉß\u0131\u0130",  # ... and those that collations and Unicode fold, but the language does not
    "\u212a",  # Kelvin sign, which lower() turns into k
    "e\u0301",  # é in two code points
    *"%_\\*?[]^$.+(){}|",  # what is special in some pattern language
    *" \t\n'\"",
    "\u00a0",
    "\uffff",  # in UTF-16 this one sorts after the next, by code point before it
    "\U00010000",
    "\U0001f600",
)
"""The characters of generated texts and patterns."""

TEXTS: Final = (
    *("", "a", "A", "b", "B", "aa", "ab", "aB", "Ab", "a b", "ba"),
    *("a ", " a", "a\t", "  ", "é", "É", "e", "E", "e\u0301", "ß", "ss", "SS", "k", "K", "\u212a"),
    *("i", "I", "\u0131", "\u0130", "%", "_", "\\", "*", "?", "[", "[a]", "a%", "a_", "%a", "\\%", "\\\\"),
    *("a%b", "a_b", "a\\b", "a.b", "^a$", "'", '"', "''", "a'b", "--", ";", "1", "10", "2", "02"),
    *("null", "true", "\n", "a\nb", "\u00a0", "\u200b", "\u202e", "\ufeff", "\uffff", "\U00010000"),
    *("\U0001f600", "a\U0001f600", "a\uffff", "Z", "z", "~", "[", "`", "-", "co-op", "coop", "co op"),
)

_NUMBERS: Final = (
    *(0, 1, -1, 2, 3, 5, 10, 100, 127, 128, -128, 255, 256, 32767, -32768, 65535),
    *(2**31 - 1, -(2**31), 2**31, 2**53, 2**53 + 1, -(2**53), 2**63 - 1, -(2**63)),
)

_FLOATS: Final = (
    *(0.0, 1.0, -1.0, 0.1, 0.2, 0.3, 0.1 + 0.2, 1 / 3, -0.5, 1.5, 5.0, 1e-7, 123456.789),
    *(float(2**53), float(2**63), 1e16, 1e22, -1e22, 1e100, 1.7976931348623157e308, 2.2250738585072014e-308),
)

_DECIMALS: Final = (
    *(
        "0",
        "1",
        "-1",
        "0.1",
        "0.2",
        "0.3",
        "1.00",
        "1.5",
        "-1.5",
        "2.50",
        "0.01",
        "-0.01",
        "0.001",
        "10",
        "100",
    ),
    *("99.99", "-99.99", "1234.56", "12345678.91", "123456789012.345", "0.00000000000001", "1E+3"),
    *("123456789012345678901234567890.12345", "-99999999999999999999999999999999999999"),
)

_DATES: Final = (
    *("2024-02-28", "2024-02-29", "2024-03-01", "1970-01-01", "1969-12-31", "1999-12-31", "2000-01-01"),
    *("0001-01-01", "9999-12-31", "1582-10-10", "2024-10-02", "2024-10-10"),
)

_TIMES: Final = (
    *("00:00:00", "12:30:00", "12:30:01", "12:30:00.000001", "12:30:00.1", "12:30:00.100000"),
    *("12:30:00.999999", "23:59:59", "23:59:59.999999", "09:05:00"),
)

_DURATIONS: Final = (
    *(dt.timedelta(), dt.timedelta(microseconds=1), dt.timedelta(microseconds=-1), dt.timedelta(seconds=1)),
    *(
        dt.timedelta(days=1),
        dt.timedelta(days=-1),
        dt.timedelta(hours=24, microseconds=1),
        dt.timedelta(days=30),
    ),
    *(
        dt.timedelta(days=31),
        dt.timedelta(hours=36, minutes=5),
        dt.timedelta(milliseconds=1),
        dt.timedelta(365),
    ),
    *(dt.timedelta(days=100_000), dt.timedelta(days=-100_000, seconds=5), dt.timedelta.min, dt.timedelta.max),
)

_UUIDS: Final = tuple(
    uuid.UUID(hex=text)
    for text in (
        "00000000000000000000000000000000",
        "00000000000000000000000000000001",
        "01000000000000000000000000000000",
        "7fffffffffffffffffffffffffffffff",
        "80000000000000000000000000000000",
        "abcdefabcdefabcdefabcdefabcdefab",
        "ffffffffffffffffffffffffffffffff",
    )
)

_BYTES: Final = (
    b"",
    b"\x00",
    b"\x00\x00",
    b"a",
    b"A",
    b"ab",
    b"\x7f",
    b"\x80",
    b"\xff",
    b"\xff\xff",
    b"%",
    b"\\",
)

_JSON: Final[tuple[object, ...]] = (
    *("", "a", "A", "é", "\u212a", "null", 'quo"te', "back\\slash"),
    *(0, 1, -1, 1.5, 0.1, 1e22, 2**53, True, False),
    *([], {}, [None], [1, 2], [2, 1], [1, [2]], ["a"], {"a": 1}, {"a": None}, {"a": True}, {"a": [1]}),
    *({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"A": 1}, {"a": {"b": {"c": "d"}}}, {"": 0}),
)


@lru_cache(maxsize=256)
def samples(type_: FieldType) -> tuple[Sample, ...]:
    """Return notable values of the type, all inside of its domain.

    >>> samples(IntegerType(0, 9))
    (0, 1, 2, 3, 5, 9)
    """
    return tuple(value for value in _candidates(type_) if _allowed(type_, value))


def storable(type_: FieldType, value: Sample) -> bool:
    """Tell whether a column of the type gives the value back as it is; a filter may ask for more digits.

    >>> storable(DecimalType(10, scale=2), Decimal("0.001"))
    False
    """
    if not isinstance(type_, DecimalType) or not isinstance(value, Decimal) or type_.scale is None:
        return True
    fits = abs(value) < Decimal(10) ** (type_.digits - type_.scale)
    return fits and value == round(value, type_.scale)


def holds(type_: FieldType, value: Sample) -> bool:
    """Tell whether a column of the type holds a value and gives it back as it is; enums by their values.

    >>> holds(IntegerType(0, 9), 10)
    False
    """
    if isinstance(type_, EnumType):
        return isinstance(value, enum.Enum) and value.value in {member.value for member in type_.enum}
    return _allowed(type_, value) and storable(type_, value)


def pools(
    fields: Mapping[str, Field], choose: random.Random, others: Sequence[Mapping[str, Field]] = ()
) -> dict[str, list[Sample]]:
    """Choose the values of each field in rows: for some fields so few that many rows are equal.

    Null is among them where it may be. The values lie in the domains of the fields of that name in `others`
    as well.

    >>> pools({"a": Field("a", IntegerType(5, 5))}, random.Random(1))
    {'a': [5, None]}
    """
    chosen: dict[str, list[Sample]] = {}
    for name, field in fields.items():
        types = [field.type, *(other[name].type for other in others if name in other)]
        values = [value for value in _of_all(types) if all(holds(type_, value) for type_ in types)]
        some = choose.sample(values, min(len(values), choose.choice([2, 6, len(values)])))
        nulls = 1 + len(some) // 4 if field.nullable else 0
        chosen[name] = [*some, *[None] * nulls]
    return chosen


def _of_all(types: Sequence[FieldType]) -> list[Sample]:
    """The samples of all types, each value once; the samples of an enum are those of the first type."""
    found = list(samples(types[0]))
    if not isinstance(types[0], EnumType):
        for type_ in dict.fromkeys(types[1:]):
            found += [value for value in samples(type_) if value not in found]
    return found


def _allowed(type_: FieldType, value: Sample) -> bool:
    try:
        check(type_, value)
    except ValueProblem:
        return False
    return True


def _candidates(type_: FieldType) -> Iterator[Sample]:
    match type_:
        case IntegerType():
            yield from dict.fromkeys((*_NUMBERS, type_.minimum, type_.maximum))
        case FloatType():
            yield from _FLOATS
            yield from (bound for bound in (type_.minimum, type_.maximum) if bound is not None)
        case DecimalType():
            yield from map(Decimal, _DECIMALS)
            yield from (bound for bound in (type_.minimum, type_.maximum) if bound is not None)
        case BooleanType():
            yield from (False, True)
        case TextType():
            yield from TEXTS
        case DateType():
            yield from map(dt.date.fromisoformat, _DATES)
        case DateTimeType():
            zone = dt.UTC if type_.aware else None
            yield from (
                dt.datetime.fromisoformat(f"2024-02-29T{time}").replace(tzinfo=zone) for time in _TIMES
            )
            yield from (dt.datetime.fromisoformat(date).replace(tzinfo=zone) for date in _DATES)
            yield dt.datetime.max.replace(tzinfo=zone)
        case TimeType():
            yield from map(dt.time.fromisoformat, _TIMES)
        case DurationType():
            yield from _DURATIONS
        case UUIDType():
            yield from _UUIDS
        case BytesType():
            yield from _BYTES
        case EnumType():
            yield from type_.enum
        case JSONType():
            yield from _JSON
        case ArrayType():
            yield from _arrays(samples(type_.element))
        case _:
            assert_never(type_)


def _arrays(elements: Sequence[Sample]) -> Iterator[Sample]:
    """Arrays of few elements, so that many share some: empty, one, pairs in both orders, twice the same."""
    some = elements[:6]
    yield ()
    for first in some:
        yield (first,)
        yield (first, first)
        yield from ((first, second) for second in some if second != first)
    yield tuple(elements[:8])
