"""The table of all types, from which documents and the conformance kit are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from queryengine.operators import SORTABLE
from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    DurationType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
    TimeType,
    TypeKind,
    UUIDType,
    python_type,
)
from queryengine.values.problem import expectation

__all__ = ["TYPE_TABLE", "TypeRow"]


@dataclass(frozen=True, slots=True)
class TypeRow:
    """One type: when two values are equal, how they are ordered, how they are written.

    `order` is None for types without gt and its kin; `sortable` tells whether an `order` clause may name
    such a field. `json` is an example as it stands in JSON, `text` the same value in bracket parameters
    (for arrays: what follows the field's name).
    """

    kind: TypeKind
    python: str
    literal: str
    json: str
    text: str
    equality: str
    order: str | None
    sortable: bool


def _row(type_: FieldType, json: str, text: str, equality: str, order: str | None = None) -> TypeRow:
    name = python_type(type_).__name__
    literal = expectation(type_)
    return TypeRow(type_.kind, name, literal, json, text, equality, order, type_.kind in SORTABLE)


_ENUM: Final = TypeRow(
    TypeKind.ENUM,
    "Enum",
    "the value of a member, with its JSON type",
    '"red"',
    "red",
    "the same member",
    None,
    TypeKind.ENUM in SORTABLE,
)

TYPE_TABLE: Final[tuple[TypeRow, ...]] = (
    _row(IntegerType(), "5", "5", "by value; 5, 5.0 and 5e0 are one number", "by value"),
    _row(FloatType(), "1.5", "1.5", "by value, as doubles", "by value"),
    _row(DecimalType(), '"1.50"', "1.50", "by exact value; 1.5 and 1.50 are one number", "by exact value"),
    _row(BooleanType(), "true", "true", "a boolean equals no number"),
    _row(TextType(), '"Zoë"', "Zoë", "the same code points", "by code point"),
    _row(DateType(), '"2013-01-31"', "2013-01-31", "the same day", "by day"),
    _row(
        DateTimeType(aware=True),
        '"2013-01-31T12:00:00Z"',
        "2013-01-31T12:00:00Z",
        "the same instant; without zones: the same clock and calendar",
        "by instant; without zones: by calendar and clock",
    ),
    _row(TimeType(), '"12:30:00"', "12:30:00", "the same time of day", "by time of day"),
    _row(DurationType(), '"P1DT2H"', "P1DT2H", "the same length; P1D and PT24H are one", "by length"),
    _row(
        UUIDType(),
        '"6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"',
        "6f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9",
        "the same 16 bytes",
        "by bytes, unsigned",
    ),
    _row(BytesType(), '"YWJj"', "YWJj", "the same bytes", "by bytes, unsigned"),
    _ENUM,
    _row(
        JSONType(), '{"a":[1,null]}', '{"a":[1,null]}', "the same value: numbers by value, keys in any order"
    ),
    _row(ArrayType(TextType()), '["a","b"]', "[]=a&[]=b", "the same elements in the same order"),
)
"""One row for each kind of field, in the order in which documents list them."""
