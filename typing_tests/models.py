"""The mapped classes of the typing programs. Knows SQLAlchemy only."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = ["Base", "Flight", "Plane"]


class Base(DeclarativeBase):
    """The root of the models."""


class Plane(Base):
    """An aircraft."""

    __tablename__ = "planes"

    tailnum: Mapped[str] = mapped_column(primary_key=True)
    seats: Mapped[int | None]


class Flight(Base):
    """A flight by a plane, which may be unknown."""

    __tablename__ = "flights"

    id: Mapped[int] = mapped_column(primary_key=True)
    origin: Mapped[str]
    departure: Mapped[dt.datetime | None]
    tailnum: Mapped[str | None] = mapped_column(ForeignKey("planes.tailnum"))
    plane: Mapped[Plane | None] = relationship()
