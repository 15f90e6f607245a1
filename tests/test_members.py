"""What of a schema a response model reads."""

from __future__ import annotations

from pydantic import AliasChoices, AliasPath, BaseModel, Field

from queryengine.members import members_of, relations_of
from tests.shop import PRODUCT, MakerOut


class Out(BaseModel):
    label: str = Field(validation_alias=AliasChoices(AliasPath("name", 0), "label"))
    cost: float = Field(exclude=True)
    stock: int = Field(alias="nowhere")
    maker: MakerOut | None
    upper: str = ""


def test_members_are_found_by_the_names_that_are_read() -> None:
    assert [member.name for member, _ in members_of(Out, PRODUCT)] == ["name", "maker"]


def test_own_names_are_read_where_the_model_says_so() -> None:
    class ByName(Out, populate_by_name=True):
        pass

    assert [member.name for member, _ in members_of(ByName, PRODUCT)] == ["name", "stock", "maker"]


def test_relations_come_with_the_models_that_are_nested() -> None:
    assert [(relation.name, model) for relation, model in relations_of(Out, PRODUCT)] == [("maker", MakerOut)]


def test_a_relation_that_is_shown_otherwise_nests_nothing() -> None:
    class Otherwise(BaseModel):
        maker: str

    assert list(relations_of(Otherwise, PRODUCT)) == []
