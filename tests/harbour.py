"""Models in memory for the tests of the web side: ships with a field of every type, ports, containers."""

from __future__ import annotations

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from decimal import Decimal

from pydantic import AwareDatetime, JsonValue

from queryengine.memory import MemoryQueryEngine


class Kind(enum.Enum):
    TUG = "tug"
    TANKER = "tanker"


@dataclass
class Port:
    id: int
    name: str
    berths: int | None = None


@dataclass
class Container:
    id: int
    weight: float
    label: str | None = None


@dataclass
class Ship:
    id: int
    name: str
    length: float = 10.0
    tonnage: Decimal = Decimal(100)
    crew: int | None = None
    built: dt.date | None = None
    seen_at: AwareDatetime | None = None
    logged_at: dt.datetime | None = None
    watch: dt.time | None = None
    voyage: dt.timedelta | None = None
    mark: uuid.UUID | None = None
    flag: bytes | None = None
    active: bool = True
    kind: Kind | None = None
    routes: list[str] = field(default_factory=list[str])
    extra: JsonValue = None
    password: str = "swordfish"
    home: Port | None = None
    containers: list[Container] = field(default_factory=list[Container])


HAMBURG, OSLO = Port(1, "Hamburg", 7), Port(2, "Oslo")
SHIPS = [
    Ship(1, "Anna", 12.5, crew=3, built=dt.date(1990, 5, 1), home=HAMBURG, containers=[Container(1, 2.5)]),
    Ship(2, "Bertha", 80.0, crew=12, kind=Kind.TANKER, home=OSLO, routes=["north", "south"]),
    Ship(3, "Clara", 30.0, active=False, containers=[Container(2, 1.0, "fish"), Container(3, 9.0)]),
]


def ships() -> MemoryQueryEngine[Ship]:
    """Give an engine of the ships; each test its own, as nothing may be shared."""
    return MemoryQueryEngine(Ship)
