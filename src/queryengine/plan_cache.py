"""The plans of the shapes that were met, a bounded number of them. Knows lexed texts, and no model."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, Protocol, TypeVar

from queryengine.cache import BoundedCache
from queryengine.lexer import Lexed
from queryengine.parsed import Source, Style

__all__ = ["HasValues", "PlanCache"]

LONGEST_KEPT = 4_096
"""characters: longer texts are bound anew each time, so that the caches are bounded in bytes too"""


class HasValues(Protocol):
    """The plan of a shape: it knows which lexemes of a text are values."""

    def value_chunks(self) -> set[int]:
        """The numbers of the lexemes that are values; all others belong to the shape."""
        ...


P = TypeVar("P", bound=HasValues)


class _Layout:
    """What the texts share that the parser cannot tell apart; `chunks` are their lexemes that are names."""

    __slots__ = ("chunks",)

    def __init__(self, chunks: tuple[int, ...]) -> None:
        self.chunks = chunks

    def names(self, lexed: Lexed) -> tuple[str, ...]:
        lexemes = lexed.lexemes
        return tuple([lexemes[chunk] for chunk in self.chunks])


class PlanCache(Generic[P]):
    """Finds the plan of a text's shape, for the key of a row scope.

    The first look-up tells which lexemes belong to the shape (names in an order, say), the second one takes
    those in.
    """

    __slots__ = ("_layouts", "_plans")

    def __init__(self, size: int) -> None:
        self._layouts: BoundedCache[Hashable, _Layout] = BoundedCache(size)
        self._plans: BoundedCache[Hashable, P] = BoundedCache(size)

    def __len__(self) -> int:
        return len(self._plans)

    @property
    def layouts(self) -> int:
        """How many layouts are kept."""
        return len(self._layouts)

    def find(self, lexed: Lexed, style: Style, scope: Hashable) -> P | None:
        """Return the plan of a shape that is known."""
        layout = self._layouts.get(lexed.key)
        return None if layout is None else self._plans.get((layout, layout.names(lexed), style, scope))

    def keep(self, lexed: Lexed, source: Source, scope: Hashable, plan: P) -> None:
        """Remember the plan of a shape, unless its text is too long."""
        if len(source.text) > LONGEST_KEPT:
            return
        layout = self._layouts.get(lexed.key)
        names = set(range(len(lexed.lexemes))) - plan.value_chunks()
        known: set[int] = set() if layout is None else set(layout.chunks)
        # Under another relation's name a value may belong to the shape.
        if layout is None or not names <= known:
            layout = _Layout(tuple(sorted(names | known)))
            self._layouts.put(lexed.key, layout)
        self._plans.put((layout, layout.names(lexed), source.style, scope), plan)
