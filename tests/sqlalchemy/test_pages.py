"""Pages: every row once, forward and back, on both databases, in one statement, with totals that hold."""

from __future__ import annotations

import json
from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import quote

import pytest
from fastapi import Depends, FastAPI, Request, Response
from fastapi.testclient import TestClient
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult, fetch_page, fetch_page_sync
from sqlalchemy import event, update
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import Session, selectinload

from queryengine import (
    ConfigurationError,
    FilterError,
    Page,
    Processor,
    QueryConfig,
    SecurityPolicy,
    create_qe_dependency,
    field,
    link_header,
)
from queryengine.predicate import Scope
from queryengine.request import encode
from tests.asgi import call, query_of
from tests.sqlalchemy.models import Person, Place, Types

pytestmark = pytest.mark.long

CONFIG = QueryConfig(cursor_secret="a secret of some length")
POLICY = SecurityPolicy(relations=True)
people = SQLAlchemyQueryEngine(Person)
pages_of_people = Processor(people, policy=POLICY, config=CONFIG)

ORDERS = [
    "name",
    "-name NULLS FIRST",
    "home.name,-id",
    "boss.boss.name DESC,initial",
    "home.region.label NULLS LAST,-work.number",
    "id,name",
]


def result(document: dict[str, object], scope: Scope | None = None) -> SQLAlchemyQueryResult[Person]:
    return people.build_query(pages_of_people.process(encode(document), scope=scope))


def ids(rows: list[Person]) -> list[int]:
    return [row.id for row in rows]


@contextmanager
def statements(session: Session) -> Generator[list[str]]:
    """Give the list of the statements that are sent within."""
    sent: list[str] = []

    def note(_c: object, _k: object, statement: str, *_: object) -> None:
        sent.append(statement)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    yield sent
    event.remove(connection, "before_cursor_execute", note)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [1, 2, 4, 6])
@pytest.mark.parametrize("scope", [None, {Place: field("land") == "CH"}], ids=["all", "scoped"])
def test_pages_give_every_row_once_in_order_both_ways(
    order: str, limit: int, scope: Scope | None, session: Session
) -> None:
    document: dict[str, object] = {"order": order, "limit": limit}
    whole = ids(list(session.scalars(result({"order": order}, scope).query)))
    page = fetch_page_sync(session, result(document, scope))
    assert page.previous is None
    forward = ids(page.items)
    while page.next is not None:
        page = fetch_page_sync(session, result({**document, "after": page.next}, scope))
        forward += ids(page.items)
        assert page.previous is not None
    assert forward == whole
    back = ids(page.items)
    while page.previous is not None:
        page = fetch_page_sync(session, result({**document, "before": page.previous}, scope))
        back = ids(page.items) + back
        assert page.next is not None
    assert back == whole


def test_values_of_every_type_order_pages(session: Session) -> None:
    engine = SQLAlchemyQueryEngine(Types)
    processor = Processor(engine, config=CONFIG)
    names = [name for name, of_view in processor.view.fields.items() if of_view.sort]
    assert len(names) >= 15
    for name in names:
        for key in (name, f"-{name}"):
            document: dict[str, object] = {"order": key, "limit": 1}
            whole = list(session.scalars(engine.build_query(processor.process(encode({"order": key}))).query))
            found: list[Types] = []
            page = fetch_page_sync(session, engine.build_query(processor.process(encode(document))))
            while page.items:
                found += page.items
                if page.next is None:
                    break
                again = processor.process(encode({**document, "after": page.next}))
                page = fetch_page_sync(session, engine.build_query(again))
            assert found == whole, key


def test_a_total_counts_the_rows_of_all_pages_in_the_same_statement(session: Session) -> None:
    document: dict[str, object] = {"where": {"work.land": "CH"}, "order": "home.name", "limit": 1}
    number = len(session.scalars(result({**document, "limit": 100}).query).all())
    for _ in range(3):  # the third time by a template
        with statements(session) as sent:
            first = fetch_page_sync(session, result(document), total="exact")
            second = fetch_page_sync(session, result({**document, "after": first.next}), total="exact")
        assert (first.total, second.total, first.capped) == (number, number, False)
        assert len(sent) == 2
        for statement in sent:
            assert "JOIN" not in statement.partition("AS total")[0].partition("count(*)")[2]


def test_a_capped_total_says_that_there_are_more(session: Session) -> None:
    page = fetch_page_sync(session, result({"limit": 2}), total=4)
    assert (page.total, page.capped) == (4, True)
    page = fetch_page_sync(session, result({"limit": 2}), total=6)
    assert (page.total, page.capped) == (6, False)


def test_an_empty_page_counts_too(session: Session) -> None:
    page = fetch_page_sync(session, result({"offset": 50}), total="exact")
    assert (page.items, page.total, page.next, page.previous) == ([], 6, None, None)
    page = fetch_page_sync(session, result({"where": {"id": 77}}), total=3)
    assert (page.items, page.total) == ([], 0)


def test_an_offset_page_leads_back_by_cursor(session: Session) -> None:
    page = fetch_page_sync(session, result({"order": "id", "limit": 2, "offset": 2}))
    assert ids(page.items) == [3, 4]
    back = fetch_page_sync(session, result({"order": "id", "limit": 2, "before": page.previous}))
    assert (ids(back.items), back.previous) == ([1, 2], None)


def test_rows_of_a_page_load_what_options_say(sqlite_session: Session) -> None:
    page = fetch_page_sync(
        sqlite_session, result({"order": "id", "limit": 1}), options=[selectinload(Person.staff)]
    )
    sqlite_session.expunge_all()
    assert [person.id for person in page.items[0].staff] == [2, 3]


async def test_an_async_session_fetches_the_same_pages(async_engine: AsyncEngine) -> None:
    found: list[int] = []
    async with AsyncSession(async_engine) as session:
        after: str | None = None
        while True:
            more = {} if after is None else {"after": after}
            page = await fetch_page(session, result({"order": "-name", "limit": 2, **more}), total="exact")
            found += ids(page.items)
            assert page.total == 6
            after = page.next
            if after is None:
                break
        whole = ids(list(await session.scalars(result({"order": "-name"}).query)))
        gone = await fetch_page(session, result({"where": {"id": 77}}), total="exact")
    assert found == whole
    assert gone.total == 0


def test_what_cannot_be_paged_is_a_mistake_of_the_service(sqlite_session: Session) -> None:
    external = Processor(people, config=QueryConfig(paging="external"))
    with pytest.raises(ConfigurationError, match="external"):
        fetch_page_sync(sqlite_session, people.build_query(external.process(encode({}))))
    by_database = SQLAlchemyQueryEngine(Person, text_order="database")
    ordered = by_database.build_query(Processor(by_database).process(encode({})))
    with pytest.raises(ConfigurationError, match="cursors"):
        fetch_page_sync(sqlite_session, ordered)
    with pytest.raises(ConfigurationError, match="total=0"):
        fetch_page_sync(sqlite_session, result({}), total=0)
    by_hand = SQLAlchemyQueryResult(result({}).query, None, (), filter=result({}).filter)
    with pytest.raises(ConfigurationError, match="engine"):
        fetch_page_sync(sqlite_session, by_hand)


class PersonOut(BaseModel):
    id: int
    name: str | None


listed = create_qe_dependency(people, policy=SecurityPolicy(expose=PersonOut), config=CONFIG, required=True)
app = FastAPI()


@app.get("/people", response_model=Page[PersonOut])
def list_people(
    found: Annotated[SQLAlchemyQueryResult[Person], Depends(listed)], request: Request, response: Response
) -> Page[PersonOut]:
    with Session(app.state.connection) as session:
        page = fetch_page_sync(session, found, total="exact").shown(PersonOut)
    link = link_header(request, page)
    if link is not None:
        response.headers["Link"] = link
    return page


def test_a_service_is_walked_by_its_links(postgres_session: Session) -> None:
    app.state.connection = postgres_session.connection()  # psycopg lets other threads use it
    client = TestClient(app)
    seen: list[int] = []
    path = "/people?filter=" + quote('{"order":"-name","limit":4}')
    answer = client.get(path)
    while True:
        body = answer.json()
        seen += [row["id"] for row in body["items"]]
        assert body["total"] == 6
        links = {part.split("; ")[1]: part.split(">")[0][1:] for part in answer.headers["link"].split(", ")}
        if 'rel="next"' not in links:
            break
        answer = client.get("/people" + links['rel="next"'])
    assert sorted(seen) == [1, 2, 3, 4, 5, 6]
    changed = body["previous"][:-4] + "AAAA"
    wrong = client.get("/people?filter=" + quote(f'{{"order":"-name","limit":4,"before":"{changed}"}}'))
    assert wrong.status_code == 422
    assert wrong.json()["detail"][0]["type"] == "invalid_cursor"


LONG = "x" * 5_000
TOO_LONG = ("limit_exceeded", ["query", "filter", "order", "name"])
BY_NAME = {"order": "name", "limit": 1}


def test_a_row_too_long_for_a_cursor_is_an_error_of_the_request(sqlite_session: Session) -> None:
    sqlite_session.execute(update(Person).values(name=LONG))

    own = FastAPI()

    @own.get("/people")
    async def read_people(
        found: Annotated[SQLAlchemyQueryResult[Person], Depends(listed)],
    ) -> Page[PersonOut]:
        return fetch_page_sync(sqlite_session, found).shown(PersonOut)

    answer = call(own, query_of(BY_NAME), path="/people")
    (detail,) = answer.json["detail"]
    assert (answer.status, (detail["type"], detail["loc"])) == (422, TOO_LONG)
    assert call(own, query_of({"order": "name"}), path="/people").status == 200
    with pytest.raises(FilterError, match="too long for a cursor"):
        fetch_page_sync(sqlite_session, result({**BY_NAME}))
    sqlite_session.rollback()


async def test_an_async_session_answers_a_row_too_long_for_a_cursor_the_same_way(
    async_engine: AsyncEngine,
) -> None:
    own = FastAPI()
    async with async_engine.connect() as connection, AsyncSession(connection) as session:
        await session.execute(update(Person).values(name=LONG))

        @own.get("/people")
        async def read_people(
            found: Annotated[SQLAlchemyQueryResult[Person], Depends(listed)],
        ) -> Page[PersonOut]:
            return (await fetch_page(session, found)).shown(PersonOut)

        async with AsyncClient(transport=ASGITransport(own), base_url="http://test") as client:
            answer = await client.get("/people", params={"filter": json.dumps(BY_NAME)})
        (detail,) = answer.json()["detail"]
        assert (answer.status_code, (detail["type"], detail["loc"])) == (422, TOO_LONG)
        await session.rollback()
