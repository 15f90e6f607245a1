"""Limits: which mistakes of their authors they refuse, before any request."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from queryengine.errors import ConfigurationError
from queryengine.limits import Limits

NAMES = [limit.name for limit in fields(Limits)]
MAY_BE_ZERO = {"max_include_depth", "max_relation_depth", "max_relation_steps", "max_offset"}


@pytest.mark.parametrize("value", [-1, 1.5, "16", True], ids=repr)
@pytest.mark.parametrize("name", NAMES)
def test_a_limit_that_is_no_natural_number_is_refused_by_its_name(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"^Limits.{name}={value!r}: it has to be a whole number"):
        Limits(**{name: value})


@pytest.mark.parametrize("name", NAMES)
def test_zero_is_a_limit_where_nothing_at_all_can_be_meant(name: str) -> None:
    if name in MAY_BE_ZERO:
        assert getattr(Limits(**{name: 0}), name) == 0
    else:
        with pytest.raises(
            ConfigurationError, match=rf"^Limits.{name}=0: it has to be a whole number, 1 or more$"
        ):
            Limits(**{name: 0})


@pytest.mark.parametrize("name", NAMES)
def test_none_is_a_limit_of_related_rows_alone(name: str) -> None:
    without: Any = {name: None}
    if name == "max_related":
        assert Limits(**without) == Limits()
    else:
        with pytest.raises(ConfigurationError, match=f"^Limits.{name}=None: it has to be a whole number"):
            Limits(**without)


def test_a_default_above_the_maximum_is_refused() -> None:
    with pytest.raises(ConfigurationError) as caught:
        Limits(max_limit=50)
    assert str(caught.value) == "Limits.default_limit=100 is more than Limits.max_limit=50"
    assert Limits(default_limit=50, max_limit=50).default_limit == 50
