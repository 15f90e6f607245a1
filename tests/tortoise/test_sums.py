"""A sum that 64 bits do not hold is an error of the request, on both databases and in each driver's words."""

# Annotations are not postponed here: FastAPI could not look up the dependencies that a test makes for itself.

import secrets
import sys
from collections.abc import AsyncGenerator
from types import ModuleType
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from httpx2 import ASGITransport, AsyncClient
from pydantic import BaseModel
from queryengine_tortoise import TortoiseAggregateResult, TortoiseQueryEngine, fetch_groups
from starlette.requests import Request
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

from queryengine import create_qe_aggregate_dependency
from queryengine.aggregate_dependency import QEAggregateDependency
from tests.servers.postgres import PostgresServer


class Weights(BaseModel):
    sum_weight: int | None = None
    avg_weight: float | None = None


Weigh = QEAggregateDependency[Weights, Any]  # Any: the query, which is not looked at


def url(request: pytest.FixtureRequest, schema: str) -> str:
    if request.param == "sqlite":
        return "sqlite://:memory:"
    server: object = request.getfixturevalue("postgres")
    assert isinstance(server, PostgresServer)
    place = f"{server.user}:{server.password}@{server.host}:{server.port}/{server.database}"
    return f"asyncpg://{place}?schema={schema}&minsize=1&maxsize=2"


@pytest.fixture(params=["sqlite", "postgresql"])
async def weigh(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[Weigh]:
    """Give a dependency over rows whose sum is beyond 64 bits; Tortoise keeps a class on one database."""
    name = f"crates_{secrets.token_hex(8)}"  # Tortoise remembers statements by the names of tables

    class Crate(Model):
        id = fields.IntField(primary_key=True)
        weight = fields.BigIntField()

        class Meta(Model.Meta):
            table = name

    module = ModuleType(name)
    vars(module)["Crate"] = Crate
    monkeypatch.setitem(sys.modules, name, module)
    async with TortoiseContext() as context:
        await context.init(db_url=url(request, name), modules={name: [name]})
        if request.param == "postgresql":
            await context.db().execute_script(f'CREATE SCHEMA "{name}"')
        await context.generate_schemas()
        await Crate.bulk_create([Crate(id=1, weight=2**62), Crate(id=2, weight=2**62)])
        _ = await Crate.create(id=3, weight=7)
        yield create_qe_aggregate_dependency(TortoiseQueryEngine(Crate), row=Weights)
        if request.param == "postgresql":
            await context.db().execute_script(f'DROP SCHEMA "{name}" CASCADE')


@pytest.mark.parametrize("function", ["sum", "avg"])
async def test_a_sum_beyond_64_bits_is_answered_as_an_error_of_the_request(
    weigh: Weigh, function: str
) -> None:
    app = FastAPI()

    @app.get("/items")
    async def read_weights(
        result: Annotated[TortoiseAggregateResult[Weights], Depends(weigh)],
    ) -> list[Weights]:
        return await fetch_groups(result)

    async with AsyncClient(transport=ASGITransport(app), base_url="http://test") as client:
        asked = f'{{"{function}": "weight", "where": {{"id": 3}}}}'
        narrow = await client.get("/items", params={"aggregate": asked})
        assert narrow.json()[0][f"{function}_weight"] == 7
        answer = await client.get("/items", params={"aggregate": f'{{"{function}": "weight"}}'})
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert (detail["type"], detail["loc"]) == ("out_of_range", ["query", "aggregate", function])


async def test_other_errors_of_the_database_stay_what_they_are(weigh: Weigh) -> None:
    result = weigh.build(Request({"type": "http", "query_string": b""}), '{"sum": "weight"}')
    meta: Any = result.query.model._meta
    await meta.db.execute_script(f'ALTER TABLE "{meta.db_table}" RENAME TO "lost"')
    with pytest.raises(OperationalError, match=meta.db_table):
        await fetch_groups(result)
