"""The request to cancel what runs on another connection, over a socket of its own. Knows no session."""

from __future__ import annotations

import asyncio
import ssl
from typing import Final

from queryengine_orm.dsn import Address
from queryengine_orm.handshake import open_transport

__all__ = ["ask_to_cancel"]

TLS_REQUEST: Final = b"\0\0\0\x08\x04\xd2\x16\x2f"
"""the wish for TLS, as it stands on the wire"""
TLS_FOLLOWS: Final = b"S"


class _Request(asyncio.Protocol):
    """Hears the answer to the wish for TLS, and waits until the server hangs up, having heard the request."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.answered: asyncio.Future[bytes] = loop.create_future()
        self.heard: asyncio.Future[None] = loop.create_future()

    def data_received(self, data: bytes) -> None:
        if not self.answered.done():
            self.answered.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's own
        if not self.answered.done():
            self.answered.set_result(b"")
        if not self.heard.done():
            self.heard.set_result(None)


async def ask_to_cancel(address: Address, request: bytes, tls: ssl.SSLContext | None) -> None:
    """Send the request, encrypted as the session is; return when the server has heard it. Raises OSError."""
    loop = asyncio.get_running_loop()
    protocol = _Request(loop)
    transport = await open_transport(address, lambda: protocol)
    try:
        if tls is not None:
            transport = await _with_tls(address, tls, transport, protocol)
        transport.write(request)
        await protocol.heard
    finally:
        transport.abort()


async def _with_tls(
    address: Address, tls: ssl.SSLContext, transport: asyncio.Transport, protocol: _Request
) -> asyncio.Transport:
    transport.write(TLS_REQUEST)
    if await protocol.answered != TLS_FOLLOWS:  # nor anything behind it
        raise ConnectionError("the server has no TLS for the request to cancel")
    loop = asyncio.get_running_loop()
    encrypted = await loop.start_tls(transport, protocol, tls, server_hostname=address.host)
    if encrypted is None:
        raise ConnectionError("the server hung up when TLS began")
    return encrypted
