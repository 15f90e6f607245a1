"""The table of types: each kind once, with examples that are read as it says."""

from __future__ import annotations

import enum
import json

import pytest

from queryengine.operators import SORTABLE, find_operator
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
    TypeKind,
    UUIDType,
)
from queryengine.values import TYPE_TABLE, TypeRow, reader


class Color(enum.StrEnum):
    RED = "red"
    BLUE = "blue"


TYPES: dict[TypeKind, FieldType] = {
    TypeKind.INTEGER: IntegerType(),
    TypeKind.FLOAT: FloatType(),
    TypeKind.DECIMAL: DecimalType(),
    TypeKind.BOOLEAN: BooleanType(),
    TypeKind.TEXT: TextType(),
    TypeKind.DATE: DateType(),
    TypeKind.DATETIME: DateTimeType(aware=True),
    TypeKind.TIME: TimeType(),
    TypeKind.DURATION: DurationType(),
    TypeKind.UUID: UUIDType(),
    TypeKind.BYTES: BytesType(),
    TypeKind.ENUM: EnumType(Color),
    TypeKind.JSON: JSONType(),
    TypeKind.ARRAY: ArrayType(TextType()),
}


@pytest.mark.parametrize("row", TYPE_TABLE, ids=lambda row: row.kind.value)
def test_the_examples_of_the_type_table_say_the_same_in_both_styles(row: TypeRow) -> None:
    type_ = TYPES[row.kind]
    in_brackets: object = row.text
    if row.kind is TypeKind.ARRAY:
        in_brackets = [part.removeprefix("[]=") for part in row.text.split("&")]
    assert reader(type_)(row.json) == reader(type_, Style.BRACKETS)(json.dumps(in_brackets))


def test_the_type_table_has_every_kind_once_and_agrees_with_the_operators() -> None:
    assert [row.kind for row in TYPE_TABLE] == list(TYPES)
    assert set(TYPES) == set(TypeKind) - {TypeKind.RELATION}
    greater = find_operator("gt")
    assert greater is not None
    for row in TYPE_TABLE:
        assert row.sortable is (row.kind in SORTABLE)
        assert (row.order is not None) is (row.kind in greater.kinds)
