"""Python values against types, and writing as the inverse of reading, as properties over all types."""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import json
import math
import uuid
from collections import UserDict
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import JSONDocument
from queryengine.errors import ErrorCode
from queryengine.parsed import Style
from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
    TimeType,
    UUIDType,
)
from queryengine.values import ValueProblem, check, json_document, reader, write
from queryengine.values.problem import expectation


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Money(enum.Enum):
    SMALL = Decimal("0.10")
    DAY = dt.date(2024, 2, 29)
    KEY = uuid.UUID(int=7)
    TRUE = True


AWARE, NAIVE = DateTimeType(aware=True), DateTimeType(aware=False)
BERLIN = ZoneInfo("Europe/Berlin")
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
integers = st.integers(-(2**63), 2**63 - 1)
floats = st.floats(allow_nan=False, allow_infinity=False)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)

VALUES: dict[FieldType, st.SearchStrategy[object]] = {
    IntegerType(): integers,
    FloatType(): floats,
    DecimalType(38): st.decimals("-1e20", "1e20", allow_nan=False, places=10),
    BooleanType(): st.booleans(),
    TextType(): texts,
    DateType(): st.dates(),
    AWARE: st.datetimes(timezones=st.just(dt.UTC)),
    NAIVE: st.datetimes(),
    TimeType(): st.times(),
    DurationType(): st.timedeltas(),
    UUIDType(): st.uuids(),
    BytesType(): st.binary(max_size=20),
    EnumType(Color): st.sampled_from(Color),
    EnumType(Money): st.sampled_from(Money),
    JSONType(): documents,
    ArrayType(DateType()): st.lists(st.dates(), max_size=4),
}


def name_of(type_: FieldType) -> str:
    return type_.enum.__name__ if isinstance(type_, EnumType) else expectation(type_)


@given(st.data())
@pytest.mark.parametrize("type_", VALUES, ids=name_of)
def test_what_is_written_is_read_as_the_same_value(type_: FieldType, data: st.DataObject) -> None:
    value = check(type_, data.draw(VALUES[type_]))
    written = write(value)
    read = reader(type_)(json.dumps(written, ensure_ascii=False))
    assert read == value
    assert type(read) is type(value)
    assert write(read) == written


@given(st.data())
@pytest.mark.parametrize(
    "type_", [t for t in VALUES if not isinstance(t, (ArrayType, JSONType))], ids=name_of
)
def test_a_scalar_written_as_text_is_read_from_brackets(type_: FieldType, data: st.DataObject) -> None:
    value = check(type_, data.draw(VALUES[type_]))
    written = write(value)
    text = written if isinstance(written, str) else json.dumps(written)
    assert reader(type_, Style.BRACKETS)(json.dumps(text)) == value


@given(
    st.sampled_from(list(VALUES)), st.text(max_size=40) | documents.map(json.dumps), st.sampled_from(Style)
)
def test_no_literal_raises_anything_but_a_value_problem(type_: FieldType, text: str, style: Style) -> None:
    for lexeme in (json.dumps(text), json.dumps([text]), text or "0"):
        with contextlib.suppress(ValueProblem):
            value = reader(type_, style, lenient=True, timezone=BERLIN)(lexeme)
            assert check(type_, json.loads(value.text) if isinstance(value, JSONDocument) else value) == value


@given(documents)
def test_equal_documents_have_one_text_and_it_is_json_of_the_same_value(value: object) -> None:
    text = json_document(value).text
    assert json.loads(text) == value
    assert json_document(json.loads(json.dumps(value))).text == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (Decimal("1.00"), "1"),
        (-0.0, "0"),
        (True, "true"),
        (None, "null"),
        (0.1, "0.1"),
        (-12.5, "-12.5"),
        (1e300, "1e300"),
        (5e-324, "5e-324"),
        (2**70, "1180591620717411303424e0"),
        ({"b": 1, "a": (1, 2)}, '{"a":[1,2],"b":1}'),
        (UserDict(a=1), '{"a":1}'),
        (math.nan, "NaN"),
        ({1: 2}, ""),
        ([dt.date(2024, 2, 29)], ""),
    ],
)
def test_numbers_and_keys_have_one_canonical_form(value: object, text: str) -> None:
    assert json_document(value).text == text


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"a":1,"a":2}', ErrorCode.DUPLICATE_KEY),
        (r'["\u0000"]', ErrorCode.INVALID_ENCODING),
        (r'{"\ud800":1}', ErrorCode.INVALID_ENCODING),
        ("[" * 100_000, ErrorCode.LIMIT_EXCEEDED),
        ("[" * 1_100 + "]" * 1_100, ErrorCode.LIMIT_EXCEEDED),
        ("[Infinity]", ErrorCode.TYPE_MISMATCH),
        ("[1e999]", ErrorCode.OUT_OF_RANGE),
    ],
)
def test_a_document_that_not_every_back_end_holds_is_refused(text: str, code: ErrorCode) -> None:
    with pytest.raises(ValueProblem) as caught:
        reader(JSONType())(text)
    assert caught.value.code is code


WRONG_KIND: list[tuple[FieldType, object]] = [
    (IntegerType(), True),
    (IntegerType(), 5.0),
    (IntegerType(), "5"),
    (FloatType(), True),
    (FloatType(), Decimal(1)),
    (DecimalType(), 1.5),
    (BooleanType(), 1),
    (TextType(), b"a"),
    (DateType(), dt.datetime(2024, 2, 29)),  # noqa: DTZ001 - it has no zone
    (AWARE, dt.date(2024, 2, 29)),
    (AWARE, dt.datetime(2024, 2, 29)),  # noqa: DTZ001 - it has no zone
    (NAIVE, dt.datetime(2024, 2, 29, tzinfo=dt.UTC)),
    (TimeType(), dt.time(12, tzinfo=dt.UTC)),
    (TimeType(), "12:00"),
    (DurationType(), 5),
    (UUIDType(), "00000000-0000-0000-0000-000000000000"),
    (BytesType(), "abc"),
    (EnumType(Color), "red"),
    (EnumType(Color), Money.SMALL),
    (ArrayType(TextType()), "ab"),
    (ArrayType(TextType()), ["a", 1]),
    (JSONType(), {1: 2}),
    (JSONType(), {"a": object()}),
]


@pytest.mark.parametrize(("type_", "value"), WRONG_KIND)
def test_a_python_value_of_another_kind_is_a_mismatch(type_: FieldType, value: object) -> None:
    with pytest.raises(ValueProblem) as caught:
        check(type_, value)
    assert caught.value.code is ErrorCode.TYPE_MISMATCH


OUTSIDE: list[tuple[FieldType, object]] = [
    (IntegerType(), 2**63),
    (FloatType(), math.nan),
    (FloatType(), math.inf),
    (FloatType(), 2**53 + 1),
    (FloatType(), 10**400),
    (DecimalType(), Decimal("Infinity")),
    (DecimalType(2), Decimal("1.23")),
    (JSONType(), [math.nan]),
    (JSONType(), 2**53 + 1),
]


@pytest.mark.parametrize(("type_", "value"), OUTSIDE)
def test_a_python_value_that_cannot_be_held_is_out_of_range(type_: FieldType, value: object) -> None:
    with pytest.raises(ValueProblem) as caught:
        check(type_, value)
    assert caught.value.code is ErrorCode.OUT_OF_RANGE


def test_a_text_of_python_may_not_hold_nul() -> None:
    with pytest.raises(ValueProblem) as caught:
        check(TextType(), "a\0")
    assert caught.value.code is ErrorCode.INVALID_ENCODING


@pytest.mark.parametrize(
    ("type_", "value", "expected"),
    [
        (FloatType(), 5, 5.0),
        (DecimalType(), 5, Decimal(5)),
        (TextType(), Color.RED, "red"),
        (IntegerType(), HTTPStatus.OK, 200),
        (ArrayType(IntegerType()), (1, 2), (1, 2)),
    ],
)
def test_a_python_value_becomes_the_plain_value_of_its_type(
    type_: FieldType, value: object, expected: object
) -> None:
    checked = check(type_, value)
    assert checked == expected
    assert type(checked) is type(expected)


def test_a_zone_of_the_policy_makes_wall_clocks_instants_and_instants_wall_clocks() -> None:
    noon = dt.datetime(2024, 7, 1, 12)  # noqa: DTZ001 - it has no zone
    instant = dt.datetime(2024, 7, 1, 10, tzinfo=dt.UTC)
    assert reader(AWARE, timezone=BERLIN)('"2024-07-01T12:00:00"') == instant
    assert reader(NAIVE, timezone=BERLIN)('"2024-07-01T10:00:00Z"') == noon
    assert check(AWARE, noon, BERLIN) == instant
    assert check(NAIVE, instant, BERLIN) == noon


def test_an_instant_of_any_zone_is_kept_as_utc() -> None:
    checked = check(AWARE, dt.datetime(2024, 7, 1, 12, tzinfo=BERLIN))
    assert isinstance(checked, dt.datetime)
    assert checked.tzinfo is dt.UTC


def test_the_later_of_two_equal_clocks_is_never_meant() -> None:
    first = reader(AWARE, timezone=BERLIN)('"2024-10-27T02:30:00"')
    assert first == dt.datetime(2024, 10, 27, 0, 30, tzinfo=dt.UTC)
    second = reader(NAIVE, timezone=BERLIN)('"2024-10-27T01:30:00Z"')
    assert isinstance(second, dt.datetime)
    assert second.fold == 0


def test_what_is_not_of_a_closed_union_raises() -> None:
    unknown: Any = object()
    for use in (expectation, reader, write):
        with pytest.raises(AssertionError):
            use(unknown)


@pytest.mark.parametrize(
    ("type_", "text", "message"),
    [
        (
            AWARE,
            "2024-07-01",
            "expected a date-time with its zone as YYYY-MM-DDTHH:MM:SSZ, not a date alone",
        ),
        (
            AWARE,
            "2024-07-01T12:00:00",
            "expected a date-time with its zone as YYYY-MM-DDTHH:MM:SSZ, not one without a zone",
        ),
        (
            NAIVE,
            "2024-07-01T12:00:00Z",
            "expected a date-time without a zone as YYYY-MM-DDTHH:MM:SS, not one with a zone",
        ),
        (NAIVE, "July 1st", "expected a date-time without a zone as YYYY-MM-DDTHH:MM:SS"),
        (DateType(), "2024-07-01T12:00:00Z", "expected a date as YYYY-MM-DD, not a date-time"),
        (DateType(), "July 1st", "expected a date as YYYY-MM-DD"),
    ],
)
def test_a_date_and_a_date_time_are_told_apart_in_words(
    type_: DateType | DateTimeType, text: str, message: str
) -> None:
    with pytest.raises(ValueProblem) as caught:
        reader(type_)(f'"{text}"')
    assert caught.value.message == message


def test_a_value_of_no_member_is_answered_with_the_members_but_not_with_hundreds() -> None:
    make: Any = enum.Enum  # Any: mypy wants to see the members
    many = make("many", {f"M{n}": n for n in range(300)})
    for class_, message in (
        (Color, "expected one of red, blue"),
        (many, "expected one of " + ", ".join(map(str, range(20))) + " ..."),
    ):
        with pytest.raises(ValueProblem) as caught:
            reader(EnumType(class_))('"x"')
        assert caught.value.message == message
