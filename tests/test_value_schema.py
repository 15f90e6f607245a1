"""The schemas of single values: they accept what the readers read, and nothing that these must refuse."""

from __future__ import annotations

import datetime as dt
import enum
import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

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
from queryengine.value_schema import type_name, value_schema
from queryengine.values import ValueProblem, reader

LONGEST = 100


class Kind(enum.Enum):
    ONE = 1
    TWO = "two"


Case = tuple[FieldType, list[object], list[object]]
MOMENT = "2024-02-29T10:00:00"
CASES: dict[str, Case] = {
    "integer within bounds": (IntegerType(0, 9), [0, 9, 5.0], [-1, 10, 5.5, "5", True, None]),
    "integer": (IntegerType(), [2**53, -(2**40)], ["1", 0.5]),
    "float": (FloatType(), [1, 0.5, -1e300], ["1", True]),
    "float within bounds": (FloatType(0.5, 1.5), [0.5, 1.5, 1], [0.25, 2]),
    "decimal": (DecimalType(), [1, 0.5, "0.10", "-3", "1e3"], ["", "x", "1.", ".5", "+1", " 1", "01", True]),
    "decimal within bounds": (DecimalType(minimum=Decimal(0)), [0, 5, "5"], [-1]),
    "boolean": (BooleanType(), [True, False], [0, "true", None]),
    "text": (TextType(), ["", "a", "é" * LONGEST], ["a" * (LONGEST + 1), 1, None]),
    "date": (DateType(), ["2024-02-29"], ["2024-2-9", MOMENT, "", 20240229]),
    "instant": (DateTimeType(aware=True), [MOMENT + "Z", "2024-02-29 10:00:00.5+01:00"], [MOMENT]),
    "wall-clock time": (DateTimeType(aware=False), [MOMENT], [MOMENT + "Z", "2024-02-29", MOMENT[:-6]]),
    "time": (TimeType(), ["10:00", "23:59:59.999999"], ["24:00", "10", "10:00:00Z", "1:00"]),
    "duration": (DurationType(), ["P1D", "PT5M", "-P1DT2H3.5S", "P2W"], ["P", "PT", "1D", "P1Y", "PT1.5H"]),
    "uuid": (UUIDType(), ["A" * 8 + "-aaaa-aaaa-aaaa-" + "0" * 12], ["a" * 32, "{" + "a" * 32 + "}", ""]),
    "bytes": (BytesType(), ["", "YQ==", "YWI=", "YWJj"], ["YQ", "YR==", "YWJ=", "Y W=", "_-=="]),
    "enum": (EnumType(Kind), [1, "two"], ["one", 2, "TWO"]),
}


@pytest.mark.parametrize("case", CASES)
def test_a_schema_accepts_what_its_reader_reads(case: str) -> None:
    type_, right, wrong = CASES[case]
    judge: Any = jsonschema.Draft202012Validator(value_schema(type_, LONGEST))
    for value in right:
        assert judge.is_valid(value), value
        assert reads(type_, value), value
    for value in wrong:
        assert not judge.is_valid(value), value
        assert not reads(type_, value), value


def reads(type_: Any, value: object) -> bool:
    read: Any = reader(type_, Style.JSON, max_string_length=LONGEST)
    try:
        read(json.dumps(value))
    except ValueProblem:
        return False
    return True


def test_a_list_is_one_of_its_element_s_values() -> None:
    judge: Any = jsonschema.Draft202012Validator(value_schema(ArrayType(TextType()), LONGEST))
    assert judge.is_valid(["a", ""])
    assert not judge.is_valid([None])
    assert not judge.is_valid("a")


def test_with_a_policy_s_time_zone_the_zone_of_a_date_time_may_be_left_out() -> None:
    for aware in (True, False):
        judge: Any = jsonschema.Draft202012Validator(value_schema(DateTimeType(aware=aware), LONGEST, dt.UTC))
        assert judge.is_valid("2024-02-29T10:00:00")
        assert judge.is_valid("2024-02-29T10:00:00Z")


def test_bounds_that_no_double_holds_are_left_out() -> None:
    assert value_schema(IntegerType(), LONGEST) == {"type": "integer", "format": "int64"}
    assert value_schema(FloatType(2.0**60), LONGEST) == {"type": "number", "format": "double"}


def test_any_json_is_accepted_for_json() -> None:
    assert value_schema(JSONType(), LONGEST) == {}


@pytest.mark.parametrize(
    ("type_", "name"),
    [
        (IntegerType(1, 5), "Integer"),
        (IntegerType(-(2**15), 2**15 - 1), "Int16"),
        (IntegerType(), "Int64"),
        (FloatType(), "Float"),
        (DateTimeType(aware=False), "LocalDateTime"),
        (EnumType(Kind), "Kind"),
        (JSONType(), "JSON"),
        (ArrayType(UUIDType()), "UUIDList"),
    ],
)
def test_types_have_names_for_components(type_: FieldType, name: str) -> None:
    assert type_name(type_) == name
