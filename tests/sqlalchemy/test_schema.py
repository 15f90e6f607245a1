"""Schemas are read from mapped classes by attribute name, lazily, with every gap declared."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypedDict

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import CHAR, Column, Index, Integer, String, Text, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import DeclarativeBase, Mapped, column_property, mapped_column, relationship

from queryengine.documents import document_relation
from queryengine.errors import ConfigurationError
from queryengine.schema import (
    ArrayType,
    BooleanType,
    DateTimeType,
    DecimalType,
    EnumType,
    Field,
    FloatType,
    IntegerType,
    TextType,
    TypeKind,
)
from tests.sqlalchemy.models import (
    Champion,
    Doctor,
    Hospital,
    Level,
    Person,
    Place,
    Point,
    Postgres,
    Region,
    Stream,
    Types,
)

Dialect = Literal["sqlite", "postgresql"] | None


def fields(model: type[object], dialect: Dialect = None) -> dict[str, Field]:
    return dict(SQLAlchemyQueryEngine(model, dialect=dialect).schema.fields)


# -- names


def test_fields_have_the_names_of_attributes_not_of_columns() -> None:
    assert list(fields(Person))[:3] == ["id", "kind", "name"]


def test_columns_stand_in_the_order_of_their_tables() -> None:
    assert list(fields(Hospital)) == ["id", "kind", "name", "land", "number", "beds", "length"]


def test_a_synonym_is_the_same_field_under_its_own_name() -> None:
    assert fields(Person)["title"].type == TextType()


def test_a_hybrid_has_the_type_of_its_expression_and_may_be_null() -> None:
    initial = fields(Person)["initial"]
    assert (initial.type, initial.nullable) == (TextType(), True)


def test_a_hybrid_that_works_on_instances_only_is_no_field() -> None:
    assert "shout" not in fields(Person)


def test_a_column_property_is_a_field_that_may_be_null() -> None:
    length = fields(Place)["length"]
    assert (length.type.kind, length.nullable, length.hidden) == (TypeKind.INTEGER, True, True)


def test_an_association_proxy_is_no_field() -> None:
    schema = SQLAlchemyQueryEngine(Stream).schema
    assert (list(schema.fields), list(schema.relations)) == (["id"], ["drops"])


def test_data_classes_and_sqlmodel_are_mapped_classes() -> None:
    assert list(fields(Point)) == ["id", "x", "y", "notes"]
    assert list(fields(Champion)) == ["id", "name", "age", "born", "code"]


def test_the_primary_key_is_known_in_order() -> None:
    assert [field.name for field in SQLAlchemyQueryEngine(Region).schema.primary_key] == ["land", "number"]


# -- hidden


def test_what_info_hides_is_hidden() -> None:
    schema = SQLAlchemyQueryEngine(Person).schema
    assert [field.name for field in schema.fields.values() if field.hidden] == ["password"]
    assert [relation.name for relation in schema.relations.values() if relation.hidden] == ["secret"]


def test_what_sqlmodel_leaves_out_of_its_output_is_hidden() -> None:
    assert [field.name for field in fields(Champion).values() if field.hidden] == ["code"]


# -- relations


def test_relations_know_how_many_rows_they_lead_to() -> None:
    many = {
        relation.name for relation in SQLAlchemyQueryEngine(Person).schema.relations.values() if relation.many
    }
    assert many == {"staff", "friends"}


def test_a_related_class_is_read_once_also_where_it_leads_back() -> None:
    schema = SQLAlchemyQueryEngine(Person).schema
    assert schema.relations["boss"].target is schema
    assert schema.relations["home"].target is schema.relations["work"].target
    assert schema.relations["doctor"].target.model is Doctor


@pytest.mark.parametrize(
    ("model", "relation", "dialect", "nullable"),
    [
        (Person, "work", "postgresql", False),  # the column is never null, and the key is enforced
        (Person, "work", "sqlite", True),  # where SQLite enforces no key
        (Person, "work", None, True),
        (Person, "home", "postgresql", True),
        (Person, "doctor", "postgresql", True),  # there may be a person who is no doctor
        (Place, "region", "postgresql", True),
        (Place, "located", "postgresql", True),
    ],
)
def test_a_relation_is_never_missing_only_where_the_database_sees_to_it(
    model: type[object], relation: str, dialect: Dialect, nullable: bool
) -> None:
    assert SQLAlchemyQueryEngine(model, dialect=dialect).schema.relations[relation].nullable is nullable


# -- types


@pytest.mark.parametrize(
    ("dialect", "bits"), [(None, (64, 16, 64)), ("postgresql", (64, 16, 64)), ("sqlite", (64, 64, 64))]
)
def test_integers_have_the_range_of_their_column(dialect: Dialect, bits: tuple[int, int, int]) -> None:
    found = [fields(Types, dialect)[name].type for name in ("id", "small", "big")]
    assert found == [IntegerType(-(2 ** (n - 1)), 2 ** (n - 1) - 1) for n in bits]


def test_decimals_have_the_digits_that_survive_on_all_databases() -> None:
    assert fields(Types)["price"].type == DecimalType(digits=10, scale=2)


def test_a_numeric_that_is_read_as_float_is_a_float_if_it_fits_one() -> None:
    found = fields(Types)
    assert (found["weight"].type, found["weight"].gap) == (FloatType(), None)
    assert found["wide"].gap == "a float cannot hold all digits of the column"


def test_enums_are_those_of_the_column_or_made_of_its_texts() -> None:
    found = fields(Types)
    assert found["level"].type == EnumType(Level)
    choice = found["choice"].type
    assert isinstance(choice, EnumType)
    assert [member.value for member in choice.enum] == ["a", "b"]


@pytest.mark.parametrize("name", ["instant", "zulu"])
def test_types_that_store_utc_hold_instants_on_every_database(name: str) -> None:
    for dialect in (None, "sqlite", "postgresql"):
        field = fields(Types, dialect)[name]
        assert (field.type, field.gap) == (DateTimeType(aware=True), None)


def test_sqlite_declares_that_it_loses_time_zones() -> None:
    for dialect in (None, "sqlite"):
        assert str(fields(Types, dialect)["zoned"].gap).startswith("SQLite loses the time zone")
    assert fields(Types, "postgresql")["zoned"].gap is None


@pytest.mark.parametrize(
    ("name", "gap"),
    [
        ("single", "each driver reads single precision as another double"),
        ("exact", "a float that is read as a decimal is rounded on the way"),
        ("cents", "Cents stores Decimal values as int"),
        ("padded", "CHAR(n) ignores spaces at the end on PostgreSQL"),
        ("folded", "the collation NOCASE does not compare by code point"),
        ("folded_too", "the collation NOCASE does not compare by code point"),
        ("collated", "the collation NOCASE does not compare by code point"),
    ],
)
def test_what_does_not_compare_as_the_contract_says_is_a_declared_gap(name: str, gap: str) -> None:
    assert fields(Types)[name].gap == gap


@pytest.mark.parametrize("name", ["plain", "trimmed", "weight"])
def test_what_compares_as_the_contract_says_is_none(name: str) -> None:
    assert fields(Types)[name].gap is None


def test_char_is_plain_text_on_sqlite_and_real_is_a_double() -> None:
    assert fields(Types, "sqlite")["single"].gap is None
    assert fields(Types, "sqlite")["padded"].gap is None


@pytest.mark.parametrize("name", ["at", "pickled"])
def test_columns_of_types_that_filters_do_not_know_are_left_out(name: str) -> None:
    assert name not in fields(Types)


def test_json_may_always_be_null() -> None:
    assert fields(Types)["document"].nullable is True


def test_citext_is_a_declared_gap_and_network_addresses_are_left_out() -> None:
    found = fields(Postgres)
    assert found["name"].gap == "citext ignores case"
    assert "address" not in found


def test_arrays_are_postgresqls() -> None:
    found = fields(Postgres)
    assert found["levels"].type == ArrayType(EnumType(Level))
    assert found["names"].gap == "citext ignores case"
    assert "grid" not in found
    assert not {"levels", "keys"} & fields(Postgres, "sqlite").keys()


# -- documents


def test_declared_members_of_a_json_column_are_an_embedded_relation() -> None:
    facts = SQLAlchemyQueryEngine(Types).schema.relations["facts"]
    assert (facts.embedded, facts.many, facts.nullable) == (True, False, True)
    assert {name: field.type for name, field in facts.target.fields.items()} == {
        "color": TextType(),
        "sold": BooleanType(),
    }
    assert list(facts.target.relations["size"].target.fields) == ["width", "height"]
    assert "facts" not in fields(Types)


def test_a_key_of_a_document_that_no_path_can_name_is_a_configuration_error() -> None:
    odd = TypedDict("odd", {'a"b': str})
    with pytest.raises(ConfigurationError, match="facts: a key of odd has a quote or a backslash"):
        document_relation("facts", odd)


class Inside(TypedDict):
    level: int


class Outside(TypedDict):
    inside: Inside


def test_a_document_in_a_document_has_one_schema_whenever_a_filter_goes_there() -> None:
    relation = document_relation("facts", Outside).target.relations["inside"]
    assert relation.target is relation.target


# -- mistakes of the service


def test_a_class_that_is_not_mapped_is_a_configuration_error() -> None:
    engine = SQLAlchemyQueryEngine(dt.date)
    with pytest.raises(ConfigurationError, match="is not a mapped class"):
        _ = engine.schema


class OddBase(DeclarativeBase):
    """Models with mistakes in them."""


class Misspelt(OddBase):
    __tablename__ = "misspelt"
    id: Mapped[int] = mapped_column(primary_key=True, info={"queryengine": "hiden"})


class Addressed(OddBase):
    __tablename__ = "addressed"
    address: Mapped[str] = mapped_column(INET, primary_key=True)


def test_an_unknown_word_in_info_is_a_configuration_error() -> None:
    with pytest.raises(
        ConfigurationError, match=r'Misspelt.id: info\["queryengine"\] is "hidden" or made by'
    ):
        fields(Misspelt)


def test_a_primary_key_that_has_no_order_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="the primary key must have one"):
        fields(Addressed)


def test_a_mapping_that_cannot_be_configured_is_a_configuration_error() -> None:
    class LonelyBase(DeclarativeBase):
        pass

    class Lonely(LonelyBase):
        __tablename__ = "lonely"
        id = Column(Integer, primary_key=True)
        other = relationship("Nobody")

    with pytest.raises(ConfigurationError, match="Lonely cannot be read"):
        fields(Lonely)


def test_the_gap_of_a_variant_is_the_gap_of_its_database() -> None:
    class VariantBase(DeclarativeBase):
        pass

    class Variant(VariantBase):
        __tablename__ = "variant"
        id = Column(Integer, primary_key=True)
        text = Column(Text().with_variant(CHAR(3), "postgresql"))
        mixed = Column(String().with_variant(Integer, "sqlite"))

    assert fields(Variant, "sqlite")["text"].gap is None
    assert fields(Variant, "postgresql")["text"].gap is not None
    assert fields(Variant)["mixed"].gap == "its type depends on the database"


def test_the_indexes_of_the_mapping_are_known() -> None:
    class Local(DeclarativeBase):
        pass

    class Shelf(Local):
        __tablename__ = "shelf"

        id: Mapped[int] = mapped_column(primary_key=True)
        code: Mapped[str] = mapped_column(unique=True)
        room: Mapped[str] = mapped_column(index=True)
        row: Mapped[int] = mapped_column()
        place: Mapped[int]
        half: Mapped[int]
        twice: Mapped[int] = column_property(row * 2)

        __table_args__ = (
            Index("by_row", "row", "place"),
            Index("some", "half", sqlite_where=text("half > 1")),
        )

    fields = SQLAlchemyQueryEngine(Shelf).schema.fields
    found = {name: field.indexed for name, field in fields.items()}
    assert found == {
        "id": True,
        "code": True,
        "room": True,
        "row": True,
        "place": False,
        "half": False,
        "twice": None,
    }
