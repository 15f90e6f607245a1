"""What random filters found once, as the smallest filter and rows that showed it; on every database."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import cast

import pytest

from queryengine.testing import Stage
from queryengine.testing.campaign import store_random_rows
from queryengine.testing.strategies import Document
from tests.conformance.sqlalchemy import on_postgresql, on_sqlite


@pytest.fixture(scope="module", params=[on_sqlite, on_postgresql], ids=["sqlite", "postgresql"])
def stage(request: pytest.FixtureRequest) -> Generator[Stage]:
    with asyncio.Runner() as runner, request.param(request, runner) as adapter:
        yield Stage(adapter, runner)


def check(stage: Stage, entity: str, document: Document) -> None:
    """Compare one filter with the reference evaluator, and with its own negation."""
    differential = stage.differential(entity)
    differential.check(document)
    if "where" in document:
        differential.check_partition(cast("Document", document["where"]))


def test_what_a_database_computes_of_a_missing_row_is_null(stage: Stage) -> None:
    store_random_rows(stage, "Thing", 0)
    check(stage, "Thing", {"order": "parent.noted,id"})
    check(stage, "Thing", {"order": ["-maker.region.parent.id", "-parent.noted NULLS LAST", "parent.half"]})


@pytest.mark.parametrize("column", ["words", "tags"])
def test_an_array_of_text_has_elements_whatever_its_column_calls_text(stage: Stage, column: str) -> None:
    if "Bag" not in stage.entities:
        assert "Bag" in stage.adapter.absent
        return
    store_random_rows(stage, "Bag", 0)
    check(stage, "Bag", {"where": {column: {"has": "a"}}})
