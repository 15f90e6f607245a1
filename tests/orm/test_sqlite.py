"""SQLite's driver: what pools, transactions and streams promise; errors by kind; a loop that goes on."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import pytest
from queryengine_orm.driver import Pool
from queryengine_orm.errors import (
    CheckViolation,
    ConfigurationError,
    ConnectionFailed,
    ForeignKeyViolation,
    InvalidTransactionState,
    NotNullViolation,
    ParameterError,
    PoolTimeout,
    StatementError,
    UndefinedColumn,
    UndefinedTable,
    UniqueViolation,
    UsageError,
)
from queryengine_orm.sqlite import SQLitePool, connect, create_pool
from queryengine_orm.sqlite_settings import Settings

pytestmark = pytest.mark.both_loops

TABLES = """
    CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL, age INTEGER,
        CONSTRAINT grown CHECK (age >= 0), CONSTRAINT once UNIQUE (name));
    CREATE TABLE posts (id INTEGER PRIMARY KEY, author INTEGER NOT NULL REFERENCES users (id));
"""
LONG = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?1) SELECT count(*) FROM c"


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[SQLitePool]:
    async with create_pool(f"sqlite:///{tmp_path / 'shop.db'}", acquire_timeout=0.2) as pool:
        await pool.script(TABLES)
        yield pool


async def added(pool: Pool, name: str) -> None:
    await pool.query("INSERT INTO users (name) VALUES (?1)", (name,))


async def count(pool: Pool, table: str = "users") -> object:
    return (await pool.query(f"SELECT count(*) FROM {table}"))[0][0]


async def test_a_row_is_found_by_index_name_and_attribute(pool: SQLitePool) -> None:
    written = await pool.query("INSERT INTO users (name, age) VALUES (?1, ?2)", ("Ann", 30))
    assert (len(written), written.affected, written.columns) == (0, 1, ())
    rows = await pool.query("SELECT id, name, age FROM users", ())
    assert rows.columns == ("id", "name", "age")
    (row,) = rows
    assert (row[0], row[-1], row["name"], row.age, row[1:]) == (1, 30, "Ann", 30, ("Ann", 30))
    assert row == (1, "Ann", 30) == tuple(row)
    assert hash(row) == hash((1, "Ann", 30))
    assert repr(row) == "Row(id=1, name='Ann', age=30)"
    assert (rows.tuples(), rows.dicts()) == ([(1, "Ann", 30)], [{"id": 1, "name": "Ann", "age": 30}])
    assert rows.column("name") == rows.column(1) == ["Ann"]
    with pytest.raises(KeyError):
        _ = row["nope"]
    with pytest.raises(AttributeError):
        _ = row.nope
    for wrong in (3, -4):
        with pytest.raises(IndexError):
            _ = row[wrong]


async def test_a_statement_that_gives_rows_while_it_writes_does_both(pool: SQLitePool) -> None:
    rows = await pool.query("INSERT INTO users (name) VALUES (?1), (?2) RETURNING id", ("Ann", "Bob"))
    assert (rows.tuples(), rows.affected) == ([(1,), (2,)], 2)
    assert (await pool.query("UPDATE users SET age = 1")).affected == 2
    assert (await pool.query("CREATE TABLE other (x)")).affected == 0


async def test_a_transaction_commits_at_its_end_and_others_do_not_see_it_before(pool: SQLitePool) -> None:
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO users (name) VALUES ('Ann')")
        assert (await transaction.query("SELECT count(*) FROM users"))[0][0] == 1
        assert await count(pool) == 0
    assert await count(pool) == 1
    with pytest.raises(UsageError):
        await transaction.query("SELECT 1")


async def test_a_first_statement_that_is_not_sent_does_not_lose_the_begin(pool: SQLitePool) -> None:
    async with pool.transaction() as transaction:
        with pytest.raises(ParameterError):
            await transaction.query("SELECT ?1", (object(),))
        with pytest.raises(ParameterError):
            await anext(transaction.stream("SELECT ?1", (object(),)))
        await transaction.query("INSERT INTO users (name) VALUES ('Ann')")
        with pytest.raises(ParameterError):
            await transaction.query("SELECT ?1", (object(),))
    assert await count(pool) == 1


async def test_an_exception_undoes_the_transaction(pool: SQLitePool) -> None:
    async def fail() -> None:
        async with pool.transaction() as transaction:
            await transaction.query("INSERT INTO users (name) VALUES ('Ann')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count(pool) == 0


async def test_a_savepoint_is_undone_alone(pool: SQLitePool) -> None:
    async with pool.transaction() as transaction:
        async with transaction.savepoint() as first:
            await first.query("INSERT INTO users (name) VALUES ('Ann')")
            second = first.savepoint()
            await second.__aenter__()
            await second.query("INSERT INTO users (name) VALUES ('Bob')")
            with pytest.raises(UniqueViolation) as caught:
                await second.query("INSERT INTO users (name) VALUES ('Ann')")
            await second.__aexit__(caught.type, caught.value, caught.tb)
        async with transaction.savepoint() as third:
            await third.query("INSERT INTO users (name) VALUES ('Cid')")
            await third.rollback()
    assert (await pool.query("SELECT name FROM users")).column(0) == ["Ann"]


async def test_a_transaction_that_only_reads_sees_one_moment_and_writes_nothing(pool: SQLitePool) -> None:
    async with pool.transaction(read_only=True) as reading:
        assert (await reading.query("SELECT count(*) FROM users"))[0][0] == 0
        await pool.query("INSERT INTO users (name) VALUES ('Ann')")
        assert (await reading.query("SELECT count(*) FROM users"))[0][0] == 0
        with pytest.raises(InvalidTransactionState):
            await reading.query("INSERT INTO users (name) VALUES ('Bob')")
    assert await count(pool) == 1


async def test_writers_take_turns_and_a_wait_has_an_end(pool: SQLitePool) -> None:
    task = asyncio.current_task()
    assert task is not None
    task.set_name("the one who writes")
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO users (name) VALUES ('Ann')")
        with pytest.raises(PoolTimeout, match=r"a transaction holds: task 'the one who writes', for 0\.\d s"):
            await asyncio.create_task(added(pool, "Bob"))
        waiting = [asyncio.create_task(added(pool, name)) for name in "CDE"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert pool.statistics()["waiting"] == 3
    await asyncio.gather(*waiting)
    assert (await pool.query("SELECT name FROM users ORDER BY id")).column(0) == ["Ann", "C", "D", "E"]
    assert pool.statistics() == {"size": 2, "idle": 2, "acquired": 0, "waiting": 0, "on_threads": 0}


async def test_a_task_does_not_wait_for_the_writer_that_it_has_itself(pool: SQLitePool) -> None:
    insert = "INSERT INTO users (name) VALUES ('Bob')"
    async with pool.transaction() as transaction:
        for write in (
            lambda: pool.query(insert),
            lambda: pool.execute_many(insert, [()]),
            lambda: pool.script(insert),
            lambda: pool.transaction().__aenter__(),
        ):
            with pytest.raises(UsageError, match=r"would wait for itself.* a transaction holds: task"):
                await write()
        assert await count(pool) == 0  # reading is nobody's turn
        await transaction.query(insert)
    await pool.query("INSERT INTO users (name) VALUES ('Ann')")
    assert await count(pool) == 2


async def test_a_write_that_waits_for_a_reader_first_is_known_by_its_task(tmp_path: Path) -> None:
    async with create_pool(f"sqlite:///{tmp_path / 'shop.db'}", readers=1) as pool:
        await pool.script(TABLES)
        async with pool.transaction(), pool.transaction(read_only=True) as reading:
            await reading.query("SELECT 1")
            writing = pool.query("INSERT INTO users (name) VALUES ('Bob')")
            await asyncio.sleep(0)
        await writing
        async with pool.transaction():
            async with pool.transaction(read_only=True) as reading:
                writing = pool.query("INSERT INTO users (name) VALUES ('Cid')")
                await asyncio.sleep(0)
            with pytest.raises(UsageError, match="would wait for itself"):
                await writing


async def test_a_closed_pool_says_so(tmp_path: Path) -> None:
    pool = create_pool(f"sqlite:///{tmp_path / 'shop.db'}")
    async with pool:
        assert (await pool.query("SELECT 1"))[0][0] == 1
        slow = asyncio.ensure_future(pool.query(LONG, (500_000,)))
        await asyncio.sleep(0)
    assert (await slow)[0][0] == 500_000
    for sql in ("SELECT 1", "CREATE TABLE t (x)"):
        with pytest.raises(UsageError, match="the pool is closed"):
            await pool.query(sql)


async def test_a_task_that_is_cancelled_in_the_line_leaves_the_turn_to_the_next(pool: SQLitePool) -> None:
    async with pool.transaction():
        waiting = [asyncio.create_task(added(pool, name)) for name in "AB"]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
    waiting[0].cancel()  # the turn is its own already
    await waiting[1]
    assert (await pool.query("SELECT name FROM users")).column(0) == ["B"]
    assert pool.statistics()["idle"] == 2


async def test_a_long_query_goes_to_a_thread_and_the_loop_goes_on(pool: SQLitePool) -> None:
    # How far it runs before that is counted in Rust: crates/sqlite/src/limits.rs.
    assert Settings(path=":memory:").loop_time < 0.01
    ticks = 0
    running = asyncio.ensure_future(pool.query(LONG, (500_000,)))
    assert pool.statistics()["on_threads"] == 1
    while not running.done():
        ticks += 1
        await asyncio.sleep(0)
    assert running.result()[0][0] == 500_000
    assert ticks > 100


async def test_what_goes_to_a_thread_loses_and_repeats_no_row(tmp_path: Path) -> None:
    numbers = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < ?1) SELECT n FROM c"
    for steps in (0, 1_000, 5_000, 50_000, 10_000_000):
        async with create_pool(str(tmp_path / f"{steps}.db"), steps=steps, loop_time=60) as pool:
            for length in (1, 500, 5_000):
                rows = await pool.query(numbers, (length,))
                assert rows.column(0) == list(range(1, length + 1))


async def test_short_reads_go_on_beside_long_ones_and_queue_when_all_readers_are_busy(
    tmp_path: Path,
) -> None:
    async with create_pool(str(tmp_path / "a.db"), readers=2) as pool:
        longer = [pool.query(LONG, (300_000,)) for _ in range(4)]
        short = await pool.query("SELECT 1")
        assert short[0][0] == 1
        assert [(await each)[0][0] for each in longer] == [300_000] * 4
        assert pool.statistics()["size"] == 3


async def test_a_cancelled_query_stops_and_its_session_serves_the_next(pool: SQLitePool) -> None:
    for _ in range(3):
        running = asyncio.ensure_future(pool.query(LONG, (10**12,)))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert (await pool.query("SELECT 7"))[0][0] == 7


async def test_a_cancelled_write_undoes_its_transaction_and_what_follows_says_so(pool: SQLitePool) -> None:
    async with pool.transaction() as transaction:
        await transaction.query("INSERT INTO users (name) VALUES ('Ann')")
        endless = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c) SELECT n FROM c"
        copying = transaction.query(f"INSERT INTO users (name) {endless}")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(copying, 0.02)
        for sql in ("INSERT INTO users (name) VALUES ('Bob')", "SELECT 1"):
            with pytest.raises(InvalidTransactionState):
                await transaction.query(sql)
        await transaction.rollback()
    assert await count(pool) == 0


async def test_a_stream_gives_all_rows_of_one_moment(pool: SQLitePool) -> None:
    assert await pool.copy_rows("users", ["id", "name"], [(i, f"n{i}") for i in range(5_000)]) == 5_000
    seen: list[object] = []
    async for rows in pool.stream("SELECT id FROM users ORDER BY id", batch=999):
        assert len(rows) <= 999
        seen += rows.column(0)
        await pool.query("DELETE FROM users WHERE id > 4990")
    assert seen == list(range(5_000))
    async with pool.transaction() as transaction:
        async for rows in transaction.stream("SELECT id FROM users", batch=10):
            await transaction.query("UPDATE users SET age = 1 WHERE id = ?1", (rows[0].id,))
            break
    assert (await pool.query("SELECT count(*) FROM users WHERE age = 1"))[0][0] == 1


async def test_many_rows_are_written_all_or_nothing(pool: SQLitePool) -> None:
    with pytest.raises(UniqueViolation):
        await pool.copy_rows("users", ["name"], [(f"n{i % 4_999}",) for i in range(5_000)])
    assert await count(pool) == 0
    sql = "INSERT INTO users (name) VALUES (?1)"
    assert await pool.execute_many(sql, ((f"n{i}",) for i in range(4_500))) == 4_500
    with pytest.raises(ParameterError, match=r"parameter \?1.*given: object"):
        await pool.execute_many(sql, [("x",), (object(),)])
    assert await count(pool) == 4_500


async def test_a_script_runs_all_or_nothing(pool: SQLitePool) -> None:
    with pytest.raises(StatementError):
        await pool.script("CREATE TABLE one (x); CREATE TABLE one (x)")
    with pytest.raises(UndefinedTable):
        await pool.query("SELECT * FROM one")


@pytest.mark.parametrize(
    ("sql", "error", "place"),
    [
        ("INSERT INTO users (name) VALUES ('Ann')", UniqueViolation, ("users", "name", None)),
        ("INSERT INTO users (id, name) VALUES (1, 'Bob')", UniqueViolation, ("users", "id", None)),
        ("INSERT INTO users (name) VALUES (NULL)", NotNullViolation, ("users", "name", None)),
        ("INSERT INTO users (name, age) VALUES ('Bob', -1)", CheckViolation, (None, None, "grown")),
        ("INSERT INTO posts (author) VALUES (9)", ForeignKeyViolation, (None, None, None)),
        ("SELECT * FROM nope", UndefinedTable, ("nope", None, None)),
        ("SELECT nope FROM users", UndefinedColumn, (None, None, None)),
        ('SELECT "nope" FROM users', UndefinedColumn, (None, None, None)),
        ("SELEKT", StatementError, (None, None, None)),
        ("SELECT 1; SELECT 2", StatementError, (None, None, None)),
        ("", StatementError, (None, None, None)),
        ("BEGIN", InvalidTransactionState, (None, None, None)),
    ],
)
async def test_an_error_is_of_its_kind_and_names_its_place(
    pool: SQLitePool, sql: str, error: type[StatementError], place: tuple[str | None, ...]
) -> None:
    await pool.query("INSERT INTO users (id, name) VALUES (1, 'Ann')")
    with pytest.raises(error) as caught:
        await pool.query(sql)
    assert (caught.value.table, caught.value.column, caught.value.constraint) == place
    assert (await pool.query("SELECT name FROM users")).tuples() == [("Ann",)]


async def test_a_key_of_an_expression_has_no_columns(pool: SQLitePool) -> None:
    await pool.script(
        "CREATE UNIQUE INDEX folded ON users (lower(name)); INSERT INTO users (name) VALUES ('Ann')"
    )
    with pytest.raises(UniqueViolation) as caught:
        await added(pool, "ANN")
    assert (caught.value.columns, caught.value.constraint) == ((), "folded")


@pytest.mark.parametrize(("settings", "readers"), [("", 1), ("&readers=3", 3)])
async def test_a_connection_has_the_settings_of_its_url(tmp_path: Path, settings: str, readers: int) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}?acquire_timeout=0.05{settings}"
    async with await connect(url) as connection:
        streams = [aiter(connection.stream("SELECT 1 UNION SELECT 2", batch=1)) for _ in range(readers)]
        for stream in streams:
            await anext(stream)
        with pytest.raises(PoolTimeout, match=f"for one of {readers} readers"):
            await anext(aiter(connection.stream("SELECT 1")))
        for stream in streams:
            assert len([rows async for rows in stream]) == 1
    with pytest.raises(ConfigurationError, match="a time is"):
        await connect(url + "&busy_timeout=-1")
    async with await connect(url + "&busy_timeout=-1", busy_timeout=1):
        pass  # what is given here counts more


async def test_a_pool_that_could_not_be_opened_may_be_opened_later(tmp_path: Path) -> None:
    place = tmp_path / "later"
    pool = create_pool(str(place / "a.db"))
    for _ in range(2):
        with pytest.raises(ConnectionFailed):
            await pool.open()
        with pytest.raises(ConnectionFailed):
            async with pool:
                pass
        with pytest.raises(UsageError, match=r"^the pool is not open$"):
            await pool.query("SELECT 1")
    await pool.close()
    place.mkdir()
    async with pool:
        assert (await pool.query("SELECT 1"))[0][0] == 1
        assert pool.statistics()["size"] == 2


async def test_the_number_of_parameters_has_to_be_right(pool: SQLitePool) -> None:
    for parameters in ((), (1, 2)):
        with pytest.raises(ParameterError, match="1 parameters"):
            await pool.query("SELECT ?1", parameters)


async def test_a_backup_holds_what_was_committed(pool: SQLitePool, tmp_path: Path) -> None:
    await pool.query("INSERT INTO users (name) VALUES ('Ann')")
    await pool.back_up(str(tmp_path / "copy.db"))
    async with await connect(str(tmp_path / "copy.db")) as copy:
        assert (await copy.query("SELECT name FROM users")).tuples() == [("Ann",)]


@pytest.mark.parametrize("uri", ["file::memory:", "file:", "file:some?mode=memory"])
async def test_a_uri_may_name_a_database_in_memory(uri: str) -> None:
    async with create_pool(uri) as pool:
        await pool.script("CREATE TABLE t (a)")
        assert len(await pool.query("SELECT * FROM t")) == 0


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


@pytest.mark.parametrize("form", ["{}", "file:{}", "file:{}?cache=private"])
async def test_a_pool_that_only_reads_leaves_the_file_as_it_is(tmp_path: Path, form: str) -> None:
    path = tmp_path / "some #5%20?.db"
    with closing(sqlite3.connect(path)) as other:
        other.executescript(TABLES)
    before = path.read_bytes()
    named = str(path) if form == "{}" else form.format(quote(str(path)))
    async with create_pool(named, read_only=True) as pool:
        assert await count(pool) == 0
        with pytest.raises(InvalidTransactionState, match="readonly"):
            await pool.query("INSERT INTO users (name) VALUES ('Ann')")
    assert names_in(tmp_path) == [path.name]
    assert path.read_bytes() == before
    with pytest.raises(ConnectionFailed):
        await create_pool(str(tmp_path / "nothere.db"), read_only=True).open()
    assert names_in(tmp_path) == [path.name]


async def test_a_url_may_give_settings(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'shop.db'}"
    async with create_pool(f"{url}?synchronous=normal") as pool:
        await pool.script("CREATE TABLE t (a)")
    async with create_pool(f"{url}?read_only=true") as pool:
        with pytest.raises(InvalidTransactionState, match="readonly"):
            await pool.query("INSERT INTO t VALUES (1)")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("mode=ro", "no setting is called mode; there are acquire_timeout, .* readers"),
        ("path=other.db", "no setting is called path"),
        ("readers=many", "readers: .* valid integer"),
        ("readers=0", "at least 1"),
        ("synchronous=off", "synchronous: .*'full' or 'normal'"),
    ],
)
def test_a_url_with_a_setting_that_is_none_is_refused(query: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        _ = create_pool(f"sqlite:///shop.db?{query}")


async def test_a_database_in_memory_lives_as_long_as_its_pool() -> None:
    async with create_pool() as pool:
        await pool.script("CREATE TABLE t (x)")
        async with pool.transaction() as transaction:
            await transaction.query("INSERT INTO t VALUES (1)")
            later = asyncio.ensure_future(count(pool, "t"))
            await asyncio.sleep(0)
            await transaction.query("INSERT INTO t VALUES (2)")
        assert await later == 2
    with pytest.raises(UsageError):
        await pool.query("SELECT 1")
    async with await create_pool() as awaited:
        assert (await awaited.query("SELECT 1"))[0][0] == 1


async def test_lower_folds_exactly_a_to_z_and_text_is_ordered_by_code_point(pool: SQLitePool) -> None:
    rows = await pool.query("SELECT lower(?1), upper(?2)", ("AZ\u00c9\u212a", "az\u00e9"))
    assert rows[0] == ("az\u00c9\u212a", "AZ\u00e9")
    rows = await pool.query("SELECT column1 FROM (VALUES ('b'), ('B'), ('é'), ('𐀀'), ('\uffff')) ORDER BY 1")
    assert rows.column(0) == ["B", "b", "é", "\uffff", "𐀀"]


async def test_the_decimal_collation_compares_by_value(pool: SQLitePool) -> None:
    sql = (
        "SELECT column1 FROM (VALUES ('10'), ('9.50'), ('-3'), ('9.5'), ('1E+1')) ORDER BY 1 COLLATE decimal"
    )
    values = (await pool.query(sql, (), result=("decimal",))).column(0)
    assert values == sorted(values)


async def test_plain_awaitables_work_with_asyncio_s_tools(pool: SQLitePool) -> None:
    one, two = await asyncio.gather(pool.query("SELECT 1"), pool.query("SELECT 2"))
    three = await asyncio.wait_for(pool.query("SELECT 3"), 5)
    assert (one[0][0], two[0][0], three[0][0]) == (1, 2, 3)
