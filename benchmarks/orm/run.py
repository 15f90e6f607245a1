"""The rows and their bars: the companion beside its peers. `main` prints tables, writes results/orm*.json."""

from __future__ import annotations

import argparse
import asyncio
import itertools
import shutil
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    closing,
    contextmanager,
)
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypeAlias

import psycopg
import uvloop

from benchmarks.harness import Row, Runner, coroutines, measure, print_rows, row, write_rows
from benchmarks.orm import memory, profile
from benchmarks.orm.cores import apart
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

OURS: Final = "ours.db"
THEIRS: Final = "theirs.db"
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
    server: int | None = None
    """the process of the server, which has a core of its own where a call's own cost is measured"""

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
        with apart(self.server):
            gets = self._rows("get by primary key", one, self.sides, self.bars.get, 20)
        return [
            *gets,
            *self._rows(f"{TASKS} tasks, each a get", tasks, pooled, self.bars.tasks, 10),
            *self._rows(f"{MANY:,} rows to objects", self._many, self.sides, self.bars.many, 1),
        ]

    def inserts(self, empty: Callable[[], Awaitable[object]]) -> list[Row]:
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
                    self.loop.run_until_complete(empty())
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
        say(f"{self.title}: {what}")
        runners = [make(side) for side in sides]
        times = measure(runners, rounds=self.rounds, turns=turns, collects=True)
        driver, session = sides[:2]
        rows: list[Row] = []
        for peer, taken in zip(sides[2:], times[2:], strict=True):
            ours = session if peer.is_orm else driver
            if "objects" in what:  # a driver's rows are none: all sides make some
                ours = session
            own = times[0] if ours is driver else times[1]
            name = f"{self.title}, {ours.name}: {what}"
            label = f"{peer.name} {peer.version}"
            rows.append(row(name, label, ours_us=own, peer_us=taken, bar=bars.get(peer.name)))
        return rows


# -- the databases ------------------------------------------------------------------------------------------


@contextmanager
def postgres() -> Generator[PostgresServer]:
    """Start a PostgreSQL with both tables."""
    with running_postgres() as server:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            for name in ("people", INSERT_TABLE):
                connection.execute(POSTGRES_TABLE.format(name=name).encode())
            with connection.cursor() as cursor, cursor.copy("COPY people FROM STDIN") as copy:
                for each in people(PEOPLE):
                    copy.write_row(each)
            connection.execute("VACUUM ANALYZE people")
        yield server


@contextmanager
def sqlite() -> Generator[Path]:
    """Make two files of the same tables: two copies of SQLite in one process may not open the same one."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with closing(sqlite3.connect(folder / THEIRS)) as connection, connection:
            connection.execute("PRAGMA journal_mode = WAL")
            for table in ("people", INSERT_TABLE):
                connection.execute(SQLITE_TABLE.format(name=table))
            places = ", ".join("?" * 8)
            connection.executemany(f"INSERT INTO people VALUES ({places})", aiosqlite.written(people(PEOPLE)))  # noqa: S608
        shutil.copy(folder / THEIRS, folder / OURS)
        yield folder


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

    async def empty() -> None:
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"TRUNCATE {INSERT_TABLE}".encode())

    def work(loop: asyncio.AbstractEventLoop, sides: list[Side]) -> list[Row]:
        title = f"PostgreSQL {version_of(server)}, {loop_name}"
        compared = Comparison(title, loop, sides, POSTGRES_BARS, rounds, server.pid)
        return [*compared.reads(), *compared.inserts(empty)]

    return on_loop(LOOPS[loop_name], openers, work)


def sqlite_rows(folder: Path, loop_name: str, rounds: int) -> list[Row]:
    """Compare on SQLite, on one kind of event loop."""
    mine, theirs = f"sqlite:///{folder / OURS}", str(folder / THEIRS)
    openers: list[Open] = [
        lambda: ours.opened(mine, 1),
        lambda: aiosqlite.opened(theirs),
        lambda: stdlib_sqlite.opened(theirs),
        lambda: sqlalchemy.opened(f"sqlite+aiosqlite:///{theirs}", 1),
    ]

    async def empty() -> None:
        await ours.emptied(mine)
        with closing(sqlite3.connect(theirs)) as connection, connection:
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
    parser.add_argument(
        "--profile", action="store_true", help="only where the time of a get and of many rows goes"
    )
    chosen = parser.parse_args()
    wanted = () if chosen.profile else chosen.only or ("postgresql", "sqlite", "memory")
    holds = True
    with compared() as server, sqlite() as folder:
        measured: dict[str, Callable[[], list[Row]]] = {}
        for loop in chosen.loops:
            if "postgresql" in wanted:
                measured[f"orm_postgresql_{loop}"] = partial(postgres_rows, server, loop, chosen.rounds)
            if "sqlite" in wanted:
                measured[f"orm_sqlite_{loop}"] = partial(sqlite_rows, folder, loop, chosen.rounds)
        if "memory" in wanted:
            measured["orm_memory"] = partial(memory.rows, server)
        if chosen.profile:
            for loop in chosen.loops:
                measured[f"orm_profile_{loop}"] = partial(
                    profile.rows, server, loop, LOOPS[loop], chosen.rounds
                )
        for name, rows_of in measured.items():
            rows = rows_of()
            print_rows(name, rows)
            write_rows(RESULTS / f"{name}.json", rows)
            holds = holds and all(each.holds is not False for each in rows)
    return 0 if holds else 1


@contextmanager
def compared() -> Generator[PostgresServer]:
    """Start the server, and print what is compared."""
    with postgres() as server:
        clients = ", ".join(f"{name} {version(name)}" for name in ("queryengine-orm", *PEERS))
        bundled = asyncio.run(ours.bundled_sqlite())
        print(f"Python {sys.version.split()[0]}; PostgreSQL {version_of(server)}; {clients}")
        print(f"SQLite {bundled} in queryengine-orm, {sqlite3.sqlite_version} in Python's own library")
        yield server


def version_of(server: PostgresServer) -> str:
    """Return the version of a server."""
    with psycopg.connect(server.url()) as connection:
        return (connection.info.parameter_status("server_version") or "?").split()[0]


def say(what: str) -> None:
    """Say what is measured now."""
    print(f"{time.strftime('%H:%M:%S')} {what}", flush=True)
