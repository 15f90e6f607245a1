"""What the log hears: refused filters by code and place, settings that are missing; no words of a caller."""

from __future__ import annotations

import logging
import warnings
from typing import Final

from queryengine.errors import FilterError

__all__ = ["log_refusal", "warn"]

FILTER: Final = frozenset(
    {"where", "order", "fields", "include", "limit", "offset", "skip", "after", "before"}
)
AGGREGATE: Final = frozenset({"groupBy", "having", "count", "countDistinct", "sum", "avg", "min", "max"})
CLAUSES: Final = FILTER | AGGREGATE


def log_refusal(error: FilterError) -> None:
    """Log a refusal to `queryengine`, at the level INFO, with `event`, `code`, `clause` and `span`.

    The names in a path are what the caller wrote: of a path the clause alone is told.
    """
    clause = error.path[0] if error.path and error.path[0] in CLAUSES else None
    fields = {
        "event": "filter_refused",
        "code": error.code.value,
        "clause": clause,
        "span": error.span and tuple(error.span),
    }
    logging.getLogger("queryengine").info("filter refused: %s", error.code.value, extra=fields)


def warn(event: str, message: str) -> None:
    """Warn of what a setting leaves open, as a Python warning and in the log `queryengine`, with `event`.

    The warning is for who writes the service, the record for who runs it: a server shows no warnings.
    """
    logging.getLogger("queryengine").warning(message, extra={"event": event})
    warnings.warn(message, stacklevel=3)
