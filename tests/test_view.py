"""Views: what each kind of policy shows of a model, and that nothing else exists."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    Field,
    RootModel,
    SecretStr,
    computed_field,
    create_model,
    field_validator,
    model_validator,
)

from queryengine.engine import FULL, Capabilities
from queryengine.errors import ConfigurationError
from queryengine.policy import Access, SecurityPolicy
from queryengine.schema import TypeKind
from queryengine.view import ModelView, build_view, check_paths, whole_view
from tests.shop import PRODUCT, ProductOut

ALL = Capabilities(backend="shop")


def view_of(**policy: object) -> ModelView:
    return build_view(PRODUCT, ALL, SecurityPolicy(**policy))  # type: ignore[arg-type]  # keywords of the policy


def test_the_default_shows_plain_fields_without_hidden_and_secret_ones() -> None:
    view = view_of()
    assert "cost" not in view.fields
    assert "password_hash" not in view.fields
    assert {"id", "name", "price", "tags"} <= set(view.fields)
    assert not view.relations
    assert view.hides


def test_relations_shows_all_relations_but_no_secrets_behind_them() -> None:
    view = view_of(relations=True)
    maker = view.relations["maker"].target
    assert "name" in maker.fields
    assert "api_key" not in maker.fields
    assert maker.relations["products"].target.relations["maker"].target is maker


def test_a_listed_path_shows_just_that_much_of_a_relation() -> None:
    view = view_of(paths={"maker.name": Access(sort=False)})
    assert set(view.relations) == {"maker"}
    assert set(view.relations["maker"].target.fields) == {"name"}
    assert not view.relations["maker"].target.fields["name"].sort
    assert not view.relations["maker"].target.relations
    assert not view.relations["maker"].access.include


def test_a_listed_relation_shows_all_of_its_plain_fields() -> None:
    view = view_of(paths={"maker": Access()})
    assert set(view.relations["maker"].target.fields) == {"id", "name", "country"}


def test_a_listed_relation_shows_its_fields_even_when_others_do_not_exist() -> None:
    view = view_of(paths={"name": Access(), "maker": Access()}, others=None)
    assert set(view.fields) == {"name"}
    assert "country" in view.relations["maker"].target.fields


def test_a_listed_path_may_show_a_secret() -> None:
    assert "cost" in view_of(paths={"cost": Access()}).fields


def test_none_hides_a_path() -> None:
    assert "price" not in view_of(paths={"price": None}).fields


def test_a_response_model_gives_names_and_relations() -> None:
    view = view_of(expose=ProductOut)
    assert list(view.fields) == ["id", "title", "price", "inStock"]
    assert view.fields["title"].field.name == "name"
    assert list(view.relations["maker"].target.fields) == ["name", "country"]
    assert view.name == "ProductOut"
    assert not view.pruned


def test_fields_that_a_response_model_computes_cannot_be_asked() -> None:
    class Out(BaseModel):
        id: int
        upper: str = ""
        secret: SecretStr = Field(validation_alias="name")

        @computed_field
        def shout(self) -> str:
            return self.upper.upper()

    assert list(view_of(expose=Out).fields) == ["id"]


def test_choices_of_validation_aliases_find_their_attribute() -> None:
    class Out(BaseModel):
        label: str = Field(validation_alias=AliasChoices(AliasPath("deep", "name"), "title", "name"))

    assert view_of(expose=Out).fields["label"].field.name == "name"


def test_a_response_model_with_a_field_that_the_model_lacks_is_refused() -> None:
    class Out(BaseModel):
        nmae: str

    with pytest.raises(ConfigurationError, match=r"Out\.nmae"):
        view_of(expose=Out)


def made(value: object) -> object:
    return {"name": value}


class Named(BaseModel):
    name: str


class Made(BaseModel):
    name: str

    @model_validator(mode="before")
    @classmethod
    def from_name(cls, value: object) -> object:
        return made(value)


class Rooted(RootModel[str]):
    """A model of one value."""


@pytest.mark.parametrize("annotation", [Named, list[Named], Named | None])
def test_a_response_model_that_nests_a_model_where_no_relation_is_refused(annotation: Any) -> None:
    out = create_model("Out", name=(annotation, ...))
    with pytest.raises(
        ConfigurationError, match=r"Out\.name nests a model, and Product\.name is no relation"
    ):
        view_of(expose=out)


@pytest.mark.parametrize("annotation", [Made, Rooted, Annotated[Named, BeforeValidator(made)]])
def test_a_model_may_be_made_of_a_value(annotation: Any) -> None:
    out = create_model("Out", name=(annotation, ...))
    assert list(view_of(expose=out).fields) == ["name"]


def test_a_field_validator_may_make_a_model_of_a_value() -> None:
    class Out(BaseModel):
        name: Named

        @field_validator("name", mode="before")
        @classmethod
        def from_name(cls, value: object) -> object:
            return made(value)

    assert list(view_of(expose=Out).fields) == ["name"]


def test_a_json_field_may_hold_models() -> None:
    out = create_model("Out", extra=(Named, ...))
    assert list(view_of(expose=out).fields) == ["extra"]


def test_a_relation_that_a_response_model_shows_otherwise_is_no_relation() -> None:
    class Out(BaseModel):
        maker: str | None

    assert not view_of(expose=Out).relations


def test_paths_prune_what_a_response_model_shows() -> None:
    view = view_of(expose=ProductOut, paths={"maker.country": Access(select=False)})
    assert view.pruned
    assert view.relations["maker"].target.pruned


def test_operators_are_those_of_type_back_end_and_policy() -> None:
    operators = {**FULL, TypeKind.TEXT: FULL[TypeKind.TEXT] - {"like"}}
    few = Capabilities(backend="few", operators=operators)
    view = build_view(PRODUCT, few, SecurityPolicy(paths={"id": Access(filter={"eq", "like"})}))
    assert view.fields["id"].operators == {"eq"}
    assert "like" not in view.fields["name"].operators
    assert "regex" not in view.fields["name"].operators
    assert view.fields["label"].operators == {"isNull", "exists"}
    assert "regex" in build_view(PRODUCT, few, SecurityPolicy(regex=True)).fields["name"].operators


@pytest.mark.parametrize("access", [Access(), None])
@pytest.mark.parametrize("path", ["nope", "maker.nope", "name.deeper", "maker.name.deeper"])
def test_a_policy_about_a_path_that_is_not_there_is_refused(path: str, access: Access | None) -> None:
    policy = SecurityPolicy(paths={path: access, "maker": Access()})
    with pytest.raises(ConfigurationError, match=r"SecurityPolicy\.paths"):
        check_paths(build_view(PRODUCT, ALL, policy), policy)


def test_a_policy_about_paths_that_are_there_is_accepted() -> None:
    policy = SecurityPolicy(paths={"maker.name": Access(), "reviews": Access(), "cost": None})
    check_paths(build_view(PRODUCT, ALL, policy), policy)


def test_a_scope_sees_everything() -> None:
    view = whole_view(PRODUCT, ALL)
    assert set(view.fields) == set(PRODUCT.fields)
    assert "api_key" in view.relations["maker"].target.fields
    assert not view.hides
