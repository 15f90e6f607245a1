"""Reading a `schema.prisma`: what counts, and what only looks as if it did."""

from __future__ import annotations

import pytest
from queryengine_prisma.datamodel import parse_datamodel

from queryengine.errors import ConfigurationError
from tests.prisma.models import EVERY_TYPE

SOURCE = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'


def test_the_provider_the_models_and_the_enums_are_read() -> None:
    found = parse_datamodel(SOURCE + EVERY_TYPE)
    assert found.provider == "postgresql"
    assert list(found.models) == ["Sample", "Owner"]
    assert found.enums == {"Color"}


def test_a_primary_key_of_one_field_or_of_several_is_read_in_its_order() -> None:
    models = parse_datamodel(SOURCE + EVERY_TYPE).models
    assert models["Sample"].primary_key == ("id",)
    assert models["Owner"].primary_key == ("a", "b")


def test_what_stands_in_strings_and_comments_is_no_schema() -> None:
    owner = parse_datamodel(SOURCE + EVERY_TYPE).models["Owner"]
    assert list(owner.fields) == ["a", "b", "samples"]
    assert list(owner.fields["b"].attributes) == ["default"]


def test_the_arguments_of_an_attribute_may_hold_lists_and_further_attributes() -> None:
    owner = parse_datamodel(SOURCE + EVERY_TYPE).models["Sample"].fields["owner"]
    assert "references: [a, b]" in owner.attributes["relation"]


def test_a_native_type_comes_with_its_arguments() -> None:
    fields = parse_datamodel(SOURCE + EVERY_TYPE).models["Sample"].fields
    assert fields["price"].native_type == ("Decimal", "10, 2")
    assert fields["small"].native_type == ("SmallInt", "")
    assert fields["margin"].native_type is None


def test_lists_and_optional_fields_are_told_apart() -> None:
    fields = parse_datamodel(SOURCE + EVERY_TYPE).models["Sample"].fields
    assert [name for name, field in fields.items() if field.many] == ["numbers", "colors", "days"]
    assert fields["plain"].optional
    assert not fields["big"].optional


def test_a_comment_for_the_client_may_stand_above_or_behind_the_field_that_it_hides() -> None:
    fields = parse_datamodel(SOURCE + EVERY_TYPE).models["Sample"].fields
    hidden = [name for name, field in fields.items() if "queryengine" in field.attributes]
    assert hidden == ["margin", "note"]


def test_a_schema_without_a_database_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="no datasource"):
        parse_datamodel(EVERY_TYPE)


def test_where_there_is_no_id_the_first_unique_fields_that_are_required_are_the_primary_key() -> None:
    models = parse_datamodel(
        """
        datasource db {
          provider = "sqlite"
        }
        model Account {
          phone String? @unique
          email String  @unique
          name  String  @unique
        }
        model Seat {
          row    Int
          number Int
          guest  Int?
          @@unique([guest, row])
          @@unique([row(sort: Desc), number], map: "seats")
        }
        model Plain {
          phone String? @unique
        }
        """
    ).models
    assert models["Account"].primary_key == ("email",)
    assert models["Seat"].primary_key == ("row", "number")
    assert models["Plain"].primary_key == ()
