"""oxyde: pydantic models, on a Rust runtime's threads."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime
from importlib.metadata import version
from typing import Any, Final

from oxyde import Field, Model, db

from benchmarks.orm.people import COLUMNS, INSERT_TABLE, MANY, Person, Side

__all__ = ["opened"]

AT_ONCE: Final = 5_000
"""how many rows have room in one of its statements, which has at most 65,535 parameters"""


class Columns(Model):
    """What both tables have."""

    id: int = Field(db_pk=True)
    name: str
    email: str
    age: int | None = None
    active: bool
    score: float
    born: date
    seen: datetime


class Someone(Columns):
    """A row of the table that is read."""

    class Meta:
        """Its table."""

        is_table = True
        table_name = "people"


class Newcomer(Columns):
    """A row of the table that is written."""

    class Meta:
        """Its table."""

        is_table = True
        table_name = INSERT_TABLE


def tuple_of(row: Any) -> tuple[object, object, object]:  # Any: a model of oxyde's
    """Return id, name and age."""
    return (row.id, row.name, row.age)


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Sequence[Side]]:
    """Open its pool, of the size that it takes by itself."""
    await db.init(default=url)

    async def get(key: int) -> object:
        return await Someone.objects.get(id=key)

    async def many() -> Sequence[object]:
        found: Sequence[object] = await Someone.objects.order_by("id").limit(MANY).all()
        return found

    async def insert(rows: Sequence[Person]) -> object:
        written = [Newcomer.model_validate(dict(zip(COLUMNS, row, strict=True))) for row in rows]
        for start in range(0, len(written), AT_ONCE):
            await Newcomer.objects.bulk_create(written[start : start + AT_ONCE])
        return None

    yield [
        Side(
            name="oxyde",
            version=version("oxyde"),
            get=get,
            tuple_of=tuple_of,
            many=many,
            insert=insert,
            is_orm=True,
        )
    ]
    await db.close()
