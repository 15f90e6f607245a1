"""The request to cancel what runs on another connection, over a socket of its own. Knows no session."""

from __future__ import annotations

import asyncio

from queryengine_orm.dsn import Address, Settings
from queryengine_orm.handshake import open_transport

__all__ = ["ask_to_cancel"]


class _Request(asyncio.Protocol):
    """Waits until the server hangs up, which is its answer."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.heard: asyncio.Future[None] = loop.create_future()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio's own
        if not self.heard.done():
            self.heard.set_result(None)


async def ask_to_cancel(settings: Settings, address: Address, request: bytes) -> None:
    """Send the request and return when the server has heard it. Raises OSError.

    As with libpq's PQcancel it goes without TLS: it holds a number that is of use for cancelling alone.
    """
    del settings
    protocol = _Request(asyncio.get_running_loop())
    transport = await open_transport(address, lambda: protocol)
    try:
        transport.write(request)
        await protocol.heard
    finally:
        transport.abort()
