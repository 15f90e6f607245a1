"""What 200,000 rows weigh: our models beside asyncpg's records, each in a fresh process of its own."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

import psycopg

from benchmarks.harness import Row, row
from benchmarks.orm.people import COLUMNS, CROWD, POSTGRES_TABLE
from benchmarks.orm.sides.asyncpg import asyncpg
from tests.servers.postgres import PostgresServer

__all__ = ["main", "rows"]

COUNT: Final = 200_000
FILL: Final = f"""
    INSERT INTO {CROWD}
    SELECT id, 'Person ' || id, 'person.' || id || '@example.com', id % 90, id % 3 = 0, id / 8.0,
        DATE '1950-01-01' + (id % 20000)::int, TIMESTAMPTZ '2026-01-01Z' + id * INTERVAL '1 second'
    FROM generate_series(1::bigint, {COUNT}) AS id
"""  # noqa: S608  # our own names
READ: Final = f"SELECT {', '.join(COLUMNS)} FROM {CROWD}"  # noqa: S608
ROUNDS: Final = 3


def resident() -> int:
    """Return the bytes of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def records(url: str) -> tuple[int, int]:
    """Return how many records asyncpg gave, and by how many bytes they let the process grow."""
    connection = await asyncpg.connect(url)
    await connection.fetch("SELECT 1")
    gc.collect()
    before = resident()
    kept = await connection.fetch(READ)
    grown = resident() - before
    await connection.close()
    return len(kept), grown


async def models(url: str) -> tuple[int, int]:
    """Return how many models we gave of the same rows, and how much they weigh."""
    from benchmarks.orm.sides import ours  # noqa: PLC0415  # the other side's process has none of it

    return await ours.weight(url, resident)


def rows(server: PostgresServer) -> list[Row]:
    """Compare the two: here the figures are bytes a row."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(POSTGRES_TABLE.format(name=CROWD).encode())
        connection.execute(FILL.encode())
    heavy = {name: [_measured(name, server.url()) for _ in range(ROUNDS)] for name in ("models", "records")}
    mine, theirs = (sorted(heavy[name])[ROUNDS // 2] / COUNT for name in ("models", "records"))
    label = f"PostgreSQL: bytes a row of {COUNT:,} models"
    return [row(label, "asyncpg's records", ours_us=mine, peer_us=theirs, bar=1.0)]


def _measured(name: str, url: str) -> int:
    command = [sys.executable, "-m", "benchmarks.orm.memory", name]
    environment = {**os.environ, "ORM_BENCH_URL": url}
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    count, grown = map(int, answer.stdout.split())
    assert count == COUNT
    return grown


def main() -> None:
    """Print how much one side takes."""
    measured = {"records": records, "models": models}[sys.argv[1]]
    print(*asyncio.run(measured(os.environ["ORM_BENCH_URL"])))


if __name__ == "__main__":
    main()
