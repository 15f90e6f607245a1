"""A pytest plugin that says at the end of a run what the conformance kit found, and writes it to a file.

`pytest_plugins = ["queryengine.testing.plugin"]` in the conftest.py at the root of the tests switches it on.
It works across processes too.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from queryengine.testing.results import PROPERTY, Facts, Results

__all__ = ["pytest_addoption", "pytest_configure", "pytest_terminal_summary"]

OPTION = "--conformance-json"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option that names the file."""
    parser.addoption(OPTION, type=Path, help="write what the conformance kit found to this file")


def pytest_configure(config: pytest.Config) -> None:
    """Make the marks of the many and of the long tests known."""
    config.addinivalue_line("markers", "conformance: the cases of the conformance kit, many and quick")
    config.addinivalue_line("markers", "fuzz: many random filters; `-m 'not fuzz'` leaves them out")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Count what the tests reported."""
    results = Results()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "call":
                for name, facts in report.user_properties:
                    if name == PROPERTY:
                        results.add(cast("Facts", facts))
    for line in results.lines():
        terminalreporter.write_line(line)
    path: Path | None = config.getoption(OPTION)
    if path is not None:
        results.write(path)
