"""Whether a comparison holds of a value: the rules of the contract that are about values, as functions."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, cast

from queryengine.ast import JSONDocument, Op, Slot, Value
from queryengine.errors import ConfigurationError
from queryengine.regex import search
from queryengine.text import fold, like_matches
from queryengine.values import json_document

__all__ = ["holds", "less", "template_has_no_values"]


def holds(op: Op, value: object, operand: Value) -> bool:
    """Tell whether one comparison holds. Rule 2: of a null, only `isNull` does."""
    if isinstance(operand, Slot):
        raise template_has_no_values()
    if op is Op.IS_NULL or value is None:
        return op is Op.IS_NULL and value is None
    match op:
        case Op.EQ:
            return _equal(value, operand)
        case Op.IN:
            return _among(value, operand)
        case Op.GT | Op.GTE | Op.LT | Op.LTE:
            return _ordered(op, value, operand)
        case Op.HAS | Op.HAS_ANY | Op.HAS_ALL | Op.SIZE | Op.IS_EMPTY:
            return _array(op, _elements(value), operand)
        case _:
            return _text(op, cast("str", value), cast("str", operand))


def _equal(value: object, operand: object) -> bool:
    """Rules 5 and 10: text by code point, numbers by value, booleans only with booleans, JSON by value."""
    match operand:
        case JSONDocument():
            return json_document(value) == operand
        case tuple():
            items, others = _elements(value), _elements(cast("object", operand))
            return len(items) == len(others) and all(map(_equal, items, others))
        case enum.Enum() if not isinstance(value, enum.Enum):
            return _equal(value, operand.value)
        case _:
            return isinstance(value, bool) is isinstance(operand, bool) and value == operand


def _among(value: object, operand: object) -> bool:
    """Rule 4: nothing is `in` an empty list."""
    return any(_equal(value, item) for item in _elements(operand))


def _ordered(op: Op, value: object, operand: object) -> bool:
    """Rules 5 and 10: text by code point, numbers by value, instants as instants; Python's own order."""
    match op:
        case Op.GT:
            return less(operand, value)
        case Op.GTE:
            return not less(value, operand)
        case Op.LT:
            return less(value, operand)
        case _:
            return not less(operand, value)


def less(left: object, right: object) -> bool:
    """Tell whether a value comes before another, in Python's own order of their type.

    Raises ConfigurationError for values that have no order: then a row holds what its field does not.
    """
    try:
        is_less: bool = cast("Any", left) < right  # Any: each type compares with its own kind
    except TypeError:
        kinds = f"{type(left).__name__} and {type(right).__name__}"
        message = f"a row holds a value that is not of its field's type: {kinds} have no order"
        raise ConfigurationError(message) from None
    return is_less


def _text(op: Op, value: str, operand: str) -> bool:
    """Rules 5, 6 and 7: the `i` operators fold A-Z; only `like` and `regex` have characters of a meaning."""
    match op:
        case Op.LIKE:
            return like_matches(operand, value)
        case Op.ILIKE:
            return like_matches(fold(operand), fold(value))
        case Op.CONTAINS:
            return operand in value
        case Op.ICONTAINS:
            return fold(operand) in fold(value)
        case Op.STARTS_WITH:
            return value.startswith(operand)
        case Op.ISTARTS_WITH:
            return fold(value).startswith(fold(operand))
        case Op.ENDS_WITH:
            return value.endswith(operand)
        case Op.IENDS_WITH:
            return fold(value).endswith(fold(operand))
        case Op.REGEX:
            return search(operand, value)
        case _:
            raise TypeError(f"{op} is no operator of text")


def _array(op: Op, items: Sequence[object], operand: object) -> bool:
    """Arrays: their elements are equal as values of their own are."""
    match op:
        case Op.HAS:
            return any(_equal(item, operand) for item in items)
        case Op.HAS_ANY:
            return any(_array(Op.HAS, items, wanted) for wanted in _elements(operand))
        case Op.HAS_ALL:
            return all(_array(Op.HAS, items, wanted) for wanted in _elements(operand))
        case Op.SIZE:
            return len(items) == operand
        case _:
            return not items


def _elements(value: object) -> Sequence[object]:
    return cast("Sequence[object]", value)


def template_has_no_values() -> TypeError:
    """Make the error of who evaluates a template in place of the filter that was made of it."""
    return TypeError("the template of a shape has no values; evaluate the filter that was made of it")
