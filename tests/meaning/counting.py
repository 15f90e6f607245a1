"""A pytest plugin: says at the end of a run how many random filters each database answered.

Tests report it with `record_property("filters on SQLite", 120)`; so it works across processes too.
"""

from __future__ import annotations

from collections import Counter

import pytest

PREFIX = "filters on "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    answered = Counter[str]()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                answered.update(
                    {name: int(str(n)) for name, n in report.user_properties if name.startswith(PREFIX)}
                )
    for name, number in sorted(answered.items()):
        terminalreporter.write_line(f"random {name} compared with the reference evaluator: {number}")
