"""Policies: what they say of paths, and which mistakes of their authors they refuse."""

from __future__ import annotations

import pytest

from queryengine.errors import ConfigurationError
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
