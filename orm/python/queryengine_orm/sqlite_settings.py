"""How a database of SQLite is used, and where it is. Knows no driver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote

from queryengine_orm.errors import ConfigurationError

__all__ = ["MEMORY", "Settings", "path_of"]

MEMORY: Final = ":memory:"
LONGEST: Final = 1_000_000_000
"""more seconds than any wait has"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a database of SQLite is used; times are seconds."""

    path: str
    readers: int = 4
    """connections that read beside the writer; a database in memory has the writer alone"""
    busy_timeout: float = 5.0
    """how long a statement waits for a lock of another process"""
    acquire_timeout: float = 30.0
    """how long a call waits for a connection of this pool"""
    close_timeout: float = 10.0
    """how long `close` lets calls under way go on"""
    statements: int = 256
    """how many prepared statements a connection keeps"""
    steps: int = 50_000
    """so many steps of SQLite's machine may run on the event loop, before a query goes to a thread"""
    loop_time: float = 0.002
    """and so many seconds"""
    synchronous: Literal["full", "normal"] = "full"
    """`normal` may lose the last commits when the power fails, and is faster"""
    foreign_keys: bool = True
    read_only: bool = False
    """nothing is written, and the file has to be there; its journal stays what it is"""

    def __post_init__(self) -> None:
        if self.readers < 1 or self.statements < 1 or self.steps < 0:
            raise ConfigurationError("readers and statements are at least 1, steps at least 0")
        times = (self.busy_timeout, self.acquire_timeout, self.close_timeout, self.loop_time)
        if not all(0 <= time < LONGEST for time in times):
            raise ConfigurationError(f"a time is a number of seconds from 0 to {LONGEST:,}")

    @property
    def in_memory(self) -> bool:
        """Whether the database is gone with its one connection."""
        return self.path.removeprefix("file:").partition("?")[0] in ("", MEMORY) or "mode=memory" in self.path

    @property
    def target(self) -> str:
        """What SQLite opens: a path, or a URI that says more."""
        if not self.read_only or self.in_memory:
            return self.path
        uri = self.path if self.path.startswith("file:") else f"file:{quote(self.path)}"
        return f"{uri}{'&' if '?' in uri else '?'}mode=ro"

    def script(self, *, reads: bool) -> str:
        """Return what a connection runs once it is open."""
        words = [f"PRAGMA foreign_keys = {'ON' if self.foreign_keys else 'OFF'}"]
        if not reads and not self.read_only:
            words += ["PRAGMA journal_mode = WAL", f"PRAGMA synchronous = {self.synchronous}"]
        return "; ".join(words)


def path_of(url: str) -> str:
    """Return the path in a URL, or the path itself.

    >>> path_of("sqlite:///shop.db"), path_of("sqlite:////srv/shop.db"), path_of("sqlite://")
    ('shop.db', '/srv/shop.db', ':memory:')
    """
    for scheme in ("sqlite://", "sqlite+queryengine://"):
        if url.startswith(scheme):
            rest = unquote(url.removeprefix(scheme))
            if rest and not rest.startswith("/"):
                raise ConfigurationError("a URL of SQLite has three slashes before a path: sqlite:///shop.db")
            return rest.removeprefix("/") or MEMORY
    return url
