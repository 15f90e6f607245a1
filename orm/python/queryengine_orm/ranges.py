"""PostgreSQL's ranges, which Python has no type for. Knows no driver."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Generic, TypeVar

__all__ = ["Range"]

T = TypeVar("T")


@dataclass(frozen=True)  # without slots, by which Range[int](...) would raise on Python 3.11
class Range(Generic[T]):
    """A range of numbers, dates or date-times; a bound of None is none. An empty range has no bounds at all.

    PostgreSQL writes ranges of integers and dates with the lower bound in and the upper one out.

    >>> print(Range(1, 5), Range(None, 5, upper_inclusive=True), Range(empty=True))
    [1, 5) (, 5] empty
    """

    lower: T | None = None
    upper: T | None = None
    _: KW_ONLY
    lower_inclusive: bool = True
    upper_inclusive: bool = False
    empty: bool = False

    def __post_init__(self) -> None:
        # What says nothing is the same in each: two ranges are equal where PostgreSQL takes them for equal.
        if self.empty:
            object.__setattr__(self, "lower", None)
            object.__setattr__(self, "upper", None)
        if self.lower is None:
            object.__setattr__(self, "lower_inclusive", False)
        if self.upper is None:
            object.__setattr__(self, "upper_inclusive", False)

    def __str__(self) -> str:
        if self.empty:
            return "empty"
        lower = "" if self.lower is None else self.lower
        upper = "" if self.upper is None else self.upper
        return f"{'[' if self.lower_inclusive else '('}{lower}, {upper}{']' if self.upper_inclusive else ')'}"
