"""What a back-end of the example is: its service, what is recorded of it, its gaps. Knows no ORM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, Protocol

from fastapi import FastAPI
from rich.console import Console

__all__ = [
    "NAMES",
    "Backend",
    "Gap",
    "MissingError",
    "Native",
    "Open",
    "Recorder",
    "Running",
    "Truth",
    "backend",
]

NAMES: Final = ("sqlalchemy", "beanie", "tortoise", "prisma", "orm", "memory")
"""the back-ends, the one that runs everywhere first; each has a folder of its name"""


class MissingError(Exception):
    """What a back-end needs and this machine does not have; the message says how to get it."""


@dataclass(slots=True)
class Native:
    """What a service asked its database, in the words of the database or its client.

    `seconds` is how long it took until the first row, where that can be told.
    """

    text: str
    language: Literal["sql", "python"]
    parameters: Sequence[object] = ()
    seconds: float = 0.0


class Recorder(Protocol):
    """Keeps what a service asks its database."""

    def take(self) -> list[Native]:
        """Return what was asked since the last call, and forget it."""
        ...


@dataclass(frozen=True, slots=True)
class Running:
    """A service that can be served, and what records its queries."""

    app: FastAPI
    recorder: Recorder


@dataclass(frozen=True, slots=True)
class Gap:
    """What a back-end cannot do exactly: where its refusal stands, and why."""

    loc: tuple[str | int, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What answers are checked against: the SQLite file of SQLAlchemy's service, and the days it holds.

    >>> Truth(Path("flights.sqlite"), 3).when
    'from 2013-01-01 to 2013-01-03'
    """

    file: Path
    days: int | None = None
    """so many days of January; None: the year"""

    @property
    def when(self) -> str:
        """The days, for people."""
        return "in 2013" if self.days is None else f"from 2013-01-01 to 2013-01-{self.days:02}"


class Open(Protocol):
    """Opens a back-end's service on the very rows of a file; loads them first, if need be.

    Raises MissingError.
    """

    def __call__(self, truth: Truth, console: Console) -> AbstractAsyncContextManager[Running]:
        """Yield the service while it is open."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """One back-end. `days` of January are enough for it, unless it is told; with None it takes the year."""

    name: str
    database: str
    open: Open
    days: int | None = None
    gaps: Mapping[str, Gap] = field(default_factory=lambda: MappingProxyType({}))
    """by the name of the step that is refused"""
    without: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """the steps that its service has no place for, by name, and why: they are not taken"""


def backend(name: str) -> Backend:
    """Return a back-end by its name. Raises MissingError if its packages are not installed.

    >>> backend("sqlalchemy").name
    'SQLAlchemy'
    """
    if name not in NAMES:
        raise ValueError(f"{name!r} is none of {', '.join(NAMES)}")
    try:
        found: Backend = import_module(f"examples.flights.{name}.demo").BACKEND
    except ModuleNotFoundError as error:
        package, _, _ = (error.name or "").partition(".")
        raise MissingError(
            f"the package {package} is not installed; the development environment has all of them: "
            "make environment"
        ) from error
    return found
