"""Tortoise, on asyncpg or on aiosqlite."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from tortoise import Tortoise, fields
from tortoise.models import Model

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side

__all__ = ["opened"]


class Columns(Model):
    """What both tables have."""

    id = fields.BigIntField(primary_key=True, generated=False)
    name = fields.TextField()
    email = fields.TextField()
    age = fields.IntField(null=True)
    active = fields.BooleanField()
    score = fields.FloatField()
    born = fields.DateField()
    seen = fields.DatetimeField()

    class Meta(Model.Meta):
        """It is no table itself."""

        abstract = True


class Someone(Columns):
    """A row of the table that is read."""

    class Meta(Columns.Meta):
        """Its table."""

        abstract = False
        table = "people"


class Newcomer(Columns):
    """A row of the table that is written."""

    class Meta(Columns.Meta):
        """Its table."""

        abstract = False
        table = INSERT_TABLE


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: one of the two
    """Return id, name and age."""
    return (row.id, row.name, row.age)


@asynccontextmanager
async def opened(url: str, connections: int) -> AsyncGenerator[Sequence[Side]]:
    """Initialise Tortoise with a pool of that many connections."""
    size = f"?minsize={connections}&maxsize={connections}" if url.startswith("asyncpg") else ""
    await Tortoise.init(
        db_url=url + size, modules={"models": [__name__]}, use_tz=True, _enable_global_fallback=True
    )

    async def get(key: int) -> object:
        return await Someone.get(id=key)

    async def many() -> Sequence[object]:
        return await Someone.all().order_by("id").limit(MANY)

    async def insert(rows: Sequence[Person]) -> object:
        await Newcomer.bulk_create([Newcomer(**dict(zip(COLUMNS, row, strict=True))) for row in rows])
        return None

    yield [
        Side(
            name="Tortoise",
            version=version("tortoise-orm"),
            get=get,
            tuple_of=tuple_of,
            many=many,
            insert=insert,
            is_orm=True,
        )
    ]
    await Tortoise.close_connections()
