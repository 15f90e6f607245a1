"""In which order objects are written: what is referred to first, rings opened where a key may be null."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeAlias

from queryengine_orm.declarative import DeclarativeBase
from queryengine_orm.errors import UsageError
from queryengine_orm.mapping import Reference, mappers_of
from queryengine_orm.relating import Edge
from queryengine_orm.tables import in_order

__all__ = ["Edges", "Later", "groups", "ordered"]

MOST_SENT: Final = 200
"""how many statements are sent before their answers are awaited"""

Edges: TypeAlias = Callable[[DeclarativeBase], Iterable[Edge]]
Later: TypeAlias = dict[int, set[Reference]]
"""by the identity of an object, the keys that it gets only when all are stored"""


class _Step:
    """An object on the way that is being followed, and by which edge it goes on."""

    __slots__ = ("edge", "edges", "instance")

    def __init__(self, instance: DeclarativeBase, edges: Iterator[Edge]) -> None:
        self.instance = instance
        self.edges = edges
        self.edge: Edge | None = None


def ordered(instances: Iterable[DeclarativeBase], edges: Edges) -> tuple[list[DeclarativeBase], Later]:
    """Return objects so that each comes after those that it refers to, and the keys that open their rings.

    Raises UsageError for a ring none of whose keys may be null.
    """
    waiting = _by_table(list(instances))
    done: dict[int, DeclarativeBase] = {}
    later: Later = defaultdict(set)
    for start in waiting.values():
        way: list[_Step] = []
        places: dict[int, int] = {}
        if id(start) not in done:
            _go_on(start, way, places, edges)
        while way:
            step = way[-1]
            step.edge = next(step.edges, None)
            if step.edge is None:
                done[id(step.instance)] = step.instance
                way.pop()
                del places[id(step.instance)]
                continue
            related = step.edge.related
            is_late = step.edge.reference in later[id(step.instance)]
            if is_late or id(related) not in waiting or id(related) in done:
                continue
            place = places.get(id(related))
            if place is None:
                _go_on(related, way, places, edges)
                continue
            for left in _opened(way, place, later):
                del places[id(left.instance)]
    return list(done.values()), {place: keys for place, keys in later.items() if keys}


def _go_on(instance: DeclarativeBase, way: list[_Step], places: dict[int, int], edges: Edges) -> None:
    places[id(instance)] = len(way)
    way.append(_Step(instance, iter(edges(instance))))


def _opened(way: list[_Step], place: int, later: Later) -> list[_Step]:
    """Put one key of a ring off, and return what comes off the way, which goes on from the object with it."""
    for at in range(len(way) - 1, place - 1, -1):
        step = way[at]
        assert step.edge is not None, "all of the ring have an edge"
        if step.edge.reference.nullable:
            later[id(step.instance)].add(step.edge.reference)
            left = way[at + 1 :]
            del way[at + 1 :]
            return left
    if place == len(way) - 1 and _has_key(way[-1]):
        return []  # a row that refers to itself, by a key that it has
    names = ", ".join(dict.fromkeys(type(step.instance).__name__ for step in way[place:]))
    raise UsageError(f"objects refer to one another in a ring ({names}), and none of its keys may be null")


def _has_key(step: _Step) -> bool:
    assert step.edge is not None, "all of the ring have an edge"
    values = vars(step.instance)
    return all(values.get(column.attribute) is not None for column in step.edge.columns)


def _by_table(instances: Sequence[DeclarativeBase]) -> dict[int, DeclarativeBase]:
    if len(instances) < 2:
        return {id(each): each for each in instances}
    base = type(instances[0])
    places = {mapper.model: place for place, mapper in enumerate(in_order(list(mappers_of(base))))}
    return {id(each): each for each in sorted(instances, key=lambda each: places[type(each)])}


def groups(in_turn: Sequence[DeclarativeBase], edges: Edges) -> Iterator[list[DeclarativeBase]]:
    """Cut a list into parts in which no object refers to another; they may refer to the same one."""
    group: list[DeclarativeBase] = []
    members: set[int] = set()
    referred: set[int] = set()
    for instance in in_turn:
        ends = {id(edge.related) for edge in edges(instance)}
        if len(group) == MOST_SENT or ends & members or id(instance) in referred:
            yield group
            group, members, referred = [], set(), set()
        group.append(instance)
        members.add(id(instance))
        referred |= ends
    if group:
        yield group
