"""Schemas from annotations: pydantic models, dataclasses and typed dicts."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal, NewType, NotRequired, TypedDict

import pydantic
import pytest
from annotated_types import Ge, Gt, Interval, Le, Lt
from pydantic import BaseModel, Field, SecretStr, computed_field
from pydantic.dataclasses import dataclass as pydantic_dataclass
from typing_extensions import TypeAliasType

from queryengine.errors import ConfigurationError
from queryengine.model_schema import Hidden, PrimaryKey, read_schema
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


class Color(enum.StrEnum):
    RED = "red"


Code = NewType("Code", str)
Name = TypeAliasType("Name", Annotated[str, "a name"])
DAY = dt.timedelta(days=1)


class Everything(BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    integer: int
    positive: pydantic.PositiveInt
    bounded: Annotated[int, Field(ge=0, lt=10)]
    between: Annotated[int, Interval(gt=0, le=9)]
    number: float
    share: Annotated[float, Ge(0), Le(1)]
    open_share: Annotated[float, Gt(0), Lt(1)]
    decimal: Decimal
    money: Decimal = Field(max_digits=8, decimal_places=2, ge=0)
    flag: bool
    text: str
    code: Code
    name: Name
    date: dt.date
    past: pydantic.PastDate
    wall: dt.datetime
    instant: pydantic.AwareDatetime
    marked: Annotated[dt.datetime, DateTimeType(aware=True, resolution=1000)]
    time: dt.time
    span: dt.timedelta
    short: Annotated[dt.timedelta, Ge(dt.timedelta()), Le(DAY)]
    key: uuid.UUID
    raw: bytes
    color: Color
    choice: Literal["a", "b"]
    level: Literal[1, 2]
    anything: Any
    thing: object
    json_value: pydantic.JsonValue
    mapping: dict[str, int]
    view: Mapping[str, int]
    words: list[str]
    tuple_of: tuple[int, ...]
    sequence: Sequence[Annotated[int, Field(ge=1)]]
    maybe_words: list[str | None]
    documents: list[dict[str, int]]


TYPES: dict[str, FieldType] = {
    "integer": IntegerType(),
    "positive": IntegerType(1),
    "bounded": IntegerType(0, 9),
    "between": IntegerType(1, 9),
    "number": FloatType(),
    "share": FloatType(0.0, 1.0),
    "open_share": FloatType(0.0, 1.0),
    "decimal": DecimalType(100),
    "money": DecimalType(8, 2, Decimal(0)),
    "flag": BooleanType(),
    "text": TextType(),
    "code": TextType(),
    "name": TextType(),
    "date": DateType(),
    "past": DateType(),
    "wall": DateTimeType(aware=False),
    "instant": DateTimeType(aware=True),
    "marked": DateTimeType(aware=True, resolution=1000),
    "time": TimeType(),
    "span": DurationType(),
    "short": DurationType(1, dt.timedelta(), DAY),
    "key": UUIDType(),
    "raw": BytesType(),
    "color": EnumType(Color),
    "choice": TextType(),
    "level": IntegerType(),
    "anything": JSONType(),
    "thing": JSONType(),
    "json_value": JSONType(),
    "mapping": JSONType(),
    "view": JSONType(),
    "words": ArrayType(TextType()),
    "tuple_of": ArrayType(IntegerType()),
    "sequence": ArrayType(IntegerType(1)),
    "maybe_words": ArrayType(TextType()),
    "documents": JSONType(),
}


@pytest.mark.parametrize("name", TYPES)
def test_an_annotation_becomes_the_type_of_its_field(name: str) -> None:
    found = read_schema(Everything).fields[name]
    assert found.type == TYPES[name]
    assert found.gap is None
    assert found.nullable is isinstance(found.type, JSONType)


def test_every_annotation_is_a_field() -> None:
    assert list(read_schema(Everything).fields) == list(TYPES)


class Gaps(BaseModel):
    model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)

    mixed: int | str
    unordered: set[int]
    pair: tuple[int, str]
    grid: list[list[int]]
    literals: Literal["a", 1]
    custom: complex
    function: type[int]


@pytest.mark.parametrize("name", Gaps.model_fields)
def test_what_filters_cannot_compare_is_a_declared_gap(name: str) -> None:
    assert read_schema(Gaps).fields[name].gap


class Address(BaseModel):
    city: str


class Person(BaseModel):
    id: int
    nick: str | None = None
    home: Address
    work: Address | None = None
    friends: list[Person] = []
    past: list[Address] | None = None
    password: SecretStr | None = None
    token: pydantic.Secret[str]
    internal: str = Field(default="", exclude=True)
    noted: Annotated[str, Hidden()] = ""

    @computed_field
    def initial(self) -> str:
        return (self.nick or "?")[0]


def test_nested_models_are_embedded_relations() -> None:
    relations = read_schema(Person).relations
    assert list(relations) == ["home", "work", "friends", "past"]
    assert all(relation.embedded for relation in relations.values())
    assert [relation.many for relation in relations.values()] == [False, False, True, True]
    assert [relation.nullable for relation in relations.values()] == [False, True, False, True]
    assert relations["home"].target.model is Address


def test_models_that_refer_to_one_another_are_read_once() -> None:
    schema = read_schema(Person)
    assert schema.relations["friends"].target is schema
    assert schema.relations["home"].target is schema.relations["work"].target


def test_optional_fields_are_nullable_and_a_field_named_id_is_the_key() -> None:
    schema = read_schema(Person)
    assert schema.fields["nick"].nullable
    assert not schema.fields["id"].nullable
    assert schema.primary_key == (schema.fields["id"],)


def test_secrets_and_what_is_marked_or_excluded_is_hidden() -> None:
    fields = read_schema(Person).fields
    assert {name for name, found in fields.items() if found.hidden} == {
        "password",
        "token",
        "internal",
        "noted",
    }
    assert fields["password"].gap
    assert fields["token"].gap


def test_computed_fields_are_fields() -> None:
    assert read_schema(Person).fields["initial"].type == TextType()


@dataclass
class Plain:
    kind: ClassVar[str] = "plain"

    part: Annotated[str, PrimaryKey()]
    number: Annotated[int, PrimaryKey()]
    id: Annotated[int, Interval(ge=0.5, lt=9.5)]
    email: pydantic.EmailStr
    others: list[Plain] = field(default_factory=list["Plain"])


def test_a_dataclass_is_read_by_its_annotations() -> None:
    schema = read_schema(Plain)
    assert list(schema.fields) == ["part", "number", "id", "email"]
    assert schema.fields["id"].type == IntegerType(1, 9)
    assert schema.fields["email"].type == TextType()
    assert schema.primary_key == (schema.fields["part"], schema.fields["number"])
    assert schema.relations["others"].target is schema


@pydantic_dataclass
class Checked:
    small: Annotated[int, Field(ge=1)]
    kept: str = Field(default="", exclude=True)


def test_a_pydantic_dataclass_is_read_by_its_fields() -> None:
    fields = read_schema(Checked).fields
    assert fields["small"].type == IntegerType(1)
    assert fields["kept"].hidden


class Document(TypedDict, total=False):
    title: str


class Post(TypedDict):
    title: str
    subtitle: NotRequired[str]
    document: NotRequired[Document]


def test_what_a_typed_dict_need_not_have_is_nullable() -> None:
    schema = read_schema(Post)
    assert not schema.fields["title"].nullable
    assert schema.fields["subtitle"].nullable
    assert schema.relations["document"].nullable
    assert schema.relations["document"].target.fields["title"].nullable


def test_a_name_and_a_key_can_be_given() -> None:
    schema = read_schema(Person, name="User", primary_key=["nick"])
    assert schema.name == "User"
    assert [key.name for key in schema.primary_key] == ["nick"]
    assert read_schema(Person, name="User").primary_key[0].name == "id"


def test_a_key_that_is_no_field_is_a_mistake_of_the_service() -> None:
    with pytest.raises(ConfigurationError, match="'number'"):
        read_schema(Person, primary_key=["number"])


def test_a_class_without_fields_is_a_mistake_of_the_service() -> None:
    with pytest.raises(ConfigurationError, match="int"):
        read_schema(int)
