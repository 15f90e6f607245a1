"""Faults of SQLite's files: each is a typed error, the pool goes on, and what was acknowledged is there."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import math
import signal
import sqlite3
import subprocess
import sys
import weakref
from collections.abc import Awaitable
from pathlib import Path

import pytest
from queryengine_orm._native import Rows
from queryengine_orm.driver import Kind
from queryengine_orm.errors import (
    ConfigurationError,
    ConnectionFailed,
    ConnectionLost,
    InsufficientResources,
    InvalidTransactionState,
    LockNotAvailable,
    OrmError,
    StorageError,
    UndefinedColumn,
    UsageError,
)
from queryengine_orm.sqlite import create_pool

from tests.orm.faults.other_process import holding

pytestmark = pytest.mark.both_loops

WRITER = """
import asyncio, sys
from queryengine_orm.sqlite import create_pool

async def write(path):
    async with create_pool(path) as pool:
        await pool.script("CREATE TABLE IF NOT EXISTS log (number INTEGER PRIMARY KEY, half INTEGER)")
        half = (await pool.query("SELECT coalesce(max(half), 0) FROM log"))[0][0]
        while True:
            half += 1
            async with pool.transaction() as transaction:
                await transaction.query("INSERT INTO log VALUES (?1, ?2)", (2 * half, half))
                await transaction.query("INSERT INTO log VALUES (?1, ?2)", (2 * half + 1, half))
            print(2 * half + 1, flush=True)

asyncio.run(write(sys.argv[1]))
"""

FILLER = """
import asyncio, resource, sys
from queryengine_orm.errors import DatabaseError
from queryengine_orm.sqlite import create_pool

async def fill(path):
    async with create_pool(path, synchronous="normal") as pool:
        await pool.script("CREATE TABLE t (x)")
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 18, resource.RLIM_INFINITY))
        acknowledged = 0
        try:
            while True:
                await pool.query("INSERT INTO t VALUES (?1)", ("x" * 20_000,))
                acknowledged += 1
        except DatabaseError as error:
            print(acknowledged, type(error).__name__)
        assert (await pool.query("SELECT count(*) FROM t"))[0][0] == acknowledged
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await pool.query("INSERT INTO t VALUES ('after')")
        print((await pool.query("SELECT count(*) FROM t"))[0][0])

asyncio.run(fill(sys.argv[1]))
"""


async def test_a_locked_database_is_an_error_after_its_time_and_the_loop_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path), busy_timeout=0.1) as pool, create_pool(str(path)) as other:
        await pool.script("CREATE TABLE t (x)")
        async with other.transaction() as locking:
            await locking.query("INSERT INTO t VALUES (3)")
            writing = pool.query("INSERT INTO t VALUES (1)")
            assert (await pool.query("SELECT count(*) FROM t"))[0][0] == 0  # readers read on
            with pytest.raises(LockNotAvailable) as caught:
                await writing
            assert caught.value.sqlstate == "55P03"
            async with pool.transaction() as transaction:
                with pytest.raises(LockNotAvailable):
                    await transaction.query("INSERT INTO t VALUES (1)")
                await transaction.rollback()
            waiting = asyncio.ensure_future(asyncio.wait_for(pool.query("INSERT INTO t VALUES (2)"), 60))
            await asyncio.sleep(0)
            await locking.rollback()
        await waiting
        assert (await pool.query("SELECT x FROM t")).column(0) == [2]


@pytest.mark.processes
@pytest.mark.parametrize("end", ["commit", "kill"])
async def test_a_lock_of_another_process_is_an_error_in_time_and_passes(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path), busy_timeout=0.05) as pool:
        await pool.script("CREATE TABLE t (x TEXT)")
        with holding(path, "BEGIN IMMEDIATE", "INSERT INTO t VALUES ('theirs')") as holder:
            assert (await pool.query("SELECT count(*) FROM t"))[0][0] == 0  # readers read on
            with pytest.raises(LockNotAvailable) as caught:
                await pool.query("INSERT INTO t VALUES ('ours')")
            assert caught.value.sqlstate == "55P03"
            with pytest.raises(LockNotAvailable):
                await pool.copy_rows("t", ["x"], [("ours",)])
            getattr(holder, end)()
            await pool.query("INSERT INTO t VALUES ('ours')")
        kept = (await pool.query("SELECT x FROM t ORDER BY rowid")).column(0)
        assert kept == (["theirs", "ours"] if end == "commit" else ["ours"])


@pytest.mark.processes
async def test_a_write_waits_for_another_process_and_the_loop_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path), busy_timeout=60) as pool:
        await pool.script("CREATE TABLE t (x TEXT)")
        with holding(path, "BEGIN IMMEDIATE") as holder:
            waiting = asyncio.ensure_future(asyncio.wait_for(pool.query("INSERT INTO t VALUES ('ours')"), 60))
            for _ in range(10):
                assert (await pool.query("SELECT count(*) FROM t"))[0][0] == 0
            assert not waiting.done()
            holder.commit()
            await waiting


@pytest.mark.processes
async def test_a_file_that_another_process_has_for_itself_is_not_opened_before_it_lets_go(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.db"
    with holding(path, "CREATE TABLE t (x)", "BEGIN EXCLUSIVE", "INSERT INTO t VALUES (1)") as holder:
        with pytest.raises((LockNotAvailable, ConnectionFailed)):
            await create_pool(str(path), busy_timeout=0.05).open()
        holder.commit()
    async with create_pool(str(path), busy_timeout=0.05) as pool:
        assert (await pool.query("SELECT x FROM t")).column(0) == [1]


async def test_a_file_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path)) as pool:
        await pool.script("CREATE TABLE t (x); INSERT INTO t VALUES (1)")
    async with create_pool(f"file:{path}?mode=ro") as pool:
        assert (await pool.query("SELECT x FROM t")).column(0) == [1]
        with pytest.raises(InvalidTransactionState) as caught:
            await pool.query("INSERT INTO t VALUES (2)")
        assert caught.value.sqlstate == "25006"


async def test_a_full_disk_is_an_error_and_undoes_the_transaction(tmp_path: Path) -> None:
    async with create_pool(str(tmp_path / "a.db")) as pool:
        await pool.script("CREATE TABLE t (x)")
        await pool.query("INSERT INTO t VALUES ('kept')")
        await pool.query("PRAGMA max_page_count = 10")
        with pytest.raises(InsufficientResources) as caught:
            await pool.copy_rows("t", ["x"], [("y" * 1_000,) for _ in range(100)])
        assert caught.value.sqlstate == "53100"
        assert (await pool.query("SELECT x FROM t")).column(0) == ["kept"]
        await pool.query("PRAGMA max_page_count = 100000")
        assert await pool.copy_rows("t", ["x"], [("y" * 1_000,) for _ in range(100)]) == 100


@pytest.mark.processes
def test_a_disk_that_takes_no_more_is_an_error_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    # A limit on the size of files is what a disk without room is to the process: its writes fail.
    command = [sys.executable, "-c", FILLER, str(tmp_path / "a.db")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    acknowledged, error, healed = done.stdout.split()
    assert error in {"StorageError", "InsufficientResources"}
    assert int(healed) == int(acknowledged) + 1
    with contextlib.closing(sqlite3.connect(tmp_path / "a.db")) as database:
        assert database.execute("SELECT count(*) FROM t").fetchone() == (int(healed),)
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def test_a_file_that_is_damaged_in_part_is_an_error_there_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path)) as pool:
        await pool.script("CREATE TABLE t (x); CREATE TABLE other (x); INSERT INTO other VALUES (1)")
        await pool.copy_rows("t", ["x"], [(f"{number:0100}",) for number in range(1_000)])
        await pool.query("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(3 * 4096)  # the tables' roots stand before
            file.write(b"\xa5" * (path.stat().st_size - 3 * 4096))
        async with create_pool(str(path)) as fresh:
            with pytest.raises(StorageError) as caught:
                await fresh.query("SELECT count(x) FROM t")
            assert caught.value.sqlstate == "XX001"
            async with fresh.transaction() as transaction:
                await transaction.query("INSERT INTO other VALUES (2)")
                with pytest.raises(StorageError):
                    await transaction.query("UPDATE t SET x = 1")
                await transaction.rollback()
            assert (await fresh.query("SELECT x FROM other")).column(0) == [1]


async def test_a_corrupt_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    async with create_pool(str(path)) as pool:
        await pool.script("CREATE TABLE t (x); CREATE INDEX i ON t (x)")
        await pool.copy_rows("t", ["x"], [(f"{number:0100}",) for number in range(1_000)])
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xa5" * (len(whole) - 4096))
    async with create_pool(str(path)) as pool:
        with pytest.raises(StorageError) as caught:
            await pool.query("SELECT count(x) FROM t")
        assert caught.value.sqlstate == "XX001"


async def test_a_file_that_is_no_database_is_an_error_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(StorageError):
        await create_pool(str(path)).open()
    with pytest.raises(ConnectionFailed):
        await create_pool(str(tmp_path / "nowhere" / "a.db")).open()


@pytest.mark.processes
def test_what_was_acknowledged_is_there_after_a_kill_and_nothing_by_halves(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    for acknowledged in (1, 7, 40):
        command = [sys.executable, "-c", WRITER, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            lines = [int(process.stdout.readline()) for _ in range(acknowledged)]
            process.send_signal(signal.SIGKILL)
            lines += map(int, process.stdout)
        with contextlib.closing(sqlite3.connect(path)) as database:
            (kept,) = database.execute("SELECT max(number) FROM log").fetchone()
            assert kept >= lines[-1]
            halves = "SELECT count(*) FROM log GROUP BY half HAVING count(*) <> 2"
            assert database.execute(halves).fetchall() == []
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


ENDLESS = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT count(*) FROM c"


async def test_what_still_runs_when_the_pool_is_closed_is_broken_off_and_says_so(tmp_path: Path) -> None:
    async with asyncio.timeout(10):
        pool = await create_pool(f"{tmp_path / 'a.db'}", close_timeout=0.05)
        await pool.script("CREATE TABLE t (x)")
        calls = [
            asyncio.ensure_future(pool.query(ENDLESS)),
            asyncio.ensure_future(pool.query(f"INSERT INTO t {ENDLESS}")),
        ]
        await asyncio.sleep(0.02)
        await pool.close()
        for call in calls:
            with pytest.raises(ConnectionLost, match="closed under"):
                await call
        async with create_pool(f"{tmp_path / 'a.db'}") as again:
            assert (await again.query("SELECT count(*) FROM t"))[0][0] == 0


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf, 1e19])
def test_a_time_that_is_none_is_refused(seconds: float) -> None:
    with pytest.raises(ConfigurationError, match="seconds"):
        _ = create_pool(loop_time=seconds)


async def test_an_error_keeps_nothing_of_whom_it_was_raised_in() -> None:
    class Kept:
        """What a task has at hand."""

    async def fail() -> weakref.ref[Kept]:
        kept = Kept()
        answer = pool.query("SELECT no_such")
        try:
            await answer
        except OrmError:
            return weakref.ref(kept)
        raise AssertionError(answer)

    async with create_pool() as pool:
        left = await fail()
        gc.collect()
        assert left() is None
        answer = pool.query("SELECT no_such")
        for kind in (UndefinedColumn, UsageError):
            with pytest.raises(kind):
                await answer


async def test_what_a_caller_wants_may_ask_the_database_itself(tmp_path: Path) -> None:
    class Kinds(tuple[Kind | None, ...]):
        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            asked.append(pool.query("SELECT 1 AS x, 2 AS y", (), result=("int", "int")))
            return super().__eq__(other)

        def __hash__(self) -> int:
            return super().__hash__()

    asked: list[Awaitable[Rows]] = []
    async with create_pool(f"{tmp_path / 'a.db'}") as pool:
        for _ in range(2):
            rows = await pool.query("SELECT 3 AS x, 4 AS y", (), result=Kinds(("int", "int")))
            assert rows.tuples() == [(3, 4)]
        assert [(await answer).tuples() for answer in asked] == [[(1, 2)]]


STUCK = """
    SELECT replace(hex(zeroblob(150 + 0 * count(*))), '00', '1') GLOB '*1*1*1*1*2'
    FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 300000) SELECT n FROM c)
"""
"""goes to a thread, and at its end looks long at a text, which nothing interrupts"""


@pytest.mark.parametrize(
    "sql", ["INSERT INTO t VALUES (1)", "WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x"]
)
async def test_a_write_is_none_of_a_reader_that_a_cancelled_query_still_has(tmp_path: Path, sql: str) -> None:
    async with create_pool(f"{tmp_path / 'a.db'}", readers=1) as pool:
        await pool.script("CREATE TABLE t (x)")
        call = asyncio.ensure_future(pool.query(STUCK))
        await asyncio.sleep(0.1)
        call.cancel()
        await asyncio.sleep(0)
        assert (await pool.query(sql)).affected == 1
        assert (await pool.query("WITH x AS (SELECT count(*) FROM t) SELECT * FROM x"))[0][0] == 1
