"""A session is for one task at a time: another one is refused while a transaction of it is open."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from queryengine_orm import Session
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UsageError

from tests.orm.library import Author, Tag

pytestmark = pytest.mark.anyio


async def locked(session: Session) -> None:
    async with session.begin():
        await session.get(Tag, "x", for_update=True)


USES: dict[str, Callable[[Session], Any]] = {
    "get": lambda session: session.get(Tag, "x"),
    "find": lambda session: session.find(Tag).all(),
    "count": lambda session: session.find(Tag).count(),
    "flush": lambda session: session.flush(),
    "query": lambda session: session.query("SELECT 1"),
    "upsert": lambda session: session.upsert(Tag(word="x")),
    "upsert_all": lambda session: session.upsert_all([Tag(word="x")]),
    "insert_all": lambda session: session.insert_all([Tag(word="x")]),
    "locked": locked,
    "merge": lambda session: session.merge(Tag(word="x")),
    "add": lambda session: session.add(Tag(word="x")),
    "clear": lambda session: session.clear(),
}


async def run(session: Session, use: str) -> None:
    answer = USES[use](session)
    if answer is not None:
        await answer


async def test_of_many_tasks_one_only_is_in_a_transaction(session: Session, library: Pool) -> None:
    entered = asyncio.Event()

    async def store(word: str) -> None:
        async with session.begin():
            session.add(Tag(word=word))
            entered.set()
            await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(store(name), name=name) for name in ("one", "two", "three")]
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert answers[0] is None
    for answer, name in zip(answers[1:], ("two", "three"), strict=True):
        assert isinstance(answer, UsageError)
        assert str(answer) == (
            f"a session is for one task at a time: {name} uses it while one is in a transaction of it"
        )
    assert [tag.word for tag in await Session(library).find(Tag).all()] == ["one"]


@pytest.mark.parametrize("use", USES)
async def test_another_task_is_refused_all_use(session: Session, use: str) -> None:
    begun, done = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with session.begin():
            begun.set()
            await done.wait()

    task = asyncio.create_task(hold(), name="holder")
    await begun.wait()
    with pytest.raises(UsageError, match="while holder is in a transaction of it"):
        await run(session, use)
    done.set()
    await task
    await run(session, use)


async def test_tasks_that_a_transaction_starts_have_part_in_it(session: Session, library: Pool) -> None:
    async def store(word: str) -> None:
        session.add(Tag(word=word))
        assert await session.find(Author).count() == 0

    async with session.begin():
        await asyncio.wait_for(store("x"), 60)
        await asyncio.gather(session.find(Tag).count(), session.find(Author).count())
    assert await Session(library).find(Tag).count() == 1


async def test_a_savepoint_is_for_the_task_that_began_it(session: Session) -> None:
    entered = asyncio.Event()

    async def store(word: str) -> None:
        async with session.begin():
            session.add(Tag(word=word))
            entered.set()
            await asyncio.sleep(0.01)

    async with session.begin():
        answers = await asyncio.gather(store("x"), store("y"), return_exceptions=True)
        assert [type(answer) for answer in answers] == [type(None), UsageError]
        assert [tag.word for tag in await session.find(Tag).all()] == ["x"]


async def test_a_transaction_outlives_the_task_that_began_it(session: Session, library: Pool) -> None:
    block = session.begin()
    await asyncio.create_task(block.__aenter__())
    session.add(Tag(word="x"))
    await session.flush()
    await block.__aexit__(None, None, None)
    assert await Session(library).find(Tag).count() == 1


async def test_an_idle_session_may_go_from_task_to_task(session: Session) -> None:
    async def store(word: str) -> None:
        async with session.begin():
            session.add(Tag(word=word))

    for word in ("x", "y"):
        await asyncio.create_task(store(word))
    assert await session.find(Tag).count() == 2
