"""Aggregates on both databases: one statement, sums that are right or fail, gaps, row scopes."""

from __future__ import annotations

from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI, Request
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel, create_model
from queryengine_sqlalchemy import (
    SQLAlchemyAggregateResult,
    SQLAlchemyQueryEngine,
    fetch_groups,
    fetch_groups_sync,
)
from sqlalchemy import BigInteger, Numeric, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship
from sqlalchemy.schema import ForeignKey

from queryengine import FilterError, SecurityPolicy, create_qe_aggregate_dependency, field
from queryengine.aggregate_process import AggregateProcessor
from queryengine.parsed import Source
from queryengine.predicate import Scope
from tests.asgi import call


class Base(DeclarativeBase):
    pass


class Depot(Base):
    __tablename__ = "aggregate_depots"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Crate(Base):
    __tablename__ = "aggregate_crates"

    id: Mapped[int] = mapped_column(primary_key=True)
    weight: Mapped[int] = mapped_column(BigInteger)
    price: Mapped[Any] = mapped_column(Numeric(8, 2))
    depot_id: Mapped[int] = mapped_column(ForeignKey(Depot.id))
    depot: Mapped[Depot] = relationship()


class Elsewhere(DeclarativeBase):
    pass


class Lost(Elsewhere):
    """What has no table."""

    __tablename__ = "aggregate_lost"

    id: Mapped[int] = mapped_column(primary_key=True)
    weight: Mapped[int]
    price: Mapped[int]


DEPOTS = [{"id": 1, "name": "b"}, {"id": 2, "name": "B"}, {"id": 3, "name": "É"}]
CRATES = [
    {"id": 1, "weight": 2**62, "price": 1, "depot_id": 1},
    {"id": 2, "weight": 2**62, "price": 2, "depot_id": 1},
    {"id": 3, "weight": 5, "price": 3, "depot_id": 2},
    {"id": 4, "weight": 6, "price": 4, "depot_id": 2},
    {"id": 5, "weight": 7, "price": 5, "depot_id": 3},
]


@pytest.fixture
def crates(session: Session) -> Session:
    """Give a session with the rows; the tables go with the transaction."""
    Base.metadata.create_all(session.connection())
    session.execute(insert(Depot), DEPOTS)
    session.execute(insert(Crate), CRATES)
    return session


def ask(
    session: Session, text: str, *names: str, scope: Scope | None = None, told: bool = True
) -> list[tuple[object, ...]]:
    fields: dict[str, Any] = dict.fromkeys(names, (Any, None))
    row: type[BaseModel] = create_model("Row", **fields)
    dialect: Any = session.connection().dialect.name if told else None
    engine = SQLAlchemyQueryEngine(Crate, dialect=dialect)
    processor = AggregateProcessor(engine, row, policy=SecurityPolicy(relations=True))
    ast = processor.process(Source(text), scope=scope)
    return [tuple(each) for each in session.execute(engine.build_aggregate(ast))]


def test_groups_by_a_related_row_s_text_are_ordered_by_code_point(crates: Session) -> None:
    found = ask(crates, '{"groupBy": "depot.name", "count": true}', "depot_name", "count")
    assert found == [("B", 2), ("b", 2), ("É", 1)]


def test_extremes_of_text_are_by_code_point(crates: Session) -> None:
    assert ask(crates, '{"min": "depot.name", "max": "depot.name"}', "min_depot_name", "max_depot_name") == [
        ("B", "É")
    ]


def test_a_sum_beyond_64_bits_fails_and_is_never_another_number(crates: Session) -> None:
    assert ask(crates, '{"sum": "weight", "where": {"id": {"gt": 2}}}', "sum_weight") == [(18,)]
    with pytest.raises(DBAPIError):
        ask(crates, '{"sum": "weight"}', "sum_weight")


class Weights(BaseModel):
    sum_weight: int | None = None
    avg_weight: float | None = None
    max_price: Any = None


BEYOND = {
    "type": "out_of_range",
    "msg": "a sum is no integer of 64 bits (`where` narrows the rows)",
    "ctx": {"hint": "`where` narrows the rows"},
}
weights = create_qe_aggregate_dependency(SQLAlchemyQueryEngine(Crate), row=Weights)
Result = Annotated[SQLAlchemyAggregateResult[Weights], Depends(weights)]


@pytest.mark.parametrize("function", ["sum", "avg"])
def test_a_sum_beyond_64_bits_is_answered_as_an_error_of_the_request(crates: Session, function: str) -> None:
    app = FastAPI()

    @app.get("/items")
    async def read_weights(result: Result) -> list[Weights]:
        return fetch_groups_sync(crates, result)

    narrow = call(app, f'aggregate={{"{function}":"weight","where":{{"id":{{"gt":4}}}}}}'.encode())
    assert narrow.json[0][f"{function}_weight"] == 7
    answer = call(app, f'aggregate={{"{function}":"weight"}}'.encode())
    assert answer.status == 422
    assert answer.json["detail"] == [BEYOND | {"loc": ["query", "aggregate", function]}]


async def test_an_async_session_answers_a_sum_beyond_64_bits_the_same_way(async_engine: AsyncEngine) -> None:
    app = FastAPI()
    async with async_engine.connect() as connection, AsyncSession(connection) as session:
        await connection.run_sync(Base.metadata.create_all)
        await session.execute(insert(Depot), DEPOTS)
        await session.execute(insert(Crate), CRATES)

        @app.get("/items")
        async def read_weights(result: Result) -> list[Weights]:
            return await fetch_groups(session, result)

        async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
            narrow = await client.get("/items", params={"aggregate": '{"sum":"weight","where":{"id":5}}'})
            assert narrow.json()[0]["sum_weight"] == 7
            answer = await client.get("/items", params={"aggregate": '{"sum":"weight"}'})
        assert answer.status_code == 422
        assert answer.json()["detail"] == [BEYOND | {"loc": ["query", "aggregate", "sum"]}]
        await session.rollback()


def test_other_errors_of_the_database_stay_what_they_are(session: Session) -> None:
    lost = create_qe_aggregate_dependency(SQLAlchemyQueryEngine(Lost), row=Weights)
    request = Request({"type": "http", "query_string": b""})
    result = lost.build(request, '{"sum": "weight"}')
    with pytest.raises(DBAPIError, match="aggregate_lost"):
        fetch_groups_sync(session, result)


def test_an_average_is_the_quotient_of_two_doubles(crates: Session) -> None:
    text = '{"groupBy": "depot_id", "avg": "weight", "where": {"id": {"gt": 2}}, '
    text += '"having": {"avg_weight": {"gt": 5.25}}}'
    assert ask(crates, text, "depot_id", "avg_weight") == [(2, 5.5), (3, 7.0)]


def test_rows_and_related_rows_out_of_scope_are_not_counted(crates: Session) -> None:
    scope = {Crate: field("id") > 1, Depot: field("name") != "B"}
    found = ask(crates, '{"groupBy": "depot.name", "count": true}', "depot_name", "count", scope=scope)
    assert found == [(None, 2), ("b", 1), ("É", 1)]


def test_where_the_database_may_be_sqlite_a_sum_of_decimals_is_a_gap(crates: Session) -> None:
    with pytest.raises(FilterError) as caught:
        ask(crates, '{"sum": "price"}', "sum_price", told=False)
    assert caught.value.code == "unsupported_by_backend"
    assert caught.value.path == ("sum",)
    assert caught.value.hint == "SQLite adds decimals as doubles, which is not exact; PostgreSQL has it"
