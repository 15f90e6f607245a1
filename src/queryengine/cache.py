"""A bounded mapping that forgets what was used least recently. Knows nothing else."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Generic, TypeVar

__all__ = ["BoundedCache"]

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Keeps at most `size` values. Safe to use from many threads; a value may then be made twice.

    >>> cache = BoundedCache[str, int](1)
    >>> cache.put("a", 1); cache.put("b", 2)
    >>> cache.get("a"), cache.get("b")
    (None, 2)
    """

    __slots__ = ("_lock", "_size", "_values")

    def __init__(self, size: int) -> None:
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._values)

    def get(self, key: K) -> V | None:
        """Return the value of a key, or None."""
        value = self._values.get(key)
        if value is not None:
            try:  # noqa: SIM105  # a context manager costs more than the look-up
                self._values.move_to_end(key)
            except KeyError:  # another thread has put it out just now; the value still holds
                pass
        return value

    def put(self, key: K, value: V) -> None:
        """Keep a value, and forget the one that was not asked for the longest time if there are too many."""
        if self._size <= 0:
            return
        with self._lock:
            self._values[key] = value
            while len(self._values) > self._size:
                self._values.popitem(last=False)
