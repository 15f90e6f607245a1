"""The conditions of Prisma as plain dictionaries, joined as simply as can be; places of values in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias, cast

from queryengine_prisma.values import Convert

__all__ = ["FALSE", "TRUE", "Condition", "Pending", "all_of", "any_of", "complete", "no_row", "of_related"]

Condition: TypeAlias = "dict[str, object] | bool"
"""A `where` of Prisma; True and False, until it is known whether the whole is."""

TRUE, FALSE = True, False

TO_ONE = "is"


@dataclass(frozen=True, slots=True)
class Pending:
    """Where the value of a slot will stand, in the form that `convert` gives it."""

    index: int
    convert: Convert | None


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Return the conjunction, without an AND where the conditions can stand in one dictionary.

    >>> all_of([{"a": 1}, TRUE, {"b": 2}])
    {'a': 1, 'b': 2}
    >>> all_of([{"a": {"is": {"x": 1}}}, {"a": {"is": {"y": 2}}}])
    {'a': {'is': {'x': 1, 'y': 2}}}
    """
    if any(condition is False for condition in conditions):
        return FALSE
    merged: dict[str, object] = {}
    others: list[object] = []
    for condition in _dictionaries(conditions):
        if merged.keys().isdisjoint(condition):
            merged.update(condition)
        elif (relation := _same_row(merged, condition)) is not None:
            merged[relation] = _same_test(all_of, merged[relation], condition[relation])
        else:
            others.append(condition)
    if others:
        return {"AND": [merged, *others]}
    return merged or TRUE


def any_of(conditions: Sequence[Condition]) -> Condition:
    """Return the disjunction; conditions on the same related row are one.

    >>> any_of([{"a": None}, FALSE])
    {'a': None}
    """
    if any(condition is True for condition in conditions):
        return TRUE
    found: list[dict[str, object]] = []
    for condition in _dictionaries(conditions):
        for place, other in enumerate(found):
            if condition == other and _is_no_row(condition):
                break
            relation = _same_row(other, condition)
            if relation is not None and len(other) == 1:
                found[place] = {relation: _same_test(any_of, other[relation], condition[relation])}
                break
        else:
            found.append(condition)
    if len(found) > 1:
        return {"OR": found}
    return found[0] if found else FALSE


def of_related(relation: str, word: str, condition: Condition) -> Condition:
    """Return a condition on related rows: one (`is`, `some`) or none of them meet one.

    >>> of_related("legs", "none", FALSE)
    True
    """
    if condition is False:
        return word == "none"
    return {relation: {word: {} if condition is True else condition}}


def no_row(relation: str) -> Condition:
    """Return what is true where a to-one relation leads nowhere, dangling keys included."""
    return {"NOT": [{relation: {TO_ONE: {}}}]}


def _is_no_row(condition: dict[str, object]) -> bool:
    """Whether it is one of `no_row`: others may be alike by values that a template does not know."""
    negated = condition.get("NOT")
    return isinstance(negated, list) and any(
        condition == no_row(relation) for relation in cast("list[dict[str, object]]", negated)[0]
    )


def complete(condition: Condition, name: str) -> dict[str, object] | None:
    """Return the whole `where`; None where every row meets it.

    What no row meets is a field's `in []`: an OR of nothing is false for Prisma only as long as it is alone.

    >>> complete(FALSE, "id")
    {'id': {'in': []}}
    """
    if condition is False:
        return {name: {"in": []}}
    return None if condition is True else condition


def _dictionaries(conditions: Sequence[Condition]) -> list[dict[str, object]]:
    return [condition for condition in conditions if not isinstance(condition, bool)]


def _same_row(one: dict[str, object], other: dict[str, object]) -> str | None:
    """The to-one relation that a condition is about and nothing else, if the other one asks of it too."""
    if len(other) != 1:
        return None
    (relation,) = other
    return relation if _is_to_one(one.get(relation)) and _is_to_one(other[relation]) else None


def _is_to_one(test: object) -> bool:
    return isinstance(test, dict) and TO_ONE in test


def _same_test(join: Callable[[list[Condition]], Condition], one: object, other: object) -> object:
    """Join two tests of the one row that a relation leads to: both hold of it, or one of them."""
    joined = join([_inside(one), _inside(other)])
    return {TO_ONE: {} if joined is True else joined}


def _inside(test: object) -> Condition:
    condition = cast("dict[str, dict[str, object]]", test)[TO_ONE]
    return condition or TRUE
