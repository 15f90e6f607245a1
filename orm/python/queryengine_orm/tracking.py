"""What an object remembers of itself: that it is new, and what its attributes were before. Knows no class."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from queryengine_orm._native import changes_of, drop_value, forget_changes, note, put_value, value_of

__all__ = [
    "MISSING",
    "NEW",
    "Changes",
    "changes_of",
    "forget_changes",
    "is_made_here",
    "is_new",
    "note",
    "put_back",
]

MISSING: Final[Any] = object()  # Any: it stands where a value of any type may be missing

NEW: Final = "_queryengine_new"
"""what an object has that was made here: whether it is not stored yet"""

Changes: TypeAlias = dict[str, object]


def put_back(instance: object, changes: Changes) -> None:
    """Give an object the values that it had before."""
    for name, before in changes.items():
        if before is MISSING:
            drop_value(instance, name)
        else:
            put_value(instance, name, before)


def is_new(instance: object) -> bool:
    """Tell whether an object was made here and not stored yet."""
    return value_of(instance, NEW, False) is True


def is_made_here(instance: object) -> bool:
    """Tell whether an object was made and not read: its row had no related rows when it was stored."""
    return value_of(instance, NEW, None) is not None
