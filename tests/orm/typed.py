"""PostgreSQL's types, and random values of each: the ordinary ones and the extremes."""

from __future__ import annotations

import ipaddress
import math
import struct
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any, Final, cast

from hypothesis import strategies as st
from queryengine_orm.ranges import Range

__all__ = ["SCALARS", "TYPES", "TypeCase", "same"]

TEXT: Final = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
OFFSETS: Final = st.integers(-15 * 3600 + 1, 15 * 3600 - 1).map(
    lambda seconds: timezone(timedelta(seconds=seconds))
)
DATETIMES: Final = st.datetimes(datetime.fromisoformat("0001-01-02"), datetime.fromisoformat("9999-12-30"))
# jsonb keeps the decimal number that is written: 1e16 comes back as an integer, 5e-324 as it went.
JSON_FLOATS: Final = st.floats(-1e15, 1e15, allow_nan=False).filter(lambda number: not number.is_integer())
JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | JSON_FLOATS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
).filter(lambda value: value is not None)


def ints(bits: int) -> st.SearchStrategy[int]:
    """Return integers of a width, the extremes often."""
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1
    return st.integers(low, high) | st.sampled_from([low, high, 0, -1])


def decimals() -> st.SearchStrategy[Decimal]:
    """Return decimals with many digits, large and small exponents, and what is no number."""

    def decimal(sign: int, digits: list[int], exponent: int) -> Decimal:
        return Decimal((sign, tuple(digits), exponent))

    many = st.lists(st.integers(0, 9), min_size=1, max_size=40)
    wide = st.builds(decimal, st.integers(0, 1), many, st.integers(-60, 60))
    texts = ("NaN", "Infinity", "-Infinity", "1E+131071", "1E-16383", "-0", "0E-9")
    extremes = [*map(Decimal, texts), Decimal(f"-{'98' * 500}.{'07' * 500}")]
    return wide | st.decimals(allow_nan=False, allow_infinity=False, places=4) | st.sampled_from(extremes)


def ranges(bounds: st.SearchStrategy[Any], *, discrete: bool) -> st.SearchStrategy[Range[Any]]:
    """Return ranges as PostgreSQL gives them back; those of discrete types have their upper bound out."""

    def make(one: Any, other: Any, lower_in: bool, upper_in: bool) -> Range[Any]:
        low, high = (one, other) if one is None or other is None or one <= other else (other, one)
        if low is not None and low == high:
            if discrete or not (lower_in and upper_in):
                return Range(empty=True)
            return Range(low, high, upper_inclusive=True)
        if discrete:
            return Range(low, high)
        return Range(low, high, lower_inclusive=lower_in, upper_inclusive=upper_in)

    optional = st.none() | bounds
    return st.builds(make, optional, optional, st.booleans(), st.booleans()) | st.just(Range[Any](empty=True))


def multiranges(bounds: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Range[Any]]]:
    """Return multiranges as PostgreSQL gives them back: in order, none empty, none touching another."""

    def make(ends: list[Any], open_below: bool, open_above: bool) -> list[Range[Any]]:
        pairs = list(zip(ends[::2], ends[1::2], strict=False))
        last = len(pairs) - 1
        return [
            Range(
                None if open_below and place == 0 else low,
                None if open_above and place == last else high,
                lower_inclusive=not (open_below and place == 0),
            )
            for place, (low, high) in enumerate(pairs)
        ]

    return st.builds(
        make, st.lists(bounds, unique=True, max_size=6).map(sorted), st.booleans(), st.booleans()
    )


@dataclass(frozen=True)
class TypeCase:
    """A type of PostgreSQL: its name, its OID, its arrays' OID, and values of it."""

    name: str
    oid: int
    array: int
    values: st.SearchStrategy[Any]

    def __str__(self) -> str:
        return self.name


SCALARS: Final = (
    TypeCase("boolean", 16, 1000, st.booleans()),
    TypeCase("smallint", 21, 1005, ints(16)),
    TypeCase("integer", 23, 1007, ints(32)),
    TypeCase("bigint", 20, 1016, ints(64)),
    TypeCase("oid", 26, 1028, st.integers(0, 2**32 - 1)),
    TypeCase("real", 700, 1021, st.floats(width=32)),
    TypeCase("double precision", 701, 1022, st.floats()),
    TypeCase("numeric", 1700, 1231, decimals()),
    TypeCase("text", 25, 1009, TEXT),
    TypeCase("varchar", 1043, 1015, TEXT),
    TypeCase("bytea", 17, 1001, st.binary()),
    TypeCase('"char"', 18, 1002, st.characters(min_codepoint=1, max_codepoint=127)),
    TypeCase("date", 1082, 1182, st.dates()),
    TypeCase("time", 1083, 1183, st.times()),
    TypeCase("timetz", 1266, 1270, st.times(timezones=OFFSETS)),
    TypeCase("timestamp", 1114, 1115, st.datetimes()),
    TypeCase(
        "timestamptz",
        1184,
        1185,
        DATETIMES.flatmap(lambda at: OFFSETS.map(lambda zone: at.replace(tzinfo=zone))),
    ),
    TypeCase("interval", 1186, 1187, st.timedeltas()),
    TypeCase("uuid", 2950, 2951, st.uuids()),
    TypeCase("json", 114, 199, JSON),
    TypeCase("jsonb", 3802, 3807, JSON),
    TypeCase(
        "inet",
        869,
        1041,
        st.ip_addresses().flatmap(
            lambda address: st.integers(0, address.max_prefixlen).map(
                lambda prefix: ipaddress.ip_interface((address, prefix))
            )
        ),
    ),
    TypeCase(
        "cidr",
        650,
        651,
        st.ip_addresses().flatmap(
            lambda address: st.integers(0, address.max_prefixlen).map(
                lambda prefix: ipaddress.ip_network((address, prefix), strict=False)
            )
        ),
    ),
    TypeCase("int4range", 3904, 3905, ranges(st.integers(-(2**31), 2**31 - 2), discrete=True)),
    TypeCase("int8range", 3926, 3927, ranges(st.integers(-(2**63), 2**63 - 2), discrete=True)),
    TypeCase(
        "numrange",
        3906,
        3907,
        ranges(st.decimals(allow_nan=False, allow_infinity=False, places=3), discrete=False),
    ),
    TypeCase("int4multirange", 4451, 6150, multiranges(ints(32))),
    TypeCase("int8multirange", 4536, 6157, multiranges(ints(64))),
    TypeCase(
        "nummultirange",
        4532,
        6151,
        multiranges(st.decimals(allow_nan=False, allow_infinity=False, places=3)),
    ),
    TypeCase("datemultirange", 4535, 6155, multiranges(st.dates())),
    TypeCase("tsmultirange", 4533, 6152, multiranges(DATETIMES)),
    TypeCase("tstzmultirange", 4534, 6153, multiranges(DATETIMES.map(lambda at: at.replace(tzinfo=UTC)))),
    TypeCase("daterange", 3912, 3913, ranges(st.dates(max_value=date(9999, 12, 30)), discrete=True)),
    TypeCase("tsrange", 3908, 3909, ranges(DATETIMES, discrete=False)),
    TypeCase(
        "tstzrange", 3910, 3911, ranges(DATETIMES.map(lambda at: at.replace(tzinfo=UTC)), discrete=False)
    ),
)
"""each scalar type"""


def nested(element: st.SearchStrategy[Any]) -> st.SearchStrategy[list[Any]]:
    """Return arrays of one to three dimensions, with nulls."""
    optional = st.none() | element

    def of(each: st.SearchStrategy[Any], width: int) -> st.SearchStrategy[list[Any]]:
        return st.lists(each, min_size=width, max_size=width)

    widths = st.tuples(st.integers(1, 3), st.integers(1, 2))
    table = widths.flatmap(lambda width: of(of(optional, width[0]), width[1]))
    cube = widths.flatmap(lambda width: of(of(of(optional, width[0]), width[1]), 2))
    return st.lists(optional, max_size=4) | table | cube


TYPES: Final = SCALARS + tuple(
    TypeCase(f"{case.name}[]", case.array, 0, nested(case.values))
    for case in SCALARS
    if "json" not in case.name and "multirange" not in case.name
)
"""each scalar type, and arrays of each, but of those whose values are lists themselves"""


def same(one: object, other: object) -> bool:
    """Say whether two values are the same, of one type, with NaN equal to itself and -0.0 other than 0.0."""
    match one, other:
        case float(), float():
            return struct.pack("!d", one) == struct.pack("!d", other) or (
                math.isnan(one) and math.isnan(other)
            )
        case Decimal(), Decimal():
            return (one.is_nan() and other.is_nan()) or one == other
        case list(), list():
            these, those = cast("list[object]", one), cast("list[object]", other)
            return len(these) == len(those) and all(map(same, these, those))
        case time(), time():
            return one == other and one.utcoffset() == other.utcoffset()
        case _:
            return type(one) is type(other) and one == other
