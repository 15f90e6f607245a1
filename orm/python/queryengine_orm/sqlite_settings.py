"""How a database of SQLite is used, and where it is. Knows no driver."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypedDict, cast, get_args, get_type_hints
from urllib.parse import parse_qsl, quote, unquote

from queryengine_orm.errors import ConfigurationError

__all__ = ["MEMORY", "Options", "Settings", "settings_of"]

MEMORY: Final = ":memory:"
LONGEST: Final = 1_000_000_000
"""more seconds than any wait has"""
TRUTHS: Final = {"true": True, "false": False, "1": True, "0": False}
"""what a URL may say for a setting that is true or false"""


class Options(TypedDict, total=False):
    """The keyword arguments of `create_pool`, which a URL may give too; `Settings` says what each is."""

    readers: int
    busy_timeout: float
    acquire_timeout: float
    close_timeout: float
    statements: int
    steps: int
    loop_time: float
    synchronous: Literal["full", "normal"]
    foreign_keys: bool
    read_only: bool


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


def settings_of(url: str, options: Options, defaults: Options | None = None) -> Settings:
    """Return the settings of a URL or a path; `options` count more than what the URL gives, `defaults` less.

    Raises ConfigurationError for a setting that is none, or has a wrong value.

    >>> settings_of("sqlite:///shop.db?readers=2", {"read_only": True}).readers
    2
    >>> [settings_of(url, {}).path for url in ("sqlite:////srv/shop.db", "sqlite://", "shop.db")]
    ['/srv/shop.db', ':memory:', 'shop.db']
    """
    path, given = _read(url)
    kinds = get_type_hints(Options)
    for name in {**given, **options}:
        if name not in kinds:
            raise ConfigurationError(f"no setting is called {name}; there are {', '.join(sorted(kinds))}")
    read = {name: _value(name, text, kinds[name]) for name, text in given.items()}
    return Settings(**cast("Options", {**(defaults or {}), **read, **options}), path=path)


def _value(name: str, text: str, kind: object) -> object:
    """Return what a URL's text says for a setting of a kind. Raises ConfigurationError."""
    words: Mapping[str, object] = TRUTHS if kind is bool else {word: word for word in get_args(kind)}
    try:
        if kind is int:
            return int(text)
        return float(text) if kind is float else words[text]
    except ValueError:
        raise ConfigurationError(
            f"{name}: expected a valid {'integer' if kind is int else 'number'}"
        ) from None
    except KeyError:
        raise ConfigurationError(f"{name}: expected {' or '.join(map(repr, words))}") from None


def _read(url: str) -> tuple[str, Mapping[str, str]]:
    """Return the path in a URL, or the path itself, and the settings behind the URL's question mark."""
    for scheme in ("sqlite://", "sqlite+queryengine://"):
        if url.startswith(scheme):
            rest, _, query = url.removeprefix(scheme).partition("?")
            if rest and not rest.startswith("/"):
                raise ConfigurationError("a URL of SQLite has three slashes before a path: sqlite:///shop.db")
            given = parse_qsl(query, keep_blank_values=True)
            return unquote(rest).removeprefix("/") or MEMORY, dict(given)
    return url, {}
