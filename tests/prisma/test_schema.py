"""Schemas of generated models: types, gaps, relations, what is hidden; no client is connected."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import BaseModel, create_model
from queryengine_prisma import PrismaQueryEngine

from queryengine import create_qe_aggregate_dependency
from queryengine.errors import ConfigurationError
from queryengine.schema import (
    ArrayType,
    BooleanType,
    BytesType,
    DateTimeType,
    DateType,
    DecimalType,
    EnumType,
    FieldType,
    FloatType,
    IntegerType,
    JSONType,
    TextType,
    UUIDType,
)
from tests.servers.prisma_client import generated

TEXT = TextType(without="\x85\u2028\u2029")
TYPES: dict[str, FieldType] = {
    "id": IntegerType(-(2**31), 2**31 - 1),
    "small": IntegerType(-(2**15), 2**15 - 1),
    "big": IntegerType(),
    "double": FloatType(digits=15),
    "price": DecimalType(10, 2),
    "wide": DecimalType(65, 30),
    "active": BooleanType(),
    "text": TEXT,
    "short": TEXT,
    "key": UUIDType(),
    "moment": DateTimeType(aware=True, resolution=1_000),
    "exact": DateTimeType(aware=True, resolution=1_000),
    "day": DateType(),
    "blob": BytesType(),
    "data": JSONType(),
    "numbers": ArrayType(IntegerType(-(2**31), 2**31 - 1)),
    "days": ArrayType(DateType()),
}


def schema_of(model: type[Any]) -> Any:
    return PrismaQueryEngine(model).schema


@pytest.mark.parametrize("name", TYPES)
def test_a_field_has_the_type_and_the_domain_of_its_column(every_type: ModuleType, name: str) -> None:
    field = schema_of(every_type.models.Sample).fields[name]
    assert field.type == TYPES[name]
    assert field.gap is None


def test_an_enum_is_the_one_of_the_client(every_type: ModuleType) -> None:
    fields = schema_of(every_type.models.Sample).fields
    assert fields["color"].type == EnumType(every_type.enums.Color)
    assert fields["colors"].type == ArrayType(EnumType(every_type.enums.Color))


@pytest.mark.parametrize("name", ["single", "cash", "padded", "folded", "clock", "extra"])
def test_what_cannot_be_compared_exactly_is_a_gap_with_its_reason(every_type: ModuleType, name: str) -> None:
    assert schema_of(every_type.models.Sample).fields[name].gap


def test_optional_fields_can_be_null_and_lists_cannot(every_type: ModuleType) -> None:
    """The column of a list may hold null, but the client shows an empty list."""
    fields = schema_of(every_type.models.Sample).fields
    nullable = {name for name, field in fields.items() if field.nullable}
    assert nullable == {"plain", "remark", "extra", "shade", "note", "twin_id"}


def test_relations_lead_to_models_of_the_same_client(every_type: ModuleType) -> None:
    schema = schema_of(every_type.models.Sample)
    assert {name: (r.many, r.nullable) for name, r in schema.relations.items()} == {
        "owner": (False, False),
        "twin": (False, True),
        "other": (False, True),
    }
    owner = schema.relations["owner"].target
    assert owner.model is every_type.models.Owner
    assert owner.relations["samples"].target is schema
    assert owner.relations["samples"].many
    assert [field.name for field in owner.primary_key] == ["a", "b"]


def test_fields_are_hidden_by_a_comment_in_the_schema(every_type: ModuleType) -> None:
    fields = schema_of(every_type.models.Sample).fields
    assert [name for name, field in fields.items() if field.hidden] == ["margin", "note"]


def test_it_is_known_where_indexes_begin(every_type: ModuleType) -> None:
    fields = {**schema_of(every_type.models.Sample).fields, **schema_of(every_type.models.Owner).fields}
    assert [name for name, field in fields.items() if field.indexed] == ["id", "twin_id", "a", "b"]


def test_on_sqlite_decimals_have_fifteen_digits(world: ModuleType) -> None:
    assert schema_of(world.models.Thing).fields["price"].type == DecimalType(15)


def test_a_derived_class_is_read_with_its_own_name_and_relations(world: ModuleType) -> None:
    ware: Any = create_model("Ware", __base__=world.models.Thing, added=(dt.date | None, None))
    schema = schema_of(ware)
    assert schema.name == "Ware"
    assert "added" not in schema.fields  # no query can load it
    assert schema.relations["maker"].target.model is world.models.Maker


def test_the_schema_is_read_once(world: ModuleType) -> None:
    engine = PrismaQueryEngine[Any](world.models.Thing)
    assert engine.schema is engine.schema


class Stranger(BaseModel):
    id: int


def test_a_class_of_no_client_is_a_mistake() -> None:
    with pytest.raises(ConfigurationError, match="not a model of a generated Prisma client"):
        schema_of(Stranger)


@pytest.mark.parametrize(
    ("name", "word"),
    [("dialect", "mysql"), ("text_order", "icu"), ("null_order", "last"), ("case_fold", "turkish")],
)
def test_an_option_takes_its_own_words_only(world: ModuleType, name: str, word: str) -> None:
    options: dict[str, Any] = {name: word}
    with pytest.raises(ConfigurationError, match=name):
        PrismaQueryEngine(world.models.Thing, **options)


def test_a_word_that_no_comment_may_say_is_a_mistake() -> None:
    models = "model Note {\n  id Int @id\n  text String /// @queryengine(secret)\n}\n"
    module = generated(models, "sqlite")
    with pytest.raises(ConfigurationError, match=r"Note\.text"):
        schema_of(module.models.Note)


def test_a_database_that_nobody_has_tried_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    module = generated("model Leaf {\n  id Int @id\n}\n", "sqlite")
    text = (Path(str(module.__file__)).parent / "schema.prisma").read_text(encoding="utf-8")

    def changed(file: Path, encoding: str) -> str:
        del file, encoding
        return text.replace('"sqlite"', '"mysql"')

    monkeypatch.setattr(Path, "read_text", changed)
    with pytest.raises(ConfigurationError, match="mysql"):
        schema_of(module.models.Leaf)


def test_aggregates_are_a_declared_gap(every_type: ModuleType) -> None:
    engine: Any = PrismaQueryEngine(every_type.models.Sample)  # Any: type checkers refuse it
    with pytest.raises(
        ConfigurationError, match=r"^PrismaQueryEngine has no aggregates \(.* no related rows\)$"
    ):
        create_qe_aggregate_dependency(engine, row=create_model("Counted", count=(int, 0)))
