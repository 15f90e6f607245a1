"""Tells whether an answer is what a step expects. Knows the steps and SQLite; not how the answer was made."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, TypeAlias, assert_never

from examples.flights.steps import Refused, Rows

__all__ = ["JSON", "Answer", "problem"]

JSON: TypeAlias = Any  # what json.loads returns


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: its status and its body."""

    status: int
    body: JSON


def problem(answer: Answer, expected: Rows | Refused, database: sqlite3.Connection) -> str | None:
    """Return what is wrong with an answer, or None.

    >>> from contextlib import closing
    >>> expected = Rows("SELECT 1 AS id", ("id",))
    >>> with closing(sqlite3.connect(":memory:")) as database:
    ...     problem(Answer(200, [{"id": 1}]), expected, database) is None
    ...     problem(Answer(200, [{"id": 2}]), expected, database)
    True
    "row 1 is {'id': 2}, not {'id': 1}"
    """
    match expected:
        case Rows():
            return _rows_problem(answer, expected, database)
        case Refused():
            return _refusal_problem(answer, expected)
        case _:
            assert_never(expected)


def _rows_problem(answer: Answer, expected: Rows, database: sqlite3.Connection) -> str | None:
    if answer.status != 200:
        return f"status {answer.status}, not 200"
    cursor = database.execute(expected.sql)
    names = [column[0] for column in cursor.description]
    wanted = [dict(zip(names, row, strict=True)) for row in cursor]
    if not wanted:
        return "the hand-written SQL finds nothing, which proves nothing"
    if len(answer.body) != len(wanted):
        return f"{len(answer.body)} rows, not {len(wanted)}"
    for number, (row, right) in enumerate(zip(answer.body, wanted, strict=True), start=1):
        compared = row if expected.only else {name: row.get(name) for name in names}
        if compared != right:
            return f"row {number} is {compared}, not {right}"
    return None


def _refusal_problem(answer: Answer, expected: Refused) -> str | None:
    if answer.status != 422:
        return f"status {answer.status}, not 422"
    error = answer.body["detail"][0]
    found = {"type": error["type"], "loc": error["loc"]}
    wanted: dict[str, object] = {"type": expected.type, "loc": list(expected.loc)}
    found |= {name: error["ctx"].get(name) for name in expected.context}
    wanted |= expected.context
    return None if found == wanted else f"the error is {found}, not {wanted}"
