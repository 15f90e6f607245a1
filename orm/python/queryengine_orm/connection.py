"""One session of PostgreSQL by our own client, and all that it can do. Knows no pool."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from itertools import count, islice
from types import TracebackType
from typing import Final, Literal, Self, TypeAlias, Unpack, cast

from queryengine_orm._native import Link, Rows
from queryengine_orm.cancelling import ask_to_cancel
from queryengine_orm.copying import copy_out, copy_rows, copy_rows_out
from queryengine_orm.driver import Isolation, Kind, RowSource
from queryengine_orm.dsn import Address, Options, Settings, settings_of
from queryengine_orm.errors import ConfigurationError, DatabaseError, OrmError, UsageError
from queryengine_orm.handshake import open_link
from queryengine_orm.listening import Listener
from queryengine_orm.streaming import alone, part_of_stream
from queryengine_orm.transactions import PostgresTransaction, begin

__all__ = ["STATEMENTS", "Connection", "Notice", "connect", "opener"]

LOG: Final = logging.getLogger("queryengine_orm.postgres")
STATEMENTS: Final = 256
"""how many prepared statements a connection keeps"""
UNKNOWN_PORTAL: Final = "34000"
"""the SQLSTATE of a stream's rows that are no more"""
MANY: Final = 1_000
"""how many rows of parameters are sent in one breath"""
CANCEL_SECONDS: Final = 5.0
"""how long a server may take to hear that it shall cancel, and to be done with it"""
LEAVE_SECONDS: Final = 2.0
"""how long a server may take to hang up when it was told that a session is over"""

Notice: TypeAlias = Mapping[str, str | None]
"""severity, sqlstate, message, detail, hint"""


class Connection(Link, asyncio.BufferedProtocol):
    """One session. Calls give asyncio's own futures and are sent at once, in their order.

    A task that is cancelled leaves the connection clean: its query is cancelled on the server if it runs
    alone, or else its answer is passed over. Made by `connect` or by a pool.
    """

    dialect: Literal["postgresql"] = "postgresql"
    address: Address
    """where it leads: once it is open, with the address that the host's name led to"""
    settings: Settings
    tls: ssl.SSLContext | None = None
    """how TLS is done with the server, and with the requests to cancel that it gets; None is without"""
    loans: int = 0
    """how often a pool has had it back: what a holder of before still has, acts on it no more"""
    on_notice: Callable[[Notice], object] | None = None
    """called with each notice; by default they are logged"""
    on_end: Callable[[Connection], object] | None = None
    on_idle: Callable[[Connection], object] | None = None
    """called when nothing is under way any more, while it is shared"""
    _numbers: count[int]
    _listeners: dict[str, set[Listener]]
    _cancelling: asyncio.Task[None] | None = None
    _writable: asyncio.Event
    _gone: asyncio.Event
    _transport: asyncio.Transport | None = None

    def place(self, settings: Settings, address: Address) -> Self:
        """Say where it leads; done once, before it is opened."""
        self.settings, self.address = settings, address
        self._numbers = count(1)
        self._listeners = {}
        self._writable, self._gone = asyncio.Event(), asyncio.Event()
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None:
        await self.close()

    @property
    def is_encrypted(self) -> bool:
        """Whether TLS is between us and the server."""
        return self.tls is not None

    def __repr__(self) -> str:
        state = "closed" if self.is_closed else self.status
        return f"<Connection {self.process_id} to {self.address.host}:{self.address.port}, {state}>"

    def new_name(self, kind: str) -> str:
        """Return a name that nothing of this session has had."""
        return f"queryengine_{kind}_{next(self._numbers)}"

    def transaction(
        self, *, isolation: Isolation | None = None, read_only: bool = False
    ) -> PostgresTransaction:
        """Return a transaction that begins with its first statement."""
        return PostgresTransaction(nullcontext(self), begin(isolation, read_only=read_only))

    async def execute_many(
        self, sql: str, rows: Iterable[Sequence[object]], /, *, clean: bool = False
    ) -> int:
        """Run one statement with each of `rows`, all or nothing; give how many rows they wrote."""
        rows = iter(rows)
        some = list(islice(rows, MANY))
        if len(some) < MANY:
            return await self.query_many(sql, some, clean=clean) if some else 0
        async with self.transaction_unless_in_one():
            written = 0
            while some:
                written += await self.query_many(sql, some, clean=clean)
                some = list(islice(rows, MANY))
            return written

    def transaction_unless_in_one(self) -> AbstractAsyncContextManager[PostgresTransaction | None]:
        """Return a transaction, or nothing to enter if one is under way."""
        return nullcontext() if self.is_in_transaction else self.transaction()

    @property
    def is_in_transaction(self) -> bool:
        """Whether a transaction is under way, if only one whose BEGIN still waits for a statement."""
        # While calls are under way the status is that of before them, and may be of who had it before.
        return self.transactions > 0 or (self.load == 0 and self.status != "idle")

    async def stream(
        self,
        sql: str,
        parameters: Sequence[object] = (),
        /,
        *,
        result: Sequence[Kind | None] | None = None,
        batch: int = 500,
    ) -> AsyncGenerator[Rows]:
        """Give the rows in batches, in a transaction of its own if there is none; no batch is empty.

        While its own is open, other calls on this connection raise UsageError.
        """
        if batch < 1:
            raise UsageError("a batch has one row at least")
        portal, loan = self.new_name("portal"), self.loans
        async with self.transaction_unless_in_one() as own:
            first = self.open_portal(portal, batch, sql, parameters, result=result)
            with nullcontext() if own is None else alone(self):
                rows, more = await first
                try:
                    while len(rows):  # whether there is more is known by asking: the last may hold no row
                        yield rows
                        if not more:
                            break
                        rows, more = await self._next_of(portal, batch, loan)
                finally:
                    if not self.is_closed and self.loans == loan and self.status == "active":
                        await self.close_portal(portal)

    async def _next_of(self, portal: str, batch: int, loan: int) -> tuple[Rows, bool]:
        if self.loans != loan:
            raise UsageError("the stream's connection was given back, and its rows with it")
        try:
            return await self.fetch(portal, batch)
        except DatabaseError as error:
            if error.sqlstate != UNKNOWN_PORTAL:
                raise
            raise UsageError("the transaction of the stream has ended, and its rows with it") from error

    async def copy_rows(self, table: str, columns: Sequence[str], rows: RowSource, /) -> int:
        """Insert many rows by COPY, all or nothing; `table` is `name` or `schema.name`."""
        return await copy_rows(self, table, columns, rows)

    def copy_rows_out(
        self, sql: str, /, *, result: Sequence[Kind | None] | None = None
    ) -> AsyncGenerator[Rows]:
        """Give the rows of a query by COPY, in batches as they come; the server waits for who takes them.

        For very many rows: `stream` takes parameters, and asks for each batch. Raises UsageError for a column
        of a type whose binary form is not known.
        """
        return copy_rows_out(self, sql, result)

    def copy_query(self, sql: str, /) -> AsyncGenerator[bytes]:
        """Run `COPY ... TO STDOUT` and give what it writes, piece by piece."""
        return copy_out(self, sql)

    async def script(self, sql: str, /) -> None:
        """Run several statements without parameters."""
        await self.run_script(sql)

    @asynccontextmanager
    async def listen(self, channel: str, /) -> AsyncGenerator[Listener]:
        """Listen on a channel; iterate over what is given to get each notification."""
        listener = Listener()
        listeners = self._listeners.setdefault(channel, set())
        name = '"' + channel.replace('"', '""') + '"'
        listeners.add(listener)
        try:
            await self.run_script(f"LISTEN {name}")
            yield listener
        finally:
            listeners.discard(listener)
            if not listeners:
                self._listeners.pop(channel, None)
                if not self.is_closed:
                    with part_of_stream():  # or its refusal would hide the exception that left the stream
                        await self.run_script(f"UNLISTEN {name}")

    async def close(self) -> None:
        """Take leave of the server, and wait a little until it has hung up; calls under way fail."""
        self.terminate()
        if self._cancelling is not None:
            self._cancelling.cancel()
            await asyncio.gather(self._cancelling, return_exceptions=True)
        if self._transport is not None:
            try:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LEAVE_SECONDS):
                        await self._gone.wait()
            finally:
                self._transport.abort()

    async def wait_writable(self) -> None:
        """Wait until the transport has sent enough to take more."""
        while self.is_paused and not self.is_closed:
            self._writable.clear()
            await self._writable.wait()

    # -- what asyncio calls, besides the link itself

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; that of TLS comes after the one that it stands on."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no class of asyncio's
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the transport."""
        super().connection_lost(exc)
        self._gone.set()

    # -- what the link calls

    def _on_writable(self) -> None:
        self._writable.set()

    def _on_notice(self, notice: dict[str, str | None]) -> None:
        if self.on_notice is not None:
            self.on_notice(notice)
        else:
            LOG.info("%s: %s", notice["severity"], notice["message"])

    def _on_notification(self, process: int, channel: str, payload: str) -> None:
        for listener in self._listeners.get(channel, ()):
            listener.put(process, channel, payload)

    def _on_end(self) -> None:
        self._writable.set()
        for listeners in self._listeners.values():
            for listener in listeners:
                listener.end()
        if self.on_end is not None:
            self.on_end(self)

    def _on_idle(self) -> None:
        if self.on_idle is not None:
            self.on_idle(self)

    def _on_alone(self) -> None:
        """Nobody waits for what runs: have the server cancel it."""
        self._cancelling = asyncio.get_running_loop().create_task(self._cancel())

    async def _cancel(self) -> None:
        """Cancel; nothing is sent until the server has heard it and a `Sync` has returned."""
        request = self.cancel_request()
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                if request is not None:
                    await ask_to_cancel(self.address, request, self.tls)
                await self.barrier()
        except (OSError, OrmError) as error:  # TimeoutError is one of the first
            self.abort(f"a query could not be cancelled: {error}")
        except asyncio.CancelledError:
            self.abort("the connection was closed")
            raise
        finally:
            self._cancelling = None


def opener(
    settings: Settings, *, statements: int = STATEMENTS, timeout: float | None = None
) -> Callable[[Address], Connection]:
    """Return what makes connections that are not open yet, for `open_link`. Raises ConfigurationError."""
    if statements < 0:
        raise ConfigurationError("a connection keeps 0 prepared statements at least")
    if timeout is not None and not timeout > 0:
        raise ConfigurationError("timeout is a number of seconds above 0, or None for no bound")

    def make(address: Address) -> Connection:
        loop = asyncio.get_running_loop()
        # A pooler may hand one session of the server to many: names of two connections must not be the same.
        prefix = f"queryengine_{secrets.token_hex(6)}"
        link = Connection(loop, statements=statements, prefix=prefix, timeout=timeout)
        return link.place(settings, address)

    return make


async def connect(
    dsn: str | None = None,
    /,
    *,
    statements: int = STATEMENTS,
    timeout: float | None = None,  # noqa: ASYNC109  # of each later call, not of this one
    **options: Unpack[Options],
) -> Connection:
    """Open a connection; what is not said is found as libpq finds it,
    but for `sslmode`: `verify-full` is the default for a host that is not this machine.

    `statements` is how many prepared statements are kept; 0 is for servers behind pgbouncer's transaction
    mode: each run parses its statement anew, in the same breath. `timeout` is the seconds that any call may
    take. Raises ConnectionFailed, AuthenticationFailed.
    """
    settings = settings_of(dsn, **options)
    return await open_link(settings, opener(settings, statements=statements, timeout=timeout))
