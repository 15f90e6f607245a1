"""The rows and their bars: the companion beside its peers. `main` prints tables, writes results/orm*.json."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Callable, Generator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

import psycopg
import uvloop

from benchmarks.harness import Row, Runner, coroutines, measure, print_rows, row, write_rows
from benchmarks.orm import memory
from benchmarks.orm.people import (
    INSERT_TABLE,
    MANY,
    PEOPLE,
    POSTGRES_TABLE,
    SQLITE_TABLE,
    Side,
    people,
)
from benchmarks.orm.sides import aiosqlite, asyncpg, ours, oxyde, psqlpy, sqlalchemy, stdlib_sqlite, tortoise
from benchmarks.orm.sides import psycopg as psycopg_side
from tests.servers.postgres import PostgresServer, running_postgres

__all__ = ["main"]

Open: TypeAlias = Callable[[], AbstractAsyncContextManager[Sequence[Side]]]

RESULTS: Final = Path(__file__).parents[1] / "results"
TASKS: Final = 50
POOL: Final = 8
LOOPS: Final[dict[str, Callable[[], asyncio.AbstractEventLoop]]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}
PEERS: Final = ("asyncpg", "psycopg", "psqlpy", "oxyde", "sqlalchemy", "tortoise-orm", "aiosqlite", "uvloop")


@dataclass(frozen=True, slots=True)
class Bars:
    """The most that ours may take, over a peer of that name."""

    get: Mapping[str, float]
    tasks: Mapping[str, float]
    many: Mapping[str, float]
    insert: Mapping[str, float]


POSTGRES_BARS: Final = Bars(
    get={"asyncpg": 0.5, "SQLAlchemy (asyncpg)": 0.1},
    tasks={"asyncpg": 1 / 3},
    many={"asyncpg": 0.4, "SQLAlchemy (asyncpg)": 0.05},
    insert={"asyncpg": 1.0},
)
SQLITE_BARS: Final = Bars(get={"aiosqlite": 0.1}, tasks={}, many={}, insert={})


# -- what is measured -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """All sides on one database and one event loop; in each row they take turns.

    The first two sides are ours: the driver, which is held against drivers, and the session, against ORMs.
    """

    title: str
    loop: asyncio.AbstractEventLoop
    sides: Sequence[Side]
    bars: Bars
    rounds: int

    def reads(self) -> list[Row]:
        """Compare reading: one row, many tasks at once, many rows at once."""
        keys = itertools.count(1)

        def one(side: Side) -> Runner:
            return coroutines(self.loop, lambda: side.get(next(keys) % PEOPLE + 1))

        def tasks(side: Side) -> Runner:
            async def at_once() -> None:
                await asyncio.gather(*[side.get(next(keys) % PEOPLE + 1) for _ in range(TASKS)])

            return coroutines(self.loop, at_once)

        pooled = [side for side in self.sides if side.name != psycopg_side.NAME]  # which is one connection
        return [
            *self._rows("get by primary key", one, self.sides, self.bars.get, 20),
            *self._rows(f"{TASKS} tasks, each a get", tasks, pooled, self.bars.tasks, 10),
            *self._rows(f"{MANY:,} rows to objects", self._many, self.sides, self.bars.many, 1),
        ]

    def inserts(self, empty: Callable[[], object]) -> list[Row]:
        """Compare the insertion of many rows at once into an empty table, which is emptied off the clock."""
        written = people(MANY)

        def runner(side: Side) -> Runner:
            async def insert() -> float:
                start = time.perf_counter()
                await side.insert(written)
                return time.perf_counter() - start

            def run(times: int) -> float:
                seconds = 0.0
                for _ in range(times):
                    empty()
                    seconds += self.loop.run_until_complete(insert())
                return seconds

            return run

        return self._rows(f"bulk insert of {MANY:,} rows", runner, self.sides, self.bars.insert, 1)

    def _many(self, side: Side) -> Runner:
        return coroutines(self.loop, side.many)

    def _rows(
        self,
        what: str,
        make: Callable[[Side], Runner],
        sides: Sequence[Side],
        bars: Mapping[str, float],
        turns: int,
    ) -> list[Row]:
        times = measure([make(side) for side in sides], rounds=self.rounds, turns=turns)
        driver, session = sides[:2]
        rows: list[Row] = []
        for peer, taken in zip(sides[2:], times[2:], strict=True):
            ours = session if peer.is_orm else driver
            if "objects" in what:  # a driver's rows are none: all sides make some
                ours = session
            own = times[0] if ours is driver else times[1]
            name = f"{self.title}, {ours.name}: {what}"
            rows.append(row(name, peer.name, ours_us=own, peer_us=taken, bar=bars.get(peer.name)))
        return rows


# -- the databases ------------------------------------------------------------------------------------------


@contextmanager
def postgres() -> Generator[PostgresServer]:
    """Start a PostgreSQL with both tables, on a core of its own where there are two."""
    with running_postgres() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for name in ("people", INSERT_TABLE):
                connection.execute(POSTGRES_TABLE.format(name=name).encode())
            with connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
                for each in people(PEOPLE):
                    copy.write_row(each)
            connection.execute("VACUUM ANALYZE people")
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) > 1:
            os.sched_setaffinity(server.pid, {cores[-1]})  # its sessions inherit it
            os.sched_setaffinity(0, {cores[0]})
        try:
            yield server
        finally:
            os.sched_setaffinity(0, set(cores))


@contextmanager
def sqlite() -> Generator[Path]:
    """Make a file with both tables."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "people.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for name in ("people", INSERT_TABLE):
                connection.execute(SQLITE_TABLE.format(name=name))
            places = ", ".join("?" * 8)
            connection.executemany(f"INSERT INTO people VALUES ({places})", aiosqlite.written(people(PEOPLE)))  # noqa: S608
        yield path


@asynccontextmanager
async def all_open(openers: Sequence[Open]) -> AsyncGenerator[list[Side]]:
    """Open all sides; they have to give the same row."""
    async with AsyncExitStack() as stack:
        opened = [side for each in openers for side in await stack.enter_async_context(each())]
        seen = {side.name: side.tuple_of(await side.get(41)) for side in opened}
        assert set(seen.values()) == {(41, "Person 41", 41)}, seen
        for side in opened:
            assert len(await side.many()) == MANY, side.name
        yield opened


def on_loop(
    make: Callable[[], asyncio.AbstractEventLoop],
    openers: Sequence[Open],
    work: Callable[[asyncio.AbstractEventLoop, list[Side]], list[Row]],
) -> list[Row]:
    """Open the sides on a new event loop, do the work, close them."""
    with asyncio.Runner(loop_factory=make) as runner:
        context = all_open(openers)
        sides = runner.run(context.__aenter__())
        try:
            return work(runner.get_loop(), sides)
        finally:
            runner.run(context.__aexit__(None, None, None))


def postgres_rows(server: PostgresServer, loop_name: str, rounds: int) -> list[Row]:
    """Compare on PostgreSQL, on one kind of event loop."""
    url = server.url()
    openers: list[Open] = [
        lambda: ours.opened(url, POOL),
        lambda: asyncpg.opened(url, POOL),
        lambda: psycopg_side.opened(url),
        lambda: psqlpy.opened(url, POOL),
        lambda: oxyde.opened(url),
        lambda: sqlalchemy.opened(server.asyncpg_url, POOL),
        lambda: tortoise.opened(url.replace("postgresql", "asyncpg", 1), POOL),
    ]

    def empty() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {INSERT_TABLE}".encode())

    def work(loop: asyncio.AbstractEventLoop, sides: list[Side]) -> list[Row]:
        compared = Comparison(f"PostgreSQL, {loop_name}", loop, sides, POSTGRES_BARS, rounds)
        return [*compared.reads(), *compared.inserts(empty)]

    return on_loop(LOOPS[loop_name], openers, work)


def sqlite_rows(path: Path, loop_name: str, rounds: int) -> list[Row]:
    """Compare on SQLite, on one kind of event loop."""
    file = str(path)
    openers: list[Open] = [
        lambda: ours.opened(f"sqlite:///{file}", 1),
        lambda: aiosqlite.opened(file),
        lambda: stdlib_sqlite.opened(file),
        lambda: sqlalchemy.opened(f"sqlite+aiosqlite:///{file}", 1),
    ]

    def empty() -> None:
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"DELETE FROM {INSERT_TABLE}")  # noqa: S608  # our own name

    def work(loop: asyncio.AbstractEventLoop, sides: list[Side]) -> list[Row]:
        compared = Comparison(f"SQLite, {loop_name}", loop, sides, SQLITE_BARS, rounds)
        return [*compared.reads(), *compared.inserts(empty)]

    return on_loop(LOOPS[loop_name], openers, work)


def main() -> int:
    """Measure, print, write; 1 where a bar does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.orm", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--loops", nargs="*", choices=LOOPS, default=list(LOOPS))
    parser.add_argument("--only", nargs="*", choices=("postgresql", "sqlite", "memory"))
    chosen = parser.parse_args()
    wanted = chosen.only or ("postgresql", "sqlite", "memory")
    with compared() as server, sqlite() as path:
        groups: dict[str, list[Row]] = {}
        for loop_name in chosen.loops:
            if "postgresql" in wanted:
                groups[f"orm_postgresql_{loop_name}"] = postgres_rows(server, loop_name, chosen.rounds)
            if "sqlite" in wanted:
                groups[f"orm_sqlite_{loop_name}"] = sqlite_rows(path, loop_name, chosen.rounds)
        if "memory" in wanted:
            groups["orm_memory"] = memory.rows(server)
    for name, rows in groups.items():
        print_rows(name, rows)
        write_rows(RESULTS / f"{name}.json", rows)
    return int(any(each.holds is False for rows in groups.values() for each in rows))


@contextmanager
def compared() -> Generator[PostgresServer]:
    """Start the server, and print what is compared."""
    with postgres() as server:
        with psycopg.connect(server.url()) as connection:
            shown = connection.execute("SHOW server_version").fetchone()
        clients = ", ".join(f"{name} {version(name)}" for name in PEERS)
        print(f"Python {sys.version.split()[0]}; PostgreSQL {shown and shown[0]}; {clients}")
        print(f"SQLite {sqlite3.sqlite_version} in Python's own library")
        yield server
