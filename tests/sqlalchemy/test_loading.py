"""A query loads what was asked for, and of related rows only those that exist for the caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import create_engine, inspect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from queryengine.errors import ErrorCode, FilterError
from queryengine.policy import SecurityPolicy
from queryengine.predicate import Scope, field
from queryengine.process import Processor
from queryengine.request import encode
from tests.sqlalchemy.models import DataBase, Doctor, Person, Place, Point, Stream, Types, Ward

POLICY = SecurityPolicy(relations=True)
Document = dict[str, Any]  # Any: a JSON document


def rows(session: Session, model: type[Any], document: Document, scope: Scope | None = None) -> Sequence[Any]:
    """Return what a filter gives. Any: each model has attributes of its own."""
    engine = SQLAlchemyQueryEngine(model)
    ast = Processor(engine, policy=POLICY).process(encode(document), scope=scope)
    return session.scalars(engine.build_query(ast).query).all()


def missing(row: object) -> set[str]:
    """Return the attributes of a row that are not loaded."""
    return set(inspect(row).unloaded)


# -- fields


def test_fields_load_their_columns_and_the_primary_key(session: Session) -> None:
    (ada,) = rows(session, Person, {"where": {"id": 1}, "fields": ["name", "home_id"]})
    assert {"id", "name", "home_id"} & missing(ada) == set()
    assert {"boss_id", "work_id", "password"} <= missing(ada)


def test_without_fields_all_columns_are_loaded(session: Session) -> None:
    (ada,) = rows(session, Person, {"where": {"id": 1}})
    assert {"boss_id", "password"} & missing(ada) == set()


def test_a_synonym_loads_what_it_stands_for(session: Session) -> None:
    (ada,) = rows(session, Person, {"where": {"id": 1}, "fields": ["title"]})
    assert "name" not in missing(ada)


def test_a_hybrid_finds_all_that_it_may_read(session: Session) -> None:
    (ada,) = rows(session, Person, {"where": {"id": 1}, "fields": ["initial"]})
    assert "boss_id" not in missing(ada)
    assert ada.initial == "A"


def test_a_deferred_column_is_loaded_when_it_is_asked_for() -> None:
    database = create_engine("sqlite://")
    DataBase.metadata.create_all(database)
    with Session(database) as session:
        session.add(Point(x=1.0, notes="long"))
        session.commit()
        (whole,) = rows(session, Point, {})
        assert missing(whole) == {"notes"}
        session.expunge_all()
        (asked,) = rows(session, Point, {"fields": ["notes"]})
        assert missing(asked) == {"x", "y"}
    database.dispose()


def test_a_member_of_a_document_loads_the_document(session: Session) -> None:
    (row,) = rows(session, Types, {"where": {"id": 1}, "fields": ["facts.color"]})
    assert "facts" not in missing(row)
    assert "price" in missing(row)


def test_what_is_not_loaded_can_still_be_read(session: Session) -> None:
    (ada,) = rows(session, Person, {"where": {"id": 1}, "fields": ["id"]})
    assert ada.name == "Ada"


# -- include


def test_included_rows_are_loaded_with_the_query(session: Session) -> None:
    found = rows(session, Person, {"order": "id", "include": ["home", "staff", "friends"]})
    session.expunge_all()  # whatever was not loaded would fail from here on
    assert [person.home and person.home.name for person in found] == [
        "Ölbach",
        "Zug",
        None,
        "Ölbach",
        "aare",
        "klinik",
    ]
    assert [sorted(one.id for one in person.staff) for person in found] == [[2, 3], [4], [], [5, 6], [], []]
    assert [sorted(one.id for one in person.friends) for person in found] == [[2, 3], [1], [], [5], [5], [1]]


def test_an_include_is_narrowed_by_its_filter(session: Session) -> None:
    include = {"relation": "staff", "scope": {"where": {"home.name": {"in": ["Zug", "aare"]}}}}
    found = rows(session, Person, {"order": "id", "include": [include]})
    assert [[one.id for one in person.staff] for person in found] == [[2], [], [], [5], [], []]


def test_the_filter_of_an_include_may_go_over_relations_and_back(session: Session) -> None:
    where = {"friends": {"some": {"name": "Ada"}}, "boss.name": {"isNull": False}}
    found = rows(
        session, Person, {"order": "id", "include": [{"relation": "friends", "scope": {"where": where}}]}
    )
    assert [[one.id for one in person.friends] for person in found] == [[2], [], [], [], [], []]


def test_includes_stand_in_includes_and_have_fields(session: Session) -> None:
    home = {"relation": "home", "scope": {"fields": ["name"], "include": ["region"]}}
    (ada,) = rows(session, Person, {"where": {"id": 1}, "include": [home]})
    assert {"land", "number"} <= missing(ada.home)
    session.expunge_all()
    assert (ada.home.name, ada.home.region.label) == ("Ölbach", "west")


def test_the_filter_of_an_include_does_not_narrow_what_is_loaded_below_it(session: Session) -> None:
    people = {"relation": "people", "scope": {"where": {"id": 1}, "include": ["friends", "staff"]}}
    (place,) = rows(session, Place, {"where": {"id": 1}, "include": [people]})
    session.expunge_all()
    (ada,) = place.people
    assert ([one.id for one in ada.friends], [one.id for one in ada.staff]) == ([2, 3], [2, 3])


def test_an_include_leads_to_a_subclass(session: Session) -> None:
    scope = {"where": {"beds": {"gt": 5}}}
    found = rows(session, Ward, {"order": "id", "include": [{"relation": "hospital", "scope": scope}]})
    assert [ward.hospital and ward.hospital.name for ward in found] == ["Spital", None, None]
    people = rows(session, Person, {"order": "id", "include": [{"relation": "doctor", "scope": {}}]})
    assert [person.doctor and person.doctor.ward for person in people] == [None, None, None, None, "A", "A"]


def test_an_included_row_outside_of_the_scope_does_not_exist(session: Session) -> None:
    scope = {Place: field("land") == "CH", Person: field("id") < 5}
    found = rows(session, Person, {"order": "id", "include": ["work", "staff"]}, scope)
    assert [person.work and person.work.name for person in found] == ["Zug", "Zug", "aare", None]
    assert [[one.id for one in person.staff] for person in found] == [[2, 3], [4], [], []]


def test_what_the_session_holds_of_a_relation_is_not_taken_for_the_answer(session: Session) -> None:
    place = session.get_one(Place, 1)
    assert [one.id for one in place.people] == [1, 4]
    (again,) = rows(session, Place, {"where": {"id": 1}, "include": ["people"]}, {Person: field("id") < 3})
    assert [one.id for one in again.people] == [1]
    eve = session.get_one(Person, 4)
    assert eve.work is not None
    found = rows(session, Person, {"order": "id", "include": ["work"]}, {Place: field("land") == "CH"})
    assert [person.work and person.work.id for person in found] == [2, 2, 3, None, None, 1]


def test_a_row_that_is_met_on_two_ways_keeps_what_it_got_on_the_first(session: Session) -> None:
    for least in (4, 2):  # the second query overwrites what the first one loaded
        include = [
            {"relation": "staff", "scope": {"where": {"id": {"gte": least}}, "fields": ["name"]}},
            {"relation": "boss", "scope": {"where": {"id": {"gte": least}}}},
        ]
        found = rows(session, Person, {"order": "id", "include": include})
        assert [[one.id for one in person.staff if one.id < least] for person in found] == [[]] * 6
        assert [len(person.staff) for person in found] == [0 if least == 4 else 2, 1, 0, 2, 0, 0]
        assert [person.boss is not None for person in found] == [False, False, False, least == 2, True, True]
        assert {"boss_id", "staff", "boss"} & set().union(*map(missing, found)) == set()


def test_what_is_loaded_of_a_related_row_can_be_gone_on_from(session: Session) -> None:
    include = {"relation": "staff", "scope": {"where": {"id": 4}}}
    (bob,) = rows(session, Person, {"where": {"id": 2}, "include": [include, "boss"]})
    (eve,) = bob.staff
    assert "staff" in missing(eve)
    assert [one.id for one in eve.staff] == [5, 6]
    assert eve.boss is bob


def test_large_results_keep_what_was_loaded_of_their_first_rows() -> None:
    database = create_engine("sqlite://")
    Person.metadata.create_all(database)
    with Session(database) as session:
        session.add(Place(id=1, name="here"))
        session.add_all(Person(id=n, name=str(n), boss_id=n % 1000 + 1, work_id=1) for n in range(1, 1001))
        session.commit()
        document = {
            "order": "id",
            "limit": 1000,
            "include": [{"relation": "boss", "scope": {"where": {"id": {"gt": 500}}}}],
        }
        found = rows(session, Person, document)
        assert set().union(*map(missing, found)) & {"boss"} == set()
        assert sum(person.boss is None for person in found) == 500
    database.dispose()


def test_fields_of_a_relation_load_it_within_the_scope(session: Session) -> None:
    scope = {Place: field("land") == "CH"}
    found = rows(session, Person, {"order": "id", "fields": ["name", "work.name", "friends.name"]}, scope)
    session.expunge_all()
    assert [person.work and person.work.name for person in found] == [
        "Zug",
        "Zug",
        "aare",
        None,
        None,
        "Ölbach",
    ]
    assert [len(person.friends) for person in found] == [2, 1, 0, 1, 1, 1]
    assert "land" in missing(found[0].work)


def test_a_relation_that_is_never_loaded_as_a_whole_is_filtered_but_not_included(session: Session) -> None:
    assert len(rows(session, Stream, {"where": {"drops": {"some": {"size": 3}}}})) == 1
    with pytest.raises(FilterError) as caught:
        rows(session, Stream, {"include": ["drops"]})
    assert (caught.value.code, caught.value.path) == (
        ErrorCode.UNSUPPORTED_BY_BACKEND,
        ("include", "drops"),
    )


async def test_includes_are_there_without_further_queries(async_engine: AsyncEngine) -> None:
    engine = SQLAlchemyQueryEngine(Doctor)
    document = {"order": "id", "fields": ["ward", "home.name"], "include": ["boss", "staff"]}
    ast = Processor(engine, policy=POLICY).process(encode(document))
    async with AsyncSession(async_engine) as session:
        doctors = (await session.scalars(engine.build_query(ast).query)).all()
        assert [(d.ward, d.home and d.home.name, d.boss and d.boss.name) for d in doctors] == [
            ("A", "Ölbach", "bob"),
            (None, "aare", "Eve"),
        ]
        assert [len(d.staff) for d in doctors] == [2, 0]
