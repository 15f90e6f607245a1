"""Keys of several columns: rows are got, related, loaded, filtered and written by all of them together."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from queryengine_orm import (
    DeclarativeBase,
    ForeignKey,
    ForeignKeyConstraint,
    Many,
    Mapped,
    Maybe,
    One,
    Secondary,
    Session,
    create_all,
    mapped_column,
    relationship,
    schema_sql,
)
from queryengine_orm.driver import Pool
from queryengine_orm.errors import ConfigurationError, ForeignKeyViolation
from queryengine_orm.mapping import mapper_of

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of a theatre."""


class Seat(Base):
    """Is known by its row and its number."""

    row: Mapped[str] = mapped_column(primary_key=True, init=True)
    number: Mapped[int] = mapped_column(primary_key=True, init=True)
    tickets: Many[Ticket] = relationship()
    features: Many[Feature] = relationship(
        secondary=Secondary("seat_features", ("seat_row", "seat_number"), "feature")
    )


class Feature(Base):
    """What seats may have."""

    name: Mapped[str] = mapped_column(primary_key=True, init=True)
    seats: Many[Seat] = relationship(
        secondary=Secondary("seat_features", "feature", ("seat_row", "seat_number"))
    )


class Ticket(Base):
    """Is for a seat, or for none; another one may stand in for it."""

    __constraints__ = (
        ForeignKeyConstraint(("seat_row", "seat_number"), ("seat.row", "seat.number"), on_delete="set null"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    guest: Mapped[str]
    seat_row: Mapped[str | None] = mapped_column(init=False)
    seat_number: Mapped[int | None] = mapped_column(init=False)
    seat: Maybe[Seat] = relationship(init=True, default=None)


@pytest.fixture
async def theatre(library: Pool) -> AsyncIterator[Session]:
    """Give a session over two rows of seats, with guests in two of them."""
    await create_all(library, Base)
    async with Session(library) as session:
        seats = [Seat(row=row, number=number) for row in "AB" for number in (1, 2)]
        async with session.begin():
            session.add_all(seats)
            session.add_all(
                [Ticket(guest="x", seat=seats[0]), Ticket(guest="y", seat=seats[3]), Ticket(guest="z")]
            )
        session.clear()
        yield session


async def test_a_row_is_got_by_its_whole_key(theatre: Session) -> None:
    seat = await theatre.get(Seat, ("B", 2))
    assert seat is not None
    assert (seat.row, seat.number) == ("B", 2)
    assert await theatre.get(Seat, ("B", 2)) is seat
    assert await theatre.get(Seat, ("C", 1)) is None


async def test_related_rows_are_those_of_the_whole_key(theatre: Session) -> None:
    tickets = await theatre.find(Ticket).include(Ticket.seat).order_by(Ticket.guest).all()
    assert [each.seat and (each.seat.row, each.seat.number) for each in tickets] == [
        ("A", 1),
        ("B", 2),
        None,
    ]
    seats = await theatre.find(Seat).include(Seat.tickets).order_by(Seat.row, Seat.number).all()
    assert [[ticket.guest for ticket in seat.tickets] for seat in seats] == [["x"], [], [], ["y"]]


async def test_conditions_reach_rows_by_the_whole_key(theatre: Session) -> None:
    assert await theatre.find(Ticket.seat.at(Seat.number) == 2).count() == 1
    assert await theatre.find(Seat.tickets.some(Ticket.guest == "y")).count() == 1
    assert await theatre.find(Seat.tickets.none()).count() == 2
    assert await theatre.find(Ticket.seat.is_null()).count() == 1


async def test_another_related_row_changes_the_whole_key(theatre: Session) -> None:
    ticket = await theatre.find(Ticket.guest == "x").one()
    ticket.seat = await theatre.get(Seat, ("B", 1))
    await theatre.flush()
    assert (ticket.seat_row, ticket.seat_number) == ("B", 1)
    ticket.seat = None
    await theatre.flush()
    theatre.clear()
    assert await theatre.find(Ticket.seat.is_null()).count() == 2


async def test_a_key_of_which_a_part_is_null_refers_to_nothing(theatre: Session) -> None:
    ticket = await theatre.find(Ticket.guest == "x").one()
    ticket.seat_number = None
    await theatre.flush()
    theatre.clear()
    read = await theatre.find(Ticket.guest == "x").include(Ticket.seat).one()
    assert (read.seat_row, read.seat) == ("A", None)


async def test_the_database_holds_the_whole_key(theatre: Session) -> None:
    ticket = await theatre.find(Ticket.guest == "x").one()
    ticket.seat_number = 9
    with pytest.raises(ForeignKeyViolation):
        await theatre.flush()


async def test_a_table_between_may_hold_whole_keys(theatre: Session) -> None:
    theatre.add(Feature(name="box"))
    await theatre.flush()
    await theatre.query("INSERT INTO seat_features VALUES ('A', 2, 'box'), ('B', 2, 'box')")
    found = await theatre.find(Feature).include(Feature.seats).one()
    assert {(seat.row, seat.number) for seat in found.seats} == {("A", 2), ("B", 2)}
    assert await theatre.find(Seat.features.some(Feature.name == "box")).count() == 2


def test_the_tables_say_the_whole_keys() -> None:
    sql = "\n".join(schema_sql(Base, "sqlite"))
    assert (
        'FOREIGN KEY ("seat_row", "seat_number") REFERENCES "seat" ("row", "number") ON DELETE SET NULL'
        in sql
    )
    assert 'PRIMARY KEY ("seat_row", "seat_number", "feature")' in sql


class Wrong(DeclarativeBase):
    """The base of classes whose keys do not fit."""


class Few(Wrong):
    """Refers to two columns by one."""

    __constraints__ = (ForeignKeyConstraint(("a",), ("few.a", "few.b")),)
    a: Mapped[int] = mapped_column(primary_key=True)


class Strange(Wrong):
    """Refers to columns of two tables."""

    __constraints__ = (ForeignKeyConstraint(("a", "b"), ("few.a", "other.b")),)
    a: Mapped[int] = mapped_column(primary_key=True)
    b: Mapped[int]


class Lacking(Wrong):
    """Has a key of a column that it does not have."""

    __constraints__ = (ForeignKeyConstraint(("c",), ("few.a",)),)
    a: Mapped[int] = mapped_column(primary_key=True)


class Narrow(Wrong):
    """Has a table between of too few columns."""

    a: Mapped[int] = mapped_column(primary_key=True, init=True)
    b: Mapped[int] = mapped_column(primary_key=True, init=True)
    others: Many[Narrow] = relationship(secondary=Secondary("pairs", "a", "b"))


class Plain(Wrong):
    """Relates to a class that it has no key to."""

    a: Mapped[int] = mapped_column(primary_key=True)
    narrow_a: Mapped[int]
    narrow: One[Narrow] = relationship(foreign_key=("narrow_a", "narrow_b"))


class Held(Wrong):
    """Has a column that is a key by itself and has a name of its own."""

    a: Mapped[int] = mapped_column(ForeignKey("plain.a"), primary_key=True)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Few, "as many columns as the key"),
        (Strange, "names a table and its column"),
        (Lacking, "Lacking has no column 'c'"),
    ],
)
def test_a_key_that_does_not_fit_is_a_mistake(model: type[DeclarativeBase], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        mapper_of(model)


def test_a_relation_names_the_whole_key() -> None:
    with pytest.raises(ConfigurationError, match="pairs has keys of others"):
        mapper_of(Narrow).relationship("others")
    with pytest.raises(ConfigurationError, match=r"Plain\.narrow_a, narrow_b is no foreign key"):
        mapper_of(Plain).relationship("narrow")


def test_a_key_that_refers_is_not_left_to_the_database() -> None:
    assert mapper_of(Held).generated is None
