"""The services under attack, made once."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from fastapi import FastAPI

from tests.attacks.service import Service, hiding_service, plain_service


@pytest.fixture(scope="session")
def service() -> Generator[Service]:
    with hiding_service() as service:
        yield service


@pytest.fixture(scope="session")
def twin() -> FastAPI:
    return plain_service()
