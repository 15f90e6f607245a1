"""The rows of the differential tests come back from every database as they went in."""

from __future__ import annotations

import pytest

from tests.meaning.campaign import BAGS, THINGS, store_random_rows
from tests.meaning.databases import Database
from tests.meaning.models import Bag, Label, Maker, Part, Region, Thing


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("root", [Thing, Maker, Part, Region, Label])
def test_sqlite_holds_the_samples_exactly(number: int, root: type[object], sqlite: Database) -> None:
    store_random_rows(sqlite, THINGS, number)
    assert sqlite.differences(root) == []


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("root", [Thing, Maker, Part, Region, Label])
def test_postgresql_holds_the_samples_exactly(number: int, root: type[object], postgresql: Database) -> None:
    store_random_rows(postgresql, THINGS, number)
    assert postgresql.differences(root) == []


def test_postgresql_holds_arrays_exactly(postgresql: Database) -> None:
    store_random_rows(postgresql, BAGS, 0)
    assert postgresql.differences(Bag) == []
