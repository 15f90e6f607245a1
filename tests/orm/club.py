"""A family of mapped classes that refer to one another in rings, with lists of every kind."""

from __future__ import annotations

from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    Many,
    Mapped,
    Maybe,
    One,
    Secondary,
    mapped_column,
    relationship,
)

__all__ = ["Base", "Egg", "Hen", "Locker", "Node", "Note", "Player", "Skill", "Team", "Twig"]


class Base(DeclarativeBase):
    """The base of the club."""


class Team(Base):
    """Has players, and one of them as its captain: two tables that refer to each other."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    captain_id: Mapped[int | None] = mapped_column(ForeignKey("player.id"), init=False)
    captain: Maybe[Player] = relationship(init=True, default=None)
    players: Many[Player] = relationship(foreign_key="team_id")


class Player(Base):
    """Has a team always; notes that are nothing without it; lockers that others may have."""

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), init=False)
    rival_id: Mapped[int | None] = mapped_column(ForeignKey("player.id", on_delete="set null"), init=False)
    team: One[Team] = relationship(foreign_key="team_id")
    rival: Maybe[Player] = relationship(init=True, default=None)
    notes: Many[Note] = relationship(orphans="delete", init=True, default_factory=list)
    lockers: Many[Locker] = relationship()
    skills: Many[Skill] = relationship(secondary=Secondary("player_skills", "player_id", "skill"))


class Note(Base):
    """Goes with its player. It has no relation back."""

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]
    player_id: Mapped[int] = mapped_column(ForeignKey("player.id", on_delete="cascade"), init=False)


class Locker(Base):
    """Is left over where its player goes."""

    number: Mapped[int] = mapped_column(primary_key=True, init=True)
    player_id: Mapped[int | None] = mapped_column(ForeignKey("player.id", on_delete="set null"), init=False)
    player: Maybe[Player] = relationship(init=True, default=None)


class Skill(Base):
    """What several players may have."""

    word: Mapped[str] = mapped_column(primary_key=True, init=True)
    players: Many[Player] = relationship(secondary=Secondary("player_skills", "skill", "player_id"))


class Node(Base):
    """Refers to itself, by a key that is not null."""

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    next_id: Mapped[int] = mapped_column(ForeignKey("node.id"), init=False)
    next: One[Node] = relationship(foreign_key="next_id")


class Twig(Base):
    """Hangs on another one, and falls with it."""

    id: Mapped[int] = mapped_column(primary_key=True, init=True)
    holder_id: Mapped[int | None] = mapped_column(ForeignKey("twig.id", on_delete="cascade"), init=False)
    holder: Maybe[Twig] = relationship(init=True, default=None)


class Hen(Base):
    """Needs an egg."""

    id: Mapped[int] = mapped_column(primary_key=True)
    egg_id: Mapped[int] = mapped_column(ForeignKey("egg.id"), init=False)
    egg: One[Egg] = relationship()


class Egg(Base):
    """Needs a hen."""

    id: Mapped[int] = mapped_column(primary_key=True)
    hen_id: Mapped[int] = mapped_column(ForeignKey("hen.id"), init=False)
    hen: One[Hen] = relationship()
