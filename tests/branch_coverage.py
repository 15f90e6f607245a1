"""A pytest plugin: `--branch-bar=95` fails a run that takes fewer of the core's branches, in per cent.

It reads the report that pytest-cov writes with `--cov-report=json:build/coverage.json`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

REPORT = Path(__file__).parents[1] / "build" / "coverage.json"

STATEMENT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--branch-bar", type=float, help="per cent of the core's branches that the tests have to take"
    )


def pytest_sessionfinish(session: pytest.Session) -> None:
    bar: float | None = session.config.getoption("--branch-bar")
    in_worker = hasattr(session.config, "workerinput")
    if bar is None or in_worker:
        return
    totals = json.loads(REPORT.read_text())["totals"]
    taken, branches = totals["covered_branches"], totals["num_branches"]
    share = 100 * taken / branches
    verdict = "holds" if share >= bar else "FAILS"
    session.config.stash[STATEMENT] = (
        f"branches of the core: {taken} of {branches} taken, {share:.1f} %; the bar of {bar:g} % {verdict}"
    )
    if share < bar and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if statement := terminalreporter.config.stash.get(STATEMENT, None):
        terminalreporter.write_line(statement)
