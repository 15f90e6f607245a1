"""The JSON Schema of filters says the truth: what it accepts binds, and it accepts what binds."""

from __future__ import annotations

from itertools import starmap
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from queryengine.errors import ErrorCode
from queryengine.operators import by_name
from queryengine.testing.strategies import Document, Ground, filters
from tests.schema_samples import instances
from tests.test_json_schema import JSON, SUBJECTS

LAWS = settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)

# What the docstring of `filter_schema` leaves to the binder.
OUTSIDE_OF_SCHEMAS = {
    ErrorCode.OUT_OF_RANGE,
    ErrorCode.LIMIT_EXCEEDED,
    ErrorCode.DUPLICATE_KEY,
    ErrorCode.INVALID_REGEX,
}


@pytest.mark.long
@pytest.mark.parametrize("name", SUBJECTS)
def test_what_the_schema_accepts_binds(name: str) -> None:
    subject = SUBJECTS[name]
    components = subject.schema.components

    @LAWS
    @given(instances({"$ref": subject.schema.root}, components))
    def law(document: object) -> None:
        assert subject.accepts(document)
        error = subject.error(document)
        assert error is None or error.code in OUTSIDE_OF_SCHEMAS, (document, error)

    law()


@pytest.mark.long
@pytest.mark.parametrize("name", SUBJECTS)
def test_the_schema_accepts_what_binds_when_it_is_spelt_plainly(name: str) -> None:
    subject = SUBJECTS[name]

    @LAWS
    @given(filters(Ground(subject.processor.view, subject.capabilities)))
    def law(document: Document) -> None:
        error = subject.error(document)
        # Random filters go deeper than those of strangers may.
        assume(error is None or error.code is not ErrorCode.LIMIT_EXCEEDED)
        assert error is None
        plain = spelt_plainly(document)
        assert subject.error(plain) is None
        assert subject.accepts(plain), plain

    law()


def spelt_plainly(document: Document) -> Document:
    """Write a filter as the schema does: words without `$` and aliases, at most two names in a path."""
    assume(all(name.count(".") < 2 for key in order_keys(document) for name in key.split()))
    where: Any = document.get("where")
    return document if where is None else document | {"where": plain(where)}


def order_keys(document: Document) -> list[str]:
    order: Any = document.get("order", [])
    return order.split(",") if isinstance(order, str) else order


def plain(value: JSON) -> JSON:
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = dict(starmap(plain_entry, value.items()))
    assume(len(found) == len(value))
    return found


def plain_entry(key: str, item: JSON) -> tuple[str, JSON]:
    word = key.removeprefix("$")
    operator = by_name.get(word)
    if operator is not None:
        return operator.name, item
    head, *path = key.split(".")
    return (head, plain({".".join(path): item})) if len(path) > 1 else (word, plain(item))
