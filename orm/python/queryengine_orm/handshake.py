"""How a connection is made: which server, with TLS or without, who is there. Knows no pool."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from queryengine_orm._native import Derivation
from queryengine_orm.dsn import Address, Settings, TargetSession
from queryengine_orm.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    ConnectionLost,
    DatabaseError,
    OrmError,
    ProtocolViolation,
)
from queryengine_orm.tls import attempts, context_for

if TYPE_CHECKING:
    from queryengine_orm.connection import Connection

__all__ = ["open_link", "open_transport"]

CREDENTIALS_REFUSED: Final = "28"
"""the class of SQLSTATE that says so"""
PASSWORD_REFUSED: Final = "28P01"  # noqa: S105  # a SQLSTATE
CLIENT_SETTINGS: Final = {
    "client_encoding": "UTF8",
    "datestyle": "ISO, MDY",
}


async def open_link(settings: Settings, make: Callable[[Address], Connection]) -> Connection:
    """Connect to the first server that lets us in and is of the wanted kind.

    Raises ConnectionFailed or AuthenticationFailed; with several servers their errors are its notes.
    """
    failures: list[tuple[Address, OrmError]] = []
    for wanted in _kinds(settings.target_session_attrs):
        for address in settings.addresses:
            try:
                async with asyncio.timeout(settings.connect_timeout):
                    link = await _one(settings, address, make)
                    if await _is_wanted(link, wanted):
                        return link
                    link.abort("another kind of server is wanted")
                    raise ConnectionFailed(f"the server is not {wanted}")  # noqa: TRY301  # one of several
            except TimeoutError as error:
                late = ConnectionFailed(f"no connection within {settings.connect_timeout} s")
                late.__cause__ = error
                failures.append((address, late))
            except (ConnectionFailed, ConnectionLost) as error:
                failures.append((address, error))
    raise _failure(failures)


def _failure(failures: list[tuple[Address, OrmError]]) -> OrmError:
    kinds = {type(error) for _, error in failures}
    kind = AuthenticationFailed if kinds == {AuthenticationFailed} else ConnectionFailed
    (address, first), *others = failures
    error = kind(f"cannot connect to {_place(address)}: {first}")
    error.__cause__ = first
    for address, other in others:
        error.add_note(f"nor to {_place(address)}: {other}")
    return error


def _place(address: Address) -> str:
    return address.socket.replace("\0", "@") if address.socket else f"{address.host}:{address.port}"


def _kinds(wanted: TargetSession) -> tuple[TargetSession, ...]:
    return ("standby", "any") if wanted == "prefer-standby" else (wanted,)


async def _is_wanted(link: Connection, wanted: TargetSession) -> bool:
    if wanted == "any":
        return True
    standby, read_only = link.setting("in_hot_standby"), link.setting("default_transaction_read_only")
    if standby is None or read_only is None:  # before PostgreSQL 14 the server does not say by itself
        sql = "SELECT pg_is_in_recovery(), current_setting('default_transaction_read_only') = 'on'"
        rows = await link.query(sql, clean=True)
        is_standby, is_read_only = bool(rows[0][0]), bool(rows[0][1])
    else:
        is_standby, is_read_only = standby == "on", read_only == "on"
    match wanted:
        case "primary":
            return not is_standby
        case "standby" | "prefer-standby":
            return is_standby
        case "read-write":
            return not is_standby and not is_read_only
        case "read-only":
            return is_standby or is_read_only


async def _one(settings: Settings, address: Address, make: Callable[[Address], Connection]) -> Connection:
    modes = attempts(address.sslmode)
    for mode, is_last in zip(modes, (*(False for _ in modes[1:]), True), strict=True):
        link = make(address)
        try:
            await _shake_hands(settings, address, link, with_tls=mode)
        except (DatabaseError, OSError) as error:
            link.abort("the handshake failed")
            if is_last or not _may_go_the_other_way(error):
                raise _translated(error, address) from error
        except BaseException:
            link.abort("the handshake was broken off")
            raise
        else:
            return link
    raise ConnectionFailed("no way to connect was tried")  # pragma: no cover


def _may_go_the_other_way(error: Exception) -> bool:
    """With `allow` and `prefer` a server that refuses one way may take the other; a password stays wrong.

    A server that broke the protocol, as by bytes behind its answer about TLS, is not asked again.
    """
    if isinstance(error, DatabaseError):
        return error.sqlstate != PASSWORD_REFUSED
    return isinstance(error, ssl.SSLError | ConnectionLost) and not isinstance(error, ProtocolViolation)


def _translated(error: Exception, address: Address) -> ConnectionFailed:
    if isinstance(error, ConnectionFailed):
        return error
    if isinstance(error, DatabaseError) and error.sqlstate.startswith(CREDENTIALS_REFUSED):
        return AuthenticationFailed(str(error))
    words = str(error) or type(error).__name__
    if isinstance(error, ssl.SSLError):
        words = f"{words}; {_why_tls(address)}"
    return ConnectionFailed(words)


def _why_tls(address: Address) -> str:
    """Say which mode asks for TLS, and what else could be asked for."""
    return (
        f"sslmode={address.sslmode} requires it (the default is verify-full for a host that is not this "
        "machine; `sslmode` in the DSN, as an argument or as PGSSLMODE sets another)"
    )


async def open_transport(address: Address, make: Callable[[], asyncio.BaseProtocol]) -> asyncio.Transport:
    """Open a socket to a server; nothing is said on it yet."""
    loop = asyncio.get_running_loop()
    if address.socket is not None:
        transport, _ = await loop.create_unix_connection(make, address.socket)
        return transport
    transport, _ = await loop.create_connection(make, address.hostaddr or address.host, address.port)
    opened: socket.socket | None = transport.get_extra_info("socket")
    if opened is not None:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return transport


async def _shake_hands(settings: Settings, address: Address, link: Connection, *, with_tls: bool) -> None:
    transport = await open_transport(address, lambda: link)
    peer = None if address.socket else transport.get_extra_info("peername")
    if peer is not None:  # a name may lead to several servers: a request to cancel has to reach this one
        link.address = replace(address, hostaddr=peer[0])
    certificate: bytes | None = None
    if with_tls and (address.socket is None):
        if await link.request_tls():
            certificate = await _start_tls(settings, address, link, transport)
        elif address.sslmode not in {"prefer", "allow"}:
            raise ConnectionFailed(f"the server has no TLS, and {_why_tls(address)}")
    step = await link.start(
        settings.user,
        _parameters(settings),
        password=address.password,
        methods=list(settings.require_auth),
        channel_binding=settings.channel_binding,
        is_tls=link.is_encrypted,
        certificate=certificate,
        random=secrets.token_bytes(24),
    )
    while isinstance(step, Derivation):  # thousands of hashes: not on the loop
        key = await asyncio.get_running_loop().run_in_executor(None, step.run)
        step = await link.derived(key)


async def _start_tls(
    settings: Settings, address: Address, link: Connection, transport: asyncio.Transport
) -> bytes | None:
    """Go on with TLS; return the server's certificate."""
    loop = asyncio.get_running_loop()
    context = context_for(settings, address)
    encrypted = await loop.start_tls(transport, link, context, server_hostname=address.host)
    if encrypted is None:
        raise ConnectionFailed("the server hung up when TLS began")
    link.connection_made(encrypted)
    link.tls = context
    session: ssl.SSLObject | None = encrypted.get_extra_info("ssl_object")
    return session.getpeercert(binary_form=True) if session is not None else None


def _parameters(settings: Settings) -> list[tuple[str, str]]:
    parameters = {
        "user": settings.user,
        "database": settings.database,
        **CLIENT_SETTINGS,
        **dict(settings.session),
    }
    if settings.application_name is not None:
        parameters["application_name"] = settings.application_name
    if settings.options is not None:
        parameters["options"] = settings.options
    return list(parameters.items())
