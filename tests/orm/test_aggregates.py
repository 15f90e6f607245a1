"""Aggregates of mapped classes: one statement, values of the fields' types, sums that are right or fail."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel, create_model
from queryengine_orm import DeclarativeBase, ForeignKey, Mapped, One, Session, create_all, relationship
from queryengine_orm import mapped_column as column
from queryengine_orm.backend import AggregateQuery, ORMAggregateResult, ORMQueryEngine, fetch_groups
from queryengine_orm.driver import Pool
from queryengine_orm.errors import UndefinedTable
from starlette.requests import Request

from queryengine import (
    FilterError,
    SecurityPolicy,
    create_qe_aggregate_dependency,
    field,
)
from queryengine.aggregate_process import AggregateProcessor
from queryengine.aggregates import Function
from queryengine.parsed import Source
from queryengine.predicate import Scope
from queryengine.schema import DateTimeType, DecimalType

pytestmark = pytest.mark.anyio

POLICY = SecurityPolicy(relations=True)
REQUEST = Request({"type": "http", "query_string": b""})
MOMENT = dt.datetime(2024, 2, 29, 23, 30, tzinfo=dt.UTC)


class Base(DeclarativeBase):
    """The base of a warehouse."""


class Depot(Base):
    """Where crates are."""

    __tablename__ = "depots"

    id: Mapped[int] = column(primary_key=True, init=True)
    name: Mapped[str]


class Crate(Base):
    """Two of them weigh more than 64 bits hold."""

    __tablename__ = "crates"

    id: Mapped[int] = column(primary_key=True, init=True)
    weight: Mapped[int | None]
    price: Mapped[Decimal] = column(DecimalType(8, 2))
    packed: Mapped[dt.datetime] = column(DateTimeType(aware=True))
    wait: Mapped[dt.timedelta | None]
    secret_code: Mapped[str] = column(default="hidden")
    depot_id: Mapped[int] = column(ForeignKey("depots.id"))
    depot: One[Depot] = relationship()


class Elsewhere(DeclarativeBase):
    """The base of what has no table."""


class Lost(Elsewhere):
    """A crate without a table."""

    id: Mapped[int] = column(primary_key=True)
    weight: Mapped[int]


@pytest.fixture
async def crates(library: Pool) -> Pool:
    """Give a pool with crates in three depots."""
    await create_all(library, Base)
    hour = dt.timedelta(hours=1)
    rows = [(2**62, 1, None), (2**62, 1, hour), (5, 2, None), (6, 2, -2 * hour), (None, 3, 3 * hour)]
    async with Session(library) as session, session.begin():
        session.add_all([Depot(id=1, name="b"), Depot(id=2, name="B"), Depot(id=3, name="É")])
        await session.flush()
        for number, (weight, depot, wait) in enumerate(rows, start=1):
            zone = dt.timezone(dt.timedelta(hours=number))
            price, packed = Decimal("1.50"), MOMENT.astimezone(zone)
            session.add(
                Crate(id=number, weight=weight, price=price, packed=packed, wait=wait, depot_id=depot)
            )
    return library


def bound(pool: Pool, text: str, *names: str, scope: Scope | None = None) -> AggregateQuery:
    of: dict[str, Any] = dict.fromkeys(names, (Any, None))
    row: type[BaseModel] = create_model("Row", **of)
    engine: ORMQueryEngine[Crate] = ORMQueryEngine(Crate, dialect=pool.dialect)
    processor = AggregateProcessor(engine, row, policy=POLICY)
    return engine.build_aggregate(processor.process(Source(text), scope=scope))


async def ask(pool: Pool, text: str, *names: str, scope: Scope | None = None) -> list[tuple[object, ...]]:
    return await bound(pool, text, *names, scope=scope).all(pool)


async def test_groups_by_a_related_rows_text_are_ordered_by_code_point(crates: Pool) -> None:
    found = await ask(crates, '{"groupBy": "depot.name", "count": true}', "depot_name", "count")
    assert found == [("B", 2), ("b", 2), ("É", 1)]
    extremes = '{"min": "depot.name", "max": "depot.name"}'
    assert await ask(crates, extremes, "min_depot_name", "max_depot_name") == [("B", "É")]


async def test_having_order_and_window_are_of_the_groups(crates: Pool) -> None:
    text = '{"groupBy": "weight", "count": true, "having": {"or": [{"weight": null}, {"count": {"lt": 2}}]}, '
    assert await ask(crates, text + '"order": "-weight", "limit": 2}', "weight", "count") == [(6, 1), (5, 1)]
    assert await ask(crates, text + '"offset": 2}', "weight", "count") == [(6, 1)]


async def test_values_are_of_the_fields_types(crates: Pool) -> None:
    text = '{"groupBy": ["packed", "price"], "min": "wait", "max": ["wait", "price"], "avg": "id"}'
    names = ("packed", "price", "min_wait", "max_wait", "max_price", "avg_id")
    assert await ask(crates, text, *names) == [
        (MOMENT, Decimal("1.50"), dt.timedelta(hours=-2), dt.timedelta(hours=3), Decimal("1.50"), 3.0)
    ]
    (found,) = await ask(crates, text, *names)
    assert [str(found[1]), str(found[4])] == ["1.50", "1.50"]


async def test_conditions_on_groups_compare_values_of_the_fields_types(crates: Pool) -> None:
    longest = (
        '"groupBy": "depot_id", "max": "wait", "having": {"max_wait": {"gte": "PT1H"}}, "order": "max_wait"'
    )
    assert await ask(crates, f"{{{longest}}}", "depot_id", "max_wait") == [
        (1, dt.timedelta(hours=1)),
        (3, dt.timedelta(hours=3)),
    ]
    cheap = '{"groupBy": ["depot_id", "price"], "having": {"price": {"in": [1.5, 2]}, "depot_id": {"ne": 1}}}'
    price = Decimal("1.5")
    assert await ask(crates, cheap, "depot_id", "price") == [(2, price), (3, price)]


async def test_a_group_without_rows_has_nulls_and_a_count(crates: Pool) -> None:
    text = '{"count": true, "sum": "weight", "max": "price", "where": {"id": 99}}'
    assert await ask(crates, text, "count", "sum_weight", "max_price") == [(0, None, None)]


async def test_rows_and_related_rows_out_of_scope_are_not_counted(crates: Pool) -> None:
    scope = {Crate: field("id") > 1, Depot: field("name") != "B"}
    found = await ask(crates, '{"groupBy": "depot.name", "count": true}', "depot_name", "count", scope=scope)
    assert found == [(None, 2), ("b", 1), ("É", 1)]


async def test_a_query_runs_in_a_transaction_and_sees_what_it_wrote(crates: Pool) -> None:
    query = bound(crates, '{"count": true}', "count")
    async with crates.transaction() as transaction:
        await transaction.query("DELETE FROM crates WHERE id = 1", clean=True)
        assert await query.all(transaction) == [(4,)]
        await transaction.rollback()
    assert await query.all(crates) == [(5,)]


class Weights(BaseModel):
    """What a handler answers."""

    sum_weight: int | None = None
    avg_weight: float | None = None


@pytest.mark.parametrize("function", ["sum", "avg"])
async def test_a_sum_beyond_64_bits_is_answered_as_an_error_of_the_request(
    crates: Pool, function: str
) -> None:
    app = FastAPI()
    weigh = create_qe_aggregate_dependency(ORMQueryEngine(Crate), row=Weights)

    @app.get("/items")
    async def read_weights(result: Annotated[ORMAggregateResult[Weights], Depends(weigh)]) -> list[Weights]:
        return await fetch_groups(crates, result)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        asked = f'{{"{function}": "weight", "where": {{"id": 4}}}}'
        narrow = await client.get("/items", params={"aggregate": asked})
        assert narrow.json()[0][f"{function}_weight"] == 6
        answer = await client.get("/items", params={"aggregate": f'{{"{function}": "weight"}}'})
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert (detail["type"], detail["loc"]) == ("out_of_range", ["query", "aggregate", function])


async def test_other_errors_of_the_database_stay_what_they_are(library: Pool) -> None:
    lost = create_qe_aggregate_dependency(ORMQueryEngine(Lost), row=Weights)
    with pytest.raises(UndefinedTable, match="lost"):
        await fetch_groups(library, lost.build(REQUEST, '{"sum": "weight"}'))


def test_a_statement_can_be_shown_without_a_connection() -> None:
    dependency = create_qe_aggregate_dependency(ORMQueryEngine(Lost), row=Weights)
    query = dependency.build(REQUEST, '{"sum": "weight", "where": {"id": 5}, "limit": 7}').query
    text, parameters = query.statement("postgresql")
    assert text == (
        'SELECT "qe_groups"."value_0" FROM (SELECT CAST(SUM("qe_rows"."of_0") AS BIGINT) AS "value_0"'
        ' FROM (SELECT "qe"."weight" AS "of_0" FROM "lost" AS "qe" WHERE "qe"."id" = $1) AS "qe_rows")'
        ' AS "qe_groups" LIMIT $2'
    )
    assert parameters == [5, 7]


# -- gaps


@pytest.mark.parametrize("function", ["sum", "avg"])
def test_where_the_database_may_be_sqlite_sums_of_decimals_are_a_gap(function: str) -> None:
    of: dict[str, Any] = {f"{function}_price": (Any, None)}
    row: type[BaseModel] = create_model("Row", **of)
    engine = ORMQueryEngine(Crate)
    with pytest.raises(FilterError) as caught:
        AggregateProcessor(engine, row).process(Source(f'{{"{function}": "price"}}'))
    assert (caught.value.code, caught.value.path) == ("unsupported_by_backend", (function,))
    assert caught.value.hint == "SQLite adds decimals as doubles, which is not exact; PostgreSQL has it"
    exact = AggregateProcessor(ORMQueryEngine(Crate, dialect="postgresql"), row)
    assert exact.process(Source(f'{{"{function}": "price"}}')).names == (f"{function}_price",)


# -- attacks


class Twin(Elsewhere):
    """The crate without its secret."""

    __tablename__ = "crates"

    id: Mapped[int] = column(primary_key=True)
    weight: Mapped[int | None]


class Asked(BaseModel):
    """What may be asked, and what hides there."""

    weight: int | None = None
    count: int = 0
    sum_weight: int | None = None


def refusal(engine: ORMQueryEngine[Any], text: str) -> FilterError:
    with pytest.raises(FilterError) as caught:
        AggregateProcessor(engine, Asked, policy=POLICY).process(Source(text))
    return caught.value


@pytest.mark.parametrize("name", ["secret_code", 'id" FROM crates --', "qe_rows", "value_0", "__class__"])
def test_a_hidden_field_and_a_strange_name_are_answered_as_names_that_nobody_has(name: str) -> None:
    quoted = name.replace('"', '\\"')
    texts = [f'{{"groupBy": "{quoted}"}}', f'{{"count": true, "where": {{"{quoted}": 1}}}}']
    texts += [f'{{"{function}": "{quoted}"}}' for function in Function if function is not Function.COUNT]
    texts += [f'{{"count": true, "having": {{"{quoted}": 1}}}}', f'{{"count": true, "order": "{quoted}"}}']
    for text in texts:
        hidden, unknown = refusal(ORMQueryEngine(Crate), text), refusal(ORMQueryEngine(Twin), text)
        assert str(hidden) == str(unknown)
        assert (hidden.code, hidden.context()) == (unknown.code, unknown.context())


async def test_a_value_stays_a_parameter_in_each_clause(crates: Pool) -> None:
    text = '{"groupBy": "depot.name", "where": {"depot.name": {"ne": "\'; --"}}, '
    text += '"having": {"depot_name": "\' OR 1"}}'
    query = bound(crates, text, "depot_name")
    statement, parameters = query.statement(crates.dialect)
    assert "--" not in statement
    assert "' OR 1" not in statement
    assert parameters[:2] == ["'; --", "' OR 1"]
    assert await query.all(crates) == []
