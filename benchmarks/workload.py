"""The questions that every side is asked, free of any side's language. Knows nothing else.

A known shape is asked with other values at every call, so that no cache of whole texts could answer it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["Condition", "Operator", "Question", "five", "five_shared", "many", "new_shapes"]

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "nin", "startsWith"]
Scalar = int | str

NUMBERS: Final = ("month", "day", "dep_delay", "distance")
TEXTS: Final = ("origin", "dest", "carrier_code")
NUMBER_OPERATORS: Final[tuple[Operator, ...]] = ("eq", "ne", "gt", "gte", "lt", "lte")
TEXT_OPERATORS: Final[tuple[Operator, ...]] = ("eq", "ne", "in", "nin")
ORIGINS: Final = (("JFK", "LGA"), ("EWR",), ("JFK", "EWR"), ("JFK", "LGA", "EWR"))
PREFIXES: Final = ("S", "SF", "B", "M", "SEA")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison; the value of `in` and `nin` is a tuple."""

    field: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Conditions that must all hold; the answer is ordered by `dep_delay`, largest first, cut at `limit`."""

    conditions: tuple[Condition, ...]
    limit: int


def five(number: int) -> Question:
    """Return the five predicates that all SQL sides have, with the values of this number."""
    return Question((*_four(number), Condition("dest", "startsWith", PREFIXES[number % 5])), 20 + number % 20)


def five_shared(number: int) -> Question:
    """Return five predicates that fastapi-qengine has too, which knows no `startsWith`."""
    return Question((*_four(number), Condition("dest", "ne", PREFIXES[number % 5])), 20 + number % 20)


def many(count: int, number: int) -> Question:
    """Return `count` conditions, by turns of five kinds; all with the values of this number."""
    kinds = five_shared(number).conditions
    return Question(tuple(kinds[place % 5] for place in range(count)), 20 + number % 20)


def new_shapes() -> Iterator[Question]:
    """Yield questions of five predicates, no two of one shape, for ever (there are 36^5)."""
    kinds: list[tuple[str, Operator]] = [
        *((field, operator) for field in NUMBERS for operator in NUMBER_OPERATORS),
        *((field, operator) for field in TEXTS for operator in TEXT_OPERATORS),
    ]
    total = len(kinds) ** 5
    step = 7_368_787  # prime to the total: every shape comes once before any comes again
    number = 0
    while True:
        yield Question(tuple(_condition(*kinds[digit]) for digit in _digits(number, len(kinds))), 20)
        number = (number + step) % total


def _four(number: int) -> tuple[Condition, ...]:
    return (
        Condition("dep_delay", "gt", number % 90),
        Condition("origin", "in", ORIGINS[number % 4]),
        Condition("distance", "lte", 1_000 + number % 1_000),
        Condition("month", "eq", number % 12 + 1),
    )


def _condition(field: str, operator: Operator) -> Condition:
    if operator in {"in", "nin"}:
        return Condition(field, operator, ("JFK", "UA"))
    return Condition(field, operator, 6 if field in NUMBERS else "JFK")


def _digits(number: int, base: int) -> Iterator[int]:
    for _ in range(5):
        number, digit = divmod(number, base)
        yield digit
