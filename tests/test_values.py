"""Typed values: what each type reads, what it refuses, and with which code."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryengine.ast import JSONDocument
from queryengine.errors import ConfigurationError, ErrorCode
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
from queryengine.values import ValueProblem, read_list, reader, split_list


class Mixed(enum.Enum):
    """Members whose values have every JSON type that a literal can have."""

    TEXT = "red"
    DIGITS = "7"
    NUMBER = 1
    FRACTION = 2.5
    EXACT = Decimal("9.90")
    DAY = dt.date(2024, 2, 29)
    ID = uuid.UUID(int=1)


class Answer(enum.Enum):
    YES = True
    NO = False


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


UUID_TEXT = "6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
AWARE, NAIVE = DateTimeType(aware=True), DateTimeType(aware=False)


def refused(type_: FieldType, lexeme: str, style: Style = Style.JSON, limit: int = 10_000) -> ValueProblem:
    read = reader(type_, style, max_string_length=limit)
    with pytest.raises(ValueProblem) as caught:
        read(lexeme)
    return caught.value


ACCEPTED: list[tuple[FieldType, str, object]] = [
    (IntegerType(), "0", 0),
    (IntegerType(), "-0", 0),
    (IntegerType(), "5", 5),
    (IntegerType(), "-5", -5),
    (IntegerType(), "5.0", 5),
    (IntegerType(), "5e0", 5),
    (IntegerType(), "50e-1", 5),
    (IntegerType(), "1E+3", 1000),
    (IntegerType(), "9223372036854775807", 2**63 - 1),
    (IntegerType(), "-9223372036854775808", -(2**63)),
    (IntegerType(0, 10**30), "1" + "0" * 30, 10**30),
    (FloatType(), "5", 5.0),
    (FloatType(), "1.5", 1.5),
    (FloatType(), "1e23", 1e23),
    (FloatType(), "9007199254740992", 2.0**53),
    (FloatType(), "9007199254740994", 2.0**53 + 2),
    (FloatType(), "0.0", 0.0),
    (FloatType(), "0e5", 0.0),
    (FloatType(), "5e-324", 5e-324),
    (FloatType(digits=15), "0.3", 0.3),
    (FloatType(digits=15), "1e100", 1e100),
    (TextType(without="\u2028"), '"a b"', "a b"),
    (DecimalType(), "1.10", Decimal("1.1")),
    (DecimalType(), '"1.10"', Decimal("1.1")),
    (DecimalType(), "0.000", Decimal(0)),
    (DecimalType(3), "12300000", Decimal(12300000)),
    (DecimalType(3), "1.2300000", Decimal("1.23")),
    (BooleanType(), "true", True),
    (BooleanType(), "false", False),
    (TextType(), '""', ""),
    (TextType(), '"Zoë 👍"', "Zoë 👍"),
    (TextType(), r'"a\"b\\c\n\ud83d\udc4d"', 'a"b\\c\n👍'),
    (TextType(), '"\u202e\u200d"', "\u202e\u200d"),
    (DateType(), '"2024-02-29"', dt.date(2024, 2, 29)),
    (AWARE, '"2024-02-29T12:00:00Z"', dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)),
    (AWARE, '"2024-02-29t12:00:00.5z"', dt.datetime(2024, 2, 29, 12, 0, 0, 500000, tzinfo=dt.UTC)),
    (AWARE, '"2024-02-29 12:00:00.123456-05:30"', dt.datetime(2024, 2, 29, 17, 30, 0, 123456, tzinfo=dt.UTC)),
    (AWARE, '"2024-02-29T12:00:00-00:00"', dt.datetime(2024, 2, 29, 12, tzinfo=dt.UTC)),
    (NAIVE, '"2024-02-29T12:00:00"', dt.datetime(2024, 2, 29, 12)),  # noqa: DTZ001 - it has no zone
    (TimeType(), '"12:30"', dt.time(12, 30)),
    (TimeType(resolution=1_000_000), '"12:30:01"', dt.time(12, 30, 1)),
    (TimeType(), '"23:59:59.000001"', dt.time(23, 59, 59, 1)),
    (DurationType(), '"P1DT2H3M4.5S"', dt.timedelta(1, 7384, 500000)),
    (DurationType(), '"-PT0.000001S"', dt.timedelta(microseconds=-1)),
    (DurationType(), '"P2W"', dt.timedelta(weeks=2)),
    (DurationType(), '"PT90M"', dt.timedelta(minutes=90)),
    (DurationType(), '"-P999999999D"', dt.timedelta.min),
    (UUIDType(), f'"{UUID_TEXT}"', uuid.UUID(UUID_TEXT)),
    (UUIDType(), f'"{UUID_TEXT.upper()}"', uuid.UUID(UUID_TEXT)),
    (BytesType(), '""', b""),
    (BytesType(), '"YWJj"', b"abc"),
    (BytesType(), '"/+8="', b"\xff\xef"),
    (EnumType(Mixed), '"red"', Mixed.TEXT),
    (EnumType(Mixed), '"7"', Mixed.DIGITS),
    (EnumType(Mixed), "1", Mixed.NUMBER),
    (EnumType(Mixed), "1.0", Mixed.NUMBER),
    (EnumType(Mixed), "2.5", Mixed.FRACTION),
    (EnumType(Answer), "true", Answer.YES),
    (EnumType(Mixed), '"9.90"', Mixed.EXACT),
    (EnumType(Mixed), '"2024-02-29"', Mixed.DAY),
    (EnumType(Color), '"blue"', Color.BLUE),
    (EnumType(Level), "2", Level.HIGH),
    (JSONType(), "null", JSONDocument("null")),
    (JSONType(), "1.50", JSONDocument("1.5")),
    (ArrayType(TextType()), '["a", "b"]', ("a", "b")),
    (ArrayType(IntegerType()), "[]", ()),
]


@pytest.mark.parametrize(("type_", "lexeme", "value"), ACCEPTED)
def test_a_literal_of_the_types_form_becomes_its_value(type_: FieldType, lexeme: str, value: object) -> None:
    read = reader(type_)(lexeme)
    assert read == value
    assert type(read) is type(value)


MISMATCHED: list[tuple[FieldType, str]] = [
    (IntegerType(), "5.5"),
    (IntegerType(), "5e-1"),
    (IntegerType(), '"5"'),
    (IntegerType(), "true"),
    (FloatType(), '"1.5"'),
    (FloatType(), "true"),
    (DecimalType(), '"1,5"'),
    (DecimalType(), '"NaN"'),
    (DecimalType(), "true"),
    (BooleanType(), "1"),
    (BooleanType(), '"true"'),
    (TextType(), "5"),
    (TextType(), "true"),
    (DateType(), "20240229"),
    (DateType(), '"20240229"'),
    (DateType(), '"2024-W09-4"'),
    (DateType(), '"2023-02-29"'),
    (DateType(), '"2024-02-29T00:00:00Z"'),
    (DateType(), '"0000-01-01"'),
    (AWARE, '"2024-02-29"'),
    (AWARE, '"2024-02-30T12:00:00Z"'),
    (AWARE, '"2024-02-29T12:00Z"'),
    (AWARE, '"2024-02-29T24:00:00Z"'),
    (AWARE, '"2024-02-29T12:00:60Z"'),
    (AWARE, '"2024-02-29T12:00:00.1234567Z"'),
    (AWARE, '"2024-02-29T12:00:00+24:00"'),
    (AWARE, '"2024-02-29T12:00:00"'),
    (NAIVE, '"2024-02-29T12:00:00Z"'),
    (TimeType(), '"24:00:00"'),
    (TimeType(), '"12:30:00Z"'),
    (TimeType(), '"12"'),
    (DurationType(), '"P"'),
    (DurationType(), '"PT"'),
    (DurationType(), '"P1DT"'),
    (DurationType(), '"P1Y"'),
    (DurationType(), '"P1W2D"'),
    (DurationType(), '"PT1.5M"'),
    (DurationType(), '"PT0.1234567S"'),
    (UUIDType(), f'"{UUID_TEXT.replace("-", "")}"'),
    (UUIDType(), f'"{{{UUID_TEXT}}}"'),
    (UUIDType(), f'"urn:uuid:{UUID_TEXT}"'),
    (BytesType(), '"YWJ"'),
    (BytesType(), '"YWJj YWJj"'),
    (BytesType(), '"/-8="'),
    (BytesType(), '"/+9="'),
    (BytesType(), '"é"'),
    (EnumType(Mixed), '"TEXT"'),
    (EnumType(Mixed), '"1"'),
    (EnumType(Answer), '"true"'),
    (EnumType(Answer), "1"),
    (EnumType(Mixed), "7"),
    (EnumType(Mixed), "false"),
    (EnumType(Mixed), "9.90"),
    (EnumType(Level), "true"),
    (JSONType(), "{"),
    (JSONType(), "NaN"),
    (ArrayType(TextType()), '"a"'),
    (ArrayType(TextType()), "[1]"),
]


@pytest.mark.parametrize(("type_", "lexeme"), MISMATCHED)
def test_a_literal_of_another_form_is_a_mismatch_that_says_what_was_expected(
    type_: FieldType, lexeme: str
) -> None:
    problem = refused(type_, lexeme)
    assert problem.code is ErrorCode.TYPE_MISMATCH
    assert problem.expected


HUGE = "1" * 5_000
OUTSIDE: list[tuple[FieldType, str]] = [
    (IntegerType(), "9223372036854775808"),
    (IntegerType(0, 10), "11"),
    (IntegerType(0, 10), "-1"),
    (IntegerType(), HUGE),
    (IntegerType(), "1e401"),
    (IntegerType(), "1e-401"),
    (IntegerType(), "1e99999999999999999999"),
    (FloatType(), "1e309"),
    (FloatType(), "-1e999"),
    (FloatType(), "1e-400"),
    (FloatType(), "9007199254740993"),
    (FloatType(), "1" + "0" * 399),
    (FloatType(), HUGE),
    (FloatType(0.0, 1.0), "1.5"),
    (FloatType(0.0), "-0.5"),
    (FloatType(digits=15), "0.30000000000000004"),
    (FloatType(digits=15), "9007199254740991"),
    (TextType(without="\u2028"), '"a\u2028b"'),
    (TextType(without="\u2028"), r'"a\u2028b"'),
    (DecimalType(3), "1.234"),
    (DecimalType(400), "1e301"),
    (DecimalType(400), "1e-301"),
    (DecimalType(), f'"{HUGE}"'),
    (DecimalType(minimum=Decimal(0)), "-1"),
    (DecimalType(maximum=Decimal(9)), "9.5"),
    (AWARE, '"0001-01-01T00:00:00+01:00"'),
    (AWARE, '"9999-12-31T23:59:59-01:00"'),
    (DateTimeType(aware=True, resolution=1000), '"2024-02-29T12:00:00.0001Z"'),
    (DateTimeType(aware=False, resolution=60_000_000), '"2024-02-29T12:00:01"'),
    (TimeType(resolution=1_000_000), '"12:00:00.5"'),
    (DurationType(), '"P1000000000D"'),
    (DurationType(), '"-P999999999DT1S"'),
    (DurationType(), '"-P999999999DT24H"'),
    (DurationType(resolution=1_000_000), '"PT0.5S"'),
    (DurationType(minimum=dt.timedelta()), '"-PT1S"'),
    (JSONType(), "1e999"),
    (JSONType(), "1e300"),
    (JSONType(), "0.12345678901234567890123"),
    (JSONType(), "-9007199254740993"),
]


@pytest.mark.parametrize(("type_", "lexeme"), OUTSIDE)
def test_a_value_that_cannot_be_held_exactly_is_out_of_range(type_: FieldType, lexeme: str) -> None:
    problem = refused(type_, lexeme)
    assert problem.code is ErrorCode.OUT_OF_RANGE
    assert len(problem.message) < 200


@pytest.mark.parametrize(
    ("lexeme", "code"),
    [
        (r'"\u0000"', ErrorCode.INVALID_ENCODING),
        (r'"\ud800"', ErrorCode.INVALID_ENCODING),
        ('"\udfff"', ErrorCode.INVALID_ENCODING),
        (r'"\x"', ErrorCode.SYNTAX_ERROR),
        ('"a\nb"', ErrorCode.SYNTAX_ERROR),
        ('"' + "a" * 11 + '"', ErrorCode.LIMIT_EXCEEDED),
        ('"' + r"\u0061" * 11 + '"', ErrorCode.LIMIT_EXCEEDED),
        ('"' + r"\u0061" * 30 + '"', ErrorCode.LIMIT_EXCEEDED),
    ],
)
def test_a_string_that_no_value_may_hold_is_refused(lexeme: str, code: ErrorCode) -> None:
    problem = refused(TextType(), lexeme, limit=10)
    assert problem.code is code


def test_the_limit_of_a_string_counts_characters_not_escapes() -> None:
    assert reader(TextType(), max_string_length=2)(r'"\ud83d\udc4d\ud83d\udc4d"') == "👍👍"


BRACKETS: list[tuple[FieldType, str, object]] = [
    (IntegerType(), "5", 5),
    (FloatType(), "1.5", 1.5),
    (DecimalType(), "1.10", Decimal("1.1")),
    (BooleanType(), "true", True),
    (TextType(), "true", "true"),
    (DateType(), "2024-02-29", dt.date(2024, 2, 29)),
    (EnumType(Mixed), "red", Mixed.TEXT),
    (EnumType(Mixed), "7", Mixed.DIGITS),
    (EnumType(Mixed), "1", Mixed.NUMBER),
    (EnumType(Answer), "true", Answer.YES),
    (JSONType(), '{"a": "b"}', JSONDocument('{"a":"b"}')),
]


@pytest.mark.parametrize(("type_", "text", "value"), BRACKETS)
def test_the_text_of_brackets_is_typed_by_the_model(type_: FieldType, text: str, value: object) -> None:
    read = reader(type_, Style.BRACKETS)(json.dumps(text))
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        (IntegerType(), "007"),
        (IntegerType(), " 5"),
        (IntegerType(), "\u0665"),
        (IntegerType(), "1_000"),
        (IntegerType(), ""),
        (FloatType(), "NaN"),
        (FloatType(), "Infinity"),
        (FloatType(), ".5"),
        (BooleanType(), "True"),
        (BooleanType(), "1"),
        (EnumType(Color), "RED"),
        (JSONType(), "plain"),
    ],
)
def test_brackets_take_no_other_spelling_than_json(type_: FieldType, text: str) -> None:
    assert refused(type_, json.dumps(text), Style.BRACKETS).code is ErrorCode.TYPE_MISMATCH


@pytest.mark.parametrize(
    ("type_", "lexeme", "value"),
    [
        (IntegerType(), '"5"', 5),
        (IntegerType(), "5", 5),
        (FloatType(), '"1.5"', 1.5),
        (BooleanType(), '"false"', False),
        (BooleanType(), "false", False),
        (EnumType(Level), '"1"', Level.LOW),
        (ArrayType(IntegerType()), '["1", 2]', (1, 2)),
    ],
)
def test_a_lenient_policy_also_takes_strings_for_bare_literals(
    type_: FieldType, lexeme: str, value: object
) -> None:
    assert reader(type_, lenient=True)(lexeme) == value


def test_an_enum_whose_values_no_literal_can_say_is_a_mistake_of_the_service() -> None:
    pairs = enum.Enum("pairs", {"A": (1, 2)})
    with pytest.raises(ConfigurationError, match=r"pairs\.A"):
        reader(EnumType(pairs))


def test_a_list_is_counted_before_any_of_it_is_read() -> None:
    def never(_: str) -> int:
        raise AssertionError("an element was read")

    with pytest.raises(ValueProblem) as caught:
        read_list(never, 2)("[1,2,3]")
    assert caught.value.code is ErrorCode.LIMIT_EXCEEDED
    assert caught.value.expected == ("max_list_length 2",)


def test_the_problem_of_a_list_knows_the_element() -> None:
    with pytest.raises(ValueProblem) as caught:
        read_list(reader(IntegerType()), 9)('[1, 2, "x"]')
    assert caught.value.element == 2


@given(st.lists(st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)))
def test_splitting_a_list_gives_its_literals(items: list[object]) -> None:
    assert [json.loads(literal) for literal in split_list(json.dumps(items, indent=1))] == items
