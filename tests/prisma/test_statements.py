"""How many statements Prisma's query engine sends: as many for one row as for many, with includes too."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from queryengine.testing import Stage
from tests.conformance.prisma import open_postgresql, open_sqlite
from tests.prisma.conftest import filled

pytestmark = pytest.mark.servers

Count = Callable[[dict[str, Any]], tuple[int, int]]

RELATED = {
    "parts": {"some": {"id": {"gte": 0}}},
    "labels": {"some": {"id": {"gte": 0}}},
    "maker": {"isNull": False},
    "parent": {"isNull": False},
}
"""rows that have related ones everywhere: where there are none, the query engine asks for none"""
CUT = {"relation": "parts", "scope": {"order": "-size", "limit": 1}}
NESTED = {"relation": "parts", "scope": {"include": "maker"}}


def statements(log: Path) -> int:
    """How many queries the query engine has logged, which it does before it answers."""
    return log.read_text(encoding="utf-8").count('"query":"SELECT')


@pytest.fixture(params=[open_sqlite, open_postgresql], ids=["sqlite", "postgresql"])
def count(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Generator[Count]:
    """Give what counts the rows of a page of a filter and the statements that fetch it."""
    log = tmp_path / "statements"

    def of(stage: Stage, filter: dict[str, Any]) -> tuple[int, int]:
        bound = stage.differential("Thing").bind(filter)
        known = statements(log)
        page = stage.page("Thing", bound)
        return len(page.items), statements(log) - known

    with log.open("w") as written:
        monkeypatch.setenv("LOG_QUERIES", "y")
        monkeypatch.setattr(sys, "stderr", written)  # what the query engine is started with
        stages = filled(request.param, request)
        yield partial(of, next(stages))
        stages.close()


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        (None, 1),
        (["parts"], 2),
        (["parts", "labels", "maker"], 5),
        ([CUT], 2),
        ([NESTED], 3),
    ],
    ids=["none", "to many", "three", "with a limit", "nested"],
)
def test_a_page_takes_as_many_statements_for_one_row_as_for_many(
    count: Count, include: list[object] | None, expected: int
) -> None:
    filter = {"where": RELATED} | ({} if include is None else {"include": include})
    found = [count(filter | {"limit": limit}) for limit in (1, 2, 100)]
    assert [rows for rows, _ in found[:2]] == [1, 2]
    assert found[2][0] > 2
    assert {sent for _, sent in found} == {expected + 1}  # one of them counts
