"""Mapped classes of the companion, for the typing tests."""

from __future__ import annotations

import datetime as dt
import enum
from decimal import Decimal
from ipaddress import IPv4Interface, IPv6Interface
from typing import NewType

from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    Many,
    Mapped,
    Maybe,
    NativeEnum,
    One,
    Range,
    mapped_column,
    relationship,
)

__all__ = ["Base", "Carrier", "Email", "Flight", "Kind", "Number", "Plane", "Ticket"]

Email = NewType("Email", str)
Number = NewType("Number", int)


class Base(DeclarativeBase):
    """The base of the classes."""


class Carrier(Base):
    """An airline."""

    code: Mapped[str] = mapped_column(primary_key=True, init=True)
    name: Mapped[str]
    flights: Many[Flight] = relationship(init=True, default_factory=list)


class Kind(enum.Enum):
    """What moves an aircraft."""

    JET = "jet"
    PROP = "prop"


class Plane(Base):
    """An aircraft."""

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int | None] = mapped_column(default=None)
    kind: Mapped[Kind] = mapped_column(NativeEnum(), default=Kind.JET)
    seats: Mapped[Range[int] | None] = mapped_column(default=None)
    address: Mapped[IPv4Interface | IPv6Interface | None] = mapped_column(default=None)


class Flight(Base):
    """A flight."""

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    delay: Mapped[int | None] = mapped_column(default=None)
    left: Mapped[dt.datetime | None] = mapped_column(default=None)
    stops: Mapped[list[str]] = mapped_column(default_factory=list[str])
    carrier_code: Mapped[str] = mapped_column(ForeignKey("carrier.code"), init=False)
    plane_id: Mapped[int | None] = mapped_column(ForeignKey("plane.id"), default=None)
    carrier: One[Carrier] = relationship(init=True)
    plane: Maybe[Plane] = relationship()


class Ticket(Base):
    """What numbers are for."""

    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[Decimal]
    fee: Mapped[Decimal | None] = mapped_column(default=None)
    seat: Mapped[str | None] = mapped_column(default=None)
    name: Mapped[str] = mapped_column(default="")
    row: Mapped[int | None] = mapped_column(default=None)
    number: Mapped[Number] = mapped_column(default=Number(1))
    email: Mapped[Email | None] = mapped_column(default=None)
    paid: Mapped[bool] = mapped_column(default=False)
    notes: Mapped[dict[str, object]] = mapped_column(default_factory=dict[str, object])
