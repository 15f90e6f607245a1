"""A flush with deletes: nothing that was said besides is lost, and what goes along is no stale row."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from queryengine_orm import DeclarativeBase, ForeignKey, Many, Mapped, Session, create_all, mapped_column
from queryengine_orm import relationship as relates
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ForeignKeyViolation, StaleRow

from tests.orm.club import Base, Locker, Note, Player, Skill, Team, Twig

pytestmark = pytest.mark.anyio


class Shelves(DeclarativeBase):
    """A base of what falls with what holds it."""


class Shelf(Shelves):
    """Holds boxes, which it takes along."""

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    boxes: Many[Box] = relates()


class Box(Shelves):
    """May be taken off the shelf."""

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    shelf_id: Mapped[int | None] = mapped_column(ForeignKey("shelf.id", on_delete="cascade"), default=None)


class Thing(Shelves):
    """Is in a box, with which it goes."""

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    box_id: Mapped[int] = mapped_column(ForeignKey("box.id", on_delete="cascade"))
    version: Mapped[int] = mapped_column(version=True, init=False)


@pytest.fixture
async def club(library: Pool) -> AsyncIterator[Session]:
    """Give a session over a team of two players, and forget them."""
    await create_all(library, Base)
    await create_all(library, Shelves)
    async with Session(library) as session:
        team = Team(name="Reds")
        team.players = [Player(name="Ann"), Player(name="Bob")]
        session.add(team)
        await session.flush()
        session.clear()
        yield session


async def player_of(session: Session, name: str) -> Player:
    return await session.find(Player.name == name).include(Player.notes, Player.lockers, Player.skills).one()


# -- what deleted objects hold


async def test_a_new_object_in_a_list_of_a_deleted_one_is_stored(club: Session) -> None:
    ann = await player_of(club, "Ann")
    locker, skill = Locker(number=1), Skill(word="wit")
    ann.lockers.append(locker)
    ann.skills.append(skill)
    ann.rival = Player(name="Cid")
    ann.rival.team = await club.find(Team).one()
    club.delete(ann)
    await club.flush()
    assert locker.player_id is None
    club.clear()
    assert (await club.find(Locker).one()).player_id is None
    assert await club.get(Skill, "wit") is not None
    assert [each.name for each in await club.find(Player).order_by(Player.name).all()] == ["Bob", "Cid"]


async def test_a_new_object_in_a_list_of_a_deleted_one_goes_with_it_where_its_key_says_so(
    club: Session,
) -> None:
    ann = await player_of(club, "Ann")
    note = Note(text="quick")
    ann.notes.append(note)
    club.delete(ann)
    await club.flush()
    assert note not in club
    assert not await club.find(Note).exists()


async def test_a_new_object_that_cannot_be_without_a_deleted_one_is_an_error(
    club: Session, library: Pool
) -> None:
    team = await club.find(Team).include(Team.players).one()
    for player in team.players:
        club.delete(player)
    team.players.append(Player(name="Cid"))
    club.delete(team)
    with pytest.raises(ForeignKeyViolation):
        await club.flush()
    assert await Session(library).find(Player).count() == 2


async def test_what_was_taken_out_of_a_list_does_not_go_with_its_owner(club: Session) -> None:
    club.add(Shelf(id=1))
    await club.flush()
    club.add_all([Box(id=1, shelf_id=1), Box(id=2, shelf_id=1)])
    await club.flush()
    club.clear()
    shelf = await club.find(Shelf).include(Shelf.boxes).one()
    kept = next(box for box in shelf.boxes if box.id == 1)
    shelf.boxes.remove(kept)
    club.delete(shelf)
    await club.flush()
    assert kept.shelf_id is None
    club.clear()
    assert [box.id for box in await club.find(Box).all()] == [1]


async def test_lists_let_go_of_what_is_deleted(club: Session) -> None:
    ann = await player_of(club, "Ann")
    skill, locker = Skill(word="wit"), Locker(number=1)
    ann.skills.append(skill)
    club.add(locker)
    await club.flush()
    club.delete(skill)
    ann.lockers.append(locker)
    club.delete(locker)
    await club.flush()
    assert (ann.skills, ann.lockers) == ([], [])
    ann.skills.append(Skill(word="wit"))
    await club.flush()
    assert await club.find(Skill).count() == 1


async def test_the_list_of_a_new_object_has_what_was_related_to_it_before(club: Session) -> None:
    locker = Locker(number=1)
    club.add(locker)
    await club.flush()
    cid = Player(name="Cid")
    cid.team = await club.find(Team).one()
    locker.player = cid
    await club.flush()
    assert cid.lockers == [locker]


# -- what goes along


async def test_rows_that_go_along_by_a_row_that_nobody_knows_are_not_stale(club: Session) -> None:
    for order in ((1, 3), (3, 1), (1, 2, 4), (2, 1, 4)):
        last = None
        for number in range(1, 5):
            last = Twig(id=number, holder=last)
        assert last is not None
        club.add(last)
        await club.flush()
        club.clear()
        for number in order:
            twig = await club.get(Twig, number)
            assert twig is not None
            club.delete(twig)
        await club.flush()
        assert not await club.find(Twig).exists()


async def test_a_row_that_another_deleted_is_stale_also_where_it_could_have_gone_along(
    club: Session, library: Pool
) -> None:
    club.add_all([Twig(id=1), Twig(id=2)])
    await club.flush()
    for twig in await club.find(Twig).order_by(Twig.id).all():
        club.delete(twig)
    await library.script("DELETE FROM twig WHERE id = 2")
    with pytest.raises(StaleRow, match=r"Twig\(id=2\)"):
        await club.flush()


async def test_objects_of_rows_that_went_along_by_unknown_ones_are_forgotten(club: Session) -> None:
    club.add(Shelf(id=1))
    await club.flush()
    club.add(Box(id=1, shelf_id=1))
    await club.flush()
    thing = Thing(id=1, box_id=1)
    club.add(thing)
    await club.flush()
    club.clear()
    known, shelf = await club.get(Thing, 1), await club.get(Shelf, 1)
    assert known is not None
    assert shelf is not None
    club.delete(shelf)
    await club.flush()
    assert known not in club
    assert await club.get(Thing, 1) is None
