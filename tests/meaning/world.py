"""The kit's world as SQLAlchemy has it, with the attributes and the entity that only its models have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from queryengine.testing import WORLD
from queryengine.testing import world as portable
from queryengine.testing.world import Maker, Reference, Region

__all__ = ["WIDE"]


@dataclass(eq=False, repr=False, kw_only=True)
class Thing(portable.Thing):
    """A thing with a region by a code, seats, and what the database computes."""

    region_code: str | None = None

    region: Region | None = None
    seats: list[Seat] = field(default_factory=list["Seat"])

    @property
    def noted(self) -> bool:
        """A computed column."""
        return self.note is not None

    @property
    def half(self) -> float | None:
        """A hybrid."""
        return None if self.share is None else self.share / 2


@dataclass(eq=False, repr=False, kw_only=True)
class Seat:
    """A row with a primary key of two attributes."""

    thing_id: int
    number: int
    name: str
    width: int | None
    maker_id: int | None

    thing: Thing
    maker: Maker | None = None


# What a JSON column with declared members may hold: the declared, the missing, the wrong.
DOCUMENTS: Sequence[object] = (
    *(None, {}, [], "text", 5, {"width": 1}, {"width": None}, {"width": "1"}, {"width": True}, {"width": -1}),
    {"width": 2, "label": "a", "ratio": 0.5, "on": True, "inner": {"code": "x", "level": 1}},
    {"width": 3, "label": "É", "ratio": -1.5, "on": False, "inner": {"code": "X", "level": 2}},
    {"width": 2, "label": "A", "ratio": 2, "on": None, "inner": {}},
    {"label": 'quo"te', "ratio": 0.1, "on": 1, "inner": None},
    {"label": ["a"], "ratio": "0.1", "on": "true", "inner": []},
    {"label": "\u212a", "ratio": True, "inner": {"code": "", "level": "2"}},
    {"label": "", "ratio": 1e22, "inner": {"code": None, "level": -(2**31)}},
)

WIDE = replace(
    WORLD,
    models={**WORLD.models, "Thing": Thing, "Seat": Seat},
    references={
        **WORLD.references,
        "Thing": (
            *WORLD.references["Thing"],
            Reference("region", "region_code", "Region", key="code", dangling=True),
        ),
        "Seat": (
            Reference("thing", "thing_id", "Thing", nullable=False, back="seats"),
            Reference("maker", "maker_id", "Maker"),
        ),
    },
    counts={**WORLD.counts, "Seat": 20},
    groups={**WORLD.groups, "Thing": (*WORLD.groups["Thing"], "Seat")},
    documents=DOCUMENTS,
    keys={"Seat": ("thing_id", "number")},
)
