"""What callers may ask of each list, the same on every back-end. Knows the response models only."""

from __future__ import annotations

from typing import Final

from examples.flights.schemas import AirportWithDepartures, CarrierWithFlights, FlightOut, PlaneWithFlights
from queryengine import Access, SecurityPolicy

__all__ = ["AIRPORTS", "CARRIERS", "FLIGHTS", "PLANES"]

# What a flight refers to is in the response already. A carrier's flights may be asked for, but not shown.
SHOWN: Final = Access(include=False)
ASKED: Final = Access(sort=False, select=False, include=False)

FLIGHTS: Final = SecurityPolicy(expose=FlightOut, others=SHOWN)
CARRIERS: Final = SecurityPolicy(expose=CarrierWithFlights, paths={"flights": ASKED}, others=SHOWN)
AIRPORTS: Final = SecurityPolicy(expose=AirportWithDepartures, paths={"departures": ASKED}, others=SHOWN)
PLANES: Final = SecurityPolicy(expose=PlaneWithFlights, paths={"flights": ASKED}, others=SHOWN)
