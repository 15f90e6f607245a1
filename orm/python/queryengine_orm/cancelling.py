"""The request to cancel what runs on another connection, over a socket of its own. Knows no session."""

from __future__ import annotations

import asyncio
from typing import Final

from queryengine_orm.dsn import Address, Settings
from queryengine_orm.handshake import open_transport
from queryengine_orm.tls import context_for

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


async def ask_to_cancel(settings: Settings, address: Address, request: bytes, *, is_encrypted: bool) -> None:
    """Send the request, encrypted if the session is; return when the server has heard it. Raises OSError."""
    loop = asyncio.get_running_loop()
    protocol = _Request(loop)
    transport = await open_transport(address, lambda: protocol)
    try:
        if is_encrypted:
            transport = await _with_tls(settings, address, transport, protocol)
        transport.write(request)
        await protocol.heard
    finally:
        transport.abort()


async def _with_tls(
    settings: Settings, address: Address, transport: asyncio.Transport, protocol: _Request
) -> asyncio.Transport:
    transport.write(TLS_REQUEST)
    if await protocol.answered != TLS_FOLLOWS:  # nor anything behind it
        raise ConnectionError("the server has no TLS for the request to cancel")
    context = context_for(settings, address)
    loop = asyncio.get_running_loop()
    encrypted = await loop.start_tls(transport, protocol, context, server_hostname=address.host)
    if encrypted is None:
        raise ConnectionError("the server hung up when TLS began")
    return encrypted
