"""An object that a roll-back took out of its session is not changed in silence."""

from __future__ import annotations

from contextlib import suppress

import pytest
from queryengine_orm import Session, units
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UsageError
from queryengine_orm.tracking import Changes, changes_of

from tests.orm.library import Author

pytestmark = pytest.mark.anyio


class Undone(Exception):  # noqa: N818  # it says what is to happen
    """Ends a transaction that is not to last."""


async def forgotten(session: Session) -> Author:
    """Store an author, and give the object that a transaction read which was rolled back."""
    session.add(Author(name="Ada"))
    await session.flush()
    session.clear()
    found: list[Author] = []
    with suppress(Undone):
        async with session.begin():
            found.append(await session.find(Author).one())
            raise Undone
    return found[0]


async def test_a_change_after_a_roll_back_is_an_error_and_not_lost(session: Session, library: Pool) -> None:
    author = await forgotten(session)
    await session.flush()
    author.name = "Bea"
    with pytest.raises(UsageError, match=r"^Author\(id=1\) was changed after a roll-back"):
        await session.flush()
    session.add(author)
    await session.flush()
    assert (await Session(library).find(Author).one()).name == "Bea"


async def test_a_change_after_a_savepoint_that_was_undone_is_an_error(session: Session) -> None:
    async def change() -> None:
        async with session.begin():
            author = await forgotten(session)
            author.name = "Bea"

    with pytest.raises(UsageError, match="was changed after a roll-back"):
        await change()
    assert not await session.find(Author).exists()


async def test_what_was_let_go_by_hand_may_be_changed(session: Session, library: Pool) -> None:
    author = await forgotten(session)
    author.name = "Bea"
    session.expunge(author)
    await session.flush()
    other = await session.find(Author).one()
    session.expunge(other)
    other.name = "Cid"
    await session.flush()
    third = await session.find(Author).one()
    session.clear()
    third.name = "Dan"
    await session.flush()
    assert (await Session(library).find(Author).one()).name == "Ada"


async def test_a_new_object_after_a_roll_back_is_as_any_other(session: Session) -> None:
    author = Author(name="Ada")
    with suppress(Undone):
        async with session.begin():
            session.add(author)
            await session.flush()
            raise Undone
    author.name = "Bea"
    await session.flush()
    assert not await session.find(Author).exists()
    session.add(author)
    await session.flush()
    assert (await session.find(Author).one()).name == "Bea"


async def test_a_query_looks_at_no_object_that_was_forgotten_but_the_commit_does(
    session: Session, library: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    author = await forgotten(session)
    looked_at: list[object] = []

    def watched(instance: object) -> Changes:
        looked_at.append(instance)
        return changes_of(instance)

    monkeypatch.setattr(units, "changes_of", watched)

    async def ask() -> None:
        async with session.begin():
            author.name = "Bea"
            looked_at.clear()
            await session.get(Author, 7)
            await session.find(Author).exists()
            assert looked_at == []

    with pytest.raises(UsageError, match="was changed after a roll-back"):
        await ask()
    assert looked_at == [author]
    assert (await Session(library).find(Author).one()).name == "Ada"
