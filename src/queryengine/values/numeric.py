"""Numbers: from the text of a JSON number to exact values, and the bounds of the numeric types."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Final

from queryengine.schema import DecimalType, FloatType, IntegerType
from queryengine.values.problem import ValueProblem, expectation, mismatch, out_of_range

__all__ = [
    "decimal_parser",
    "exact_number",
    "float_of_integer",
    "float_parser",
    "integer_parser",
    "is_number",
    "within_decimal",
    "within_float",
    "within_integer",
]

LONGEST: Final = 400
"""characters of a number's text; more would be work without meaning for any type"""
LARGEST_EXPONENT: Final = 400
DECIMAL_EXPONENT: Final = 300
"""decimals lie between 1e-300 and 1e301, which every back-end's numeric type can express"""
EXACT_FLOAT: Final = 2**53
"""up to here a double holds every integer"""


def is_number(text: str) -> bool:
    """Tell whether the text is a number as JSON writes it."""
    return _number().fullmatch(text) is not None


def exact_number(text: str, expected: str) -> Decimal:
    """Return the exact value of a JSON number; its length and exponent are bounded before any arithmetic.

    >>> exact_number("1.50e1", "a number")
    Decimal('15.0')
    """
    match = _number().fullmatch(text)
    if match is None:
        raise mismatch(expected)
    exponent: str | None = match[2]
    if len(text) > LONGEST or (exponent and (len(exponent) > 4 or abs(int(exponent)) > LARGEST_EXPONENT)):
        raise out_of_range(expected)
    return Decimal(text)


def integer_parser(type_: IntegerType) -> Callable[[str], int]:
    """Return the function from a JSON number that is integral by value (5, 5.0, 5e0) to an integer."""
    minimum, maximum, expected = type_.minimum, type_.maximum, expectation(type_)

    def parse(text: str) -> int:
        # Most integers are short, positive and plain: no regular expression for them.
        short = len(text) < 19 and text.isdecimal() and text.isascii() and text[0] > "0"
        if short or _plain_integer().fullmatch(text):
            value = int(text)
        else:
            value = _integral(exact_number(text, expected), expected)
        if minimum <= value <= maximum:
            return value
        raise _outside(type_)

    return parse


def _integral(number: Decimal, expected: str) -> int:
    numerator, denominator = number.as_integer_ratio()
    if denominator != 1:
        raise mismatch(expected)
    return numerator


def within_integer(type_: IntegerType, value: int) -> int:
    """Return the integer, if the field can hold it."""
    if type_.minimum <= value <= type_.maximum:
        return value
    raise _outside(type_)


def _outside(type_: IntegerType) -> ValueProblem:
    return out_of_range(f"an integer from {type_.minimum} to {type_.maximum}")


def float_parser(type_: FloatType) -> Callable[[str], float]:
    """Return the function from a JSON number to the nearest double.

    A decimal fraction is rounded to the nearest double, as everywhere; an integer must be held exactly,
    because a double next to it would be another integer.
    """
    expected = expectation(type_)

    def parse(text: str) -> float:
        match = _number().fullmatch(text)
        if match is None:
            raise mismatch(expected)
        if len(text) > LONGEST:
            raise out_of_range(expected)
        if match.lastindex is None:
            return within_float(type_, float_of_integer(int(text)))
        value = float(text)
        if value == 0 and any(digit in "123456789" for digit in re.split("[eE]", text)[0]):
            raise out_of_range("a number that a double can hold")
        return within_float(type_, value)

    return parse


def float_of_integer(value: int) -> float:
    """Return the double of an integer, if there is one."""
    if -EXACT_FLOAT <= value <= EXACT_FLOAT:
        return float(value)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if number != value:
        raise out_of_range("an integer that a double can hold")
    return number


def within_float(type_: FloatType, value: float) -> float:
    """Return the number, if it is finite and the field can hold it. Negative zero becomes zero."""
    if not math.isfinite(value):
        raise out_of_range("a finite number")
    low, high = type_.minimum, type_.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise out_of_range(_bounds(low, high))
    if type_.digits is not None and value and _digits(Decimal(repr(value))) > type_.digits:
        raise out_of_range(f"a number of at most {type_.digits} digits")
    return value + 0.0


def decimal_parser(type_: DecimalType) -> Callable[[str], Decimal]:
    """Return the function from a JSON number to the exact decimal."""
    expected = expectation(type_)
    return lambda text: within_decimal(type_, exact_number(text, expected))


def within_decimal(type_: DecimalType, value: Decimal) -> Decimal:
    """Return the decimal, if it is finite and the field can hold all of its digits."""
    if not value.is_finite():
        raise out_of_range("a finite number")
    if not value:
        return Decimal(0)
    if not -DECIMAL_EXPONENT <= value.adjusted() <= DECIMAL_EXPONENT or _digits(value) > type_.digits:
        raise out_of_range(f"a decimal number of at most {type_.digits} digits")
    low, high = type_.minimum, type_.maximum
    if (low is not None and value < low) or (high is not None and value > high):
        raise out_of_range(_bounds(low, high))
    return value


def _digits(value: Decimal) -> int:
    """Count the digits from the first to the last that is not zero: 5 in 1200.50."""
    digits = value.as_tuple().digits
    count = len(digits)
    while digits[count - 1] == 0:
        count -= 1
    return count


def _bounds(low: float | Decimal | None, high: float | Decimal | None) -> str:
    parts = [f"at least {low}"] if low is not None else []
    if high is not None:
        parts.append(f"at most {high}")
    return "a number of " + " and ".join(parts)


@cache
def _number() -> re.Pattern[str]:
    return re.compile(r"-?(?:0|[1-9][0-9]*+)(\.[0-9]++)?(?:[eE]([+-]?[0-9]++))?")


@cache
def _plain_integer() -> re.Pattern[str]:
    return re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
