"""The schema is read from the classes, before Beanie is initialised."""

from __future__ import annotations

import datetime as dt
import enum
import subprocess
import sys
import uuid
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

import pytest
from beanie import BackLink, Document, Link, PydanticObjectId
from beanie.exceptions import CollectionWasNotInitialized
from bson import Decimal128, ObjectId
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, SecretStr
from pydantic.alias_generators import to_camel
from queryengine_beanie import BeanieQueryEngine, UTCDateTime

from queryengine import ConfigurationError
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
from tests.beanie.forward import Found, Linking
from tests.beanie.shop import Article, Basket, Book, Customer, Order

EXACT_SECONDS = dt.timedelta(microseconds=2**53)


class Color(enum.Enum):
    RED = "r"


class Odd(enum.Enum):
    ONE = Decimal(1)


class Everything(Document):
    model_config = ConfigDict(arbitrary_types_allowed=True)

    number: int
    bounded: Annotated[int, Field(ge=0, lt=10)]
    ratio: float
    price: Decimal
    small: Annotated[Decimal, Field(max_digits=5)]
    stored: Decimal128
    flag: bool
    text: str
    word: Literal["a", "b"]
    day: dt.date
    plain: dt.datetime
    aware: AwareDatetime
    utc: UTCDateTime
    clock: dt.time
    length: dt.timedelta
    uid: uuid.UUID
    blob: bytes
    color: Color
    odd: Odd
    anything: Any
    table: dict[str, int]
    oid: PydanticObjectId
    bson_oid: ObjectId
    numbers: list[int]
    oids: list[PydanticObjectId]
    holes: list[int | None]
    clocks: list[dt.time]
    either: int | str
    root: RootModel[int]
    unique: set[int]
    secret: SecretStr
    dotted: int = Field(alias="a.b")
    dollar: int = Field(alias="$a")
    virtual: int = Field(default=0, exclude=True)
    renamed: int = Field(alias="r")
    maybe: int | None


TYPES: dict[str, FieldType] = {
    "id": TextType(),
    "number": IntegerType(),
    "bounded": IntegerType(0, 9),
    "ratio": FloatType(),
    "price": DecimalType(34),
    "small": DecimalType(5),
    "stored": DecimalType(34),
    "flag": BooleanType(),
    "text": TextType(),
    "word": TextType(),
    "day": DateType(),
    "plain": DateTimeType(aware=False, resolution=1000),
    "aware": DateTimeType(aware=True, resolution=1000),
    "utc": DateTimeType(aware=True, resolution=1000),
    "length": DurationType(1, -EXACT_SECONDS, EXACT_SECONDS),
    "uid": UUIDType(),
    "blob": BytesType(),
    "color": EnumType(Color),
    "anything": JSONType(),
    "table": JSONType(),
    "oid": TextType(),
    "bson_oid": TextType(),
    "numbers": ArrayType(IntegerType()),
    "oids": ArrayType(TextType()),
    "renamed": IntegerType(),
    "maybe": IntegerType(),
}
GAPS = {
    "clock": "BSON has no time of day",
    "clocks": "BSON has no time of day",
    "odd": "the enumeration has values that are no text and no number",
    "holes": "elements that may be null are not compared",
    "either": "values of this annotation cannot be compared",
    "root": "values of this annotation cannot be compared",
    "unique": "values of this annotation cannot be compared",
    "secret": "secrets are not compared",
}


def test_each_annotation_is_a_type_with_the_domain_that_bson_holds() -> None:
    fields = BeanieQueryEngine(Everything).schema.fields
    assert {name: field.type for name, field in fields.items() if field.gap is None} == TYPES


def test_what_bson_does_not_hold_or_compare_as_the_contract_is_a_gap_with_its_reason() -> None:
    fields = BeanieQueryEngine(Everything).schema.fields
    assert {name: field.gap for name, field in fields.items() if field.gap is not None} == GAPS
    assert isinstance(fields["clock"].type, TimeType)


def test_keys_that_are_no_path_and_values_that_are_not_stored_are_no_fields() -> None:
    fields = BeanieQueryEngine(Everything).schema.fields
    assert fields.keys().isdisjoint({"dotted", "dollar", "virtual", "revision_id"})


def test_only_the_primary_key_and_optional_values_say_whether_they_are_null() -> None:
    schema = BeanieQueryEngine(Everything).schema
    assert [field.name for field in schema.primary_key] == ["id"]
    assert not schema.fields["id"].nullable
    assert schema.fields["maybe"].nullable
    assert not schema.fields["number"].nullable


def test_secrets_and_marked_fields_are_hidden() -> None:
    assert BeanieQueryEngine(Everything).schema.fields["secret"].hidden
    assert BeanieQueryEngine(Customer).schema.fields["email"].hidden
    assert BeanieQueryEngine(Order).schema.fields["token"].hidden


def test_links_embedded_documents_and_arrays_of_them_are_relations() -> None:
    relations = BeanieQueryEngine(Order).schema.relations
    told = {name: (one.many, one.embedded, one.target.model.__name__) for name, one in relations.items()}
    assert told == {
        "lines": (True, True, "Line"),
        "address": (False, True, "Address"),
        "customer": (False, False, "Customer"),
        "watchers": (True, False, "Customer"),
    }
    assert relations["lines"].target.relations["size"].target.fields["width"].type == IntegerType()


def test_links_back_lead_to_the_documents_that_link() -> None:
    relations = BeanieQueryEngine(Customer).schema.relations
    assert relations["orders"].target.model is Order
    assert relations["orders"].many
    assert relations["favourite"].gap == "several documents may link back to one"


def test_an_object_id_within_an_array_of_documents_is_a_gap() -> None:
    lines = BeanieQueryEngine(Order).schema.relations["lines"].target
    assert lines.fields["origin"].gap is not None


class Tag(BaseModel):
    id: int | None = Field(default=None, alias="_id")


class Tagged(Document):
    tag: Tag


def test_the_id_of_an_embedded_document_may_be_null() -> None:
    assert BeanieQueryEngine(Tagged).schema.relations["tag"].target.fields["id"].nullable


def test_a_child_has_the_fields_of_its_parent() -> None:
    assert list(BeanieQueryEngine(Book).schema.fields) == ["id", "title", "price", "pages"]
    assert BeanieQueryEngine(Basket).schema.relations["any_article"].target.model is Article


def test_an_id_of_its_own_type_is_the_primary_key() -> None:
    assert BeanieQueryEngine(Basket).schema.primary_key[0].type == UUIDType()


class ById(Document):
    id: bytes  # type: ignore[assignment]


def test_an_id_without_an_order_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="filters know no order"):
        _ = BeanieQueryEngine(ById).schema


class Camels(Document):
    model_config = ConfigDict(alias_generator=to_camel)


def test_an_id_that_an_alias_generator_stores_under_another_key_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"Camels\.id is stored as 'id', and not as '_id'"):
        _ = BeanieQueryEngine(Camels).schema


class Renamed(Document):
    owner: Link[Customer] | None = Field(default=None, alias="own")
    owners: list[Link[Customer]] = Field(default_factory=list[Link[Customer]], alias="all")


def test_a_link_under_an_alias_is_a_hidden_gap_as_beanie_may_store_the_whole_document_there() -> None:
    schema = BeanieQueryEngine(Renamed).schema
    assert not schema.relations
    for name in ("owner", "owners"):
        assert schema.fields[name].hidden
        assert schema.fields[name].gap == "under an alias Beanie stores links, and whole documents too"


class Unsure(Document):
    back: BackLink[Order]


class Astray(Document):
    orders: list[BackLink[Order]] = Field(json_schema_extra={"original_field": "client"})


def test_a_link_back_has_to_name_a_link() -> None:
    relation = BeanieQueryEngine(Astray).schema.relations["orders"]
    with pytest.raises(ConfigurationError, match=r"Astray\.orders: Order has no link 'client'"):
        _ = relation.target


def test_a_link_may_name_a_class_that_is_written_below() -> None:
    relations = BeanieQueryEngine(Linking).schema.relations
    assert relations["later"].target.model is Found
    with pytest.raises(ConfigurationError, match="not a document"):
        _ = relations["wrong"].target


class Unreadable(Document):
    other: Nowhere  # type: ignore[name-defined]  # noqa: F821


def test_an_annotation_that_nobody_knows_is_an_error_of_the_configuration() -> None:
    with pytest.raises(ConfigurationError, match="Unreadable cannot be read"):
        _ = BeanieQueryEngine(Unreadable).schema


def test_a_link_back_has_to_name_the_field_that_links() -> None:
    with pytest.raises(ConfigurationError, match="original_field"):
        _ = BeanieQueryEngine(Unsure).schema


class OwnDates(Document):
    day: dt.date
    moment: dt.datetime
    text: str

    class Settings:
        bson_encoders: ClassVar = {dt.date: str}


class OwnTexts(Document):
    text: str

    class Settings:
        bson_encoders: ClassVar = {str: str.upper}


def test_values_with_an_encoder_of_the_model_s_own_are_gaps() -> None:
    fields = BeanieQueryEngine(OwnDates).schema.fields
    assert fields["day"].gap == "bson_encoders store date in a form of their own"
    assert fields["moment"].gap is not None  # a date-time is a date
    assert fields["text"].gap is None


def test_encoders_that_would_encode_filters_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="would encode the filters"):
        _ = BeanieQueryEngine(OwnTexts).schema


class Plain(BaseModel):
    name: str


class Reserved(Document):
    taken: int = Field(alias="_qe0")


def test_other_classes_and_reserved_keys_are_refused() -> None:
    engine: BeanieQueryEngine[Any] = BeanieQueryEngine(Plain)
    with pytest.raises(ConfigurationError, match="not a Beanie document"):
        _ = engine.schema
    with pytest.raises(ConfigurationError, match="reserved"):
        _ = BeanieQueryEngine(Reserved).schema


def test_a_query_needs_beanie_and_a_schema_does_not() -> None:
    program = (
        "from beanie import Document\n"
        "from queryengine import process_filter_to_ast\n"
        "from queryengine_beanie import BeanieQueryEngine\n"
        "class Flight(Document):\n"
        "    dest: str\n"
        "engine = BeanieQueryEngine(Flight)\n"
        'bound = process_filter_to_ast({"where": {"dest": "BOS"}}, engine)\n'
        "try:\n"
        "    engine.build_query(bound)\n"
        "except Exception as error:\n"
        "    print(type(error).__name__)\n"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == CollectionWasNotInitialized.__name__
