"""Swagger UI in Chromium: the examples that it fills in work when they are executed."""

from __future__ import annotations

import pytest

from tests.browser.chromium import Page
from tests.browser.service import EXAMPLE
from tests.browser.walk import try_operation

pytestmark = pytest.mark.browser


def test_the_example_of_the_parameter_works_when_executed(page: Page, address: str) -> None:
    tried = try_operation(page, address, "list_flights_flights_get")
    assert tried.form == tried.sent == EXAMPLE
    assert tried.status == "200"
    assert [flight["id"] for flight in tried.answer] == [2]
    assert page.complaints == []


def test_the_example_of_the_body_works_when_executed(page: Page, address: str) -> None:
    tried = try_operation(page, address, "search_flights_flights_search_post")
    assert tried.form == {"where": {"flight": {"gte": 0}}, "order": "-flight", "limit": 10}
    assert tried.status == "200"
    assert len(tried.answer) == 4
    assert page.complaints == []
