"""What tests of the PostgreSQL client share: a connection, a table of their own, a look at other sessions."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from queryengine_orm.postgres import Connection, connect

from tests.servers.postgres import PostgresServer

PATIENCE = 20.0
"""seconds after which a test gives up on what should happen soon"""


@asynccontextmanager
async def connected(server: PostgresServer, **settings: object) -> AsyncGenerator[Connection]:
    """Give a connection, and fail what hangs; each setting is one of the server's, for this session."""
    options = " ".join(f"-c {name}={value}" for name, value in settings.items())
    async with asyncio.timeout(PATIENCE), await connect(server.url(), options=options) as connection:
        yield connection


@asynccontextmanager
async def numbers(server: PostgresServer, rows: int = 10) -> AsyncGenerator[str]:
    """Give the name of a table `(id int primary key, name text)` with so many rows."""
    table = f"numbers_{secrets.token_hex(4)}"
    async with connected(server) as connection:
        await connection.script(
            f"CREATE TABLE {table} (id int PRIMARY KEY, name text);"
            f"INSERT INTO {table} SELECT n, 'n' || n FROM generate_series(1, {rows}) n"
        )
        try:
            yield table
        finally:
            await connection.script(f"DROP TABLE {table}")


async def value(connection: Connection, sql: str, *parameters: object) -> object:
    """Return the first value of the first row."""
    return (await connection.query(sql, parameters))[0][0]


async def until(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # of another's state there is no event
            await asyncio.sleep(0.005)


async def is_running(observer: Connection, process_id: int, word: str) -> bool:
    """Whether a session runs a statement with this word in it."""
    sql = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state = 'active' AND query LIKE $2"
    return await value(observer, sql, process_id, f"%{word}%") == 1


async def until_running(observer: Connection, process_id: int, word: str, *, runs: bool = True) -> None:
    """Wait until a session runs such a statement, or no longer does."""
    async with asyncio.timeout(PATIENCE):
        while await is_running(observer, process_id, word) is not runs:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
