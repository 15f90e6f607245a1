"""fastapi-pagination pages our results: limit and offset are its own, and its totals count all rows."""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from fastapi_pagination import Page, Params, add_pagination
from fastapi_pagination.ext.sqlalchemy import paginate  # pyright: ignore[reportUnknownVariableType]  # it is untyped in part
from pydantic import BaseModel, ConfigDict
from queryengine_sqlalchemy import SQLAlchemyQueryEngine, SQLAlchemyQueryResult
from sqlalchemy import Engine, StaticPool, create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from queryengine import QueryConfig, SecurityPolicy, create_qe_dependency


class Base(DeclarativeBase):
    pass


class Ticket(Base):
    __tablename__ = "ticket"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str | None]


class TicketOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: int
    state: str | None


tickets = create_qe_dependency(
    SQLAlchemyQueryEngine(Ticket),
    policy=SecurityPolicy(expose=TicketOut),
    config=QueryConfig(paging="external"),
    required=True,
)
app = FastAPI()


@app.get("/tickets", response_model=Page[TicketOut])
def list_tickets(
    result: Annotated[SQLAlchemyQueryResult[Ticket], Depends(tickets)], params: Annotated[Params, Depends()]
) -> object:
    with Session(app.state.engine) as session:
        page: object = paginate(session, result.query, params)
        return page


add_pagination(app)


@pytest.fixture(scope="module")
def client() -> Generator[TestClient]:
    engine: Engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all([Ticket(id=n, state=(None, "open", "done")[n % 3]) for n in range(500)])
        session.commit()
    app.state.engine = engine
    yield TestClient(app)
    engine.dispose()


def test_its_total_counts_all_rows_that_the_filter_gives(client: TestClient) -> None:
    filter = '{"where": {"state": "open"}, "order": "-id"}'
    body = client.get("/tickets", params={"filter": filter, "page": 2, "size": 50}).json()
    assert (body["total"], body["page"], body["pages"]) == (167, 2, 4)
    assert [item["id"] for item in body["items"]] == [n for n in reversed(range(500)) if n % 3 == 1][50:100]


def test_without_a_filter_it_pages_everything(client: TestClient) -> None:
    body = client.get("/tickets", params={"size": 100}).json()
    assert (body["total"], len(body["items"])) == (500, 100)


@pytest.mark.parametrize("clause", ['"limit": 5', '"offset": 5', '"after": "x"'])
def test_a_limit_in_the_filter_is_refused(clause: str, client: TestClient) -> None:
    answer = client.get("/tickets", params={"filter": f"{{{clause}}}"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == "not_allowed"
