"""A session on a transaction that another has begun: what it begins are savepoints, and all can be undone."""

from __future__ import annotations

from contextlib import suppress

import pytest
from queryengine_orm import Session
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UniqueViolation, UsageError

from tests.orm.library import Author

pytestmark = pytest.mark.anyio


async def serve(session: Session, name: str) -> None:
    """What a service does, with a transaction of its own."""
    async with session.begin():
        session.add(Author(name=name))


async def test_what_a_service_commits_is_undone_by_the_transaction_around_it(library: Pool) -> None:
    async with library.transaction() as outer:
        async with Session(outer) as session:
            await serve(session, "Ada")
            session.add(Author(name="Bea"))
            await session.flush()
            assert await session.upsert_all([Author(name="Cid")], on=[Author.name]) == 1
        async with Session(outer) as session:
            assert await session.find(Author).count() == 3
        await outer.rollback()
    assert await Session(library).find(Author).count() == 0


async def test_what_fails_in_it_is_undone_alone(library: Pool) -> None:
    async with library.transaction() as outer:
        session = Session(outer)
        await serve(session, "Ada")
        with pytest.raises(UniqueViolation):
            await serve(session, "Ada")
        session.add(Author(name="Ada"))
        with pytest.raises(UniqueViolation):
            await session.flush()
        session.clear()
        with suppress(KeyError):
            async with session.begin():
                session.add(Author(name="Bea"))
                await session.flush()
                raise KeyError
        await serve(session, "Cid")
        assert len(await session.find(Author.name == "Cid").for_update().all()) == 1
    names = [each.name for each in await Session(library).find(Author).order_by(Author.name).all()]
    assert names == ["Ada", "Cid"]


async def test_it_has_the_isolation_of_the_transaction(library: Pool) -> None:
    async with library.transaction() as outer:
        with pytest.raises(UsageError, match="a savepoint has the isolation of its transaction"):
            async with Session(outer).begin(isolation="serializable"):
                pass
