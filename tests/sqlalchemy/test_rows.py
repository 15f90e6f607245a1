"""The rows that filters give are those that the reference evaluator gives, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from typing import Any, Literal

import pytest
from queryengine_sqlalchemy import SQLAlchemyQueryEngine
from sqlalchemy import Engine, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session
from sqlmodel import Session as SQLModelSession
from sqlmodel import SQLModel

from queryengine.ast import FilterAST
from queryengine.memory import evaluate
from queryengine.policy import SecurityPolicy
from queryengine.predicate import field
from queryengine.process import Processor, process_filter_to_ast
from queryengine.request import encode
from tests.sqlalchemy.models import (
    Champion,
    Doctor,
    Hospital,
    Person,
    Place,
    Postgres,
    PostgresBase,
    Rounded,
    Types,
    Ward,
)

POLICY = SecurityPolicy(relations=True, regex=True)
Document = dict[str, Any]  # Any: a JSON document


def bound(model: type[object], document: Document, dialect: str | None = None) -> FilterAST:
    engine = SQLAlchemyQueryEngine(model, dialect=_dialect(dialect))
    return process_filter_to_ast(document, engine, policy=POLICY)


def _dialect(name: str | None) -> Literal["sqlite", "postgresql"] | None:
    return None if name is None else "sqlite" if name == "sqlite" else "postgresql"


PEOPLE: list[Document] = [
    {"name": "Ada"},
    {"name": {"ne": "Ada"}},
    {"name": {"gt": "a"}},
    {"name": {"between": ["Eve", "bob"]}},
    {"name": {"contains": "%"}},
    {"name": {"endsWith": "_"}},
    {"name": {"istartsWith": "É"}},
    {"name": {"istartsWith": "é"}},
    {"name": {"notIcontains": "A"}},
    {"name": {"like": "1__\\% %"}},
    {"name": {"in": ["Ada", None]}},
    {"name": {"nin": []}},
    {"name": {"in": []}},
    {"title": "Ada"},
    {"initial": {"in": ["A", "É"]}},
    {"initial": {"ne": "A"}},
    {"boss": {"isNull": True}},
    {"boss.name": {"isNull": True}},
    {"boss.name": {"isNull": False}},
    {"boss.name": {"ne": "Ada"}},
    {"boss.boss.name": "Ada"},
    {"boss.boss.home.region.label": {"ne": "west"}},
    {"home.name": "Zug", "work.name": "Zug"},
    {"or": [{"home.region.label": "west"}, {"work.region.label": "west"}]},
    {"nor": [{"home.region.label": "west"}, {"home.region.number": 2}]},
    {"not": {"home.name": {"gt": "a"}, "home.region.number": {"ne": 1}}},
    {"or": [{"boss.name": "Ada"}, {"boss.id": 4}, {"boss": {"isNull": True}}]},
    {"boss.name": {"between": ["A", "c"]}, "boss.kind": {"ne": "doctor"}},
    {"home.located.label": {"gt": "a"}},
    {"home.located": {"isNull": True}},
    {"not": {"home.located.label": "East"}},
    {"doctor.ward": "A"},
    {"doctor": {"isNull": True}},
    {"doctor.ward": {"ne": "A"}},
    {"staff": {"some": {"name": {"gt": "A"}}}},
    {"staff": {"none": {"name": {"gt": "A"}}}},
    {"staff": {"every": {"name": {"gt": "A"}}}},
    {"staff": {"some": {"boss.name": "Ada", "home": {"isNull": False}}}},
    {"boss.staff": {"every": {"boss": {"isNull": False}}}},
    {"boss.staff": {"some": {"name": "bob"}}},
    {"friends": {"some": {"name": "Ada"}}},
    {"friends": {"every": {"name": "Ada"}}},
    {"friends": {"some": {"friends": {"some": {"name": "bob"}}}}},
    {"friends": {"none": {"staff": {"some": {"home.name": {"ne": "Zug"}}}}}},
    {"nor": [{"friends": {"some": {"name": "Émile"}}}, {"name": "bob"}]},
]


@pytest.mark.parametrize("where", PEOPLE, ids=json.dumps)
def test_conditions_over_relations_of_every_kind(session: Session, where: Document) -> None:
    _compare(session, Person, {"where": where, "order": "id"})


OTHERS: list[tuple[type[object], Document]] = [
    (Doctor, {"ward": {"ne": "A"}}),
    (Doctor, {"boss.name": {"isNull": False}}),
    (Hospital, {"beds": {"gt": 5}}),
    (Hospital, {"name": {"icontains": "S"}, "wards": {"some": {"name": "one"}}}),
    (Ward, {"hospital.name": "Spital"}),
    (Ward, {"hospital.beds": {"isNull": True}}),
    (Ward, {"hospital.region.label": {"ne": "süd"}}),
    (Place, {"people": {"some": {"doctor.name": {"gt": "E"}}}}),
    (Place, {"region": {"label": "East"}}),
    (Place, {"region": {"isNull": True}}),
]


@pytest.mark.parametrize(("model", "where"), OTHERS, ids=repr)
def test_conditions_over_inheritance_and_composite_keys(
    session: Session, model: type[object], where: Document
) -> None:
    _compare(session, model, {"where": where, "order": "id"})


ORDERS = [
    "name",
    "-name",
    "name desc nulls first",
    "boss.name,id",
    "-boss.name,boss.home.name,id",
    "home.name,work.name,id",
    "-home.located.label,id",
    "doctor.ward nulls last,-id",
    "boss.boss.boss.name,home.region.label,-id",
]


@pytest.mark.parametrize("order", ORDERS)
def test_orders_by_ways_over_relations_keep_each_row_once(session: Session, order: str) -> None:
    _compare(session, Person, {"order": order})


def test_an_order_and_a_condition_may_go_the_same_way(session: Session) -> None:
    document: Document = {
        "where": {"boss.name": {"ne": "bob"}},
        "order": "-boss.name,id",
        "limit": 3,
        "offset": 1,
    }
    _compare(session, Person, document)


TYPES: list[Document] = [
    {"small": {"lt": 0}},
    {"big": 2**62},
    {"price": 12.3},
    {"price": {"gt": -0.01}},
    {"weight": {"in": [0.1, 99.999]}},
    {"single": {"isNull": False}},
    {"level": 1},
    {"level": {"ne": 1}},
    {"choice": {"in": ["a", "b"]}},
    {"choice": {"nin": ["a"]}},
    {"instant": "2013-01-01T07:00:15.123456Z"},
    {"instant": {"gt": "2013-01-01T12:30:15.123456+05:30"}},
    {"zulu": "2013-01-01T12:30:15.123456+05:30"},
    {"wall": {"gt": "2013-01-01T12:30:15.123456"}},
    {"lasts": {"lt": "PT0S"}},
    {"emulated": {"gte": "P1D"}},
    {"key": {"gt": "00000000-0000-0000-0000-000000000001"}},
    {"raw": {"gt": "AA=="}},
    {"raw": ""},
    {"trimmed": {"like": "Z__"}},
    {"plain": {"lt": "a"}},
    {"padded": {"isNull": True}},
    {"folded": {"isNull": False}},
    {"document": {"isNull": True}},
    {"facts": {"isNull": True}},
    {"facts": {"color": "red"}},
    {"facts.sold": True},
    {"facts.size.width": {"gte": 3}},
    {"facts.size.height": 1.5},
]


@pytest.mark.parametrize("where", TYPES, ids=json.dumps)
def test_conditions_over_columns_of_every_type(session: Session, where: Document) -> None:
    name = session.get_bind().dialect.name
    ast = bound(Types, {"where": where, "order": "id"}, name)
    rows = list(session.scalars(select(Types).order_by(Types.id)))
    well_typed = [row for row in rows if row.id != 2] if "facts" in json.dumps(where) else rows
    query, _, _ = SQLAlchemyQueryEngine(Types, dialect=_dialect(name)).build_query(ast)
    assert [row.id for row in session.scalars(query) if row in well_typed] == [
        row.id for row in evaluate(ast, well_typed)
    ]


def test_a_uuid_that_is_read_as_text_is_a_uuid_to_filters(session: Session) -> None:
    engine = SQLAlchemyQueryEngine(Types)
    for where, expected in [
        ({"text_key": "80000000-0000-0000-0000-000000000000"}, [1]),
        ({"text_key": {"lt": "80000000-0000-0000-0000-000000000000"}}, [2]),
    ]:
        ast = process_filter_to_ast({"where": where}, engine, policy=POLICY)
        assert [row.id for row in session.scalars(engine.build_query(ast).query)] == expected


WRONG_TYPES: list[Document] = [
    {"facts.color": {"isNull": True}},
    {"facts.sold": {"isNull": True}},
    {"facts.sold": {"ne": True}},
    {"facts.size.width": {"isNull": True}},
    {"facts.size.width": {"ne": 3}},
    {"not": {"facts.size.width": {"lt": 100}}},
]


@pytest.mark.parametrize("where", WRONG_TYPES, ids=json.dumps)
def test_a_member_of_another_type_than_declared_is_null(session: Session, where: Document) -> None:
    ast = bound(Types, {"where": where, "order": "id"})
    query, _, _ = SQLAlchemyQueryEngine(Types).build_query(ast)
    assert [row.id for row in session.scalars(query)] == [2, 3]


def test_a_number_beyond_all_floats_does_not_fail(session: Session) -> None:
    engine = SQLAlchemyQueryEngine(Types)
    ast = process_filter_to_ast({"where": {"facts.size.height": {"gt": 1e300}}}, engine, policy=POLICY)
    assert [row.id for row in session.scalars(engine.build_query(ast).query)] == [2]


ARRAYS: list[Document] = [
    {"document": {"eq": {"b": [True, None], "a": 1}}},
    {"document": {"ne": {"b": [True, None], "a": 1}}},
    {"document": {"eq": {"a": True}}},
    {"document": {"isNull": True}},
    {"levels": {"has": 1}},
    {"levels": {"hasAny": [2]}},
    {"levels": {"hasAll": [1, 2]}},
    {"levels": {"size": 2}},
    {"levels": {"isEmpty": True}},
    {"levels": {"isEmpty": False}},
    {"levels": {"eq": [2, 1]}},
    {"levels": {"ne": []}},
    {"prices": {"has": 1.5}},
    {"prices": {"not": {"hasAny": [2, 3]}}},
    {"keys": {"hasAll": ["00000000-0000-0000-0000-000000000001"]}},
    {"names": {"isNull": True}},
]


@pytest.mark.parametrize("where", ARRAYS, ids=json.dumps)
def test_json_and_arrays_on_postgresql(postgres_session: Session, where: Document) -> None:
    _compare(postgres_session, Postgres, {"where": where, "order": "id"})


ROUNDED: list[Document] = [
    {"price": {"lt": 12.34}},
    {"price": {"eq": 12.34}},
    {"stamp": {"lt": "2013-01-01T12:00:01.4"}},
    {"stamp": {"eq": "2013-01-01T12:00:01.4"}},
    {"clock": {"lt": "12:00:01.4"}},
    {"lasts": {"lt": "PT1.4S"}},
    {"takes": {"lt": "PT1.4S"}},
    {"takes": {"eq": "PT1.4S"}},
    {"short": {"lt": "abcd"}},
    {"short": {"eq": "abcd"}},
    {"short": {"ne": "abcd"}},
]


@pytest.mark.parametrize("where", ROUNDED, ids=json.dumps)
def test_operands_are_not_rounded_to_their_column(postgres_session: Session, where: Document) -> None:
    _compare(postgres_session, Rounded, {"where": where})


REGEXES = ["^[A-E]", "a$", "b.b", "\\d+%", "(?:Ad|bo)[ab]", "^.{3,5}$", "É"]


@pytest.mark.parametrize("pattern", REGEXES)
def test_regular_expressions_on_postgresql(postgres_session: Session, pattern: str) -> None:
    rows = list(postgres_session.scalars(select(Person)))
    for where in ({"name": {"regex": pattern}}, {"not": {"name": {"regex": pattern}}}):
        ast = bound(Person, {"where": where, "order": "id"}, "postgresql")
        query, _, _ = SQLAlchemyQueryEngine(Person, dialect="postgresql").build_query(ast)
        assert list(postgres_session.scalars(query)) == evaluate(ast, rows)


def _compare(session: Session, model: type[object], document: Document) -> None:
    """The rows of the database are the reference's, in its order; `None` as dialect is tried too."""
    name = session.get_bind().dialect.name
    rows = list(session.scalars(select(model)))
    for dialect in (name,) if issubclass(model, PostgresBase) else (name, None):
        ast = bound(model, document, dialect)
        expected = evaluate(ast, rows)
        query, _, _ = SQLAlchemyQueryEngine(model, dialect=_dialect(dialect)).build_query(ast)
        assert list(session.scalars(query)) == expected


async def test_the_same_query_runs_on_an_asynchronous_session(async_engine: AsyncEngine) -> None:
    name = _dialect(async_engine.dialect.name)
    cases: list[tuple[type[Any], Document]] = [  # Any: each has an id
        (Types, where) for where in TYPES
    ]
    cases += [(Person, where) for where in PEOPLE]
    if name == "postgresql":
        cases += [(Postgres, where) for where in ARRAYS]
        cases += [(Rounded, where) for where in ROUNDED]
    async with AsyncSession(async_engine) as session:
        for model, where in cases:
            engine = SQLAlchemyQueryEngine(model, dialect=name)
            query, _, _ = engine.build_query(bound(model, {"where": where, "order": "id"}, name))
            found = list(await session.scalars(query))
            expected = await session.run_sync(_run, model, where)
            assert [row.id for row in found] == expected, where


def _run(session: Session, model: type[Any], where: Document) -> list[int]:  # Any: it has an id
    """What the reference evaluator gives for the same filter."""
    name = _dialect(session.get_bind().dialect.name)
    rows = list(session.scalars(select(model).order_by(model.id)))
    if model is Types:
        rows = [row for row in rows if row.id != 2 or "facts" not in json.dumps(where)]
    return [row.id for row in evaluate(bound(model, {"where": where, "order": "id"}, name), rows)]


def test_sqlmodels_rows_are_rows_like_others(sqlite_engine: Engine) -> None:
    champions = [
        Champion(id=1, name="Zoë", age=30),
        Champion(id=2, name="abe"),
        Champion(id=3, name="Bea", age=7),
    ]
    SQLModel.metadata.create_all(sqlite_engine)
    with SQLModelSession(sqlite_engine) as session:
        session.add_all(champions)
        session.flush()
        for where in ({"age": {"ne": 7}}, {"name": {"gt": "Z"}}, {"name": {"icontains": "B"}}):
            ast = bound(Champion, {"where": where, "order": "name"})
            query, _, _ = SQLAlchemyQueryEngine(Champion).build_query(ast)
            assert session.scalars(query).all() == evaluate(ast, champions)
    SQLModel.metadata.drop_all(sqlite_engine)


def test_a_row_outside_of_the_scope_does_not_exist(session: Session) -> None:
    engine = SQLAlchemyQueryEngine(Person)
    scope = {Place: field("land") == "CH", Person: field("id") < 6}
    processor = Processor(engine, policy=POLICY)
    rows = list(session.scalars(select(Person)))
    documents: list[Document] = [
        {"where": {"work.name": {"isNull": True}}},
        {"where": {"work.name": {"ne": "Zug"}}, "order": "-work.name"},
        {"where": {"work": {"isNull": False}}, "order": "work.name,home.name"},
        {"where": {"staff": {"every": {"work": {"isNull": True}}}}},
        {"where": {"not": {"staff": {"some": {"id": 6}}}}},
    ]
    for document in documents:
        ast = processor.process(encode(document), scope=scope)
        assert list(session.scalars(engine.build_query(ast).query)) == evaluate(ast, rows)
