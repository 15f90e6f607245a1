"""What is given for the parameters of a statement: a list or a tuple, or an error before anything is sent."""

from __future__ import annotations

import asyncio
from collections import deque
from pathlib import Path
from typing import Any, cast

import pytest
from queryengine_orm import Session, sqlite
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ParameterError
from queryengine_orm.postgres import create_pool

from tests.servers.postgres import PostgresServer

WRONG = [{"id": 1}, "1", b"1", {1}, 5, iter([1])]


def mark(pool: Pool) -> str:
    return "?1" if pool.dialect == "sqlite" else "$1"


@pytest.mark.parametrize("given", [[7], (7,), deque([7]), range(7, 8)])
async def test_any_sequence_of_parameters_is_taken(library: Pool, given: Any) -> None:
    assert (await library.query(f"SELECT {mark(library)} + 0", given))[0][0] == 7


async def test_a_row_of_another_query_is_taken(library: Pool) -> None:
    found = await library.query("SELECT 7 AS seven")
    row = cast("Any", found[0])
    assert (await library.query(f"SELECT {mark(library)} + 0", row))[0][0] == 7


@pytest.mark.parametrize("given", WRONG, ids=lambda given: type(given).__name__)
async def test_what_is_no_sequence_of_parameters_is_refused(library: Pool, given: Any) -> None:
    name = type(given).__name__
    with pytest.raises(ParameterError, match=f"a list or a tuple, in the order of their numbers, not {name}"):
        await library.query(f"SELECT {mark(library)} + 0", given)
    with pytest.raises(ParameterError, match=name):
        await library.execute_many(f"SELECT {mark(library)} + 0", [given])
    with pytest.raises(ParameterError, match=name):
        await Session(library).query(f"SELECT {mark(library)} + 0", given)


async def test_a_call_that_cannot_be_made_leaves_its_connection_to_others(postgres: PostgresServer) -> None:
    async with create_pool(postgres.url(), maximum=1, acquire_timeout=5) as pool:
        for given in WRONG:
            with pytest.raises(ParameterError):
                await pool.query("SELECT $1 + 0", cast("Any", given))
        with pytest.raises(TypeError):
            await pool.query(cast("Any", None))
        assert (await pool.query("SELECT 1", clean=True))[0][0] == 1
        assert pool.statistics()["idle"] == 1


async def test_a_call_that_waits_keeps_the_parameters_that_it_was_given(tmp_path: Path) -> None:
    async with sqlite.create_pool(f"sqlite:///{tmp_path / 'a.db'}") as pool:
        await pool.script("CREATE TABLE t (a INTEGER)")

        async def insert() -> None:
            given = [1]
            first = pool.query("INSERT INTO t VALUES (?1)", given)
            given[0] = 2
            await asyncio.gather(first, pool.query("INSERT INTO t VALUES (?1)", given))

        async with pool.transaction():
            inserting = asyncio.create_task(insert())
            await asyncio.sleep(0)
        await inserting
        assert (await pool.query("SELECT a FROM t ORDER BY a")).tuples() == [(1,), (2,)]
