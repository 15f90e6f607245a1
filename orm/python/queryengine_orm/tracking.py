"""What an object remembers of itself: that it is new, and what its attributes were before. Knows no class."""

from __future__ import annotations

from typing import Any, Final, TypeAlias, cast

__all__ = [
    "CHANGES",
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

CHANGES: Final = "_queryengine_changes"
"""where an object keeps what attributes were before that changed, or may have changed inside"""
NEW: Final = "_queryengine_new"
"""what an object has that was made here: whether it is not stored yet"""

Changes: TypeAlias = dict[str, object]


def changes_of(instance: object) -> Changes:
    """Return the values that an object's attributes had before; empty where nothing was noted.

    What was noted need not differ: of values that can change inside, reading one notes a copy.
    """
    return cast("Changes", vars(instance).get(CHANGES, {}))


def note(instance: object, name: str, before: object) -> None:
    """Keep what an attribute was before; what was noted first stays."""
    values = vars(instance)
    changes: Changes | None = values.get(CHANGES)
    if changes is None:
        changes = values[CHANGES] = {}
    changes.setdefault(name, before)


def forget_changes(instance: object) -> Changes:
    """Take what was noted off an object, and return it."""
    return cast("Changes", vars(instance).pop(CHANGES, {}))


def put_back(instance: object, changes: Changes) -> None:
    """Give an object the values that it had before."""
    values = vars(instance)
    for name, before in changes.items():
        if before is MISSING:
            values.pop(name, None)
        else:
            values[name] = before


def is_new(instance: object) -> bool:
    """Tell whether an object was made here and not stored yet."""
    return cast("bool", vars(instance).get(NEW, False))


def is_made_here(instance: object) -> bool:
    """Tell whether an object was made and not read: its row had no related rows when it was stored."""
    return NEW in vars(instance)
