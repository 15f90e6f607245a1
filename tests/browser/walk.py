"""What a person does on the page of documentation: opens an operation, tries it out, executes it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.browser.chromium import Page

__all__ = ["Tried", "try_operation"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What stood in the form, where it was sent to, and what came back."""

    form: Any  # Any: JSON
    url: str
    status: str
    answer: Any  # Any: JSON

    @property
    def sent(self) -> Any:  # Any: JSON
        """The filter in the address."""
        return json.loads(parse_qs(urlsplit(self.url).query)["filter"][0])


def try_operation(page: Page, address: str, operation: str, *, height: int = 900) -> Tried:
    """Execute an operation as the page fills it in."""
    page.open(f"{address}/docs", height=height)
    block = f"#operations-default-{operation}"
    page.click(f"{block} .opblock-summary-control")
    page.click(f"{block} .try-out__btn")
    form = f"{block} textarea"
    page.wait_for(form)
    filled_in: str = page.evaluate(f"document.querySelector({json.dumps(form)}).value")
    page.click(f"{block} .execute")
    live = f"{block} .live-responses-table"
    status = page.text(f"{live} tbody .response-col_status")
    url = page.text(f"{block} .request-url pre")
    answer = page.text(f"{live} .highlight-code pre")
    page.evaluate(f"document.querySelector({json.dumps(block)}).scrollIntoView()")
    return Tried(json.loads(filled_in), url, status.split()[0], json.loads(answer))
