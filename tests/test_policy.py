"""Policies: what they say of paths, and which mistakes of their authors they refuse."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, Field

from queryengine.errors import ConfigurationError
from queryengine.limits import Limits
from queryengine.policy import Access, SecurityPolicy, looks_secret


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "password_hash",
        "userPassword",
        "access_token",
        "API_KEY",
        "secrets",
        "token_hash",
        "passwordhash",
        "APIToken",
        "password1",
        "access_key",
        "passcode",
        "api_secret2",
        "api_tokens",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize("name", ["hashtag", "tokenize", "passport", "name", "pinned"])
def test_names_that_only_contain_such_words_are_not_secret(name: str) -> None:
    assert not looks_secret(name)


def test_operators_of_an_access_are_known_by_alias_and_dollar() -> None:
    access = Access(filter={"$neq", "inq"})
    assert access.may_filter("ne")
    assert access.may_filter("in")
    assert not access.may_filter("eq")


@pytest.mark.parametrize("words", [{"gtt"}, ["eq", "nope"], "eq"])
def test_an_access_with_unknown_operators_is_refused(words: object) -> None:
    with pytest.raises(ConfigurationError, match="no operators of the language"):
        Access(filter=words)  # type: ignore[arg-type]  # wrong on purpose


def test_an_access_without_any_right_is_invisible() -> None:
    assert not Access(filter=False, sort=False, select=False, include=False).visible
    assert Access(filter=False, sort=False, select=False).visible


def test_unlisted_paths_have_the_rights_of_others() -> None:
    assert SecurityPolicy().access("anything").visible
    assert not SecurityPolicy(others=None).access("anything").visible


def test_a_policy_keeps_no_reference_to_the_mapping_it_was_given() -> None:
    paths: dict[str, Access | None] = {"a": None}
    policy = SecurityPolicy(paths=paths)
    paths["a"] = Access()
    assert not policy.access("a").visible


# -- mistakes of the author, found when the policy is made


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"lenient": "no"}, "SecurityPolicy.lenient='no': it has to be True or False"),
        ({"regex": 1}, "SecurityPolicy.regex=1: it has to be True or False"),
        ({"relations": None}, "SecurityPolicy.relations=None: it has to be True or False"),
        ({"expose": "ProductOut"}, "SecurityPolicy.expose='ProductOut': it has to be a pydantic model"),
        ({"expose": int}, "SecurityPolicy.expose=<class 'int'>: it has to be a pydantic model"),
        ({"limits": {"max_limit": 5}}, "SecurityPolicy.limits={'max_limit': 5}: it has to be a Limits"),
        ({"others": False}, "SecurityPolicy.others=False: it has to be an Access or None"),
        ({"paths": ["a"]}, "SecurityPolicy.paths=['a']: it has to be a mapping of paths to Access or None"),
        ({"paths": {"a": False}}, "SecurityPolicy.paths['a']=False: it has to be an Access or None"),
        ({"paths": {"a..b": None}}, "SecurityPolicy.paths['a..b']: it has to be a dotted path"),
        ({"paths": {5: None}}, "SecurityPolicy.paths[5]: it has to be a dotted path"),
        ({"timezone": 2}, "SecurityPolicy.timezone=2: it has to be a time zone or the name of one"),
        ({"timezone": "Nowhere"}, "SecurityPolicy.timezone='Nowhere': there is no zone of this name"),
        ({"timezone": ""}, "SecurityPolicy.timezone='': there is no zone of this name"),
        ({"timezone": "/etc/passwd"}, "SecurityPolicy.timezone='/etc/passwd': there is no zone of this name"),
        ({"timezone": "Europe"}, "SecurityPolicy.timezone='Europe': there is no zone of this name"),
    ],
    ids=str,
)
def test_a_setting_that_means_nothing_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SecurityPolicy(**arguments)
    assert str(caught.value) == message


@pytest.mark.parametrize("right", ["sort", "select", "include"])
def test_a_right_is_true_or_false(right: str) -> None:
    wrong: dict[str, Any] = {right: "no"}
    with pytest.raises(ConfigurationError, match=f"^Access.{right}='no': it has to be True or False$"):
        Access(**wrong)


@pytest.mark.parametrize("words", [None, 1, ["eq", 5]])
def test_operators_of_an_access_are_words(words: Any) -> None:
    with pytest.raises(ConfigurationError, match="names no operators of the language"):
        Access(filter=words)


def test_a_time_zone_may_be_named() -> None:
    assert SecurityPolicy(timezone="Europe/Berlin").zone == ZoneInfo("Europe/Berlin")
    assert SecurityPolicy(timezone="UTC").zone is dt.UTC
    zone = dt.timezone(dt.timedelta(hours=2))
    assert SecurityPolicy(timezone=zone).zone is zone
    assert SecurityPolicy().zone is None


class AuthorOut(BaseModel):
    name: str


class BookOut(BaseModel):
    title: str = Field(serialization_alias="heading")
    author: AuthorOut | None
    tags: list[str]
    later: "Later"  # type: ignore[name-defined]  # noqa: F821, UP037  # a class that is not there yet


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("title", "BookOut shows no 'title', but: author, heading, later, tags"),
        ("author.nam", "AuthorOut shows no 'nam', but: name"),
        ("tags.x", "nothing lies below 'tags'"),
    ],
)
def test_a_path_that_the_response_model_does_not_show_is_refused_at_once(path: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        SecurityPolicy(expose=BookOut, paths={path: None})
    assert str(caught.value) == f"SecurityPolicy.paths[{path!r}]: {message}"


def test_paths_are_followed_as_far_as_the_response_model_is_known() -> None:
    paths = {"heading": None, "author": Access(), "author.name": None, "later.anything": None}
    assert SecurityPolicy(expose=BookOut, paths=paths, limits=Limits()).lists("author")
