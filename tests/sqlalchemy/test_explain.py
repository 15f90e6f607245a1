"""Explain: the plan of the very query, on both databases, without running it and without its values."""

from __future__ import annotations

import json

import pytest
from queryengine_sqlalchemy import (
    SQLAlchemyQueryEngine,
    SQLAlchemyQueryResult,
    UnsupportedDialectError,
    explain,
    explain_sync,
)
from queryengine_sqlalchemy.explain import ExplainStatement
from sqlalchemy import event
from sqlalchemy.dialects.mysql.base import MySQLDialect
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session

from queryengine import Processor, SecurityPolicy, field
from queryengine.cost import CostWeights
from queryengine.request import encode
from tests.sqlalchemy.models import Person

people = SQLAlchemyQueryEngine(Person)
processor = Processor(people, policy=SecurityPolicy(relations=True))
FILTER: dict[str, object] = {"where": {"id": {"gt": 40417}, "home.name": "Kirkwall"}, "limit": 5}


def result() -> SQLAlchemyQueryResult[Person]:
    scope = field("name") != "Nobody-in-scope"
    return people.build_query(processor.process(encode(FILTER), scope=scope))


def test_the_plan_is_that_of_the_query_with_its_scope_and_shows_no_values(session: Session) -> None:
    found = explain_sync(session, result())
    assert json.loads(found.filter)["where"] == {"id": {"gt": 40417}, "home.name": {"eq": "Kirkwall"}}
    assert found.query is not None
    assert "person.full_name != :" in found.query
    assert found.plan
    shown = f"{found.query} {json.dumps(found.plan)} {found!r}"
    for value in ("40417", "Kirkwall", "Nobody-in-scope"):
        assert value not in shown
    assert (found.backend, found.cost) == ("sqlalchemy", 22.25)
    assert found.cost_parts == {"comparison": 2, "relation": 10, "unindexed": 10, "row": 0.25}


def test_values_are_shown_when_asked(session: Session) -> None:
    found = explain_sync(session, result(), values=True)
    assert found.query is not None
    assert "'Nobody-in-scope'" in found.query
    if session.get_bind().dialect.name == "postgresql":
        assert "40417" in json.dumps(found.plan)


def test_the_weights_of_a_policy_give_its_figures(session: Session) -> None:
    found = explain_sync(session, result(), weights=CostWeights(relation=100))
    assert found.cost == 112.25


def test_nothing_is_run_but_one_explain(session: Session) -> None:
    sent: list[str] = []

    def note(*sending: object) -> None:
        sent.append(str(sending[2]))

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    explain_sync(session, result())
    event.remove(connection, "before_cursor_execute", note)
    assert len(sent) == 1
    assert sent[0].startswith("EXPLAIN")
    assert "ANALYZE" not in sent[0]


async def test_an_asynchronous_session_explains_the_same(async_engine: AsyncEngine) -> None:
    async with AsyncSession(async_engine) as session:
        found = await explain(session, result())
    assert found.plan
    assert "Kirkwall" not in json.dumps(found.plan)
    assert str(found).splitlines()[1] == "cost 22.25: relation 10, comparison 2, unindexed 10, row 0.25"
    assert "plan" in str(found).splitlines()


def test_another_database_is_refused() -> None:
    with pytest.raises(UnsupportedDialectError):
        ExplainStatement(result().query).compile(dialect=MySQLDialect())
