"""The browser and the service that the tests of this folder share."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from tests.browser.chromium import Page, opened_page
from tests.browser.service import running_service


@pytest.fixture(scope="module")
def address() -> Generator[str]:
    """Give the address of the service."""
    with running_service() as address:
        yield address


@pytest.fixture(scope="module")
def page() -> Generator[Page]:
    """Give the page of a browser."""
    with opened_page() as page:
        yield page
