"""A network that fails: a TCP proxy that cuts, stalls and splits what goes through it. Knows no protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["Proxy", "proxied"]

HOST = "127.0.0.1"
CHUNK = 1 << 16


@dataclass(slots=True)
class Proxy:
    """What goes on between a client and a server, both ways, and what may befall it.

    `piece` splits what the server sends into pieces of that many bytes. After `cut_after` bytes of the
    server's on a connection it is cut. While it stalls nothing goes through, and nothing is cut.
    """

    port: int = 0
    piece: int | None = None
    cut_after: int | None = None
    accepted: int = 0
    from_server: int = 0
    _flows: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    def __post_init__(self) -> None:
        self._flows.set()

    def stall(self) -> None:
        """Hold back all that comes, in both directions."""
        self._flows.clear()

    def resume(self) -> None:
        """Let go what was held back."""
        self._flows.set()

    def cut(self) -> None:
        """Reset every connection."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def has_passed(self, count: int, *, is_over: Callable[[], bool]) -> None:
        """Wait until so many bytes more of the server's were passed on, or it is over anyhow."""
        end = self.from_server + count
        while self.from_server < end and not is_over():  # noqa: ASYNC110  # in each turn of the loop there may be one more
            await asyncio.sleep(0)

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_server: bool
    ) -> None:
        passed = 0
        while data := await reader.read(CHUNK):
            await self._flows.wait()
            if is_server:
                if self.cut_after is not None:
                    data = data[: self.cut_after - passed]
                passed += len(data)
                await self._split(writer, data)
            else:
                writer.write(data)
                await writer.drain()
            if is_server and passed == self.cut_after:
                return

    async def _split(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        while data:
            piece = data[: self.piece]
            writer.write(piece)
            await writer.drain()
            self.from_server += len(piece)
            data = data[len(piece) :]
            if self.piece is not None:
                await asyncio.sleep(0)

    async def join(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, port: int
    ) -> None:
        """Join a client to the server until one of them hangs up or both are cut off."""
        self.accepted += 1
        self._writers.add(writer)
        with suppress(OSError):
            server_reader, server_writer = await asyncio.open_connection(host, port)
            self._writers.add(server_writer)
            ways = [
                asyncio.ensure_future(self._pass(reader, server_writer, is_server=False)),
                asyncio.ensure_future(self._pass(server_reader, writer, is_server=True)),
            ]
            try:
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
                await asyncio.sleep(0)
            finally:
                for way in ways:
                    way.cancel()
                await asyncio.gather(*ways, return_exceptions=True)
                server_writer.close()
                self._writers.discard(server_writer)
        writer.close()
        self._writers.discard(writer)


@asynccontextmanager
async def proxied(port: int, host: str = HOST) -> AsyncGenerator[Proxy]:
    """Stand before the server at `host`:`port` until the end."""
    proxy = Proxy()
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(proxy.join(reader, writer, host, port))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, HOST, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await server.wait_closed()
        proxy.resume()
        proxy.cut()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
