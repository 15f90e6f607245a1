"""Objects of mapped classes: values in places, a dict for who asks, the map of those that a session has."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import pickle
import random
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import cast

import pytest
from queryengine_orm import DeclarativeBase, Mapped, mapped_column
from queryengine_orm._native import IdentityMap, ModelShape, Rows, changes_of, forget_changes, loaded_values
from queryengine_orm.driver import Pool
from queryengine_orm.errors import DataError, UsageError
from queryengine_orm.mapped import NotLoaded
from queryengine_orm.objects import ObjectKinds
from queryengine_orm.session import Session
from queryengine_orm.sqlite import create_pool
from queryengine_orm.tracking import NEW

from tests.orm.conftest import schema_on
from tests.orm.library import Author
from tests.servers.postgres import PostgresServer

pytestmark = pytest.mark.anyio


class Base(DeclarativeBase):
    """The base of what follows."""


class Person(Base):
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    born: Mapped[dt.date | None] = mapped_column(default=None)

    @cached_property
    def shout(self) -> str:
        return self.name.upper()


class Timed(Base):
    __abstract__ = True

    made: Mapped[dt.date]
    seen: Mapped[dt.date]


class Named(Base):
    __abstract__ = True

    name: Mapped[str]


class Place(Timed, Named):
    id: Mapped[int] = mapped_column(primary_key=True)


class Town(Place):
    size: Mapped[int]


class Pair(Base):
    left: Mapped[int] = mapped_column(primary_key=True, init=True)
    right: Mapped[str] = mapped_column(primary_key=True, init=True)


def person(number: int, name: str = "Ada") -> Person:
    made = Person(name=name)
    made.id = number
    forget_changes(made)
    vars(made).pop(NEW)
    return made


async def read(number: int = 7, name: str = "Ada") -> Person:
    """Return a person as a row gives it."""
    async with create_pool() as pool:
        rows = await pool.query("SELECT ?1, ?2", (number, name))
    return rows.to_models(ModelShape(Person, ["id", "name"]))[0]


# -- attributes


def test_an_attribute_has_its_value_its_change_and_says_when_it_has_none() -> None:
    ada = person(1)
    ada.name = "Eve"
    assert (ada.name, ada.born, changes_of(ada)) == ("Eve", None, {"name": "Ada"})
    del ada.born
    assert not hasattr(ada, "born")
    with pytest.raises(AttributeError, match="born"):
        del ada.born
    with pytest.raises(NotLoaded, match=r"Person\.born"):
        _ = ada.born


def test_the_dict_of_an_object_has_all_and_stays_the_objects_own() -> None:
    ada = person(1)
    seen = vars(ada)
    assert seen == {"id": 1, "name": "Ada", "born": None}
    ada.name = "Eve"
    seen["born"] = dt.date(1990, 1, 2)
    assert (seen["name"], ada.born, loaded_values(ada)) == ("Eve", dt.date(1990, 1, 2), seen)
    del seen["name"]
    assert not hasattr(ada, "name")
    ada.name = "Ada"
    assert vars(ada) is seen
    assert seen["name"] == "Ada"


def test_an_object_takes_attributes_that_are_no_columns() -> None:
    ada = person(1)
    ada.__setattr__("extra", 5)  # type checkers know that it is none
    assert (ada.shout, ada.__getattribute__("extra"), changes_of(ada)) == ("ADA", 5, {})
    ada.name = "Eve"
    assert (ada.name, ada.shout) == ("Eve", "ADA")


def pickled(one: Person) -> Person:
    again: Person = pickle.loads(pickle.dumps(one))  # our own
    return again


def shallow(one: Person) -> Person:
    return copy.copy(one)


def deep(one: Person) -> Person:
    return copy.deepcopy(one)


@pytest.mark.parametrize("copied", [pickled, shallow, deep])
def test_a_copy_has_the_values_and_what_they_were(copied: Callable[[Person], Person]) -> None:
    ada = person(1)
    ada.name = "Eve"
    del ada.born
    again = copied(ada)
    assert (type(again), loaded_values(again), changes_of(again)) == (
        Person,
        {"id": 1, "name": "Eve"},
        {"name": "Ada"},
    )


def test_a_class_has_places_of_its_own_for_what_it_inherits() -> None:
    day = dt.date(2020, 1, 2)
    place, town = Place(made=day, seen=day, name="Ys"), Town(made=day, seen=day, name="Is", size=3)
    place.id = town.id = 4
    for one, name in ((place, "Ys"), (town, "Is")):
        assert (one.made, one.seen, one.name, one.id) == (day, day, name, 4)
    assert town.size == 3
    assert sorted(loaded_values(town).keys() - {NEW}) == ["id", "made", "name", "seen", "size"]


# -- the collector


async def test_an_object_that_was_only_read_is_not_walked_by_the_collector() -> None:
    ada = await read()
    assert not gc.is_tracked(ada)
    ada.name = "Eve"
    assert gc.is_tracked(ada)


@pytest.mark.parametrize("how", ["attribute", "dict", "value"])
async def test_a_ring_of_objects_is_let_go(how: str) -> None:
    ada = await read()
    gone = weakref.ref(ada)
    match how:
        case "attribute":
            ada.__setattr__("me", ada)
        case "dict":
            vars(ada)["me"] = ada
        case _:
            ada.__setattr__("name", [ada])
    del ada
    gc.collect()
    assert gone() is None


# -- the map of a session's objects


def test_the_map_agrees_with_a_dict_whatever_comes() -> None:
    choose = random.Random(5)
    known, expected = IdentityMap(Person, ["id"]), dict[int, Person]()
    for _ in range(3_000):
        number = choose.randrange(200) * 2 ** choose.choice((0, 32))
        match choose.randrange(3):
            case 0:
                one = expected[number] = person(number)
                known.put(one)
            case 1:
                known.drop(person(number))
                expected.pop(number, None)
            case _:
                fresh = [person(number), person(number), person(number + 1)]
                for one, key in zip(known.adopt(fresh), (number, number, number + 1), strict=True):
                    assert one is expected.setdefault(key, one)
        assert known.get((number,)) is expected.get(number)
        assert len(known) == len(expected)


def test_the_map_finds_an_object_by_what_its_row_has() -> None:
    known, ada = IdentityMap(Person, ["id"]), person(1)
    known.put(ada)
    ada.id = 2
    assert (known.get((1,)), known.get((2,)), known.changed()) == (ada, None, [ada])
    known.drop(ada)
    forget_changes(ada)
    known.put(ada)
    assert (known.get((1,)), known.get((2,)), known.changed()) == (None, ada, [])


def test_the_map_keeps_all_objects_though_one_has_lost_its_key() -> None:
    known, people = IdentityMap(Person, ["id"]), [person(number) for number in range(40)]
    for one in people[:5]:
        known.put(one)
    del people[0].id
    for one in people[5:]:
        known.put(one)
    assert len(known) == 40
    assert all(known.get((number,)) is people[number] for number in range(1, 40))
    for one in people[1:]:
        known.drop(one)
    assert known.values() == people[:1]


def test_a_long_chain_of_objects_is_let_go_without_a_deep_stack() -> None:
    one = last = first = person(0)
    for number in range(1, 200_000):
        one = person(number)
        one.__dict__["next"] = last
        last = one
    gone = weakref.ref(first)
    del first, one, last
    assert gone() is None


def test_the_map_takes_keys_of_several_columns_and_of_no_other_number() -> None:
    known = IdentityMap(Pair, ["left", "right"])
    pairs = [Pair(left=left, right=right) for left in range(30) for right in "abc"]
    for one in pairs:
        known.put(one)
    assert [known.get((one.left, one.right)) for one in pairs] == pairs
    assert (known.get((1,)), known.get((1, "d"))) == (None, None)
    half = Pair(left=1, right="d")
    del half.right
    with pytest.raises(KeyError):
        known.put(half)
    with pytest.raises(UsageError):
        IdentityMap(Pair, ["middle"])


# -- rows that become objects as they come


async def test_rows_that_were_asked_for_as_objects_are_those(postgres: PostgresServer) -> None:
    shape = ModelShape(Author, ["id", "born"])
    kinds = ObjectKinds([None, None])
    kinds.shape = shape
    async with schema_on(postgres) as pool:
        sql = "SELECT i, DATE '2000-01-01' + i / 2 FROM generate_series(1, 5000) AS i"
        rows = cast("Rows", await pool.query(sql, result=kinds, clean=True))
        objects = rows.to_models(shape)
        plain = cast("Rows", await pool.query(sql, clean=True)).to_models(shape)
        assert len(rows) == len(plain) == 5_000
        assert [loaded_values(one) for one in objects] == [loaded_values(one) for one in plain]
        assert objects[1].born is objects[2].born
        with pytest.raises(UsageError):
            rows.tuples()
        with pytest.raises(UsageError):
            rows.to_models(ModelShape(Author, ["id"]))


async def test_a_row_that_becomes_no_object_is_an_error_and_the_connection_goes_on(
    postgres: PostgresServer,
) -> None:
    kinds = ObjectKinds([None])
    kinds.shape = ModelShape(Author, ["born"])
    async with schema_on(postgres) as pool:
        day = "CASE i WHEN 900 THEN 'infinity' ELSE DATE '2000-01-01' END"
        sql = f"SELECT {day} FROM generate_series(1, 2000) AS i"
        with pytest.raises(DataError) as raised:
            await pool.query(sql, result=kinds, clean=True)
        assert "column 1" in raised.value.__notes__[0]
        assert (await pool.query("SELECT 1"))[0][0] == 1


async def test_objects_of_many_days_have_the_right_ones(library: Pool) -> None:
    days = [
        dt.date(1, 1, 1),
        dt.date(9999, 12, 31),
        *(dt.date(1900, 1, 1) + dt.timedelta(n) for n in range(400)),
    ]
    async with Session(library) as session:
        await session.insert_all([Author(name=str(day), born=day) for day in days])
        found = await session.find(Author).all()
    assert [each.name for each in found] == [str(each.born) for each in found]
    assert len(found) == len(days)
