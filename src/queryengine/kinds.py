"""The subclasses whose rows are rows of a model too, looked up anew each time. Knows schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from queryengine.schema import ModelSchema, Relation

__all__ = ["Kind", "Kinds", "subclasses_of"]


M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Kind:
    """The source of a relation from a row to itself, as one of a subclass: `model`."""

    model: type[object]


class Kinds(Generic[M]):
    """The relations to the subclasses of a model: one for each class that `heirs` gives, always the same.

    >>> class Plant: ...
    >>> kinds = Kinds(lambda: subclasses_of(Plant), lambda model: ModelSchema(model.__name__, model))
    >>> class Tree(Plant): ...
    >>> class Oak(Tree): ...
    >>> [kind.name for kind in kinds()], kinds() == kinds()
    (['Tree', 'Oak'], True)
    """

    def __init__(
        self,
        heirs: Callable[[], Iterable[type[M]]],
        read: Callable[[type[M]], ModelSchema[object]],
    ) -> None:
        self._heirs = heirs
        self._read = read
        self._known: dict[type[M], Relation] = {}

    def __call__(self) -> tuple[Relation, ...]:
        """Return a relation for each subclass that there is now."""
        return tuple([self._known.get(model) or self._relation(model) for model in self._heirs()])

    def _relation(self, model: type[M]) -> Relation:
        relation = Relation(model.__name__, partial(self._read, model), many=True, source=Kind(model))
        return self._known.setdefault(model, relation)


def subclasses_of(model: type[M]) -> Iterator[type[M]]:
    """Yield the subclasses of a class, and theirs."""
    for subclass in model.__subclasses__():
        yield subclass
        yield from subclasses_of(subclass)
