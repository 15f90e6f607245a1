"""`python -m tests.browser FILE` takes the picture of Swagger UI that the documents show."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.browser.chromium import opened_page
from tests.browser.service import running_service
from tests.browser.walk import try_operation

with running_service() as address, opened_page() as page:
    try_operation(page, address, "list_flights_flights_get", height=1330)
    Path(sys.argv[1]).write_bytes(page.screenshot())
