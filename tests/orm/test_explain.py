"""Explain: the plan of the very query, through whatever runs SQL; nothing is run, and no value is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from queryengine_orm import Session
from queryengine_orm.backend import ORMQueryEngine, ORMQueryResult, explain
from queryengine_orm.driver import Pool

from queryengine import ConfigurationError, Processor, SecurityPolicy, field
from queryengine.cost import CostWeights
from queryengine.request import encode
from tests.orm.library import Author, Book

pytestmark = pytest.mark.anyio

books: ORMQueryEngine[Book] = ORMQueryEngine(Book)
processor = Processor(books, policy=SecurityPolicy(relations=True))
FILTER: dict[str, Any] = {"where": {"id": {"gt": 40417}, "author.name": "Kirkwall"}, "limit": 5}
VALUES = ("40417", "Kirkwall", "Nobody-in-scope")


def result() -> ORMQueryResult[Book]:
    scope = field("title") != "Nobody-in-scope"
    return books.build_query(processor.process(encode(FILTER), scope=scope))


async def test_the_plan_is_that_of_the_query_with_its_scope_and_shows_no_values(library: Pool) -> None:
    found = await explain(library, result())
    assert json.loads(found.filter)["where"] == {"id": {"gt": 40417}, "author.name": {"eq": "Kirkwall"}}
    assert found.query is not None
    assert 'NOT ("qe"."title" = ' in found.query
    plan = json.dumps(found.plan)
    assert ("Index Scan" if library.dialect == "postgresql" else "SEARCH qe USING") in plan
    shown = f"{found.query} {plan} {found!r}"
    for value in VALUES:
        assert value not in shown
    assert (found.backend, found.cost) == ("orm", 12.25)


async def test_values_are_shown_when_asked(library: Pool) -> None:
    found = await explain(library, result(), values=True)
    assert found.query is not None
    for value in VALUES:
        assert value in found.query
    if library.dialect == "postgresql":
        assert "40417" in json.dumps(found.plan)


async def test_the_weights_of_a_policy_give_its_figures(library: Pool) -> None:
    assert (await explain(library, result(), weights=CostWeights(relation=100))).cost == 102.25


async def test_nothing_is_run_and_a_transaction_may_ask(library: Pool) -> None:
    asked = books.build_query(processor.process(encode({"where": {"author.name": "Ada"}})))
    async with Session(library) as session, session.begin():
        session.add(Book(title="One", author=Author(name="Ada")))
        await session.flush()
        assert (await explain(session.executor, asked)).plan
        assert [book.title for book in await asked.query.all(session.executor)] == ["One"]


def test_the_command_asks_the_database_of_a_url(tmp_path: Path) -> None:
    ast = result().filter
    with pytest.raises(ConfigurationError, match="cannot be asked: there is no file"):
        books.explain_on(f"sqlite:///{tmp_path / 'nothere.db'}", ast)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "empty.db").touch()
    with pytest.raises(ConfigurationError, match="cannot be asked: no such table: books"):
        books.explain_on(f"sqlite:///{tmp_path / 'empty.db'}", ast)
    assert (tmp_path / "empty.db").stat().st_size == 0  # not even its journal has changed
    with pytest.raises(ConfigurationError, match="cannot be asked: no driver is for oracle"):
        books.explain_on("oracle://host/x", ast)
    with pytest.raises(ConfigurationError, match="cannot be asked: "):
        books.explain_on("postgresql://nobody@127.0.0.1:1/x", ast)
