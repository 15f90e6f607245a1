"""What the service's log hears of refused filters: codes and places, never a value or a name of a caller."""

from __future__ import annotations

import logging
from typing import Final

from queryengine.errors import FilterError

__all__ = ["log_refusal"]

CLAUSES: Final = frozenset(
    {"where", "order", "fields", "include", "limit", "offset", "skip", "after", "before"}
)


def log_refusal(error: FilterError) -> None:
    """Log a refusal to the logger `queryengine`, at the level INFO, with `code`, `clause` and `span`.

    The names in a path are what the caller wrote: of a path the clause alone is told.
    """
    clause = error.path[0] if error.path and error.path[0] in CLAUSES else None
    fields = {"code": error.code.value, "clause": clause, "span": error.span and tuple(error.span)}
    logging.getLogger("queryengine").info("filter refused: %s", error.code.value, extra=fields)
