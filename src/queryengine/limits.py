"""The bounds on a filter, each checked before the work that it bounds. Knows settings."""

from __future__ import annotations

from dataclasses import dataclass, fields

from queryengine.errors import ConfigurationError
from queryengine.settings import check_number

__all__ = ["Limits"]

MAY_BE_ZERO = frozenset({"max_include_depth", "max_relation_depth", "max_relation_steps", "max_offset"})
"""limits of which zero says that there is none of it; a filter cannot do without the others"""

MAY_BE_NONE = frozenset({"max_related"})
"""limits of which None says that nothing is bounded"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How large a filter may be. A breach is the error `limit_exceeded`, which names the limit.

    Raises ConfigurationError for a limit that is no whole number or too small, and for a default of rows
    that is above their maximum.

    >>> Limits(max_conditions=8).max_conditions
    8
    """

    max_url_bytes: int = 8_192
    """the raw query string, in bytes"""
    max_body_bytes: int = 65_536
    """a body, read as a stream, in bytes"""
    max_depth: int = 16
    """nesting of objects and lists"""
    max_conditions: int = 64
    """comparisons and quantifiers"""
    max_list_length: int = 500
    """values in one list"""
    max_string_length: int = 1_024
    """characters in one text value"""
    max_order_keys: int = 8
    """keys of one order"""
    max_include_depth: int = 2
    """relations included inside of one another"""
    max_path_length: int = 8
    """parts of one dotted path"""
    max_relation_depth: int = 6
    """relations on the way from the root to one value, over paths, nested objects and quantifiers"""
    max_relation_steps: int = 64
    """relations on all ways of a filter together"""
    default_limit: int = 100
    """rows, where the filter names no limit"""
    max_limit: int = 1_000
    """rows that a filter may ask for; not below `default_limit`: lower both"""
    max_related: int | None = None
    """rows of a relation to load with each row; where it is set, an include of many needs a `limit`"""
    max_offset: int = 1_000_000
    """rows that a filter may skip"""

    def __post_init__(self) -> None:
        for limit in fields(self):
            if limit.name in MAY_BE_NONE and getattr(self, limit.name) is None:
                continue
            least = 0 if limit.name in MAY_BE_ZERO else 1
            check_number(f"Limits.{limit.name}", getattr(self, limit.name), least)
        if self.default_limit > self.max_limit:
            raise ConfigurationError(
                f"Limits.default_limit={self.default_limit} is more than Limits.max_limit={self.max_limit}"
            )
