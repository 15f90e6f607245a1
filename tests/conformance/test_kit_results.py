"""What the kit reports: counts, a file, rows for documents; the suite in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final, cast

from queryengine.engine import FULL, Capabilities
from queryengine.schema import TypeKind
from queryengine.testing import Results, read_results, support
from queryengine.testing.conformance import Outcome
from queryengine.testing.needs import Need
from queryengine.testing.results import PROPERTY, Facts, report_case

ROOT: Final = Path(__file__).parents[2]


def reported(*outcomes: Outcome) -> Results:
    found: list[tuple[str, object]] = []
    for outcome in outcomes:
        report_case(lambda name, value: found.append((name, value)), "toy", outcome)
    results = Results()
    for name, facts in found:
        assert name == PROPERTY
        results.add(cast("Facts", json.loads(json.dumps(facts))))
    return results


GT = Need("gt", TypeKind.INTEGER, "Thing", "big")
LIKE = Need("like", TypeKind.TEXT, "Thing", "name")


def test_results_are_counted_and_come_back_from_their_file(tmp_path: Path) -> None:
    results = reported(
        Outcome(frozenset({GT})),
        Outcome(frozenset({GT}), [(GT, "too large")]),
        Outcome(frozenset({LIKE}), [(LIKE, "no patterns")]),
    )
    results["toy"].filters = 1200
    assert list(results.lines()) == [
        "conformance of toy: 1 cases passed, 2 met declared gaps, 1,200 random filters"
    ]
    results.write(tmp_path / "new" / "conformance.json")
    assert read_results(tmp_path / "new" / "conformance.json") == results


def test_support_is_told_by_declarations_and_results() -> None:
    results = reported(Outcome(frozenset({GT})), Outcome(frozenset({GT}), [(GT, "too large")]))
    able = Capabilities(
        backend="toy",
        operators={**FULL, TypeKind.TEXT: FULL[TypeKind.TEXT] - {"like"}},
        notes={"like": "no patterns"},
    )
    rows = {(row.kind, row.operator): row for row in support(able, results["toy"])}
    assert rows[TypeKind.INTEGER, "gt"][2:] == ("passes", 1, ["too large"])
    assert rows[TypeKind.TEXT, "like"][2:] == ("gap", 0, ["no patterns"])
    assert rows[TypeKind.TEXT, "eq"].status == "untested"


SUITE = """
import pytest
from queryengine.testing import ConformanceSuite
from tests.conformance.reference import Reference

pytestmark = pytest.mark.processes

class TestReference(ConformanceSuite):
    name = "reference"
    datasets = 1
    faults = {faults!r}

    @pytest.fixture(scope="class")
    @classmethod
    def reference(cls):
        return Reference(answer=lambda ast, rows: {answer})

    @pytest.fixture(scope="class")
    @classmethod
    def engines(cls, reference):
        return reference.adapter().engines

    @pytest.fixture(scope="class")
    @classmethod
    def load(cls, reference):
        return reference.load

    @pytest.fixture(scope="class")
    @classmethod
    def run(cls, reference):
        return reference.run
"""


def run_suite(folder: Path, *options: str, faults: Mapping[str, str], answer: str) -> tuple[int, str]:
    """Run a suite in a process of its own."""
    source = "from queryengine.memory import evaluate\n" + SUITE.format(faults=faults, answer=answer)
    (folder / "test_reference.py").write_text(source)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "queryengine.testing.plugin",
    ]
    command += [*options, "test_reference.py"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    run = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    return run.returncode, run.stdout


def test_the_suite_reports_across_processes_what_it_found(tmp_path: Path) -> None:
    options = ["-n", "2", "-k", "groups or models or why or Bag", "--conformance-json", "found.json"]
    code, output = run_suite(tmp_path, *options, faults={}, answer="evaluate(ast, rows)")
    assert code == 0, output
    found = read_results(tmp_path / "found.json")["reference"]
    assert found.passed == 15
    assert found.filters > 60
    assert f"conformance of reference: 15 cases passed, {found.filters} random filters" in output


def test_a_fault_of_a_database_is_named_and_has_to_show(tmp_path: Path) -> None:
    wrong = "evaluate(ast, rows)[::-1]"
    faults = {"clauses 1": "it turns rows round"}
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults=faults, answer=wrong)
    assert (code, "1 xfailed" in output) == (0, True), output
    assert "conformance of reference: 1 failed by faults of the database" in output
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults=faults, answer="evaluate(ast, rows)")
    assert (code, "XPASS(strict)" in output) == (1, True), output
    code, output = run_suite(tmp_path, "-k", "clauses-1", faults={"no case": "a slip"}, answer=wrong)
    assert (code, "faults of cases that are not known: ['no case']" in output) == (2, True), output


def test_a_suite_says_what_its_author_has_to_give(tmp_path: Path) -> None:
    (tmp_path / "test_empty.py").write_text(
        "from queryengine.testing import ConformanceSuite\n\nclass TestEmpty(ConformanceSuite):\n    pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-k", "why", "test_empty.py"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "NotImplementedError: TestEmpty has to give its engines" in run.stdout
