"""A compiled filter with holes in the place of its values, and how to fill them in. Knows no schema.

A filter of a known shape is the template of its shape with its own values. What has no hole is shared between
the queries of a shape; each part on the way to a hole is made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeAlias, TypeVar, cast

from queryengine.ast import Slot, Value
from queryengine_beanie.encodings import Encode, as_it_is

__all__ = ["Hole", "Template", "sent"]

T = TypeVar("T")

# Any: parts of a query are of all types that BSON has.
Make: TypeAlias = Callable[[Sequence[Value]], Any]
"""Makes a part of a query with the values of a filter."""


@dataclass(frozen=True, slots=True)
class Hole:
    """Where the value with this index goes, when it is encoded."""

    index: int
    encode: Encode


def sent(value: Value, encode: Encode) -> object:
    """Return what is sent for a value, or the hole for it where it is the slot of a template.

    >>> sent("a", str.upper), sent(Slot(0), str.upper)
    ('A', Hole(index=0, encode=<method 'upper' of 'str' objects>))
    """
    return Hole(value.index, encode) if isinstance(value, Slot) else encode(value)


class Template(Generic[T]):
    """A part of a query, as often as there are values for it.

    >>> Template({"$match": {"age": {"$gt": Hole(0, int)}}}).fill([5])
    {'$match': {'age': {'$gt': 5}}}
    """

    def __init__(self, part: T) -> None:
        self._part = part
        self._make = _maker(part)

    def fill(self, values: Sequence[Value]) -> T:
        """Return the part with these values in its holes."""
        return self._part if self._make is None else cast("T", self._make(values))


def _maker(part: object) -> Make | None:
    """Return how to make a part; None where it has no hole."""
    match part:
        case Hole():
            return _hole_maker(part)
        case dict():
            return _dict_maker(cast("dict[str, object]", part))
        case list():
            return _list_maker(cast("list[object]", part))
        case _:
            return None


def _hole_maker(hole: Hole) -> Make:
    index, encode = hole.index, hole.encode
    return lambda values: encode(values[index])


def _dict_maker(part: dict[str, object]) -> Make | None:
    if len(part) == 1:
        ((only, item),) = part.items()
        return _member_maker(only, item)
    makers = [(key, make) for key, item in part.items() if (make := _maker(item)) is not None]
    if not makers:
        return None

    def make_dict(values: Sequence[Value]) -> dict[str, object]:
        made = dict(part)
        for key, make in makers:
            made[key] = make(values)
        return made

    return make_dict


def _member_maker(key: str, item: object) -> Make | None:
    """Return how to make a dictionary of one member; a comparison, of two levels, is made in one go."""
    hole, operator = _only_hole(item)
    if hole is None:
        make = _maker(item)
        return None if make is None else lambda values: {key: make(values)}
    index, encode = hole.index, hole.encode
    if encode is as_it_is:
        return lambda values: {key: {operator: values[index]}}
    return lambda values: {key: {operator: encode(values[index])}}


def _only_hole(part: object) -> tuple[Hole | None, str]:
    """Return the hole of a dictionary that has nothing else, and its key."""
    if isinstance(part, dict) and len(members := cast("dict[str, object]", part)) == 1:
        ((key, item),) = members.items()
        return (item if isinstance(item, Hole) else None), key
    return None, ""


def _list_maker(part: list[object]) -> Make | None:
    makers = [(index, make) for index, item in enumerate(part) if (make := _maker(item)) is not None]
    if not makers:
        return None

    def make_list(values: Sequence[Value]) -> list[object]:
        made = list(part)
        for index, make in makers:
            made[index] = make(values)
        return made

    return make_list
