"""How SQLite and PostgreSQL are asked for the plan of a statement, and what they answer. Knows no driver."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias, cast
from urllib.parse import unquote

from pydantic import JsonValue

from queryengine.errors import ConfigurationError
from queryengine.explain import without_values

__all__ = ["EXPLAIN", "SQLDatabase", "check_file", "read_plan"]

SQLDatabase: TypeAlias = Literal["sqlite", "postgresql"]

EXPLAIN: Final[Mapping[SQLDatabase, str]] = MappingProxyType(
    {"sqlite": "EXPLAIN QUERY PLAN", "postgresql": "EXPLAIN (FORMAT JSON)"}
)
"""what stands before a statement that is not to be run"""

TEXTS: Final = frozenset(
    {
        *("Node Type", "Parent Relationship", "Subplan Name", "CTE Name", "Join Type", "Strategy"),
        *("Partial Mode", "Scan Direction", "Index Name", "Relation Name", "Schema", "Alias", "Command"),
    }
)
"""the texts in PostgreSQL's plans that name things; all others can hold a condition with its values"""


def read_plan(database: SQLDatabase, rows: Sequence[Sequence[object]], *, values: bool) -> JsonValue:
    """Return the rows of an EXPLAIN as data; without `values` the texts that can hold one are left out.

    >>> read_plan("sqlite", [(2, 0, 0, "SCAN books"), (9, 0, 0, "USE TEMP B-TREE")], values=False)
    [{'detail': 'SCAN books'}, {'detail': 'USE TEMP B-TREE'}]
    """
    if database == "sqlite":
        return _steps(rows, 0)
    plan = rows[0][0]  # which one driver gives as text and another one as an object
    found = cast("JsonValue", json.loads(plan) if isinstance(plan, str) else plan)
    return found if values else without_values(found, TEXTS)


def check_file(path: str | None) -> None:
    """Raise ConfigurationError where SQLite has no such file, or URI of one: to open it would make it.

    >>> check_file(":memory:")
    >>> check_file("nothere.db")
    Traceback (most recent call last):
    queryengine.errors.ConfigurationError: the database cannot be asked: there is no file 'nothere.db'
    """
    if not path or "mode=memory" in path:
        return
    file = unquote(path.removeprefix("file:").partition("?")[0]) if path.startswith("file:") else path
    if file not in ("", ":memory:") and not Path(file).is_file():
        raise ConfigurationError(f"the database cannot be asked: there is no file {file!r}")


def _steps(rows: Sequence[Sequence[object]], parent: int) -> list[JsonValue]:
    """Make a tree of SQLite's steps (id, parent, unused, detail). They name columns, and no values."""
    steps: list[JsonValue] = []
    for row in rows:
        number, above, _, detail = cast("tuple[int, int, int, str]", row)
        if above == parent:
            step: dict[str, JsonValue] = {"detail": detail}
            within = _steps(rows, number)
            steps.append({**step, "steps": within} if within else step)
    return steps
