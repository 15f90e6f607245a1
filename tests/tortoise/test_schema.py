"""What schemas say of Tortoise models, before Tortoise knows them and after."""

from __future__ import annotations

import datetime as dt
import enum
import subprocess
import sys
import types
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from queryengine_tortoise import TortoiseQueryEngine
from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.contrib.postgres.fields import ArrayField, TSVectorField
from tortoise.fields import Field
from tortoise.models import Model

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
    ModelSchema,
    TextType,
    UUIDType,
)
from tests.tortoise.models import Brand, Category, Passport, Product, Tag

Dialect = Literal["sqlite", "postgresql"]

AnyField = Field[Any]  # Any: fields of all types


class Level(enum.IntEnum):
    LOW = 1


class Shade(enum.Enum):
    DARK = "dark"


class Own(fields.CharField[str]):
    def to_db_value(self, value: Any, instance: Any) -> str | None:  # Any: Tortoise's signature
        stored = super().to_db_value(value, instance)
        return None if stored is None else str(stored)[::-1]


class Folding(fields.TextField):
    SQL_TYPE = "CITEXT"


def schema_of(dialect: Dialect | None = None, use_tz: bool = True, **columns: AnyField) -> ModelSchema[Model]:
    """Return the schema of a model with these fields."""
    attributes = {"id": fields.IntField(primary_key=True), **columns, "__module__": __name__}
    model: type[Model] = types.new_class("Sample", (Model,), exec_body=lambda body: body.update(attributes))
    return TortoiseQueryEngine(model, dialect=dialect, use_tz=use_tz).schema


MICROSECOND = dt.timedelta(microseconds=1)
SMALL = IntegerType(-(2**15), 2**15 - 1)
INT = IntegerType(-(2**31), 2**31 - 1)


@pytest.mark.parametrize(
    ("field", "on_sqlite", "on_postgresql"),
    [
        (fields.SmallIntField(), SMALL, SMALL),
        (fields.IntField(), INT, INT),
        (fields.BigIntField(), IntegerType(), IntegerType()),
        (fields.CharField(5), TextType(), TextType()),
        (fields.TextField(), TextType(), TextType()),
        (fields.BooleanField(), BooleanType(), BooleanType()),
        (fields.DecimalField(10, 2), DecimalType(10, 2), DecimalType(10, 2)),
        (fields.FloatField(), FloatType(), FloatType()),
        (fields.DateField(), DateType(), DateType()),
        (fields.DatetimeField(), DateTimeType(aware=True), DateTimeType(aware=True)),
        (fields.UUIDField(), UUIDType(), UUIDType()),
        (fields.BinaryField(), BytesType(), BytesType()),
        (fields.JSONField[object](), JSONType(), JSONType()),
        (fields.IntEnumField(Level), EnumType(Level), EnumType(Level)),
        (fields.CharEnumField(Shade), EnumType(Shade), EnumType(Shade)),
        (ArrayField("text"), None, ArrayType(TextType())),
        (ArrayField("varchar(20)"), None, ArrayType(TextType())),
        (ArrayField("int"), None, ArrayType(INT)),
        (ArrayField("point"), None, None),
        (TSVectorField(), None, None),
    ],
)
def test_a_field_is_what_it_can_hold_exactly(
    field: AnyField, on_sqlite: FieldType | None, on_postgresql: FieldType | None
) -> None:
    expectations: Mapping[Dialect, FieldType | None] = {"sqlite": on_sqlite, "postgresql": on_postgresql}
    for dialect, expected in expectations.items():
        found = schema_of(dialect, column=field).fields.get("column")
        assert (found and found.type) == expected
        assert found is None or found.gap is None


def test_an_engine_without_a_dialect_knows_what_both_databases_hold() -> None:
    found = schema_of(words=ArrayField("text"), total=fields.DecimalField(20, 2)).fields
    assert "words" not in found
    assert found["total"].gap is not None


def test_a_duration_is_stored_in_64_bits() -> None:
    (found,) = [schema_of(length=fields.TimeDeltaField()).fields["length"].type]
    assert found == DurationType(1, -(2**63) * MICROSECOND, (2**63 - 1) * MICROSECOND)


@pytest.mark.parametrize(
    ("field", "dialect", "use_tz", "reason"),
    [
        (fields.DecimalField(20, 2), "sqlite", True, "first 15 digits"),
        (fields.TimeField(), "sqlite", True, "takes no times of day"),
        (fields.TimeField(), "postgresql", True, "with a zone"),
        (fields.DatetimeField(), "postgresql", False, "time zone of the machine"),
        (Own(5), "sqlite", True, "Own stores values in a form of its own"),
        (Folding(), "postgresql", True, "Folding has a column type of its own"),
    ],
)
def test_a_column_that_does_not_compare_as_the_contract_says_is_a_gap(
    field: AnyField, dialect: Dialect, use_tz: bool, reason: str
) -> None:
    found = schema_of(dialect, use_tz, column=field).fields["column"]
    assert found.gap is not None
    assert reason in found.gap


def test_without_zones_a_date_time_on_sqlite_is_what_the_clock_shows() -> None:
    found = schema_of("sqlite", use_tz=False, made=fields.DatetimeField()).fields["made"]
    assert (found.type, found.gap) == (DateTimeType(aware=False), None)


# -- relations


RELATIONS: Mapping[type[Model], set[tuple[str, str, bool]]] = {
    Product: {
        ("brand", "Brand", False),
        ("maker", "Brand", False),
        ("tags", "Tag", True),
        ("size", "Size", False),
        ("passport", "Passport", False),
    },
    Brand: {("products", "Product", True)},
    Tag: {("products", "Product", True)},
    Passport: {("product", "Product", False)},
    Category: {
        ("parent", "Category", False),
        ("children", "Category", True),
        ("like", "Category", True),
        ("liked_by", "Category", True),
    },
}
FIELDS: Mapping[type[Model], list[str]] = {
    Product: ["id", "name", "stock", "brand_id", "maker_id"],
    Passport: ["product_id", "number"],
    Category: ["id", "slug", "parent_id"],
}


def seen() -> object:
    """Return what schemas say of the shop: the same before Tortoise knows the models, and after."""
    found: dict[str, object] = {}
    for model in RELATIONS:
        schema = TortoiseQueryEngine(model).schema
        relations = schema.relations.values()
        assert {(each.name, each.target.name, each.many) for each in relations} == RELATIONS[model]
        assert list(schema.fields) == FIELDS.get(model, list(schema.fields))
        found[model.__name__] = [
            (field.name, field.type, field.nullable, field.hidden) for field in schema.fields.values()
        ]
        assert [field.name for field in schema.primary_key] == [next(iter(schema.fields))]
    return found


def test_relations_are_found_before_tortoise_is_initialised_and_after() -> None:
    program = "from tests.tortoise.test_schema import check_both; check_both()"
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def check_both() -> None:
    """Read the schemas twice; in a process of its own, as other tests have initialised the models."""
    before = seen()
    with TortoiseContext():
        Tortoise.init_models(["tests.tortoise.models"], "shop")
    assert seen() == before


def test_a_relation_to_a_model_that_is_not_loaded_is_refused_with_advice() -> None:
    class Near(Model):
        id = fields.IntField(primary_key=True)
        far: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("nowhere.Unheard")

    with pytest.raises(ConfigurationError, match=r"Near\.far leads to 'nowhere\.Unheard', and no such model"):
        _ = TortoiseQueryEngine(Near).schema


def test_a_relation_whose_name_several_models_have_is_refused() -> None:
    def twin() -> type[Model]:
        class Twin(Model):
            id = fields.IntField(primary_key=True)

        return Twin

    class Lone(Model):
        id = fields.IntField(primary_key=True)
        other: fields.ForeignKeyRelation[Model] = fields.ForeignKeyField("any.Twin")

    twins = [twin(), twin()]
    with pytest.raises(ConfigurationError, match="several models of that name are loaded"):
        _ = TortoiseQueryEngine(Lone).schema
    assert len(twins) == 2


def test_a_relation_may_name_its_model_by_the_class() -> None:
    class Way(Model):
        id = fields.IntField(primary_key=True)
        tag: fields.ForeignKeyRelation[Tag] = fields.ForeignKeyField(Tag, related_name=False)

    schema = TortoiseQueryEngine(Way).schema
    assert schema.relations["tag"].target.model is Tag
    assert schema.fields["tag_id"].type == schema.primary_key[0].type


def test_required_rows_are_always_there_where_the_database_enforces_it() -> None:
    def nullable(dialect: Dialect) -> bool:
        return TortoiseQueryEngine(Passport, dialect=dialect).schema.relations["product"].nullable

    assert (nullable("postgresql"), nullable("sqlite")) == (False, True)


@pytest.mark.parametrize("name", ["api_key", "remark", "margin"])
def test_secrets_and_what_the_author_excludes_are_hidden(name: str) -> None:
    assert TortoiseQueryEngine(Brand).schema.fields[name].hidden


def test_what_an_author_does_not_include_is_hidden() -> None:
    class Chosen(Model):
        id = fields.IntField(primary_key=True)
        name = fields.TextField()

        class PydanticMeta:
            include = ("id",)

    found = TortoiseQueryEngine(Chosen).schema.fields
    assert (found["id"].hidden, found["name"].hidden) == (False, True)


def test_what_is_no_model_with_a_table_is_refused() -> None:
    class Base(Model):
        class Meta(Model.Meta):
            abstract = True

    for model in (Base, Model):
        with pytest.raises(ConfigurationError, match="is not a Tortoise model with a table"):
            _ = TortoiseQueryEngine(model).schema


def test_a_key_without_an_order_is_refused() -> None:
    class Odd(Model):
        id = ArrayField("point", primary_key=True)

    with pytest.raises(ConfigurationError, match=r"Odd\.id: filters know no order of ArrayField"):
        _ = TortoiseQueryEngine(Odd).schema


class Ship(Model):
    id = fields.IntField(primary_key=True)


class Captain(Model):
    ship: fields.OneToOneRelation[Ship] = fields.OneToOneField(Ship, related_name="captain", primary_key=True)


class Mate(Model):
    id = fields.IntField(primary_key=True)
    captain: fields.ForeignKeyRelation[Captain] = fields.ForeignKeyField(Captain, related_name="mates")


class Cook(Model):
    id = fields.IntField(primary_key=True)
    captain: fields.ForeignKeyRelation[Captain] = fields.ForeignKeyField(
        Captain, related_name=False, to_field="ship_id"
    )


def test_a_foreign_key_to_a_relation_is_refused_with_advice() -> None:
    problem = r"Mate\.captain refers to Captain\.ship, which is a relation.*say to_field='ship_id'"
    with pytest.raises(ConfigurationError, match=problem):
        _ = TortoiseQueryEngine(Mate).schema
    crew = types.ModuleType("crew")
    vars(crew).update(Ship=Ship, Captain=Captain, Mate=Mate, Cook=Cook)
    with TortoiseContext():
        Tortoise.init_models([crew], "crew")
    with pytest.raises(ConfigurationError, match=problem):
        _ = TortoiseQueryEngine(Mate).schema
    with pytest.raises(ConfigurationError, match=problem):
        _ = TortoiseQueryEngine(Captain).schema.relations["mates"].target


def test_a_foreign_key_may_name_the_key_behind_a_relation() -> None:
    schema = TortoiseQueryEngine(Cook).schema
    assert schema.fields["captain_id"].type == schema.primary_key[0].type
    assert schema.relations["captain"].target.model is Captain


def test_a_foreign_key_to_a_field_that_is_not_there_is_refused() -> None:
    class Guest(Model):
        id = fields.IntField(primary_key=True)
        ship: fields.ForeignKeyRelation[Ship] = fields.ForeignKeyField(
            Ship, related_name=False, to_field="name"
        )

    with pytest.raises(ConfigurationError, match=r"Guest\.ship: Ship has no field 'name'"):
        _ = TortoiseQueryEngine(Guest).schema
