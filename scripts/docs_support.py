"""The tables of what each back-end does, from what the conformance kit found of it.

docs/conformance.json is what `make conformance` found. Given the file of another run,

    python scripts/docs_support.py build/conformance.json

tells whether that found the same; `make test` ends with it, so that the page cannot grow old.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from queryengine.engine import FULL
from queryengine.operators import OPERATORS
from queryengine.schema import TypeKind
from queryengine.testing.needs import ORDER
from queryengine.testing.results import Found, Results, read_results

__all__ = ["FOUND", "support"]

FOUND = Path(__file__).resolve().parents[1] / "docs" / "conformance.json"
FEATURES = {
    "include": "`include`",
    "include_window": "`order` and `limit` in an `include`",
    "include_missing": "a condition in an `include` on a related row that is required",
    "projection": "`fields`",
    "order_by_relation": "`order` by a path",
    "order_by_missing": "`order` by a path whose related row may be missing",
    "nulls_order": "`NULLS FIRST`, `NULLS LAST`",
}
OUTSIDE = re.compile(r"^\S+ does not hold .*")
NO_REASON = "no reason is given"
DOMAIN = "some values are outside of what it holds exactly"


def support() -> str:
    """Return a table for each kind of field, one for the features, and the reasons of all gaps."""
    results = read_results(FOUND)
    reasons = Reasons()
    parts = [_counts(results)]
    for kind in TypeKind:
        words = [operator.name for operator in OPERATORS if operator.name in FULL[kind]]
        rows = [(f"{kind}:{word}", f"`{word}`") for word in [*words, ORDER]]
        parts.append(f"### {kind}\n\n" + _table("Operator", rows, results, reasons))
    parts.append("### features\n\n" + _table("Feature", list(FEATURES.items()), results, reasons))
    parts.append("### reasons\n\n" + "\n".join(reasons.lines()))
    return "\n\n".join(parts)


class Reasons(dict[str, int]):
    """The reasons of gaps, numbered as they come."""

    def of(self, found: Found, label: str) -> str:
        """Return the numbers of the reasons for a label."""
        words = {OUTSIDE.sub(DOMAIN, reason) for reason in _told(found, label)}
        return ", ".join(f"[{self.setdefault(word, len(self) + 1)}](#reasons)" for word in sorted(words))

    def lines(self) -> Iterator[str]:
        """Yield a numbered line for each reason."""
        return (f"{number}. {reason}" for reason, number in self.items())


def _told(found: Found, label: str) -> list[str]:
    return [reason for reason in found.reasons.get(label, []) if reason != NO_REASON]


def _counts(results: Results) -> str:
    rows = [
        f"| {name} | {found.passed:,} | {found.gaps:,} | {found.faults:,} "
        f"| {found.aggregates:,} | {found.aggregate_gaps:,} |"
        for name, found in results.items()
    ]
    head = (
        "| Back-end | Cases that pass | that meet declared gaps | that fail by a fault of the database "
        "| Cases of aggregates that pass | that meet declared gaps |"
    )
    return "\n".join([head, "| --- | --: | --: | --: | --: | --: |", *rows])


def _table(head: str, rows: Sequence[tuple[str, str]], results: Results, reasons: Reasons) -> str:
    lines = [f"| {head} | {' | '.join(results)} |", f"| --- |{' --- |' * len(results)}"]
    for label, text in rows:
        cells = [_cell(found, label, reasons) for found in results.values()]
        if any(cells):
            lines.append(f"| {text} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(found: Found, label: str, reasons: Reasons) -> str:
    """`yes` where cases pass, with the reasons why others do not; the reasons alone for a gap."""
    told = reasons.of(found, label)
    if found.needs.get(label):
        return f"yes {told}".strip()
    return f"no {told}" if told else ""


def main(path: Path) -> int:
    """Say which back-ends the run found otherwise than the page has them; return the status to exit with."""
    known, found = read_results(FOUND), read_results(path)
    other = [name for name in known if _facts(known, name) != _facts(found, name)]
    for name in other:
        print(f"{name}: docs/conformance.json is not what the kit found; `make conformance` writes it anew")
    return min(len(other), 1)


def _facts(results: Results, name: str) -> object:
    """What does not change from run to run: all but the number of random filters."""
    found = results.get(name, Found())
    reasons = {label: sorted(told) for label, told in found.reasons.items()}
    counts = found.passed, found.gaps, found.faults, found.aggregates, found.aggregate_gaps
    return counts, found.needs, reasons


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
