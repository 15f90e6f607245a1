"""Relations to many rows are written through their lists; rings of rows are stored, or refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from queryengine_orm import NotLoaded, Session, create_all
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ForeignKeyViolation, UniqueViolation, UsageError
from queryengine_orm.ordering import groups
from queryengine_orm.relating import References

from tests.orm.club import Base, Egg, Hen, Locker, Node, Note, Player, Skill, Team, Twig

pytestmark = pytest.mark.anyio


@pytest.fixture
async def club(library: Pool) -> AsyncIterator[Session]:
    """Give a session over a team of two players, and forget them."""
    await create_all(library, Base)
    async with Session(library) as session:
        team = Team(name="Reds")
        team.players = [Player(name="Ann"), Player(name="Bob")]
        team.players[0].notes.append(Note(text="quick"))
        session.add(team)
        await session.flush()
        session.clear()
        yield session


async def team_of(session: Session) -> Team:
    return await session.find(Team).include(Team.players).one()


async def player_of(session: Session, name: str) -> Player:
    return await session.find(Player.name == name).include(Player.notes, Player.lockers, Player.skills).one()


# -- lists by keys


async def test_what_is_put_into_a_list_of_a_new_object_is_stored_with_it(club: Session) -> None:
    team = await team_of(club)
    assert sorted(player.name for player in team.players) == ["Ann", "Bob"]
    ann = await player_of(club, "Ann")
    assert (ann.team_id, [note.text for note in ann.notes]) == (team.id, ["quick"])


async def test_lists_of_an_object_that_was_stored_are_known(club: Session) -> None:
    team = await team_of(club)
    cid, dan = Player(name="Cid"), Player(name="Dan")
    team.players += [cid, dan]
    locker = Locker(number=1, player=cid)
    club.add(locker)
    await club.flush()
    assert (cid.lockers, dan.lockers, dan.skills) == ([locker], [], [])
    dan.lockers.append(locker)
    dan.skills.append(Skill(word="wit"))
    await club.flush()
    assert (locker.player, cid.lockers) == (dan, [])


async def test_a_constructor_may_take_a_list(club: Session) -> None:
    team = await team_of(club)
    team.players.append(Player(name="Cid", notes=[Note(text="tall"), Note(text="late")]))
    await club.flush()
    club.clear()
    assert sorted(note.text for note in (await player_of(club, "Cid")).notes) == ["late", "tall"]


async def test_what_is_put_into_a_loaded_list_is_stored(club: Session) -> None:
    team = await team_of(club)
    cid = Player(name="Cid")
    team.players.append(cid)
    await club.flush()
    assert (cid.team_id, cid.team) == (team.id, team)
    club.clear()
    assert len((await team_of(club)).players) == 3


async def test_a_list_that_is_not_loaded_is_loaded_by_word(club: Session) -> None:
    team = await club.find(Team).one()
    with pytest.raises(NotLoaded, match=r"Team\.players was not loaded"):
        team.players.append(Player(name="Cid"))
    await club.load(team, Team.players, Team.captain)
    assert (len(team.players), team.captain) == (2, None)
    with pytest.raises(UsageError, match="is not of this session"):
        await club.load(Player(name="x"), Player.notes)


async def test_what_is_taken_out_of_a_list_loses_its_key(club: Session) -> None:
    ann = await player_of(club, "Ann")
    ann.lockers = [Locker(number=1), Locker(number=2)]
    await club.flush()
    locker = ann.lockers.pop()
    await club.flush()
    assert (locker.player_id, locker.player) == (None, None)
    club.clear()
    assert [each.number for each in (await player_of(club, "Ann")).lockers] == [1]
    assert await club.find(Locker.player.is_null()).count() == 1


async def test_orphans_are_deleted_where_the_relation_says_so(club: Session) -> None:
    ann = await player_of(club, "Ann")
    note = ann.notes[0]
    ann.notes = [Note(text="kind")]
    await club.flush()
    assert [each.text for each in await club.find(Note).all()] == ["kind"]
    assert await club.get(Note, note.id) is None


async def test_what_needs_a_key_is_not_let_go_of(club: Session) -> None:
    team = await team_of(club)
    del team.players[0]
    with pytest.raises(UsageError, match='give it to another, or say orphans="delete"'):
        await club.flush()


async def test_what_moves_to_another_list_is_the_others(club: Session) -> None:
    team = await team_of(club)
    other = Team(name="Blues")
    ann = team.players.pop(0)
    other.players.append(ann)
    club.add(other)
    await club.flush()
    assert (ann.team_id, ann.team) == (other.id, other)
    bob = team.players.pop(0)
    bob.team = other
    await club.flush()
    assert bob.team_id == other.id
    assert len(other.players) == 2


async def test_what_is_taken_out_and_deleted_is_deleted(club: Session) -> None:
    team = await team_of(club)
    club.delete(team.players.pop())
    await club.flush()
    assert await club.find(Player).count() == 1


async def test_loaded_lists_follow_what_is_stored(club: Session) -> None:
    team = await team_of(club)
    cid = Player(name="Cid")
    cid.team = team
    club.add(cid)
    await club.flush()
    assert cid in team.players
    other = Team(name="Blues")
    cid.team = other
    await club.flush()
    assert cid not in team.players
    club.delete(next(each for each in team.players if each.name == "Ann"))
    await club.flush()
    assert [each.name for each in team.players] == ["Bob"]
    await club.flush()
    assert await club.find(Player).count() == 2


async def test_a_list_that_was_only_read_writes_nothing(club: Session) -> None:
    team = await team_of(club)
    assert [each.name for each in team.players if each.name == "Ann"] == ["Ann"]
    await club.find(Player.name == "Bob").delete()
    await club.flush()
    assert [each.name for each in team.players] == ["Ann"]


async def test_what_is_put_into_a_list_stays_when_it_is_loaded_again(club: Session) -> None:
    team = await team_of(club)
    team.players.append(Player(name="Cid"))
    await club.load(team, Team.players)
    assert len(team.players) == 3
    await club.flush()
    await club.load(team, Team.players)
    assert len(team.players) == 3


async def test_what_a_flush_that_failed_let_go_of_can_be_kept(club: Session) -> None:
    ann, bob = await player_of(club, "Ann"), await player_of(club, "Bob")
    locker = Locker(number=1)
    ann.lockers.append(locker)
    await club.flush()
    ann.lockers.remove(locker)
    bob.name = "Ann"
    with pytest.raises(UniqueViolation):
        await club.flush()
    assert locker.player_id == ann.id
    bob.name = "Bob"
    ann.lockers.append(locker)
    await club.flush()
    assert await club.find(Locker.player_id == ann.id).all() == [locker]


async def test_what_a_flush_that_was_refused_has_moved_can_stay(club: Session) -> None:
    team = await team_of(club)
    ann, bob = await player_of(club, "Ann"), await player_of(club, "Bob")
    locker = Locker(number=1, player=ann)
    club.add(locker)
    await club.flush()
    bob.lockers.append(locker)
    team.players.remove(bob)
    with pytest.raises(UsageError, match="whose key may not be null"):
        await club.flush()
    assert (locker.player, locker.player_id) == (ann, ann.id)


async def test_what_has_its_old_key_again_is_let_go_of(club: Session) -> None:
    ann, bob = await player_of(club, "Ann"), await player_of(club, "Bob")
    locker = Locker(number=1)
    ann.lockers.append(locker)
    await club.flush()
    locker.player_id = bob.id
    locker.player_id = ann.id
    ann.lockers.remove(locker)
    await club.flush()
    assert await club.find(Locker.player_id.is_null()).all() == [locker]


# -- lists by a table between


async def test_links_are_written_and_taken_back(club: Session) -> None:
    ann, bob = await player_of(club, "Ann"), await player_of(club, "Bob")
    speed, wit = Skill(word="speed"), Skill(word="wit")
    ann.skills += [speed, wit]
    bob.skills = [wit]
    await club.flush()
    club.clear()
    ann = await player_of(club, "Ann")
    assert sorted(skill.word for skill in ann.skills) == ["speed", "wit"]
    ann.skills = [skill for skill in ann.skills if skill.word == "speed"]
    await club.flush()
    club.clear()
    assert [skill.word for skill in (await player_of(club, "Ann")).skills] == ["speed"]
    assert [skill.word for skill in (await player_of(club, "Bob")).skills] == ["wit"]


async def test_a_link_that_both_sides_say_is_one(club: Session) -> None:
    ann = await player_of(club, "Ann")
    speed = Skill(word="speed")
    ann.skills.append(speed)
    speed.players.append(ann)
    await club.flush()
    assert (ann.skills, speed.players) == ([speed], [ann])
    ann.skills.clear()
    await club.flush()
    assert speed.players == []
    assert not await club.find(Player.skills.some()).exists()


async def test_a_link_that_another_made_already_is_as_good(club: Session, library: Pool) -> None:
    ann = await player_of(club, "Ann")
    speed = Skill(word="speed")
    club.add(speed)
    await club.flush()
    ann.skills.append(speed)
    await library.script(f"INSERT INTO player_skills VALUES ({ann.id}, 'speed')")
    await club.flush()
    club.clear()
    assert len((await player_of(club, "Ann")).skills) == 1


async def test_a_link_is_taken_back_by_the_key_that_the_row_had(club: Session) -> None:
    ann = await player_of(club, "Ann")
    wit, joy = Skill(word="wit"), Skill(word="joy")
    ann.skills += [wit, joy]
    await club.flush()
    joy.word = "glee"
    ann.skills.remove(joy)
    await club.flush()
    club.clear()
    assert [skill.word for skill in (await player_of(club, "Ann")).skills] == ["wit"]
    assert await club.get(Skill, "glee") is not None


# -- rings


async def test_two_tables_that_refer_to_each_other_are_stored_and_deleted(club: Session) -> None:
    team = Team(name="Blues", captain=Player(name="Eve"))
    assert team.captain is not None
    team.players.append(team.captain)
    async with club.begin():
        club.add(team)
    assert (team.captain_id, team.captain.team_id) == (team.captain.id, team.id)
    eve = team.captain
    async with club.begin():
        club.delete(team)
        club.delete(eve)
    assert not await club.find(Team.name == "Blues").exists()


async def test_rows_of_one_table_may_refer_to_one_another(club: Session) -> None:
    team = await team_of(club)
    eve, fay, own = Player(name="Eve"), Player(name="Fay"), Player(name="Own")
    eve.rival, fay.rival, own.rival = fay, eve, own
    team.players += [eve, fay, own]
    await club.flush()
    assert (eve.rival_id, fay.rival_id, own.rival_id) == (fay.id, eve.id, own.id)
    assert await club.find(Player.rival.at(Player.name) == "Own").count() == 1
    for each in (eve, fay, own):
        club.delete(each)
    await club.flush()
    assert len(team.players) == 2


async def test_a_row_may_refer_to_itself_by_a_key_that_it_has(club: Session) -> None:
    node = Node(id=1)
    node.next = node
    club.add(node)
    await club.flush()
    assert node.next_id == 1


async def test_a_ring_of_keys_that_are_not_null_is_refused(club: Session) -> None:
    hen, egg = Hen(), Egg()
    hen.egg, egg.hen = egg, hen
    club.add(hen)
    with pytest.raises(
        UsageError, match=r"in a ring \((Hen, Egg|Egg, Hen)\), and none of its keys may be null"
    ):
        await club.flush()
    assert not await club.find(Hen).exists()


async def test_a_long_chain_of_new_rows_is_stored(club: Session) -> None:
    team = await team_of(club)
    chain = [Player(name="0")]
    for number in range(1, 1500):
        chain.append(Player(name=str(number), rival=chain[-1]))
    for player in chain:
        player.team = team
    async with club.begin():
        club.add_all(reversed(chain))
    assert [each.rival_id for each in chain[1:]] == [each.id for each in chain[:-1]]


def test_rows_that_refer_to_the_same_one_are_sent_together() -> None:
    team = Team(name="Blues")
    players = [Player(name=name) for name in "abc"]
    for player in players:
        player.team = team
    edges = References().of
    assert [*groups([team, *players], edges)] == [[team], players]
    assert [*groups([*players, team], edges)] == [players, [team]]


# -- cascades


async def test_what_the_database_deletes_along_is_forgotten(club: Session) -> None:
    ann = await player_of(club, "Ann")
    note, rival = ann.notes[0], await player_of(club, "Bob")
    rival.rival = ann
    ann.lockers.append(Locker(number=7))
    await club.flush()
    locker = ann.lockers[0]
    club.delete(ann)
    await club.flush()
    assert await club.get(Note, note.id) is None
    assert (locker.player_id, rival.rival_id) == (None, None)
    with pytest.raises(NotLoaded):
        _ = locker.player


async def test_a_row_that_others_need_is_not_deleted(club: Session) -> None:
    team = await team_of(club)
    club.delete(team)
    with pytest.raises(ForeignKeyViolation):
        await club.flush()


async def test_what_was_given_a_key_that_is_deleted_is_forgotten(club: Session) -> None:
    ann = await player_of(club, "Ann")
    bob = await player_of(club, "Bob")
    moved, new = Note(text="moved"), Note(text="new")
    bob.notes.append(moved)
    await club.flush()
    moved.player_id = new.player_id = ann.id
    club.add(new)
    club.delete(ann)
    await club.flush()
    assert [await club.get(Note, note.id) for note in (moved, new)] == [None, None]
    assert not await club.find(Note).exists()


async def test_rows_are_deleted_in_the_order_that_was_told(club: Session) -> None:
    first = Twig(id=1)
    last = Twig(id=3, holder=Twig(id=2, holder=first))
    club.add(last)
    await club.flush()
    club.clear()
    for key in (3, 1):  # the second is not known: nothing says that the first holds the last
        twig = await club.get(Twig, key)
        assert twig is not None
        club.delete(twig)
    await club.flush()
    assert not await club.find(Twig).exists()
