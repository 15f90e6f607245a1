"""A small slice of the flights, loaded once for all tests of the examples."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from examples.flights.sqlalchemy.load import load

DAYS = 2


@pytest.fixture(scope="session")
def flights_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flights") / "flights.sqlite"
    load(path, Console(file=io.StringIO()), days=DAYS)
    return path
