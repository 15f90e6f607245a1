"""Where a PostgreSQL is and how to reach it: URL, keyword form and environment, read as libpq reads them.

What stands nearer wins: keyword arguments, then the DSN, then the environment, then defaults. Opens nothing
but the password file.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Literal, TypeAlias, TypedDict, TypeVar, Unpack, cast, get_args
from urllib.parse import unquote

from queryengine_orm.errors import ConfigurationError
from queryengine_orm.libpq import ENVIRONMENT, NEUTRAL, SESSION, UNREAD
from queryengine_orm.passfile import password_of

__all__ = [
    "Address",
    "AuthMethod",
    "ChannelBinding",
    "Options",
    "Settings",
    "SslMode",
    "TargetSession",
    "settings_of",
]

SslMode: TypeAlias = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]
ChannelBinding: TypeAlias = Literal["disable", "prefer", "require"]
TargetSession: TypeAlias = Literal[
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby"
]  # fmt: skip
AuthMethod: TypeAlias = Literal["scram-sha-256", "md5", "password", "none"]

PORT: Final = 5432
CONNECT_SECONDS: Final = 10.0
SOCKET_FOLDERS: Final = ("/var/run/postgresql", "/tmp")  # noqa: S108  # where packages of PostgreSQL put it

_Word = TypeVar("_Word", bound=str)


class Options(TypedDict, total=False):
    """The keyword arguments that connect functions take; the names are libpq's."""

    host: str
    hostaddr: str
    port: int | str
    user: str
    password: str
    dbname: str
    sslmode: SslMode
    sslrootcert: str
    sslcert: str
    sslkey: str
    sslpassword: str
    sslcrl: str
    ssl_min_protocol_version: str
    channel_binding: ChannelBinding
    require_auth: str
    connect_timeout: float | str
    application_name: str
    options: str
    passfile: str
    target_session_attrs: TargetSession


@dataclass(frozen=True, slots=True)
class Address:
    """One server: a host name, an address, or the folder of a unix socket; and the mode of TLS for it.

    >>> Address("db.example.org", 5432, sslmode="verify-full").socket is None
    True
    >>> Address("/run/pg", 5433, sslmode="disable").socket
    '/run/pg/.s.PGSQL.5433'
    """

    host: str
    port: int
    sslmode: SslMode
    hostaddr: str | None = None
    password: str | None = field(default=None, repr=False)

    @property
    def socket(self) -> str | None:
        """The path of the unix socket; None for TCP. A name that begins with @ is Linux's abstract kind."""
        if not self.host.startswith(("/", "@")) or self.hostaddr:
            return None
        path = f"{self.host}/.s.PGSQL.{self.port}"
        return f"\0{path[1:]}" if path.startswith("@") else path


@dataclass(frozen=True, slots=True)
class Settings:
    """How to make a connection. `addresses` are tried in order; `connect_timeout` is in seconds, for each."""

    addresses: tuple[Address, ...]
    user: str
    database: str
    connect_timeout: float | None = CONNECT_SECONDS
    application_name: str | None = None
    options: str | None = None
    session: tuple[tuple[str, str], ...] = ()
    """settings of the server's that the environment names"""
    channel_binding: ChannelBinding = "prefer"
    require_auth: frozenset[AuthMethod] = frozenset({"scram-sha-256", "none"})
    target_session_attrs: TargetSession = "any"
    sslrootcert: str | None = None
    sslcert: str | None = None
    sslkey: str | None = None
    sslpassword: str | None = field(default=None, repr=False)
    sslcrl: str | None = None
    ssl_min_protocol_version: str = "TLSv1.2"


def settings_of(
    dsn: str | None = None, /, *, environ: Mapping[str, str] | None = None, **options: Unpack[Options]
) -> Settings:
    """Return how to connect. Raises ConfigurationError, which never shows a password.

    >>> found = settings_of("postgresql://ann@db.example.org/shop", environ={})
    >>> found.addresses[0].sslmode, found.user, found.database
    ('verify-full', 'ann', 'shop')
    >>> settings_of("host=localhost user=ann", environ={}).addresses[0].sslmode
    'prefer'
    """
    environ = os.environ if environ is None else environ
    given: dict[str, str] = {
        keyword: environ[name] for name, keyword in ENVIRONMENT.items() if environ.get(name)
    }
    _checked({keyword: environ[name] for name, keyword in UNREAD.items() if environ.get(name)})
    if "PGSERVICE" in environ:
        raise ConfigurationError("PGSERVICE is set, but service files are not read")
    given |= _checked(_keywords_of(dsn)) if dsn is not None else {}
    given |= _checked({name: str(value) for name, value in options.items() if value is not None})
    user = given.get("user") or _system_user()
    database = given.get("dbname") or user
    return Settings(
        addresses=tuple(_addresses(given, user, database, environ)),
        user=user,
        database=database,
        connect_timeout=_seconds(given.get("connect_timeout")),
        application_name=given.get("application_name"),
        options=given.get("options"),
        session=tuple((keyword, environ[name]) for name, keyword in SESSION.items() if environ.get(name)),
        channel_binding=_word(given, "channel_binding", get_args(ChannelBinding), "prefer"),
        require_auth=_auth_methods(given.get("require_auth")),
        target_session_attrs=_word(given, "target_session_attrs", get_args(TargetSession), "any"),
        sslrootcert=given.get("sslrootcert"),
        sslcert=given.get("sslcert"),
        sslkey=given.get("sslkey"),
        sslpassword=given.get("sslpassword"),
        sslcrl=given.get("sslcrl"),
        ssl_min_protocol_version=_word(given, "ssl_min_protocol_version", ("TLSv1.2", "TLSv1.3"), "TLSv1.2"),
    )


# -- the two forms


def _keywords_of(dsn: str) -> dict[str, str]:
    url = re.match(r"([\w+.-]+)://(.*)", dsn, re.DOTALL)
    if url is None:
        return dict(_keyword_form(dsn))
    scheme, rest = url.groups()
    if scheme not in {"postgresql", "postgres"}:
        raise ConfigurationError(f"a URL of PostgreSQL begins with postgresql://, not {scheme}://")
    return _url(rest)


_PAIR: Final = re.compile(r"\s*(\w+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.)*))(?=\s|$)", re.DOTALL)


def _keyword_form(text: str) -> Iterator[tuple[str, str]]:
    """Read `host=db user='an n'`; a backslash takes the next character as it is."""
    place = 0
    while text[place:].strip():
        found = _PAIR.match(text, place)
        if found is None:
            raise ConfigurationError(f"the DSN cannot be read from character {place + 1} on")
        yield (
            found[1],
            re.sub(r"\\(.)", r"\1", found[2] if found[2] is not None else found[3], flags=re.DOTALL),
        )
        place = found.end()


def _url(rest: str) -> dict[str, str]:
    """Read what follows `://`: `user:password@host:port,host:port/database?keyword=value`."""
    rest, _, query = rest.partition("?")
    authority, _, path = rest.partition("/")
    credentials, at, hosts = authority.rpartition("@")
    found: dict[str, str] = {}
    if at:
        user, colon, password = credentials.partition(":")
        found |= {"user": _decoded(user)} if user else {}
        found |= {"password": _decoded(password)} if colon else {}
    if hosts:
        pairs = [_host_and_port(part) for part in hosts.split(",")]
        found["host"] = ",".join(host for host, _ in pairs)
        if any(port for _, port in pairs):
            found["port"] = ",".join(port for _, port in pairs)
    if path:
        found["dbname"] = _decoded(path)
    for pair in filter(None, query.split("&")):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigurationError(f"a parameter of the URL has no value: {name}")
        if pair == "ssl=true":  # as JDBC says it; libpq takes it too
            name, value = "sslmode", "require"
        found[_decoded(name)] = _decoded(value)
    return found


def _host_and_port(part: str) -> tuple[str, str]:
    if part.startswith("["):
        host, bracket, rest = part[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise ConfigurationError("an IPv6 address in a URL stands in brackets: [::1]:5432")
        return host, rest[1:]
    host, _, port = part.partition(":")
    return _decoded(host), port


def _decoded(text: str) -> str:
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ConfigurationError("a percent sign in the URL has to be written %25")
    try:
        value = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ConfigurationError("the URL holds percent-encoded bytes that are no UTF-8") from None
    return value


def _checked(given: dict[str, str]) -> dict[str, str]:
    """Refuse keywords that nobody reads; take those off that change nothing."""
    known = set(ENVIRONMENT.values()) | {"sslpassword"}
    found: dict[str, str] = {}
    for name, value in given.items():
        if "\0" in value:
            raise ConfigurationError(f"the value of {name} holds a NUL")
        if name in NEUTRAL:
            allowed = NEUTRAL[name]
            if allowed is not None and value.lower() not in allowed:
                raise ConfigurationError(f"{name}={value} is not supported")
        elif name in known:
            found[name] = value
        else:
            raise ConfigurationError(f"no setting is called {name}")
    return found


# -- what the values mean


def _addresses(
    given: Mapping[str, str], user: str, database: str, environ: Mapping[str, str]
) -> Iterator[Address]:
    hosts = given.get("host", "").split(",")
    hostaddrs = given.get("hostaddr", "").split(",")
    count = max(len(hosts), len(hostaddrs))
    hosts = _for_each("host", hosts, count)
    hostaddrs = _for_each("hostaddr", hostaddrs, count)
    ports = _for_each("port", given.get("port", "").split(","), count)
    passfile = given.get("passfile") or _home(environ, ".pgpass")
    for host, hostaddr, text in zip(hosts, hostaddrs, ports, strict=True):
        port = _port(text)
        name = host or hostaddr or _default_host(port)
        sslmode = _word(given, "sslmode", get_args(SslMode), _safe_sslmode(name, hostaddr))
        password = given.get("password")
        if password is None:
            shown = "localhost" if name in SOCKET_FOLDERS else name
            password = password_of(Path(passfile), shown, port, database, user) if passfile else None
        yield Address(name, port, sslmode, hostaddr or None, password)


def _for_each(name: str, values: list[str], count: int) -> list[str]:
    """One value is for all hosts; otherwise there is one for each."""
    if len(values) == 1:
        return values * count
    if len(values) != count:
        raise ConfigurationError(f"{name} has {len(values)} values for {count} hosts")
    return values


def _safe_sslmode(host: str, hostaddr: str) -> SslMode:
    """A name that leads out of this machine is verified in full; libpq would take any server for it."""
    if host.startswith(("/", "@")) and not hostaddr:
        return "disable"
    if host == "localhost" and not hostaddr:
        return "prefer"
    try:
        return "prefer" if ip_address(hostaddr or host).is_loopback else "verify-full"
    except ValueError:
        return "verify-full"


def _default_host(port: int) -> str:
    folders = (folder for folder in SOCKET_FOLDERS if Path(folder, f".s.PGSQL.{port}").exists())
    return next(folders, "localhost")


def _port(text: str) -> int:
    if not text:
        return PORT
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:6]) < 65536:
        raise ConfigurationError(f"a port is a number from 1 to 65535, not {text[:20]!r}")
    return int(text)


def _seconds(text: str | None) -> float | None:
    """Zero and less mean no bound, as with libpq; nothing given means ours."""
    if text is None:
        return CONNECT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        raise ConfigurationError(f"connect_timeout is a number of seconds, not {text[:20]!r}") from None
    return seconds if seconds > 0 else None


def _word(given: Mapping[str, str], name: str, words: tuple[_Word, ...], default: _Word) -> _Word:
    text = given.get(name) or default
    for word in words:
        if word == text:
            return word
    raise ConfigurationError(f"{name} is one of {', '.join(words)}, not {text[:40]!r}")


def _auth_methods(text: str | None) -> frozenset[AuthMethod]:
    """Read libpq's require_auth; a `!` before the names says which not. By default nothing weak is taken."""
    known: frozenset[AuthMethod] = frozenset(get_args(AuthMethod))
    if not text:
        return frozenset({"scram-sha-256", "none"})
    words = [word.strip() for word in text.split(",")]
    named = {word.removeprefix("!") for word in words}
    if not named <= known:
        raise ConfigurationError(f"require_auth knows {', '.join(sorted(known))}; not all of {text[:60]!r}")
    negated = sum(word.startswith("!") for word in words)
    if negated not in {0, len(words)}:
        raise ConfigurationError("require_auth names what is allowed or what is not; never both")
    chosen = cast("frozenset[AuthMethod]", frozenset(named))
    return known - chosen if negated else chosen


def _home(environ: Mapping[str, str], name: str) -> str | None:
    home = environ.get("HOME")
    return f"{home}/{name}" if home else None


def _system_user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise ConfigurationError("no user is given, and the system's user has no name") from None
