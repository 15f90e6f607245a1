"""The documents of the typing programs. Knows Beanie only."""

from __future__ import annotations

from beanie import Document, Link

__all__ = ["Leg", "Trip"]


class Leg(Document):
    """A part of a trip."""

    miles: int


class Trip(Document):
    """A journey, whose first part may be unknown."""

    title: str
    first: Link[Leg] | None = None
