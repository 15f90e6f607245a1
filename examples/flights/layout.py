"""Lays out SQL statements for reading. Knows the words of SQL; nothing of who made a statement."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["lay_out"]

TOKENS = re.compile(r"[()]|\b(?:FROM|LEFT OUTER JOIN|JOIN|WHERE|ORDER BY|LIMIT|AND)\b")
INDENTED = frozenset({"LEFT OUTER JOIN", "JOIN", "AND"})


def lay_out(sql: str, *, most_columns: int | None = None) -> str:
    """Return the statement with each clause of its outermost query on lines of its own.

    With `most_columns`, a longer list of selected columns is cut down, and the rest counted.

    >>> print(lay_out("SELECT a, b, c FROM t WHERE a = ? AND b IN (SELECT b FROM u)", most_columns=1))
    SELECT a, /* and 2 more */
    FROM t
    WHERE a = ?
      AND b IN (SELECT b FROM u)
    """
    head, *clauses = _clauses(" ".join(sql.split()))
    if most_columns is not None:
        columns = re.split(r", ?", head)
        if len(columns) > most_columns:
            head = ", ".join(columns[:most_columns]) + f", /* and {len(columns) - most_columns} more */"
    return "\n".join([head, *clauses])


def _clauses(sql: str) -> Iterator[str]:
    """Cut before each word of the outermost query that begins a clause, or a further condition of WHERE."""
    depth, start, clause, indent = 0, 0, "SELECT", ""
    for token in TOKENS.finditer(sql):
        word = token[0]
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth or word in "()":
            continue
        if word == "AND" and clause not in {"WHERE", "AND"}:
            continue
        yield indent + sql[start : token.start()].rstrip()
        start, clause, indent = token.start(), word, "  " if word in INDENTED else ""
    yield indent + sql[start:]
