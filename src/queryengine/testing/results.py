"""What a run of the kit found, back-end by back-end: counts for people, a file and rows for documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from queryengine.engine import FULL, Capabilities
from queryengine.operators import OPERATORS, SORTABLE
from queryengine.schema import TypeKind
from queryengine.testing.conformance import Outcome
from queryengine.testing.needs import ORDER

__all__ = [
    "PROPERTY",
    "Facts",
    "Found",
    "Report",
    "Results",
    "Support",
    "read_results",
    "report_aggregate",
    "report_case",
    "report_fault",
    "report_filters",
    "support",
]

PROPERTY: Final = "queryengine.conformance"
"""the name of the property under which tests report what they found"""

Report: TypeAlias = Callable[[str, object], None]
"""pytest's `record_property`."""

Facts: TypeAlias = Mapping[str, Any]  # Any: texts, numbers, lists and mappings of them, as JSON has them


# -- what tests report


def report_case(report: Report, backend: str, outcome: Outcome) -> None:
    """Report that a case passed, or met declared gaps."""
    gaps = [("" if need is None else str(need), reason) for need, reason in outcome.gaps]
    report(
        PROPERTY, {"backend": backend, "needs": sorted({str(need) for need in outcome.needs}), "gaps": gaps}
    )


def report_fault(report: Report, backend: str) -> None:
    """Report that a case fails by a fault of the database."""
    report(PROPERTY, {"backend": backend, "faults": 1})


def report_filters(report: Report, backend: str, compared: int) -> None:
    """Report how many random filters were compared with the reference evaluator."""
    report(PROPERTY, {"backend": backend, "filters": compared})


def report_aggregate(report: Report, backend: str, reasons: Sequence[str]) -> None:
    """Report that a case of aggregates passed, or met declared gaps."""
    report(PROPERTY, {"backend": backend, "aggregate_gaps" if reasons else "aggregates": 1})


# -- what becomes of it


@dataclass
class Found:
    """What was found of one back-end. `needs` counts the cases that passed by label, such as `integer:gt`."""

    passed: int = 0
    gaps: int = 0
    faults: int = 0
    filters: int = 0
    aggregates: int = 0
    aggregate_gaps: int = 0
    needs: dict[str, int] = field(default_factory=dict[str, int])
    reasons: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """why cases met gaps, by the label of what they needed"""

    def add(self, facts: Facts) -> None:
        """Count what one test reported."""
        for name in ("filters", "faults", "aggregates", "aggregate_gaps"):
            setattr(self, name, getattr(self, name) + facts.get(name, 0))
        if "needs" not in facts:
            return
        for label, reason in facts["gaps"]:
            known = self.reasons.setdefault(label, [])
            if reason not in known:
                known.append(reason)
        if facts["gaps"]:
            self.gaps += 1
        else:
            self.passed += 1
            for label in facts["needs"]:
                self.needs[label] = self.needs.get(label, 0) + 1

    def __str__(self) -> str:
        parts = {
            "cases passed": self.passed,
            "met declared gaps": self.gaps,
            "failed by faults of the database": self.faults,
            "cases of aggregates passed": self.aggregates,
            "cases of aggregates met declared gaps": self.aggregate_gaps,
            "random filters": self.filters,
        }
        return ", ".join(f"{number:,} {what}" for what, number in parts.items() if number)


class Results(dict[str, Found]):
    """What was found of each back-end, by its name."""

    def add(self, facts: Facts) -> None:
        """Count what one test reported."""
        self.setdefault(facts["backend"], Found()).add(facts)

    def lines(self) -> Iterator[str]:
        """Yield a line for each back-end."""
        for backend, found in sorted(self.items()):
            yield f"conformance of {backend}: {found}"

    def write(self, path: Path) -> None:
        """Write a JSON file, with the folder that it stands in."""
        document = {backend: vars(found) for backend, found in sorted(self.items())}
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True), encoding="utf-8")


def read_results(path: Path) -> Results:
    """Read what `Results.write` wrote."""
    document: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))  # Any: see Facts
    return Results({backend: Found(**facts) for backend, facts in document.items()})


# -- for documents


class Support(NamedTuple):
    """What a back-end does with one operator on one kind of field.

    `passes`: so many cases show it; `reasons` then say what of it is left out (a value, a single field).
    `gap`: for these reasons it does not do it. `untested`: nothing was found.
    """

    kind: TypeKind
    operator: str
    status: Literal["passes", "gap", "untested"]
    cases: int
    reasons: Sequence[str]


def support(capabilities: Capabilities, found: Found) -> Iterator[Support]:
    """Yield a row for each operator on each kind of field, `order` among them, by declarations and results.

    >>> toy = Capabilities(backend="toy", sortable=frozenset())
    >>> rows = list(support(toy, Found(needs={"integer:gt": 7})))
    >>> [(row.operator, row.cases) for row in rows if row.status == "passes"]
    [('gt', 7)]
    >>> {row.operator for row in rows if row.status == "gap"}
    {'order'}
    """
    words = [operator.name for operator in OPERATORS]
    for kind in TypeKind:
        for word in (word for word in words if word in FULL[kind]):
            yield _support(kind, word, found, capabilities.can(word, kind), capabilities.note(word, kind))
        if kind in SORTABLE:
            note = capabilities.note(f"{kind}:{ORDER}")
            yield _support(kind, ORDER, found, kind in capabilities.sortable, note)


def _support(kind: TypeKind, word: str, found: Found, declared: bool, note: str | None) -> Support:
    label = f"{kind}:{word}"
    cases, reasons = found.needs.get(label, 0), found.reasons.get(label, [])
    if not declared:
        return Support(kind, word, "gap", 0, [note] if note else reasons)
    return Support(kind, word, "passes" if cases else "gap" if reasons else "untested", cases, reasons)
