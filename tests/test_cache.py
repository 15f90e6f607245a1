"""The bounded cache: it forgets, and only what was not used for the longest time."""

from __future__ import annotations

from queryengine.cache import BoundedCache


def test_it_never_holds_more_than_its_size() -> None:
    cache = BoundedCache[int, int](3)
    for number in range(100):
        cache.put(number, number)
    assert len(cache) == 3
    assert [cache.get(number) for number in (96, 97, 99)] == [None, 97, 99]


def test_what_was_used_is_kept() -> None:
    cache = BoundedCache[str, int](2)
    cache.put("a", 1)
    cache.put("b", 2)
    assert cache.get("a") == 1
    cache.put("c", 3)
    assert (cache.get("a"), cache.get("b")) == (1, None)


def test_a_size_of_zero_keeps_nothing() -> None:
    cache = BoundedCache[str, int](0)
    cache.put("a", 1)
    assert cache.get("a") is None
