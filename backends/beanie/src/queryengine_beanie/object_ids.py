"""ObjectIds as the text of their 24 hexadecimal digits, whose order is theirs. Knows BSON; no schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from bson import ObjectId

from queryengine.ast import Op

__all__ = ["bounded_by", "object_id_of"]

DIGITS: Final = "0123456789abcdef"
LENGTH: Final = 24

_digits = re.compile(rf"[{DIGITS}]{{{LENGTH}}}").fullmatch


def object_id_of(text: str) -> ObjectId | str:
    """Return the ObjectId that is written as `text`. Other text is left, which is equal to no ObjectId.

    >>> object_id_of("5f0c1e2d3c4b5a6978695a4b")
    ObjectId('5f0c1e2d3c4b5a6978695a4b')
    >>> object_id_of("5F")
    '5F'
    """
    return ObjectId(text) if _digits(text) else text


def bounded_by(op: Op) -> Callable[[str], dict[str, object]]:
    """Return how a comparison with any text is one with an ObjectId.

    >>> bounded_by(Op.GT)("5g")
    {'$gte': ObjectId('600000000000000000000000')}
    """
    is_greater = op in (Op.GT, Op.GTE)
    exact = {Op.GT: "$gt", Op.GTE: "$gte", Op.LT: "$lt", Op.LTE: "$lte"}[op]

    def bound(text: str) -> dict[str, object]:
        first = _first_not_less(text)
        if first is None:
            return {"$in": []} if is_greater else {"$type": "objectId"}
        if first == text:
            return {exact: ObjectId(first)}
        return {"$gte" if is_greater else "$lt": ObjectId(first)}

    return bound


def _first_not_less(text: str) -> str | None:
    """Return the first of all texts of 24 digits that is not less than `text`; None if all are."""
    for place, character in enumerate(text[:LENGTH]):
        if character not in DIGITS:
            higher = next((digit for digit in DIGITS if digit > character), None)
            if higher is not None:
                return (text[:place] + higher).ljust(LENGTH, "0")
            return _next(text[:place])
    return text.ljust(LENGTH, "0") if len(text) <= LENGTH else _next(text[:LENGTH])


def _next(digits: str) -> str | None:
    """Return the first text of 24 digits that is greater than all that begin with `digits`."""
    if not digits.strip("f"):
        return None
    return f"{int(digits, 16) + 1:0{len(digits)}x}".ljust(LENGTH, "0")
